/**
 * The pixels of a VideoFrame to luma, whatever format the browser has them in (WebCodecs, 9.8).
 */

import { ContentError } from "../errors.js";
import { lumaOfPlane, lumaOfRgb } from "./pixels.js";
import { lumaOfWebp } from "./webp_luma.js";

/** @typedef {import("../luma.js").Luma} Luma */
/** @typedef {"RGBX" | "BGRX" | "RGBA" | "BGRA"} Packed */

/**
 * Rows of four bytes a pixel that are copied at once: limits the memory needed beside the frame.
 */
const BAND_ROWS = 512;
/** Planar formats: how chroma is subsampled, whether there is alpha, and the bits of a sample. */
const PLANAR = /^(I420|I422|I444|NV12)(A?)(P1[02])?$/;
/** Kr and Kb of a matrix (ITU-T H.273, table 4). */
const MATRICES = new Map([["bt709", [0.2126, 0.0722]], ["bt2020-ncl", [0.2627, 0.0593]]]);

/**
 * A planar frame: its samples, where each plane is, and what the samples mean.
 * @typedef {object} Planes
 * @property {Uint8Array} bytes
 * @property {PlaneLayout[]} layout
 * @property {string} kind "I420", "I422", "I444" or "NV12"
 * @property {number} depth bits of a sample; above 8, a sample has two bytes, the lower first
 * @property {number} rows
 * @property {number} columns
 */

/**
 * The luma of the whole visible part of a picture's frame. The frame stays open.
 * @param {VideoFrame} frame
 * @param {boolean} [identity] whether planes of 4:4:4 are green, blue and red; if that is unknown,
 *   they are where the browser names no matrix
 * @returns {Promise<Luma>} not squeezed, as stored
 * @throws {ContentError} Unsupported, if the format is none of these
 */
export async function lumaOf(frame, identity) {
  const format = packedFormat(frame);
  if (format) return packed(frame, lumaOfRgb, format);
  const planes = await planesOf(frame);
  const { fullRange, matrix } = frame.colorSpace;
  // Chromium (156) has no name for the identity matrix, but names all others that are frequent.
  if (planes.kind === "I444" && (identity ?? !matrix)) return lumaOfIdentity(planes, !!fullRange);
  const luma = brightness(planes);
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
  return { bytes, layout, kind: planar[1], depth, ...visibleSize(frame) };
}

/**
 * The Y plane: the upper 8 bits of each sample.
 * @param {Planes} planes
 * @returns {Luma}
 */
export function brightness({ bytes, layout, depth, rows, columns }) {
  const raster = { rows, columns, ...layout[0] };
  return depth === 8 ? lumaOfPlane(bytes, raster) : upperBits(bytes, raster, depth);
}

/**
 * Luma of planes that are green, blue and red (the identity matrix of ITU-T H.273).
 * @param {Planes} planes
 * @param {boolean} fullRange
 * @returns {Luma}
 */
function lumaOfIdentity({ bytes, layout, depth, rows, columns }, fullRange) {
  const [green, blue, red] = layout.map((plane) => {
    const { data } = depth === 8
      ? lumaOfPlane(bytes, { rows, columns, ...plane })
      : upperBits(bytes, { rows, columns, ...plane }, depth);
    if (!fullRange) expand(data);
    return data;
  });
  const data = green.map((level, at) =>
    (19595 * red[at] + 38470 * level + 7471 * blue[at] + 32768) >> 16);
  return { data, rows, columns };
}

/** @param {VideoFrame} frame */
function visibleSize(frame) {
  const { visibleRect } = frame;
  if (!visibleRect) throw new ContentError("Damaged"); // the frame is closed
  return { rows: visibleRect.height, columns: visibleRect.width };
}

/**
 * The luma of a frame of four bytes a pixel, copied and converted band by band.
 * @param {VideoFrame} frame
 * @param {(bytes: Uint8Array, raster: import("./pixels.js").Raster) => Luma} convert
 * @param {Packed} layout
 * @returns {Promise<Luma>}
 */
export async function packed(frame, convert, layout) {
  const { rows, columns } = visibleSize(frame);
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
 * The upper 8 bits of samples of 10 or 12 bits, which are stored in two bytes, the lower first.
 * @param {Uint8Array} bytes
 * @param {{rows: number, columns: number, offset: number, stride: number}} raster
 * @param {number} depth
 * @returns {Luma}
 */
function upperBits(bytes, { rows, columns, offset, stride }, depth) {
  const data = new Uint8Array(rows * columns);
  for (let row = 0, to = 0; row < rows; row += 1) {
    for (let column = 0, from = offset + row * stride; column < columns; column += 1, from += 2) {
      data[to++] = (bytes[from] | (bytes[from + 1] << 8)) >> (depth - 8);
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
 * Y of another matrix than BT.601 to luma by the weights of BT.601, as decoding to RGB would give
 * it.
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
  const { u, v, across } = chroma(planes);
  for (let row = 0, to = 0; row < rows; row += 1) {
    const [rowU, rowV] = [u(row), v(row)];
    for (let column = 0; column < columns; column += 1, to += 1) {
      const step = across(column);
      const level = data[to] + ofU * (bytes[rowU + step] - 128) + ofV * (bytes[rowV + step] - 128);
      data[to] = Math.max(0, Math.min(255, Math.round(level)));
    }
  }
}

/**
 * Where the chroma samples of a pixel are: `u` and `v` return the offset of a row, `across` what is
 * added to it for a column.
 * @param {Planes} planes
 */
export function chroma({ layout, kind }) {
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
