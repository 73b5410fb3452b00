/**
 * The values that the device computes from content and the service works with.
 * docs/signals.md defines each signal type to the bit.
 */

/**
 * A perceptual value before it is a signal: 64 digits of lowercase hexadecimal, quality 0–100.
 * @typedef {{value: string, quality: number}} Hashed
 */
/**
 * Only "pdq" and "phash" have a `quality`.
 * @typedef {{type: "pdq" | "phash" | "md5" | "sha256", value: string, quality?: number}} Signal
 */
/**
 * A run of near-identical frames, with its span in milliseconds.
 * @typedef {{at_ms: number, until_ms: number, type: "pdq", value: string, quality: number}} Frame
 */
/**
 * @typedef {"centre-90" | "centre-60" | "centre-50" | "square"
 *   | "left-50" | "right-50" | "top-50" | "bottom-50"} WindowName
 */
/** @typedef {{window: WindowName, type: "pdq", value: string, quality: number}} Window */
/**
 * One entry, as content_document() of hashing/submission.py writes it: its keys in this order,
 * and no empty lists. `incomplete` and `label` are for the page alone: the file breaks off, and only
 * what it shows was hashed; what the owner typed. contentOf of submission.js leaves them out.
 * @typedef {{kind: "picture" | "video", signals: Signal[], frames?: Frame[], windows?: Window[],
 *   sealed_label?: string, incomplete?: true, label?: string}} Content
 */

/**
 * Which windows an entry gets. More windows match more cropped copies, and reveal more.
 * @typedef {"none" | "standard" | "all"} WindowSet
 */

/** @type {readonly WindowName[]} */
const STANDARD = ["centre-90", "centre-50", "square"];
/** @type {readonly WindowName[]} */
const MORE = ["centre-60", "left-50", "right-50", "top-50", "bottom-50"];
/** @type {Record<WindowSet, readonly WindowName[]>} */
export const SETS = { none: [], standard: STANDARD, all: [...STANDARD, ...MORE] };

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * Lowercase hexadecimal, first byte first.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function hex(bytes) {
  let digits = "";
  for (const byte of bytes) digits += DIGITS[byte];
  return digits;
}

/**
 * 256 bits as a value: the first eight positions are the first byte, from its highest bit.
 * @param {(position: number) => boolean} isSet
 * @returns {string}
 */
export function hexOfBits(isSet) {
  const bytes = new Uint8Array(32);
  for (let position = 0; position < 256; position += 1) {
    if (isSet(position)) bytes[position >> 3] |= 0x80 >> (position & 7);
  }
  return hex(bytes);
}

/**
 * The number of bits in which two values of one length, in hexadecimal, differ.
 * @param {string} one
 * @param {string} other
 * @returns {number}
 */
export function distance(one, other) {
  if (one.length !== other.length) throw new RangeError("values of different lengths");
  let bits = 0;
  for (let at = 0; at < one.length; at += 1) {
    let differing = parseInt(one[at], 16) ^ parseInt(other[at], 16);
    for (; differing; differing &= differing - 1) bits += 1;
  }
  return bits;
}
