/**
 * The elements of EBML (RFC 8794), of which Matroska and WebM consist, read from a file in slices:
 * it may be larger than memory.
 */

import { bytesOf, viewOf } from "./bytes.js";

/** Bytes read at once. */
const SLICE = 2 ** 20;
/** Most bytes of an id and a size. */
const MAX_HEADER = 12;

/**
 * One element: its id, and where its content starts and ends in the file. An element of unknown
 * size ends where the file does.
 * @typedef {{id: number, start: number, end: number, isUnknown: boolean}} Element
 */

/** Reads one file; fastest from its start to its end. */
export class EbmlReader {
  #file;
  #start = 0;
  #bytes = new Uint8Array();

  /** @param {Blob} file */
  constructor(file) {
    this.#file = file;
  }

  get size() {
    return this.#file.size;
  }

  /**
   * Some bytes of the file; fewer, where it ends.
   * @param {number} offset
   * @param {number} length
   */
  async bytes(offset, length) {
    if (offset < this.#start || offset + length > this.#start + this.#bytes.length) {
      this.#bytes = await bytesOf(this.#file.slice(offset, offset + Math.max(length, SLICE)));
      this.#start = offset;
    }
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + length);
  }

  /**
   * @param {number} offset
   * @returns {Promise<Element | undefined>} undefined where no element begins
   */
  async element(offset) {
    const head = await this.bytes(offset, MAX_HEADER);
    const id = numberAt(head, 0, 4, false);
    const size = id && numberAt(head, id.length, 8, true);
    if (!id || !size) return undefined;
    const start = offset + id.length + size.length;
    const isUnknown = size.value === 2 ** (7 * size.length) - 1;
    const end = isUnknown ? this.size : start + size.value;
    return { id: id.value, start, end, isUnknown };
  }

  /**
   * The elements in an element, one after another.
   * @param {Element} parent
   */
  async *children({ start, end }) {
    for (let offset = start; offset < end; ) {
      const element = await this.element(offset);
      if (!element) return;
      yield element;
      offset = element.end;
    }
  }

  /**
   * The content of a small element as a number without sign.
   * @param {Element} element
   */
  async number({ start, end }) {
    const bytes = await this.bytes(start, Math.min(end - start, 8));
    return bytes.reduce((value, byte) => 256 * value + byte, 0);
  }
}

/**
 * A number that is as long as its first bit that is set says (RFC 8794, 4).
 * @param {Uint8Array} bytes
 * @param {number} offset
 * @param {number} longest
 * @param {boolean} isSize whether that bit is no part of the value
 * @returns {{value: number, length: number} | undefined}
 */
export function numberAt(bytes, offset, longest, isSize) {
  const first = bytes[offset];
  const length = first ? Math.clz32(first) - 23 : Infinity;
  if (length > longest || offset + length > bytes.length) return undefined;
  let value = isSize ? first & (0xff >> length) : first;
  for (let n = 1; n < length; n += 1) value = 256 * value + bytes[offset + n];
  return { value, length };
}

/**
 * @param {Uint8Array} bytes
 * @param {number} offset
 */
export function signed16(bytes, offset) {
  return viewOf(bytes).getInt16(offset);
}
