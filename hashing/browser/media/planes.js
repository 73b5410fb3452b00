/**
 * A VideoFrame's pixels to luma, in whichever format the browser holds them (WebCodecs, 9.8).
 */

import { ContentError } from "../errors.js";
import { lumaOfPlane, lumaOfRgb } from "./pixels.js";
import { lumaOfWebp } from "./webp_luma.js";

/** @typedef {import("../luma.js").Luma} Luma */
/** @typedef {"RGBX" | "BGRX" | "RGBA" | "BGRA"} Packed */

/** Rows of four bytes a pixel that are copied at once: bounds memory beside the frame itself. */
const BAND_ROWS = 512;
/** Planar formats, by how many columns and rows share a sample of colour; NV12 has them paired. */
const PLANAR = /^(I420|I422|I444|NV12)(A?)(P1[02])?$/;
/** Kr and Kb of a matrix (ITU-T H.273, table 4). */
const MATRICES = new Map([["bt709", [0.2126, 0.0722]], ["bt2020-ncl", [0.2627, 0.0593]]]);

/**
 * What a planar frame holds: its samples, where each plane lies, and what they mean.
 * @typedef {object} Planes
 * @property {Uint8Array} bytes
 * @property {PlaneLayout[]} layout
 * @property {string} kind "I420", "I422", "I444" or "NV12"
 * @property {number} depth bits of a sample; above 8, it takes two bytes, the lower first
 * @property {number} rows
 * @property {number} columns
 */

/**
 * The luma of all that a picture's frame shows. The frame stays open.
 * @param {VideoFrame} frame
 * @returns {Promise<Luma>} not squeezed, as stored
 * @throws {ContentError} Unsupported, when the format is none of these
 */
export async function lumaOf(frame) {
  const format = packedFormat(frame);
  if (format) return packed(frame, lumaOfRgb, format);
  const planes = await planesOf(frame);
  const luma = brightness(planes);
  const { fullRange, matrix } = frame.colorSpace;
  if (!fullRange && planes.kind === "I420" && planes.depth === 8 && !MATRICES.has(matrix ?? "")) {
    return lumaOfWebp(luma, planes);
  }
  if (!fullRange) expand(luma.data);
  const weights = planes.depth === 8 ? MATRICES.get(matrix ?? "") : undefined;
  if (weights) recolour(luma, planes, weights, !!fullRange);
  return luma;
}

/**
 * The frame's format, if it has four bytes a pixel.
 * @param {VideoFrame} frame
 * @returns {Packed | undefined}
 */
export function packedFormat({ format }) {
  const isPacked = format === "RGBX" || format === "BGRX" || format === "RGBA" || format === "BGRA";
  return isPacked ? format : undefined;
}

/**
 * @param {VideoFrame} frame
 * @returns {Promise<Planes>}
 * @throws {ContentError} Unsupported
 */
export async function planesOf(frame) {
  const planar = PLANAR.exec(frame.format ?? "");
  if (!planar) throw new ContentError("Unsupported");
  const bytes = new Uint8Array(frame.allocationSize());
  const layout = await frame.copyTo(bytes);
  const depth = planar[3] ? Number(planar[3].slice(1)) : 8;
  return { bytes, layout, kind: planar[1], depth, ...shown(frame) };
}

/**
 * The Y plane, the upper 8 bits of each sample.
 * @param {Planes} planes
 * @returns {Luma}
 */
export function brightness({ bytes, layout, depth, rows, columns }) {
  const raster = { rows, columns, ...layout[0] };
  return depth === 8 ? lumaOfPlane(bytes, raster) : shifted(bytes, raster, depth);
}

/** @param {VideoFrame} frame */
function shown(frame) {
  const { visibleRect } = frame;
  if (!visibleRect) throw new ContentError("Damaged"); // a closed frame
  return { rows: visibleRect.height, columns: visibleRect.width };
}

