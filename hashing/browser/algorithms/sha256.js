/** SHA-256 (FIPS 180-4) of bytes that come in chunks; WebCrypto needs all of them at once. */

import { Blocks } from "./blocks.js";
import { hex } from "../signals.js";

/**
 * From the square roots of the first 8 primes (5.3.3), and the cube roots of the first 64 (4.2.2).
 */
const START = Int32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));
const CONSTANTS = Int32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)));

/** Call `update` any number of times, then `digest` once. */
export class Sha256 {
  #state = START.slice();
  #words = new Int32Array(64);
  #blocks = new Blocks((bytes, offset, count) => {
    for (let block = 0; block < count; block += 1) {
      expand(this.#words, bytes, offset + block * 64);
      mix(this.#state, this.#words);
    }
  }, false);

  /** @param {Uint8Array} bytes */
  update(bytes) {
    this.#blocks.update(bytes);
  }

  /** @returns {string} 64 digits of lowercase hexadecimal */
  digest() {
    this.#blocks.finish();
    const out = new DataView(new ArrayBuffer(32));
    this.#state.forEach((word, index) => out.setInt32(4 * index, word, false));
    return hex(new Uint8Array(out.buffer));
  }
}

const block = new Int32Array(64);
const state = new Int32Array(8);

/**
 * The first word of the digest of a message that is one block, padding included.
 * @param {Int32Array} words 16 of them
 * @returns {number} as a signed integer
 */
export function firstWord(words) {
  block.set(words);
  schedule(block);
  state.set(START);
  mix(state, block);
  return state[0];
}

/** @param {number} count */
function primes(count) {
  /** @type {number[]} */
  const all = [];
  for (let n = 2; all.length < count; n += 1) {
    if (all.every((prime) => n % prime !== 0)) all.push(n);
  }
  return all;
}

/**
 * The first 32 bits of a root's fraction, of which binary64 has 43 or more.
 * @param {number} root
 */
function fraction(root) {
  return Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
}

/**
 * The message schedule (6.2.2, step 1) of a block of bytes.
 * @param {Int32Array} words
 * @param {Uint8Array} bytes
 * @param {number} offset
 */
function expand(words, bytes, offset) {
  for (let t = 0; t < 16; t += 1) {
    const at = offset + 4 * t;
    words[t] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  schedule(words);
}

/** @param {Int32Array} words of which the first 16 are the block */
function schedule(words) {
  for (let t = 16; t < 64; t += 1) {
    const x = words[t - 15];
    const y = words[t - 2];
    const small = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const large = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[t] = (words[t - 16] + small + words[t - 7] + large) | 0;
  }
}

/**
 * 64 rounds (6.2.2, steps 2 to 4).
 * @param {Int32Array} state
 * @param {Int32Array} words
 */
function mix(state, words) {
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let t = 0; t < 64; t += 1) {
    const large = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const choice = g ^ (e & (f ^ g));
    const one = (h + large + choice + CONSTANTS[t] + words[t]) | 0;
    const small = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const majority = (a & b) | (c & (a | b));
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + small + majority) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}
