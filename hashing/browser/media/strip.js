/**
 * A picture's file without what would make a browser's decoder alter its pixels: no colour
 * profile (ours are ignored) and no orientation (ours is applied afterwards). Read from the
 * header by the way: the size, and whether it moves.
 */

import { joined, latin1, MAX_PIECES, viewOf } from "./bytes.js";
import { ContentError } from "../errors.js";
import { orientationOfExif, orientationOfXmp } from "./exif.js";
import { stripBoxes } from "./heif.js";
import { stripJpeg } from "./jpeg.js";
import { stripWebp } from "./webp.js";

/** @typedef {import("./formats.js").Format} Format */

/**
 * What is decoded, and what its header says.
 * @typedef {object} Stripped
 * @property {Uint8Array} bytes
 * @property {number} orientation as of EXIF, 1…8
 * @property {number} width in pixels, before the orientation is applied
 * @property {number} height
 * @property {number[]} [durations] milliseconds of each frame, where there is more than one and
 *   the file says it plainly; 0 stands for none given
 * @property {number} [scans] of a JPEG
 * @property {boolean} [scales] whether it is a JPEG in luma, or luma and colours
 * @property {boolean} [moves] whether it may be several frames
 */

/**
 * Take the profile and the orientation out of a picture's bytes. The input is not altered.
 * @param {Uint8Array} bytes
 * @param {Format} format
 * @returns {Stripped}
 * @throws {ContentError} Damaged, or Unsupported for what no browser opens
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

/** Chunks of a PNG that its pixels need; fcTL, fdAT and acTL are of animations (PNG, 3rd ed.). */
const NEEDED = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "IEND", "acTL", "fcTL", "fdAT"]);
const PNG_MAGIC = 8;
const XMP = "XML:com.adobe.xmp";

/**
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
  /** @type {number | undefined} */
  let xmp;
  let pieces = 0;
  for (let at = PNG_MAGIC; at + 12 <= bytes.length; pieces += 1) {
    if (pieces >= MAX_PIECES) throw new ContentError("Damaged");
    const end = at + 12 + view.getUint32(at);
    const type = latin1(bytes, at + 4, at + 8);
    const body = bytes.subarray(at + 8, Math.max(at + 8, end - 4));
    if (NEEDED.has(type)) kept.push(bytes.subarray(at, end));
    if (type === "eXIf") exif ??= orientationOfExif(body);
    if (type === "iTXt" && latin1(body, 0, XMP.length) === XMP) xmp = orientationOfXmp(body);
    if (type === "fcTL") durations.push(apngDelay(viewOf(body)));
    at = end;
  }
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  const orientation = exif ?? xmp ?? 1;
  const moves = durations.length > 1;
  return { bytes: joined(kept), orientation, width, height, durations, moves };
}

/** Delay of a frame in milliseconds: fcTL's numerator over its denominator, 0 meaning 100.
 * @param {DataView} view
 */
function apngDelay(view) {
  return (1000 * view.getUint16(20)) / (view.getUint16(22) || 100);
}

/**
 * The frames and delays of a GIF (GIF89a specification, 20–23); it holds no profile that decoders
 * apply, and no orientation.
 * @param {Uint8Array} bytes
 * @returns {Stripped}
 */
function readGif(bytes) {
  const view = viewOf(bytes);
  /** @type {number[]} */
  const durations = [];
  let delay = 0;
  let at = 13 + tableBytes(bytes[10]);
  while (at < bytes.length && bytes[at] !== 0x3b) {
    if (bytes[at] === 0x21) {
      const isControl = bytes[at + 1] === 0xf9 && at + 6 <= bytes.length;
      if (isControl) delay = 10 * view.getUint16(at + 4, true);
      at = afterBlocks(bytes, at + 2);
    } else if (bytes[at] === 0x2c && at + 11 <= bytes.length) {
      durations.push(delay);
      delay = 0;
      at = afterBlocks(bytes, at + 11 + tableBytes(bytes[at + 9]));
    } else break;
  }
  const size = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  return { bytes, orientation: 1, ...size, durations, moves: durations.length > 1 };
}

/** @param {number} flags bit 7 tells whether there is a table of 3 · 2^(n + 1) bytes */
function tableBytes(flags) {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at where the first of a row of sub-blocks begins
 */
function afterBlocks(bytes, at) {
  let next = at;
  while (next < bytes.length && bytes[next]) next += bytes[next] + 1;
  return next + 1;
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
  return { bytes, orientation: 1, width: Math.abs(width), height: Math.abs(height) };
}
