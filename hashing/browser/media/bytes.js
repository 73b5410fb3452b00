/**
 * Reading and joining the bytes of untrusted files.
 */

/** Most segments, chunks or boxes of one file that are looked at, as hashing/media/pixels.py. */
export const MAX_PIECES = 100_000;

/**
 * Numbers in the bytes; reading beyond their end throws RangeError.
 * @param {Uint8Array} bytes
 */
export function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Bytes as Latin-1, one character a byte.
 * @param {Uint8Array} bytes
 * @param {number} from
 * @param {number} to not included; at most 1,024 further; beyond the end is cut
 * @returns {string}
 */
export function latin1(bytes, from, to) {
  return String.fromCharCode(...bytes.subarray(from, Math.max(from, to)));
}

/**
 * One array of several parts, in their order.
 * @param {Uint8Array[]} parts
 */
export function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
