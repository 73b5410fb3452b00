/**
 * Decoded pixels to upright luma, by the rules of docs/signals.md from RGB on, and their limits.
 * Colour profiles, which are ignored, and palettes are the decoder's concern.
 */

import { ContentError } from "../errors.js";
import { BOX, resample } from "../luma.js";

/** @typedef {import("../luma.js").Luma} Luma */
/**
 * Where pixels of four bytes are: `stride` bytes from row to row (default: 4 · columns), `offset`
 * bytes before the first. X is ignored; pixels with A are laid on white.
 * @typedef {{rows: number, columns: number, stride?: number, offset?: number,
 *   layout?: "RGBX" | "BGRX" | "RGBA" | "BGRA"}} Raster
 */

/** Longest side, in pixels, that is hashed as it is. */
export const NATIVE_SIDE = 1280;
/** Longer sides are squeezed to this many pixels (docs/adr/0003). */
export const SQUEEZED_SIDE = 1024;
/** Largest file of a picture. */
export const MAX_BYTES = 100 * 2 ** 20;
export const MAX_PIXELS = 52 * 2 ** 20;
/** Of a JPEG that is decoded at a scale. */
export const MAX_JPEG_PIXELS = 208 * 2 ** 20;
/** Of WebP and AVIF. */
export const MAX_WEBP_PIXELS = 24 * 2 ** 20;
/** Longest side over shortest. */
export const MAX_ASPECT = 32;
/** Shortest side, in pixels: smaller pictures all look alike. */
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
 * Luma of a video's frame: OpenCV rounds in 15 bits, which differs by one grey level at most.
 * @param {Uint8Array | Uint8ClampedArray} bytes
 * @param {Raster} raster
 * @returns {Luma}
 */
export function lumaOfFrame(bytes, raster) {
  return weighed(bytes, raster, [9798, 19235, 3735], 15);
}

/**
 * A plane of grey as it is, from a decoder that gives the picture's own luma.
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
 * @param {boolean} isWide whether a stride is at least a row
 */
function checkExtent(length, needed, isWide) {
  if (!isWide || length < needed) throw new RangeError("fewer bytes than the picture has pixels");
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
 * Squeeze a luma, by averaging areas, to the raster size of `size`: that of the picture before a
 * scaled decode, or by default the luma's own. Nothing is enlarged.
 * @param {Luma} luma
 * @param {{rows: number, columns: number}} [size]
 * @returns {Luma}
 */
export function squeeze(luma, size = luma) {
  const { rows, columns } = rasterSize(size.rows, size.columns);
  return resample(luma, rows, columns, BOX);
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
  return { data: reordered(luma.data, { rows, columns, start, down, across }), rows, columns };
}

/**
 * @param {Uint8Array} data
 * @param {{rows: number, columns: number, start: number, down: number, across: number}} order the
 *   index of the first pixel, and the steps to the next row and to the next column
 * @returns {Uint8Array}
 */
function reordered(data, { rows, columns, start, down, across }) {
  const out = new Uint8Array(rows * columns);
  let to = 0;
  for (let row = 0; row < rows; row += 1) {
    let from = start + row * down;
    for (let column = 0; column < columns; column += 1) {
      out[to] = data[from];
      to += 1;
      from += across;
    }
  }
  return out;
}
