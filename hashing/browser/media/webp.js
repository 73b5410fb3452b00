/**
 * The chunks of a WebP (RFC 9649): all but profile, EXIF and XMP; its size, orientation and frames.
 * What follows its RIFF does not count.
 */

import { ContentError } from "../errors.js";
import { joined, latin1, MAX_PIECES, viewOf } from "./bytes.js";
import { orientationOfExif } from "./exif.js";

/** Flags of VP8X: there are a profile, EXIF, XMP. */
const REMOVED = 0x20 | 0x08 | 0x04;
const RIFF_HEADER = 12;

/**
 * @param {Uint8Array} bytes
 * @returns {import("./strip.js").Stripped}
 * @throws {ContentError} Damaged
 */
export function stripWebp(bytes) {
  const size = { width: 0, height: 0 };
  let orientation = 1;
  /** @type {number[]} */
  const durations = [];
  /** @type {Uint8Array[]} */
  const kept = [bytes.subarray(0, RIFF_HEADER)];
  for (const { type, start, end } of chunks(bytes)) {
    const body = bytes.subarray(start, end);
    if (type === "EXIF") orientation = orientationOfExif(body);
    else if (type !== "ICCP" && type !== "XMP ") kept.push(keptChunk(bytes, type, start, end));
    if (type === "ANMF") durations.push(uint24(body, 12));
    if (!size.width) Object.assign(size, sizeOf(type, body));
  }
  const stripped = joined(kept);
  viewOf(stripped).setUint32(4, stripped.length - 8, true);
  return { bytes: stripped, orientation, ...size, durations, moves: durations.length > 1 };
}

/** @param {Uint8Array} bytes */
function* chunks(bytes) {
  const view = viewOf(bytes);
  let count = 0;
  const past = Math.min(8 + view.getUint32(4, true), bytes.length);
  for (let offset = RIFF_HEADER; offset + 8 <= past; count += 1) {
    if (count >= MAX_PIECES) throw new ContentError("Damaged");
    const size = view.getUint32(offset + 4, true);
    const type = latin1(bytes, offset, offset + 4);
    const end = offset + 8 + size;
    yield { type, start: offset + 8, end: Math.min(end, bytes.length) };
    offset = end + (size & 1); // chunks are padded to even lengths
  }
}

/**
 * The chunk with its header; of VP8X, a copy without the flags of what is removed.
 * @param {Uint8Array} bytes
 * @param {string} type
 * @param {number} start
 * @param {number} end
 */
function keptChunk(bytes, type, start, end) {
  const past = end + ((end - start) & 1);
  if (type !== "VP8X") return bytes.subarray(start - 8, past);
  const copy = bytes.slice(start - 8, past);
  copy[8] &= ~REMOVED;
  return copy;
}

/**
 * @param {string} type
 * @param {Uint8Array} body
 * @returns {{width?: number, height?: number}}
 */
function sizeOf(type, body) {
  const view = viewOf(body);
  if (type === "VP8X") return { width: uint24(body, 4) + 1, height: uint24(body, 7) + 1 };
  if (type === "VP8 ") {
    return { width: view.getUint16(6, true) & 0x3fff, height: view.getUint16(8, true) & 0x3fff };
  }
  if (type !== "VP8L") return {};
  const sides = view.getUint32(1, true);
  return { width: (sides & 0x3fff) + 1, height: ((sides >>> 14) & 0x3fff) + 1 };
}

/**
 * @param {Uint8Array} bytes
 * @param {number} offset
 */
function uint24(bytes, offset) {
  if (offset + 3 > bytes.length) throw new ContentError("Damaged");
  return bytes[offset] | (bytes[offset + 1] << 8) | (bytes[offset + 2] << 16);
}
