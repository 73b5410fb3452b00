/**
 * Decoded pixels to upright luma: the rules of docs/signals.md from RGB on, and their limits.
 * The embedded colour profile is ignored, which is the decoder's matter, as palettes are.
 */

import { ContentError } from "../errors.js";
import { BOX, resample } from "../luma.js";

/** @typedef {import("../luma.js").Luma} Luma */
/**
 * Where pixels of four bytes lie: `stride` bytes from row to row (else 4 · columns), `offset`
 * bytes before the first. X is ignored; A is laid on white.
 * @typedef {{rows: number, columns: number, stride?: number, offset?: number,
 *   layout?: "RGBX" | "BGRX" | "RGBA" | "BGRA"}} Raster
 */

/** Sides up to this are hashed as they are, in pixels. */
export const NATIVE_SIDE = 1280;
/** Longer sides are squeezed to this (docs/adr/0003). */
export const SQUEEZED_SIDE = 1024;
/** Of a picture's file. */
export const MAX_BYTES = 100 * 2 ** 20;
export const MAX_PIXELS = 52 * 2 ** 20;
/** Of a JPEG that is decoded at a scale. */
export const MAX_JPEG_PIXELS = 208 * 2 ** 20;
/** Of WebP and AVIF. */
export const MAX_WEBP_PIXELS = 24 * 2 ** 20;
/** Longest side over shortest. */
export const MAX_ASPECT = 32;
/** Shortest side, in pixels: below, everything looks alike. */
export const MIN_SIDE = 16;

/**
 * Refuse more than `most` pixels, and what is too small or too narrow to be recognised.
 * @param {number} rows
 * @param {number} columns
 * @param {number} [most]
 * @throws {ContentError} TooManyPixels, TooSmall, TooNarrow
 */
export function checkSize(rows, columns, most = MAX_PIXELS) {
  if (rows * columns > most) throw new ContentError("TooManyPixels");
  const shorter = Math.min(rows, columns);
  if (shorter < MIN_SIDE) throw new ContentError("TooSmall");
  if (Math.max(rows, columns) > MAX_ASPECT * shorter) throw new ContentError("TooNarrow");
}

/**
 * Refuse a picture's file that is empty or larger than is read.
 * @param {number} bytes
 * @throws {ContentError} EmptyFile, TooManyBytes
 */
export function checkBytes(bytes) {
  if (bytes === 0) throw new ContentError("EmptyFile");
  if (bytes > MAX_BYTES) throw new ContentError("TooManyBytes");
}

/**
 * Luma of a picture's pixels (ITU-R BT.601 in 16-bit fixed point, as Pillow).
 * @param {Uint8Array | Uint8ClampedArray} bytes
 * @param {Raster} raster
 * @returns {Luma}
 */
export function lumaOfRgb(bytes, raster) {
  return weighed(bytes, raster, [19595, 38470, 7471], 16);
}

/**
 * Luma of a video's frame, which OpenCV rounds in 15 bits: one grey level apart at most.
 * @param {Uint8Array | Uint8ClampedArray} bytes
 * @param {Raster} raster
 * @returns {Luma}
 */
export function lumaOfFrame(bytes, raster) {
  return weighed(bytes, raster, [9798, 19235, 3735], 15);
}

/**
 * A plane of grey as it is, for a decoder that gives the picture's own luma.
 * @param {Uint8Array | Uint8ClampedArray} bytes
 * @param {Raster} raster
 * @returns {Luma}
 */
export function lumaOfPlane(bytes, { rows, columns, stride = columns, offset = 0 }) {
  checkExtent(bytes.length, offset + (rows - 1) * stride + columns, stride >= columns);
  const data = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    const from = offset + row * stride;
    data.set(bytes.subarray(from, from + columns), row * columns);
  }
  return { data, rows, columns };
}

/**
 * @param {Uint8Array | Uint8ClampedArray} bytes
 * @param {Raster} raster
 * @param {[number, number, number]} weights of red, green, blue; their sum is 2 ** shift
 * @param {number} shift
 * @returns {Luma}
 */
