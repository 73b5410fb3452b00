/**
 * The windows of a picture whose signals an entry stores beside the whole's, so that a cropped
 * copy is found (docs/adr/0010-views-and-windows.md). Only whole numbers, as in Python.
 */

import * as pdq from "./algorithms/pdq.js";
import { SETS } from "./signals.js";

/** @typedef {import("./luma.js").Luma} Luma */
/** @typedef {import("./signals.js").Window} Window */
/** @typedef {import("./signals.js").WindowName} WindowName */
/** @typedef {import("./signals.js").WindowSet} WindowSet */
/** @typedef {{top: number, left: number, rows: number, columns: number}} Box */

/** Longer side in per cent of the shorter up to which the square would be the whole again. */
const NEARLY_SQUARE = 105;

/**
 * The signals of the windows that pass the quality bar, each by itself.
 * @param {Luma} luma upright
 * @param {WindowSet} [chosen]
 * @returns {Window[]}
 */
export function compute(luma, chosen = "standard") {
  /** @type {Window[]} */
  const found = [];
  for (const [window, box] of boxes(luma.rows, luma.columns)) {
    if (!SETS[chosen].includes(window)) continue;
    const { value, quality } = pdq.compute(cropped(luma, box));
    if (quality >= pdq.QUALITY_BAR) found.push({ window, type: "pdq", value, quality });
  }
  return found;
}

/**
 * Each window that a picture of this size has, with the part that it is.
 * @param {number} rows
 * @param {number} columns
 * @returns {[WindowName, Box][]}
 */
export function boxes(rows, columns) {
  const side = Math.min(rows, columns);
  const square = 100 * Math.max(rows, columns) > NEARLY_SQUARE * side;
  const high = kept(rows, 50);
  const wide = kept(columns, 50);
  /** @type {[WindowName, Box][]} */
  const found = [
    ["centre-90", middle(rows, columns, kept(rows, 90), kept(columns, 90))],
    ["centre-60", middle(rows, columns, kept(rows, 60), kept(columns, 60))],
    ["centre-50", middle(rows, columns, high, wide)],
  ];
  if (square) found.push(["square", middle(rows, columns, side, side)]);
  found.push(
    ["left-50", { top: 0, left: 0, rows, columns: wide }],
    ["right-50", { top: 0, left: columns - wide, rows, columns: wide }],
    ["top-50", { top: 0, left: 0, rows: high, columns }],
    ["bottom-50", { top: rows - high, left: 0, rows: high, columns }],
  );
  return found;
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
 * @param {number} high
 * @param {number} wide
 * @returns {Box}
 */
function middle(rows, columns, high, wide) {
  const top = Math.floor((rows - high) / 2);
  const left = Math.floor((columns - wide) / 2);
  return { top, left, rows: high, columns: wide };
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
