/**
 * The windows of a picture: parts whose signals an entry stores beside that of the whole picture,
 * so that a cropped copy matches (docs/adr/0010-views-and-windows.md). All arithmetic is on
 * integers, as in Python.
 */

import * as pdq from "./algorithms/pdq.js";
import { SETS } from "./signals.js";

/** @typedef {import("./luma.js").Luma} Luma */
/** @typedef {import("./signals.js").Window} Window */
/** @typedef {import("./signals.js").WindowName} WindowName */
/** @typedef {import("./signals.js").WindowSet} WindowSet */
/** @typedef {{top: number, left: number, rows: number, columns: number}} Box */

/**
 * Longer side, in per cent of the shorter, up to which a square would be nearly the whole picture.
 */
const NEARLY_SQUARE = 105;

/**
 * The signals of the windows that pass the quality bar. Each must pass it by itself: one with
 * little detail would match everything.
 * @param {Luma} luma upright
 * @param {WindowSet} [chosen]
 * @returns {Window[]}
 */
export function compute(luma, chosen = "standard") {
  /** @type {Window[]} */
  const signals = [];
  for (const [window, box] of boxes(luma.rows, luma.columns)) {
    if (!SETS[chosen].includes(window)) continue;
    const signal = pdq.aboveBar(pdq.compute(cropped(luma, box)));
    if (signal) signals.push({ window, ...signal });
  }
  return signals;
}

/**
 * Each window that a picture of this size has, with its box.
 * @param {number} rows
 * @param {number} columns
 * @returns {[WindowName, Box][]}
 */
export function boxes(rows, columns) {
  const side = Math.min(rows, columns);
  const hasSquare = 100 * Math.max(rows, columns) > NEARLY_SQUARE * side;
  const height = kept(rows, 50);
  const width = kept(columns, 50);
  /** @type {[WindowName, Box][]} */
  const all = [
    ["centre-90", middle(rows, columns, kept(rows, 90), kept(columns, 90))],
    ["centre-60", middle(rows, columns, kept(rows, 60), kept(columns, 60))],
    ["centre-50", middle(rows, columns, height, width)],
  ];
  if (hasSquare) all.push(["square", middle(rows, columns, side, side)]);
  all.push(
    ["left-50", { top: 0, left: 0, rows, columns: width }],
    ["right-50", { top: 0, left: columns - width, rows, columns: width }],
    ["top-50", { top: 0, left: 0, rows: height, columns }],
    ["bottom-50", { top: rows - height, left: 0, rows: height, columns }],
  );
  return all;
}

/**
 * @param {number} side
 * @param {number} perCent
 */
function kept(side, perCent) {
  return Math.floor((side * perCent + 50) / 100);
}

/**
 * @param {number} rows
 * @param {number} columns
 * @param {number} height
 * @param {number} width
 * @returns {Box}
 */
function middle(rows, columns, height, width) {
  const top = Math.floor((rows - height) / 2);
  const left = Math.floor((columns - width) / 2);
  return { top, left, rows: height, columns: width };
}

/**
 * @param {Luma} luma
 * @param {Box} box
 * @returns {Luma}
 */
function cropped(luma, { top, left, rows, columns }) {
  const data = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    const from = (top + row) * luma.columns + left;
    data.set(luma.data.subarray(from, from + columns), row * columns);
  }
  return { data, rows, columns };
}