/**
 * @param {VideoFrame} frame
 * @param {(bytes: Uint8Array, raster: import("./pixels.js").Raster) => Luma} convert
 * @param {Packed} layout
 * @returns {Promise<Luma>}
 */
export async function packed(frame, convert, layout) {
  const { rows, columns } = shown(frame);
  const { x, y } = /** @type {DOMRectReadOnly} */ (frame.visibleRect);
  const data = new Uint8Array(rows * columns);
  const bytes = new Uint8Array(4 * columns * Math.min(rows, BAND_ROWS));
  for (let top = 0; top < rows; top += BAND_ROWS) {
    const height = Math.min(BAND_ROWS, rows - top);
    const [{ offset, stride }] = await frame.copyTo(bytes, {
      rect: { x, y: y + top, width: columns, height },
      layout: [{ offset: 0, stride: 4 * columns }],
    });
    const band = convert(bytes, { rows: height, columns, offset, stride, layout });
    data.set(band.data, top * columns);
  }
  return { data, rows, columns };
}

/**
 * The upper 8 bits of samples of 10 or 12, which are stored in two bytes, the lower first.
 * @param {Uint8Array} bytes
 * @param {{rows: number, columns: number, offset: number, stride: number}} raster
 * @param {number} depth
 * @returns {Luma}
 */
function shifted(bytes, { rows, columns, offset, stride }, depth) {
  const data = new Uint8Array(rows * columns);
  for (let row = 0, to = 0; row < rows; row += 1) {
    for (let column = 0, at = offset + row * stride; column < columns; column += 1, at += 2) {
      data[to++] = (bytes[at] | (bytes[at + 1] << 8)) >> (depth - 8);
    }
  }
  return { data, rows, columns };
}

/** Limited range, 16…235, to 0…255. */
const EXPANDED = Uint8Array.from({ length: 256 }, (_, y) =>
  Math.max(0, Math.min(255, Math.round(((y - 16) * 255) / 219))));

/** @param {Uint8Array} data */
function expand(data) {
  for (let at = 0; at < data.length; at += 1) data[at] = EXPANDED[data[at]];
}

/**
 * Y of another matrix than BT.601's to luma by BT.601's weights, which decoding to RGB gives.
 * @param {Luma} luma
 * @param {Planes} planes
 * @param {number[]} weights Kr, Kb
 * @param {boolean} fullRange
 */
function recolour({ data }, planes, [kr, kb], fullRange) {
  const kg = 1 - kr - kb;
  const scale = fullRange ? 1 : 255 / 224;
  const ofV = scale * 2 * (1 - kr) * (0.299 - (0.587 * kr) / kg);
  const ofU = scale * 2 * (1 - kb) * (0.114 - (0.587 * kb) / kg);
  const { bytes, rows, columns } = planes;
  const { u, v, across } = colours(planes);
  for (let row = 0, to = 0; row < rows; row += 1) {
    const [atU, atV] = [u(row), v(row)];
    for (let column = 0; column < columns; column += 1, to += 1) {
      const at = across(column);
      const moved = data[to] + ofU * (bytes[atU + at] - 128) + ofV * (bytes[atV + at] - 128);
      data[to] = Math.max(0, Math.min(255, Math.round(moved)));
    }
  }
}

/**
 * Where the colours of a pixel lie: `u` and `v` give the beginning of a row, `across` what is added
 * for a column.
 * @param {Planes} planes
 */
export function colours({ layout, kind }) {
  const paired = kind === "NV12";
  const down = kind === "I420" || paired ? 1 : 0;
  const halved = kind === "I444" ? 0 : 1;
  const u = layout[1];
  const v = paired ? { offset: u.offset + 1, stride: u.stride } : layout[2];
  return {
    u: (/** @type {number} */ row) => u.offset + (row >> down) * u.stride,
    v: (/** @type {number} */ row) => v.offset + (row >> down) * v.stride,
    across: (/** @type {number} */ column) => (column >> halved) << (paired ? 1 : 0),
  };
}
