/** Bytes and hexadecimal, and the digests of what is small enough to be in memory. */

import { hex } from "../signals.js";

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/**
 * @param {string} text
 * @returns {Bytes} in UTF-8
 */
export function utf8(text) {
  return new TextEncoder().encode(text);
}

/**
 * @param {string} digits of hexadecimal
 * @returns {Bytes}
 */
export function unhex(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/**
 * @param {...Uint8Array} parts
 * @returns {Bytes}
 */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * @param {Bytes} bytes
 * @returns {Promise<Bytes>} 32 bytes
 */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/**
 * @param {Bytes} bytes
 * @returns {Promise<string>} 64 digits of lowercase hexadecimal
 */
export async function sha256Hex(bytes) {
  return hex(await sha256(bytes));
}

/**
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export function equal(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
