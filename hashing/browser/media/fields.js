/**
 * The two fields of an interlaced frame, which are two moments, as in hashing/media/fields.py. A
 * browser gives both at once, and does not say that they are two.
 */

/** @typedef {import("../luma.js").Luma} Luma */

/** Rows and columns of a block, and which columns of it are looked at. */
const SIDE = 16;
const EVERY = 2;
/** Mean difference of neighbouring rows below which a block is no comb. */
const LEAST_LEVELS = 2;
/** Part of all differences of neighbouring rows that must be in combs. */
const LEAST_PART = 0.25;

/**
 * A frame as it is, or as its upper field alone shows it if its rows are of two moments.
 * @param {Luma} luma as stored, before it is turned or squeezed
 * @returns {Luma}
 */
export function oneMoment(luma) {
  return isCombed(luma) ? upperField(luma) : luma;
}

/**
 * Whether the two fields of a frame differ as those of two moments do.
 * @param {Luma} luma
 */
function isCombed({ data, rows, columns }) {
  const [down, across] = [Math.floor((rows - 2) / SIDE), Math.floor(columns / SIDE)];
  const least = LEAST_LEVELS * SIDE * (SIDE / EVERY);
  let [all, combed] = [0, 0];
  for (let block = 0; block < down * across; block += 1) {
    const top = Math.floor(block / across) * SIDE;
    const from = top * columns + (block % across) * SIDE;
    const beside = differences(data, from, columns, 1);
    all += beside;
    if (beside >= least && 2 * beside > 3 * differences(data, from, columns, 2)) combed += beside;
  }
  return combed > 0 && combed >= LEAST_PART * all;
}

/**
 * The sum of differences between rows of a block and those so many rows below them.
 * @param {Uint8Array} data
 * @param {number} from the block's first pixel
 * @param {number} columns of the frame
 * @param {number} below
 */
function differences(data, from, columns, below) {
  let sum = 0;
  for (let row = 0; row < SIDE; row += 1) {
    const first = from + row * columns;
    for (let at = first; at < first + SIDE; at += EVERY) {
      sum += Math.abs(data[at] - data[at + below * columns]);
    }
  }
  return sum;
}

/**
 * Every second row becomes the rounded mean of the two beside it.
 * @param {Luma} luma
 * @returns {Luma}
 */
function upperField({ data, rows, columns }) {
  const shown = data.slice();
  for (let row = 1; row < rows; row += 2) {
    const above = (row - 1) * columns;
    const below = row + 1 < rows ? (row + 1) * columns : above;
    for (let n = 0; n < columns; n += 1) {
      shown[row * columns + n] = (data[above + n] + data[below + n] + 1) >> 1;
    }
  }
  return { data: shown, rows, columns };
}
