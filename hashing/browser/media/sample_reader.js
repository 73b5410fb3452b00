/**
 * Samples of a video are read from its file in large slices, as most of them are side by side.
 */

import { ContentError } from "../errors.js";
import { bytesOf } from "./bytes.js";

/** Least bytes read at once. */
const SLICE = 4 * 2 ** 20;
/** Most bytes of one sample: a key frame of 8K at the highest bit rates has fewer. */
const MAX_SAMPLE = 64 * 2 ** 20;

/** Reads samples of one file; fastest in the order in which they are in the file. */
export class SampleReader {
  #start = 0;
  #bytes = new Uint8Array();
  #file;

  /** @param {Blob} file */
  constructor(file) {
    this.#file = file;
  }

  /**
   * @param {number} offset
   * @param {number} size
   * @returns {Promise<Uint8Array<ArrayBuffer> | undefined>} valid until the next call; undefined
   *   if the sample is not within the file
   * @throws {ContentError} Damaged, Unreadable
   */
  async read(offset, size) {
    if (size > MAX_SAMPLE) throw new ContentError("Damaged");
    if (offset < 0 || offset + size > this.#file.size) return undefined;
    if (offset < this.#start || offset + size > this.#start + this.#bytes.length) {
      this.#bytes = await bytesOf(this.#file.slice(offset, offset + Math.max(size, SLICE)));
      this.#start = offset;
    }
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + size);
  }
}
