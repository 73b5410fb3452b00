/**
 * Samples of a video read from its file in windows, as they mostly lie side by side.
 */

import { ContentError } from "../errors.js";

/** Bytes read at once. */
const WINDOW = 4 * 2 ** 20;
/** Most bytes of one sample: a key frame of 8K at the highest bit rates has less. */
const MAX_SAMPLE = 64 * 2 ** 20;

/** Reads samples of one file, best in the order in which they lie. */
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
   * @returns {Promise<Uint8Array<ArrayBuffer> | undefined>} valid until the next; undefined
   *   beyond the end of the file
   * @throws {ContentError} Damaged, Unreadable
   */
  async read(offset, size) {
    if (size > MAX_SAMPLE) throw new ContentError("Damaged");
    if (offset < 0 || offset + size > this.#file.size) return undefined;
    if (offset < this.#start || offset + size > this.#start + this.#bytes.length) {
      await this.#fill(offset, Math.max(size, WINDOW));
    }
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + size);
  }

  /**
   * @param {number} offset
   * @param {number} size
   */
  async #fill(offset, size) {
    try {
      this.#bytes = new Uint8Array(await this.#file.slice(offset, offset + size).arrayBuffer());
      this.#start = offset;
    } catch (err) {
      throw new ContentError("Unreadable", { cause: err });
    }
  }
}
