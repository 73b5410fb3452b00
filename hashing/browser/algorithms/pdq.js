/**
 * PDQ: 256 bits and a quality from the luma of a picture. Source: Facebook, "PDQ & TMK + PDQF"
 * (2019); the order of every sum is that of docs/signals.md.
 *
 * All arithmetic is IEEE 754 binary32. A sum, difference, product or quotient of two binary32
 * numbers, rounded to binary64 and then to binary32, is the same as rounded to binary32 directly
 * (53 ≥ 2 · 24 + 2; Figueroa 1995). So Math.fround, or a store into a Float32Array, after every
 * operation is enough.
 */

import { hexOfBits } from "../signals.js";

/** @typedef {import("../luma.js").Luma} Luma */
/** @typedef {import("../signals.js").Hashed} Hashed */

/** Below this quality no signal is made. */
export const QUALITY_BAR = 50;

const GRID = 64;
const FREQUENCIES = 16;
const MIN_SIDE = 5;
const DCT = dctMatrix();

/**
 * @param {Luma} luma upright, at least 5 pixels a side
 * @returns {Hashed}
 */
export function compute(luma) {
  if (Math.min(luma.rows, luma.columns) < MIN_SIDE) throw new RangeError("too few pixels for PDQ");
  const grid = sample(luma);
  return { value: valueOf(spectrum(grid)), quality: qualityOf(grid) };
}

/**
 * The signal of what `compute` returned, if its quality is not below the bar.
 * @param {Hashed} hashed
 * @returns {{type: "pdq"} & Hashed | undefined}
 */
export function aboveBar(hashed) {
  return hashed.quality >= QUALITY_BAR ? { type: "pdq", ...hashed } : undefined;
}

/**
 * The luma blurred, then sampled at the centres of 64 × 64 cells.
 * @param {Luma} luma
 * @returns {Float32Array}
 */
function sample({ data, rows, columns }) {
  if (rows === GRID && columns === GRID) return Float32Array.from(data);
  const across = windowOf(columns);
  const down = windowOf(rows);
  const once = meansOfBytes(data, rows, columns, across);
  const centres = centresOf(columns);
  const line = new Float32Array(columns);
  const thrice = new Float32Array(rows * GRID);
  slideDown({ plane: once, rows, columns, window: down }, (row, sums, count) => {
    for (let c = 0; c < columns; c += 1) line[c] = sums[c] / count;
    sampleAcross(line, across, centres, thrice.subarray(row * GRID, (row + 1) * GRID));
  });
  return sampleDown(thrice, rows, down);
}

/**
 * Length of the box filter: half a cell, rounded up, so that two passes cover one cell.
 * @param {number} side
 */
function windowOf(side) {
  return Math.floor((side + 2 * GRID - 1) / (2 * GRID));
}

/**
 * The window of index i begins at i + half − window and ends before i + half.
 * @param {number} window
 */
function halfOf(window) {
  return Math.floor((window + 2) / 2);
}

/** @param {number} side */
function centresOf(side) {
  return Int32Array.from({ length: GRID }, (_, cell) => Math.floor(((cell + 0.5) * side) / GRID));
}

/**
 * The first pass, along rows, where the sums of bytes are exact.
 * @param {Uint8Array} data
 * @param {number} rows
 * @param {number} columns
 * @param {number} window
 * @returns {Float32Array}
 */
function meansOfBytes(data, rows, columns, window) {
  const half = halfOf(window);
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    const start = row * columns;
    let [entered, left, total] = [0, 0, 0];
    for (let i = 0; i < columns; i += 1) {
      const past = i + half < columns ? i + half : columns;
      for (; entered < past; entered += 1) total += data[start + entered];
      if (left < i + half - window) {
        total -= data[start + left];
        left += 1;
      }
      out[start + i] = total / (past - left);
    }
  }
  return out;
}

/**
 * Slide a window down all columns of a plane together. `each` is called for every row, with the
 * running sums of the columns and the number of lines in them.
 * @param {{plane: Float32Array, rows: number, columns: number, window: number}} lines
 * @param {(row: number, sums: Float32Array, count: number) => void} each
 */
function slideDown({ plane, rows, columns, window }, each) {
  const half = halfOf(window);
  const sums = new Float32Array(columns);
  let [entered, left] = [0, 0];
  for (let row = 0; row < rows; row += 1) {
    const past = Math.min(row + half, rows);
    for (; entered < past; entered += 1) {
      const start = entered * columns;
      for (let c = 0; c < columns; c += 1) sums[c] += plane[start + c];
    }
    if (left < row + half - window) {
      const start = left * columns;
      for (let c = 0; c < columns; c += 1) sums[c] -= plane[start + c];
      left += 1;
    }
    each(row, sums, past - left);
  }
}

