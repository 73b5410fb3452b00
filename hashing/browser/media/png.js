/**
 * Encodes pixels as a PNG without compression (PNG, 3rd edition; RFC 1950 and 1951), for the
 * pictures that proof.js makes; and single chunks.
 */

import { joined, viewOf } from "./bytes.js";

const MAGIC = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Most bytes of a stored block of deflate (RFC 1951, 3.2.4). */
const MAX_STORED = 0xffff;

/**
 * @param {{data: Uint8Array, rows: number, columns: number, channels: 3 | 4}} pixels RGB or RGBA;
 *   at most MAX_STORED bytes, counting one more for each row
 * @returns {Uint8Array}
 */
export function encodePng({ data, rows, columns, channels }) {
  const header = new Uint8Array(13);
  viewOf(header).setUint32(0, columns);
  viewOf(header).setUint32(4, rows);
  header.set([8, channels === 3 ? 2 : 6], 8);
  const width = columns * channels;
  const lines = new Uint8Array(rows * (width + 1)); // each starts with its filter, 0: none
  for (let row = 0; row < rows; row += 1) {
    lines.set(data.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  }
  const [head, end] = [chunk("IHDR", header), chunk("IEND", new Uint8Array())];
  return joined([MAGIC, head, chunk("IDAT", stored(lines)), end]);
}

/**
 * @param {string} type
 * @param {Uint8Array} body
 */
export function chunk(type, body) {
  const out = new Uint8Array(body.length + 12);
  viewOf(out).setUint32(0, body.length);
  out.set(Uint8Array.from(type, (letter) => letter.charCodeAt(0)), 4);
  out.set(body, 8);
  viewOf(out).setUint32(body.length + 8, crc32(out.subarray(4, body.length + 8)));
  return out;
}

/** @param {Uint8Array} bytes */
function stored(bytes) {
  if (bytes.length > MAX_STORED) throw new RangeError("more than one block");
  const out = new Uint8Array(bytes.length + 11);
  out.set([0x78, 0x01, 1]);
  viewOf(out).setUint16(3, bytes.length, true);
  viewOf(out).setUint16(5, ~bytes.length, true);
  out.set(bytes, 7);
  viewOf(out).setUint32(bytes.length + 7, adler32(bytes));
  return out;
}

/** @param {Uint8Array} bytes */
function adler32(bytes) {
  let [low, high] = [1, 0];
  for (const byte of bytes) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return high * 65536 + low;
}

/** The checksum of each byte alone. */
const CRCS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let rest = -1;
  for (let at = 0; at < bytes.length; at += 1) {
    rest = CRCS[(rest ^ bytes[at]) & 0xff] ^ (rest >>> 8);
  }
  return ~rest >>> 0;
}
