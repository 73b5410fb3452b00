/**
 * Records and files as only their key opens them, as in hashing/evidence/sealing.py: AES-256-GCM by
 * WebCrypto, files in chunks. docs/evidence-format.md defines it to the bit.
 */

import { Sha256 } from "../algorithms/sha256.js";
import { InvalidEvidence, NotOpened } from "../errors.js";
import { equal, joined, sha256, unhex, utf8 } from "./bytes.js";
import {
  CHUNK, FILE_STEP, MAX_FILE, MAX_RECORD, RECORD_STEP, TAG_BYTES, isStoredChunk, isStoredRecord,
} from "./limits.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

const RECORD = utf8("takeback evidence record v1");
const FILE = utf8("takeback evidence file v1");
const COMMITMENT_BYTES = 32;
const NONCE_BYTES = 12;

/**
 * A record as it is stored: commitment, nonce, ciphertext, tag.
 * @param {Bytes} key
 * @param {string} id
 * @param {Bytes} plain
 * @param {(bytes: Bytes) => Bytes} [random] fills the nonce
 * @returns {Promise<Bytes>}
 */
export async function sealRecord(key, id, plain, random = (bytes) => crypto.getRandomValues(bytes)) {
  if (plain.length > MAX_RECORD) throw new InvalidEvidence("length");
  const bound = joined(RECORD, unhex(id));
  const nonce = random(new Uint8Array(NONCE_BYTES));
  const sealed = await encrypted(key, nonce, bound, filled(plain, RECORD_STEP));
  return joined(await sha256(joined(bound, key)), nonce, sealed);
}

/**
 * The record without what fills it up.
 * @param {Bytes} key
 * @param {string} id
 * @param {Bytes} stored
 * @returns {Promise<Bytes>}
 * @throws {NotOpened}
 */
export async function openRecord(key, id, stored) {
  const bound = joined(RECORD, unhex(id));
  const commitment = await sha256(joined(bound, key));
  if (!isStoredRecord(stored.length) || !equal(stored.subarray(0, COMMITMENT_BYTES), commitment)) {
    throw new NotOpened();
  }
  const begin = COMMITMENT_BYTES + NONCE_BYTES;
  const nonce = stored.slice(COMMITMENT_BYTES, begin);
  const plain = await decrypted(key, nonce, bound, stored.slice(begin));
  let end = plain.length;
  while (end > 0 && plain[end - 1] === 0) end -= 1;
  return plain.slice(0, end);
}

/**
 * In how many chunks a file of `size` bytes is sealed.
 * @param {number} size
 */
export function chunkCount(size) {
  if (size > MAX_FILE) throw new InvalidEvidence("size");
  return Math.max(1, Math.ceil(size / CHUNK));
}

/**
 * How many bytes a file of `size` bytes takes where it is stored.
 * @param {number} size
 */
export function storedSize(size) {
  return Math.max(1, Math.ceil(size / FILE_STEP)) * FILE_STEP + TAG_BYTES * chunkCount(size);
}

/**
 * Chunk `number` (from 0) as it is stored. All chunks but the last are full.
 * @param {Bytes} key of this content alone
 * @param {string} id
 * @param {number} number
 * @param {Bytes} plain
 * @param {boolean} last
 * @returns {Promise<Bytes>}
 */
export async function sealChunk(key, id, number, plain, last) {
  if (plain.length > CHUNK || !(last || plain.length === CHUNK)) throw new InvalidEvidence("chunk");
  return encrypted(key, nonceOf(number, last), joined(FILE, unhex(id)), filled(plain, FILE_STEP));
}

/**
 * What chunk `number` of a file of `size` bytes holds.
 * @param {Bytes} key
 * @param {string} id
 * @param {number} number
 * @param {Bytes} stored
 * @param {number} size
 * @returns {Promise<Bytes>}
 * @throws {NotOpened}
 */
export async function openChunk(key, id, number, stored, size) {
  const last = number === chunkCount(size) - 1;
  if (!isStoredChunk(stored.length, last)) throw new NotOpened();
  const whole = await decrypted(key, nonceOf(number, last), joined(FILE, unhex(id)), stored);
  const plain = whole.slice(0, Math.min(CHUNK, size - number * CHUNK));
  if (!equal(filled(plain, FILE_STEP), whole)) throw new NotOpened();
  return plain;
}

/**
 * The chunks of a file as they are stored.
 * @param {Bytes} key
 * @param {string} id
 * @param {Blob} file
 * @returns {AsyncGenerator<Bytes, void, void>}
 */
export async function* sealFile(key, id, file) {
  const count = chunkCount(file.size);
  for (let number = 0; number < count; number += 1) {
    const part = file.slice(number * CHUNK, (number + 1) * CHUNK);
    const plain = new Uint8Array(await part.arrayBuffer());
    yield sealChunk(key, id, number, plain, number === count - 1);
  }
}

/**
 * What the stored chunks of a file of `size` bytes hold. Whether `size` is right to the byte, only
 * the SHA-256 of what is yielded tells.
 * @param {Bytes} key
 * @param {string} id
 * @param {AsyncIterable<Bytes> | Iterable<Bytes>} chunks
 * @param {number} size
 * @returns {AsyncGenerator<Bytes, void, void>}
 */
export async function* openFile(key, id, chunks, size) {
  let number = 0;
  for await (const stored of chunks) {
    if (number === chunkCount(size)) throw new NotOpened();
    yield openChunk(key, id, number, stored, size);
    number += 1;
  }
  if (number !== chunkCount(size)) throw new NotOpened();
}

/** The root of a file: one digest of all its stored chunks. */
export class Root {
  #sum = new Sha256();

  constructor() {
    this.#sum.update(FILE);
  }

  /** @param {Bytes} digest SHA-256 of the next stored chunk */
  add(digest) {
    this.#sum.update(digest);
  }

  /** @returns {string} */
  digest() {
    return this.#sum.digest();
  }
}

/**
 * @param {number} number
 * @param {boolean} last
 */
function nonceOf(number, last) {
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setUint32(NONCE_BYTES - 4, number);
  if (last) nonce[0] = 0x80;
  return nonce;
}

/**
 * @param {Bytes} plain
 * @param {number} step
 */
function filled(plain, step) {
  const whole = new Uint8Array(Math.max(1, Math.ceil(plain.length / step)) * step);
  whole.set(plain);
  return whole;
}

/**
 * @param {Bytes} key
 * @param {Bytes} nonce
 * @param {Bytes} bound
 * @param {Bytes} plain
 */
async function encrypted(key, nonce, bound, plain) {
  const cipher = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  const parameters = { name: "AES-GCM", iv: nonce, additionalData: bound };
  return new Uint8Array(await crypto.subtle.encrypt(parameters, cipher, plain));
}

/**
 * @param {Bytes} key
 * @param {Bytes} nonce
 * @param {Bytes} bound
 * @param {Bytes} sealed
 */
async function decrypted(key, nonce, bound, sealed) {
  const cipher = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  const parameters = { name: "AES-GCM", iv: nonce, additionalData: bound };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters, cipher, sealed));
  } catch (err) {
    if (err instanceof DOMException && err.name === "OperationError") throw new NotOpened();
    throw err;
  }
}
