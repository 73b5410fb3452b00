/**
 * Bits of a bitstream, one after another.
 */

/** Reads bits from the highest of the first byte on. */
export class Bits {
  #bytes;
  #position = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
  }

  /**
   * @param {number} count
   * @throws {RangeError} beyond the end
   */
  take(count) {
    let value = 0;
    for (let i = 0; i < count; i += 1, this.#position += 1) {
      const byte = this.#position >> 3;
      if (byte >= this.#bytes.length) throw new RangeError("end of the bits");
      value = 2 * value + ((this.#bytes[byte] >> (7 - (this.#position & 7))) & 1);
    }
    return value;
  }

  /** An unsigned exponential-Golomb code (ITU-T H.264, 9.1). */
  golomb() {
    let zeros = 0;
    while (!this.take(1)) zeros += 1;
    return 2 ** zeros - 1 + this.take(zeros);
  }

  /** A signed exponential-Golomb code (9.1.1). */
  signed() {
    const code = this.golomb();
    return code & 1 ? (code + 1) / 2 : -code / 2;
  }
}

/**
 * A NAL unit without its emulation prevention bytes (ITU-T H.264, 7.4.1).
 * @param {Uint8Array} unit
 */
export function withoutEmulation(unit) {
  return unit.filter((byte, i) => byte !== 3 || i < 2 || unit[i - 1] || unit[i - 2]);
}
