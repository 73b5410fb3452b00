/**
 * A WebP's chunks (RFC 9649): its size, its frames, and all but profile, Exif and XMP.
 */

import { joined, latin1, MAX_PIECES, viewOf } from "./bytes.js";
import { ContentError } from "../errors.js";
import { orientationOfExif, orientationOfXmp } from "./exif.js";

/** Flags of VP8X: profile, Exif and XMP follow. */
const GONE = 0x20 | 0x08 | 0x04;
const RIFF_HEADER = 12;

/**
 * @param {Uint8Array} bytes
 * @returns {import("./strip.js").Stripped}
 * @throws {ContentError} Damaged
 */
export function stripWebp(bytes) {
  const found = { width: 0, height: 0, exif: NaN, xmp: NaN };
  /** @type {number[]} */
  const durations = [];
  /** @type {Uint8Array[]} */
  const kept = [bytes.subarray(0, RIFF_HEADER)];
  for (const { type, start, end } of chunks(bytes)) {
    const body = bytes.subarray(start, end);
    if (type === "EXIF") found.exif = orientationOfExif(body) ?? NaN;
    else if (type === "XMP ") found.xmp = orientationOfXmp(body) ?? NaN;
    else if (type !== "ICCP") kept.push(keptChunk(bytes, type, start, end));
    if (type === "ANMF") durations.push(uint24(body, 12));
    if (!found.width) Object.assign(found, sizeOf(type, body));
  }
  const stripped = joined(kept);
  viewOf(stripped).setUint32(4, stripped.length - 8, true);
  const { width, height, exif, xmp } = found;
  const orientation = [exif, xmp, 1].find((one) => !Number.isNaN(one)) ?? 1;
  return { bytes: stripped, orientation, width, height, durations, moves: durations.length > 1 };
}

/** @param {Uint8Array} bytes */
function* chunks(bytes) {
  const view = viewOf(bytes);
  let count = 0;
  for (let at = RIFF_HEADER; at + 8 <= bytes.length; count += 1) {
    if (count >= MAX_PIECES) throw new ContentError("Damaged");
    const size = view.getUint32(at + 4, true);
    const end = at + 8 + size;
    yield { type: latin1(bytes, at, at + 4), start: at + 8, end: Math.min(end, bytes.length) };
    at = end + (size & 1); // chunks are padded to even lengths
  }
}

/**
 * The chunk with its header; of VP8X a copy that announces nothing we leave out.
 * @param {Uint8Array} bytes
 * @param {string} type
 * @param {number} start
 * @param {number} end
 */
function keptChunk(bytes, type, start, end) {
  const past = end + ((end - start) & 1);
  if (type !== "VP8X") return bytes.subarray(start - 8, past);
  const copy = bytes.slice(start - 8, past);
  copy[8] &= ~GONE;
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
 * @param {number} at
 */
function uint24(bytes, at) {
  if (at + 3 > bytes.length) throw new ContentError("Damaged");
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
}
