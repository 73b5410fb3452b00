/**
 * What MD5 (RFC 1321) and SHA-256 (FIPS 180-4) share: bytes that come in chunks of any size are put
 * into blocks of 64. After the last come a one bit, zeros, and the number of bits as 64 bits.
 */

const BLOCK = 64;
const LENGTH = 8;

/**
 * Update the state by `count` whole blocks of `bytes`, from `offset` on.
 * @typedef {(bytes: Uint8Array, offset: number, count: number) => void} Compress
 */

/** Holds back less than one block, until a compression function can take it. */
export class Blocks {
  /** @type {Compress} */
  #compress;
  #littleEndian;
  #rest = new Uint8Array(BLOCK);
  #filled = 0;
  /** Number of bytes so far: exact up to 2⁵³. */
  #length = 0;

  /**
   * @param {Compress} compress
   * @param {boolean} littleEndian how the length is written
   */
  constructor(compress, littleEndian) {
    this.#compress = compress;
    this.#littleEndian = littleEndian;
  }

  /** @param {Uint8Array} bytes */
  update(bytes) {
    this.#length += bytes.length;
    let at = 0;
    if (this.#filled > 0) {
      at = Math.min(BLOCK - this.#filled, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < BLOCK) return;
      this.#compress(this.#rest, 0, 1);
    }
    const whole = Math.floor((bytes.length - at) / BLOCK);
    if (whole > 0) this.#compress(bytes, at, whole);
    this.#rest.set(bytes.subarray(at + whole * BLOCK));
    this.#filled = bytes.length - at - whole * BLOCK;
  }

  /** Compress what is left, with its padding. To be called once, at the end. */
  finish() {
    const blocks = this.#filled + 1 + LENGTH <= BLOCK ? 1 : 2;
    const end = new Uint8Array(blocks * BLOCK);
    end.set(this.#rest.subarray(0, this.#filled));
    end[this.#filled] = 0x80;
    const high = Math.floor(this.#length / 2 ** 29);
    const low = (this.#length % 2 ** 29) * 8;
    const [first, second] = this.#littleEndian ? [low, high] : [high, low];
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, first, this.#littleEndian);
    view.setUint32(end.length - 4, second, this.#littleEndian);
    this.#compress(end, 0, blocks);
  }
}
