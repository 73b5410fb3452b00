/**
 * Which matrix a video's stream names, as FFmpeg reads it: what the H.264 parameters say, else the
 * container's colour box. OpenCV 5 converts by it, and by BT.601 where none is named.
 */

import { latin1, viewOf } from "./bytes.js";

/** @typedef {import("./boxes.js").Box} Box */
/** @typedef {"bt709" | "smpte170m" | "bt2020-ncl"} Matrix */

/** By MatrixCoefficients (ITU-T H.273, table 4). @type {ReadonlyMap<number, Matrix>} */
const NAMES = new Map([
  [1, "bt709"], [5, "smpte170m"], [6, "smpte170m"], [9, "bt2020-ncl"],
]);
/** Profiles whose parameters tell of colours (ITU-T H.264, 7.3.2.1.1). */
const HIGH = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134];

/**
 * @param {Uint8Array} bytes
 * @param {Box[]} inside a visual sample entry
 * @returns {{matrix?: Matrix, fullRange?: true}}
 */
export function matrixOf(bytes, inside) {
  const find = (/** @type {string} */ type) => inside.find((box) => box.type === type);
  const [avc, vpc, colr] = [find("avcC"), find("vpcC"), find("colr")];
  const told = avc ? ofParameters(bytes.subarray(avc.start, avc.end)) : {};
  let { code } = told;
  const full = told.full || (vpc && vpc.end - vpc.start >= 10 && (bytes[vpc.start + 6] & 1) === 1);
  if (vpc && vpc.end - vpc.start >= 10) code = bytes[vpc.start + 9];
  if (!isTold(code) && colr && colr.end - colr.start >= 10 &&
    latin1(bytes, colr.start, colr.start + 3) === "ncl") {
    code = viewOf(bytes).getUint16(colr.start + 8);
  }
  const matrix = NAMES.get(code ?? 2);
  return { ...(matrix ? { matrix } : {}), ...(full ? { fullRange: true } : {}) };
}

/** @param {number | undefined} code 2 is "unspecified" */
function isTold(code) {
  return code !== undefined && code !== 2;
}

/**
 * @param {Uint8Array} record avcC
 * @returns {{code?: number, full?: boolean}} MatrixCoefficients and range of its first sequence
 *   parameter set
 */
function ofParameters(record) {
  if (record.length < 10 || !(record[5] & 31)) return {};
  const size = (record[6] << 8) | record[7];
  try {
    return matrixCode(new Bits(record.subarray(9, 8 + size)));
  } catch (err) {
    if (err instanceof RangeError) return {}; // cut off
    throw err;
  }
}

/** Bits of a NAL unit, without the bytes that keep start codes out of it (7.4.1). */
class Bits {
  #bytes;
  #at = 0;

  /** @param {Uint8Array} unit */
  constructor(unit) {
    this.#bytes = unit.filter((byte, i) => byte !== 3 || i < 2 || unit[i - 1] || unit[i - 2]);
  }

  /** @param {number} count */
  take(count) {
    let value = 0;
    for (let i = 0; i < count; i += 1, this.#at += 1) {
      if (this.#at >= 8 * this.#bytes.length) throw new RangeError("end of the unit");
      value = 2 * value + ((this.#bytes[this.#at >> 3] >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  /** Exponential Golomb (9.1). */
  golomb() {
    let zeros = 0;
    while (!this.take(1)) zeros += 1;
    return 2 ** zeros - 1 + this.take(zeros);
  }

  signed() {
    const code = this.golomb();
    return code & 1 ? (code + 1) / 2 : -code / 2;
  }
}

/**
 * seq_parameter_set_data to the matrix in its VUI (7.3.2.1.1, E.1.1).
 * @param {Bits} bits
 */
function matrixCode(bits) {
  const profile = bits.take(8);
  bits.take(16);
  bits.golomb();
  if (HIGH.includes(profile)) skipHigh(bits);
  bits.golomb();
  const order = bits.golomb();
  if (order === 0) bits.golomb();
  if (order === 1) skipOrder(bits);
  bits.golomb();
  bits.take(1);
  bits.golomb();
  bits.golomb();
  if (!bits.take(1)) bits.take(1);
  bits.take(1);
  if (bits.take(1)) for (let i = 0; i < 4; i += 1) bits.golomb();
  if (!bits.take(1)) return {};
  if (bits.take(1) && bits.take(8) === 255) bits.take(32);
  if (bits.take(1)) bits.take(1);
  if (!bits.take(1)) return {};
  bits.take(3);
  const full = bits.take(1) === 1;
  if (!bits.take(1)) return { full };
  bits.take(16);
  return { code: bits.take(8), full };
}

/** @param {Bits} bits */
function skipHigh(bits) {
  const chroma = bits.golomb();
  if (chroma === 3) bits.take(1);
  bits.golomb();
  bits.golomb();
  bits.take(1);
  if (!bits.take(1)) return;
  for (let list = 0; list < (chroma === 3 ? 12 : 8); list += 1) {
    if (!bits.take(1)) continue;
    let next = 8;
    for (let at = 0; at < (list < 6 ? 16 : 64) && next; at += 1) {
      next = (next + bits.signed() + 256) % 256;
    }
  }
}

/** @param {Bits} bits */
function skipOrder(bits) {
  bits.take(1);
  bits.signed();
  bits.signed();
  for (let left = bits.golomb(); left > 0; left -= 1) bits.signed();
}
