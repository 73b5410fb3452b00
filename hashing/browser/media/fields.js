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

/** Part of the other's differences below which the lower field counts as the first of the two. */
const AHEAD = 0.9;

/**
 * A frame as it is, or, if its rows are of two moments, what it shows at the first.
 * @param {Luma} luma as stored, before it is turned or squeezed
 * @param {() => Promise<Luma | undefined>} [following] the frame after it, which tells the order of
 *   the fields; without one, the upper is the first
 * @returns {Promise<Luma>}
 */
export async function oneMoment(luma, following) {
  const combs = combsOf(luma);
  if (!combs.length) return luma;
  const after = await following?.();
  const isSame = after?.rows === luma.rows && after.columns === luma.columns;
  return ofField(luma, after && isSame && isLowerFirst(luma, after, combs) ? 1 : 0);
}

/**
 * Where the first pixels of the blocks are that are combs; none, if they are too few.
 * @param {Luma} luma
 * @returns {number[]}
 */
function combsOf({ data, rows, columns }) {
  const [down, across] = [Math.floor((rows - 2) / SIDE), Math.floor(columns / SIDE)];
  const least = LEAST_LEVELS * SIDE * (SIDE / EVERY);
  const combs = [];
  let [all, combed] = [0, 0];
  for (let block = 0; block < down * across; block += 1) {
    const from = Math.floor(block / across) * SIDE * columns + (block % across) * SIDE;
    const beside = differences(data, from, columns, 1);
    all += beside;
    if (beside >= least && 2 * beside > 3 * differences(data, from, columns, 2)) {
      combed += beside;
      combs.push(from);
    }
  }
  return combed >= LEAST_PART * all ? combs : [];
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
 * Whether the lower field is the first: then the upper one is nearer to the next lower one.
 * @param {Luma} luma
 * @param {Luma} after
 * @param {number[]} combs
 */
function isLowerFirst({ data, rows, columns }, after, combs) {
  const [upper, lower] = [0, 1].map((late) => {
    const both = data.slice();
    for (let row = late; row < rows; row += 2) {
      const from = row * columns;
      both.set(after.data.subarray(from, from + columns), from);
    }
    return combs.reduce((sum, from) => sum + differences(both, from, columns, 1), 0);
  });
  return lower < AHEAD * upper;
}

/**
 * Rows from `first` on, every second, and between them the rounded mean of the two beside.
 * @param {Luma} luma
 * @param {number} first 0 or 1
 * @returns {Luma}
 */
function ofField({ data, rows, columns }, first) {
  const shown = data.slice();
  for (let row = 1 - first; row < rows; row += 2) {
    const above = (row ? row - 1 : 1) * columns;
    const below = row + 1 < rows ? (row + 1) * columns : above;
    for (let n = 0; n < columns; n += 1) {
      shown[row * columns + n] = (data[above + n] + data[below + n] + 1) >> 1;
    }
  }
  return { data: shown, rows, columns };
}
