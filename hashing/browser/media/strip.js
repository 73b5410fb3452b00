/**
 * The bytes of a picture without what makes a browser's decoder alter its pixels: the colour
 * profile, which we ignore, and the orientation, which we apply afterwards. And what the header
 * says: the size, and whether the picture is animated.
 */

import { ContentError } from "../errors.js";
import { joined, latin1, MAX_PIECES, viewOf } from "./bytes.js";
import { orientationOfExif } from "./exif.js";
import { stripBoxes } from "./heif.js";
import { stripJpeg } from "./jpeg.js";
import { chunk } from "./png.js";
import { stripWebp } from "./webp.js";

/** @typedef {import("./formats.js").Format} Format */

/**
 * What is decoded, and what its header says.
 * @typedef {object} Stripped
 * @property {Uint8Array} bytes
 * @property {number} orientation as in EXIF, 1…8
 * @property {number} width in pixels, before the orientation is applied
 * @property {number} height
 * @property {number[]} [durations] of each frame, in milliseconds, if the header has them; 0 stands
 *   for a frame without one
 * @property {number} [scans] of a JPEG
 * @property {boolean} [scales] whether it is a JPEG in luma, or in luma and chroma
 * @property {boolean} [moves] whether it may have several frames
 * @property {boolean} [hidden] whether its still picture is none of its frames
 * @property {boolean} [identity] whether the planes of an AVIF are green, blue and red; undefined if
 *   its boxes do not tell
 * @property {boolean} [incomplete] whether the file breaks off
 * @property {number} [ending] of `bytes`, how many at the end were added to what the file has
 * @property {boolean} [upwards] whether the lowest row is the first, in a BMP
 * @property {[number, number, number, number]} [crop] left, top, right, bottom of the pixels that
 *   count, before the orientation is applied
 */

/**
 * Take the profile and the orientation out of a picture's bytes. The input is not changed.
 * @param {Uint8Array} bytes
 * @param {Format} format
 * @returns {Stripped}
 * @throws {ContentError} Damaged, or Unsupported for formats that no browser decodes
 */
export function strip(bytes, format) {
  try {
    switch (format) {
      case "JPEG": return stripJpeg(bytes);
      case "PNG": return stripPng(bytes);
      case "WEBP": return stripWebp(bytes);
      case "AVIF":
      case "HEIF": return stripBoxes(bytes);
      case "GIF": return readGif(bytes);
      case "BMP": return readBmp(bytes);
      default: throw new ContentError("Unsupported");
    }
  } catch (err) {
    if (err instanceof RangeError) throw new ContentError("Damaged", { cause: err });
    throw err;
  }
}

/** Chunks of a PNG that decoding needs; acTL, fcTL and fdAT are for animations (PNG, 3rd ed.). */
const NEEDED = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "acTL", "fcTL", "fdAT"]);
const PNG_MAGIC = 8;

/**
 * Of the checksums, only that of the header counts, as in hashing/media/png.py: the others are made
 * anew.
 * @param {Uint8Array} bytes
 * @returns {Stripped}
 */
function stripPng(bytes) {
  const view = viewOf(bytes);
  const kept = [bytes.subarray(0, PNG_MAGIC)];
  /** @type {number[]} */
  const durations = [];
  /** @type {number | undefined} */
  let exif;
  let [pixels, hidden, incomplete] = [false, false, true];
  for (let offset = PNG_MAGIC, pieces = 0; offset + 8 <= bytes.length; pieces += 1) {
    if (pieces >= MAX_PIECES) throw new ContentError("Damaged");
    const end = offset + 12 + view.getUint32(offset);
    const type = latin1(bytes, offset + 4, offset + 8);
    const body = bytes.subarray(offset + 8, Math.max(offset + 8, end - 4));
    incomplete = type !== "IEND";
    if (!incomplete) break;
    if (NEEDED.has(type)) kept.push(type === "IHDR" ? bytes.subarray(offset, end) : chunk(type, body));
    if (type === "eXIf" && !pixels) exif ??= orientationOfExif(body);
    if (type === "IDAT" && !pixels) [pixels, hidden] = [true, !durations.length];
    if (type === "fcTL" && body.length >= 26) durations.push(apngDelay(viewOf(body)));
    offset = end;
  }
  const end = chunk("IEND", new Uint8Array());
  kept.push(end);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const moves = durations.length > (hidden ? 0 : 1);
  const cut = incomplete && moves; // of a still picture, decoding tells
  return { bytes: joined(kept), orientation: exif ?? 1, width, height, durations, moves, hidden, incomplete: cut, ending: end.length };
}

/**
 * Delay of a frame in milliseconds: numerator over denominator of fcTL; a denominator of 0 means
 * 100.
 * @param {DataView} view
 */
function apngDelay(view) {
  return (1000 * view.getUint16(20)) / (view.getUint16(22) || 100);
}

/**
 * The frames and delays of a GIF (GIF89a specification, 20–23). It has no profile that decoders
 * apply, and no orientation. Its screen has room for its first image, as in browsers.
 * @param {Uint8Array} bytes
 * @returns {Stripped}
 */
function readGif(bytes) {
  const view = viewOf(bytes);
  /** @type {number[]} */
  const durations = [];
  let delay = 0;
  let ended = false;
  let offset = 13 + tableBytes(bytes[10]);
  let [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
  while (offset < bytes.length && bytes[offset] !== 0x3b) {
    if (bytes[offset] === 0x21) {
      const isControl = bytes[offset + 1] === 0xf9 && offset + 6 <= bytes.length;
      if (isControl) delay = 10 * view.getUint16(offset + 4, true);
      offset = afterBlocks(bytes, offset + 2);
    } else if (bytes[offset] === 0x2c && offset + 11 <= bytes.length) {
      if (!durations.length) {
        width = Math.max(width, view.getUint16(offset + 1, true) + view.getUint16(offset + 5, true));
        height = Math.max(height, view.getUint16(offset + 3, true) + view.getUint16(offset + 7, true));
      }
      durations.push(delay);
      delay = 0;
      offset = afterBlocks(bytes, offset + 11 + tableBytes(bytes[offset + 9]));
    } else break;
    ended = offset <= bytes.length;
  }
  const cut = !ended || offset >= bytes.length;
  const [whole, ending] = cut ? [joined([bytes, GIF_END]), GIF_END.length] : [bytes, 0];
  const moves = durations.length > 1;
  const incomplete = cut && moves; // of a still picture, decoding tells
  return { bytes: whole, orientation: 1, width, height, durations, moves, incomplete, ending };
}

/** An empty sub-block and the trailer, for a GIF that lacks them. */
const GIF_END = Uint8Array.of(0, 0x3b);

/** @param {number} flags bit 7: whether there is a table; bits 0–2: n of its 3 · 2^(n + 1) bytes */
function tableBytes(flags) {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

/**
 * The offset after a series of sub-blocks.
 * @param {Uint8Array} bytes
 * @param {number} first offset of the first one
 */
function afterBlocks(bytes, first) {
  let offset = first;
  while (offset < bytes.length && bytes[offset]) offset += bytes[offset] + 1;
  return offset + 1;
}

/**
 * @param {Uint8Array} bytes
 * @returns {Stripped}
 */
function readBmp(bytes) {
  const view = viewOf(bytes);
  const old = view.getUint32(14, true) === 12; // BITMAPCOREHEADER has 16-bit sides
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const height = old ? view.getUint16(20, true) : view.getInt32(22, true);
  return { bytes, orientation: 1, width: Math.abs(width), height: Math.abs(height), upwards: height > 0 };
}
