/**
 * MD5 (RFC 1321) of bytes that come in chunks, which WebCrypto does not have. Platforms exchange
 * it; nothing depends on its security.
 */

import { Blocks } from "./blocks.js";
import { hex } from "../signals.js";

/** By how many bits each step rotates (3.4). */
const TURNS = Int32Array.from(
  { length: 64 },
  (_, t) => [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21][(t >> 4) * 4 + (t & 3)],
);
/** floor(2³² · |sin(i)|), i = 1 … 64 (3.4). */
const SINES = Int32Array.from(
  { length: 64 },
  (_, i) => Math.floor(2 ** 32 * Math.abs(Math.sin(i + 1))) | 0,
);

/** Call `update` any number of times, then `digest` once. */
export class Md5 {
  #state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  #words = new Int32Array(16);
  #blocks = new Blocks((bytes, offset, count) => {
    for (let block = 0; block < count; block += 1) {
      read(this.#words, bytes, offset + block * 64);
      mix(this.#state, this.#words);
    }
  }, true);

  /** @param {Uint8Array} bytes */
  update(bytes) {
    this.#blocks.update(bytes);
  }

  /** @returns {string} 32 digits of lowercase hexadecimal */
  digest() {
    this.#blocks.finish();
    const out = new DataView(new ArrayBuffer(16));
    this.#state.forEach((word, index) => out.setInt32(4 * index, word, true));
    return hex(new Uint8Array(out.buffer));
  }
}

/**
 * @param {Int32Array} words
 * @param {Uint8Array} bytes
 * @param {number} offset
 */
function read(words, bytes, offset) {
  for (let t = 0; t < 16; t += 1) {
    const at = offset + 4 * t;
    words[t] = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  }
}

/**
 * Four rounds of 16 steps, in four loops: a branch in each step would halve the speed.
 * @param {Int32Array} state
 * @param {Int32Array} words
 */
function mix(state, words) {
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  for (let t = 0; t < 16; t += 1) {
    const sum = (a + (d ^ (b & (c ^ d))) + SINES[t] + words[t]) | 0;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << TURNS[t]) | (sum >>> -TURNS[t]))) | 0;
  }
  for (let t = 16; t < 32; t += 1) {
    const sum = (a + (c ^ (d & (b ^ c))) + SINES[t] + words[(5 * t + 1) & 15]) | 0;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << TURNS[t]) | (sum >>> -TURNS[t]))) | 0;
  }
  for (let t = 32; t < 48; t += 1) {
    const sum = (a + (b ^ c ^ d) + SINES[t] + words[(3 * t + 5) & 15]) | 0;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << TURNS[t]) | (sum >>> -TURNS[t]))) | 0;
  }
  for (let t = 48; t < 64; t += 1) {
    const sum = (a + (c ^ (b | ~d)) + SINES[t] + words[(7 * t) & 15]) | 0;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << TURNS[t]) | (sum >>> -TURNS[t]))) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}
