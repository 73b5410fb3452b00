/**
 * Reading and joining the bytes of untrusted files.
 */

import { ContentError } from "../errors.js";

/** Most segments, chunks or boxes of one file that are read, as in hashing/media/pixels.py. */
export const MAX_PIECES = 100_000;

/**
 * All bytes of a file, or of a slice of it.
 * @param {Blob} blob
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {ContentError} Unreadable: removed, changed since it was chosen, or no permission
 */
export async function bytesOf(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (err) {
    throw new ContentError("Unreadable", { cause: err });
  }
}

/**
 * A view that reads numbers in the bytes. Reading beyond their end throws a RangeError.
 * @param {Uint8Array} bytes
 */
export function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Bytes as Latin-1, one character for each.
 * @param {Uint8Array} bytes
 * @param {number} from
 * @param {number} to not included; at most 1,024 more than `from`; may be beyond the end
 * @returns {string}
 */
export function latin1(bytes, from, to) {
  return String.fromCharCode(...bytes.subarray(from, Math.max(from, to)));
}

/**
 * One array of several parts, in this order.
 * @param {Uint8Array[]} parts
 */
export function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
