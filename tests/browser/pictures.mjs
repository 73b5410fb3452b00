// Pictures that tests/device/test_browser_core.py draws too, from whole numbers alone.

import * as pdq from "../../hashing/browser/algorithms/pdq.js";
import * as phash from "../../hashing/browser/algorithms/phash.js";
import { Sha256 } from "../../hashing/browser/algorithms/sha256.js";
import * as windows from "../../hashing/browser/windows.js";

const SHAPES = {
  noise: ({ seed, columns, row, column }) => noise(seed, row * columns + column),
  blocks: ({ seed, row, column }) => noise(seed, (row >> 4) * 4096 + (column >> 4)),
  flat: ({ seed }) => seed,
  gradient: ({ rows, columns, row, column }) =>
    Math.floor((255 * (row + column)) / (rows + columns - 2)),
  checker: ({ seed, row, column }) =>
    (Math.floor(row / seed) + Math.floor(column / seed)) % 2 === 1 ? 255 : 0,
  mirrored: ({ seed, columns, row, column }) =>
    noise(seed, (row >> 3) * 4096 + (Math.min(column, columns - 1 - column) >> 3)),
  kaleidoscope: ({ seed, rows, columns, row, column }) =>
    noise(
      seed,
      (Math.min(row, rows - 1 - row) >> 2) * 4096 + (Math.min(column, columns - 1 - column) >> 2),
    ),
  sparse: ({ seed, columns, row, column }) => (noise(seed, row * columns + column) < 2 ? 255 : 0),
  faint: ({ seed, columns, row, column }) => 128 + (noise(seed, row * columns + column) & 1),
  rings: ({ rows, columns, row, column }) =>
    (((2 * row - rows) ** 2 + (2 * column - columns) ** 2) >> 7) & 255,
};

/** The luma of a named picture. */
export function drawn({ shape, seed, rows, columns }) {
  const data = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      data[row * columns + column] = SHAPES[shape]({ seed, rows, columns, row, column });
    }
  }
  return { data, rows, columns };
}

/** 8 bits that look random, of a place in a picture. */
function noise(seed, place) {
  let bits = (Math.imul(place, 0x9e3779b1) + Math.imul(seed, 0x85ebca6b)) | 0;
  for (let times = 0; times < 2; times += 1) {
    bits ^= bits >>> 16;
    bits = Math.imul(bits, 0x045d9f3b);
  }
  return (bits ^ (bits >>> 16)) >>> 24;
}

/** All that is computed of a squeezed luma, as the vectors hold it. */
export function signalsOf(luma) {
  const found = windows.compute(luma, "all");
  return {
    luma: [luma.rows, luma.columns, digest(luma.data)],
    pdq: pair(pdq.compute(luma)),
    phash: pair(phash.compute(luma)),
    windows: found.map(({ window, value, quality }) => [window, value, quality]),
  };
}

export function pair({ value, quality }) {
  return [value, quality];
}

export function digest(bytes) {
  const hasher = new Sha256();
  hasher.update(bytes);
  return hasher.digest();
}
