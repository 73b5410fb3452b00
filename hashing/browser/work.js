/**
 * The proof of work for opening a case, as in hashing/work.py: SHA-256 of (seed, piece, nonce)
 * begins with PIECE_BITS zeros. WebCrypto takes a promise for each digest, 50 times as long.
 */

import { Sha256, firstWord } from "./algorithms/sha256.js";

/** Zero bits of a piece: 16,384 attempts on average. */
export const PIECE_BITS = 14;
const LABEL = "takeback work v1";
/** Words of a block: the seed has 8, piece and nonce one each, then the padding (FIPS 180-4, 5.1). */
const PIECE = 8;
const NONCE = 9;
const BLOCK = 16;
const MESSAGE_BITS = 320;

/**
 * The seed of the work for a challenge and an access key, as 8 words.
 * @param {string} challenge
 * @param {string} accessKey 64 digits of hexadecimal
 * @returns {Int32Array}
 */
export function seedOf(challenge, accessKey) {
  const hasher = new Sha256();
  hasher.update(new TextEncoder().encode(LABEL + challenge));
  hasher.update(Uint8Array.from(wordsOf(accessKey, 2)));
  return Int32Array.from(wordsOf(hasher.digest(), 8));
}

/**
 * The first nonce of a piece, from 0 to 2³² − 1. Takes 0.07 s on an old phone.
 * @param {Int32Array} seed
 * @param {number} piece from 0
 * @returns {number}
 */
export function nonceOf(seed, piece) {
  const block = new Int32Array(BLOCK);
  block.set(seed);
  block[PIECE] = piece;
  block[NONCE + 1] = 1 << 31;
  block[BLOCK - 1] = MESSAGE_BITS;
  for (let nonce = 0; ; nonce += 1) {
    block[NONCE] = nonce;
    if (firstWord(block) >>> (32 - PIECE_BITS) === 0) return nonce;
  }
}

/**
 * @param {string} text in hexadecimal
 * @param {number} digits of each number
 */
function wordsOf(text, digits) {
  const words = text.match(new RegExp(`.{${digits}}`, "g")) ?? [];
  return words.map((word) => Number.parseInt(word, 16));
}