function weighed(bytes, raster, [ofRed, green, ofBlue], shift) {
  const { rows, columns, stride = 4 * columns, offset = 0, layout = "RGBX" } = raster;
  checkExtent(bytes.length, offset + (rows - 1) * stride + 4 * columns, stride >= 4 * columns);
  const [first, third] = layout.startsWith("R") ? [ofRed, ofBlue] : [ofBlue, ofRed];
  const transparent = layout.endsWith("A");
  const half = 2 ** (shift - 1);
  const data = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    let at = offset + row * stride;
    const end = (row + 1) * columns;
    for (let to = row * columns; to < end; to += 1) {
      const alpha = transparent ? bytes[at + 3] : 255;
      let a = bytes[at];
      let b = bytes[at + 1];
      let c = bytes[at + 2];
      if (alpha !== 255) {
        a = onWhite(a, alpha);
        b = onWhite(b, alpha);
        c = onWhite(c, alpha);
      }
      data[to] = (first * a + green * b + third * c + half) >> shift;
      at += 4;
    }
  }
  return { data, rows, columns };
}

/**
 * floor((c·a + 255·(255 − a)) / 255 + 1/2), in whole numbers.
 * @param {number} channel
 * @param {number} alpha
 */
function onWhite(channel, alpha) {
  return Math.floor((2 * (channel * alpha + 255 * (255 - alpha)) + 255) / 510);
}

/**
 * @param {number} length
 * @param {number} needed
 * @param {boolean} wide whether a stride holds a row
 */
function checkExtent(length, needed, wide) {
  if (!wide || length < needed) throw new RangeError("fewer bytes than the picture has pixels");
}

/**
 * The size at which a picture of this size is hashed.
 * @param {number} rows
 * @param {number} columns
 * @returns {{rows: number, columns: number}}
 */
export function rasterSize(rows, columns) {
  return { rows: squeezedSide(rows), columns: squeezedSide(columns) };
}

/** @param {number} side */
function squeezedSide(side) {
  return side <= NATIVE_SIDE ? side : SQUEEZED_SIDE;
}

/**
 * Average areas to the raster size of `size`: that of the picture before a scaled decode, or else
 * the luma's own. Nothing is enlarged.
 * @param {Luma} luma
 * @param {{rows: number, columns: number}} [size]
 * @returns {Luma}
 */
export function squeeze(luma, size = luma) {
  const wanted = rasterSize(size.rows, size.columns);
  return resample(luma, wanted.rows, wanted.columns, BOX);
}

/**
 * Apply an EXIF orientation, 1…8 (tag 0x0112; CIPA DC-008, 4.6.5). Another value leaves the
 * picture as it is stored.
 * @param {Luma} luma
 * @param {number} orientation
 * @returns {Luma}
 */
export function upright(luma, orientation) {
  if (![2, 3, 4, 5, 6, 7, 8].includes(orientation)) return luma;
  const exchanged = orientation >= 5;
  const [rows, columns] = exchanged ? [luma.columns, luma.rows] : [luma.rows, luma.columns];
  let down = exchanged ? 1 : columns;
  let across = exchanged ? luma.columns : 1;
  let start = 0;
  if ([3, 4, 7, 8].includes(orientation)) {
    start += (rows - 1) * down;
    down = -down;
  }
  if ([2, 3, 6, 7].includes(orientation)) {
    start += (columns - 1) * across;
    across = -across;
  }
  return { data: picked(luma.data, { rows, columns, start, down, across }), rows, columns };
}

/**
 * @param {Uint8Array} data
 * @param {{rows: number, columns: number, start: number, down: number, across: number}} walk
 * @returns {Uint8Array}
 */
function picked(data, { rows, columns, start, down, across }) {
  const out = new Uint8Array(rows * columns);
  let to = 0;
  for (let row = 0; row < rows; row += 1) {
    let at = start + row * down;
    for (let column = 0; column < columns; column += 1) {
      out[to] = data[at];
      to += 1;
      at += across;
    }
  }
  return out;
}