/**
 * Slide a window along one row, and keep its means at the centres.
 * @param {Float32Array} line
 * @param {number} window
 * @param {Int32Array} centres ascending
 * @param {Float32Array} into one mean for each centre
 */
function sampleAcross(line, window, centres, into) {
  const half = halfOf(window);
  const length = line.length;
  let [entered, left, total, cell] = [0, 0, Math.fround(0), 0];
  for (let i = 0; i < length; i += 1) {
    const past = i + half < length ? i + half : length;
    for (; entered < past; entered += 1) total = Math.fround(total + line[entered]);
    if (left < i + half - window) {
      total = Math.fround(total - line[left]);
      left += 1;
    }
    // With a side below 64, cells share their centre.
    for (; centres[cell] === i; cell += 1) into[cell] = total / (past - left);
  }
}

/**
 * @param {Float32Array} plane GRID columns
 * @param {number} rows
 * @param {number} window
 * @returns {Float32Array} the grid
 */
function sampleDown(plane, rows, window) {
  const centres = centresOf(rows);
  const grid = new Float32Array(GRID * GRID);
  let cell = 0;
  slideDown({ plane, rows, columns: GRID, window }, (row, sums, count) => {
    for (; centres[cell] === row; cell += 1) {
      for (let c = 0; c < GRID; c += 1) grid[cell * GRID + c] = sums[c] / count;
    }
  });
  return grid;
}

/**
 * Sum of the significant steps between neighbours, scaled (PDQ paper, 2.4).
 * @param {Float32Array} grid
 * @returns {number} 0–100
 */
function qualityOf(grid) {
  let total = 0;
  for (let row = 0; row < GRID; row += 1) {
    for (let column = 0; column < GRID; column += 1) {
      const at = row * GRID + column;
      if (row + 1 < GRID) total += step(grid[at], grid[at + GRID]);
      if (column + 1 < GRID) total += step(grid[at], grid[at + 1]);
    }
  }
  return Math.min(100, Math.floor(total / 90));
}

/**
 * @param {number} a
 * @param {number} b
 */
function step(a, b) {
  const percent = Math.fround(Math.fround(Math.fround(a - b) * 100) / 255);
  return Math.abs(Math.trunc(percent));
}

/**
 * 16 × 64. No number is nearer than 4·10⁻¹⁰ of itself to a tie of binary32, so that the cosine of
 * every engine gives the same numbers.
 * @returns {Float32Array}
 */
function dctMatrix() {
  const scale = Math.fround(Math.sqrt(2 / GRID));
  const angle = Math.PI / 2 / GRID;
  return Float32Array.from({ length: FREQUENCIES * GRID }, (_, at) => {
    const [i, j] = [Math.floor(at / GRID), at % GRID];
    return scale * Math.cos(angle * (i + 1) * (2 * j + 1));
  });
}

/**
 * D · grid · Dᵀ, each sum accumulated in ascending order of its index.
 * @param {Float32Array} grid
 * @returns {Float32Array} 16 × 16
 */
function spectrum(grid) {
  const half = new Float32Array(FREQUENCIES * GRID);
  for (let i = 0; i < FREQUENCIES; i += 1) {
    for (let k = 0; k < GRID; k += 1) {
      const factor = DCT[i * GRID + k];
      for (let c = 0; c < GRID; c += 1) {
        half[i * GRID + c] += Math.fround(factor * grid[k * GRID + c]);
      }
    }
  }
  const full = new Float32Array(FREQUENCIES * FREQUENCIES);
  for (let i = 0; i < FREQUENCIES; i += 1) {
    for (let j = 0; j < FREQUENCIES; j += 1) {
      let sum = Math.fround(0);
      for (let k = 0; k < GRID; k += 1) {
        sum = Math.fround(sum + Math.fround(half[i * GRID + k] * DCT[j * GRID + k]));
      }
      full[i * FREQUENCIES + j] = sum;
    }
  }
  return full;
}

/**
 * A bit is set if its coefficient is above the lower median. The last coefficient is the first bit.
 * @param {Float32Array} coefficients
 * @returns {string}
 */
function valueOf(coefficients) {
  const last = coefficients.length - 1;
  const median = coefficients.slice().sort()[(last - 1) / 2];
  return hexOfBits((position) => coefficients[last - position] > median);
}
