/**
 * Which colour matrix a video's stream names, as FFmpeg reads it: in the parameters of H.264, else
 * in the container's colour box. FFmpeg converts colours by it, and by BT.601 if none is named.
 */

import { Bits, withoutEmulation } from "./bits.js";
import { latin1, viewOf } from "./bytes.js";

/** @typedef {import("./boxes.js").Box} Box */
/** @typedef {"bt709" | "fcc" | "smpte170m" | "smpte240m" | "bt2020-ncl"} Matrix */

/** By MatrixCoefficients (ITU-T H.273, table 4). @type {ReadonlyMap<number, Matrix>} */
const NAMES = new Map([
  [1, "bt709"], [4, "fcc"], [5, "smpte170m"], [6, "smpte170m"], [7, "smpte240m"], [9, "bt2020-ncl"],
]);
/** The MatrixCoefficients that say nothing. */
export const UNSPECIFIED = 2;
/** Profiles whose parameter sets have fields about chroma (ITU-T H.264, 7.3.2.1.1). */
const HIGH = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134];

/**
 * @param {Uint8Array} bytes
 * @param {Box[]} inside the boxes of a visual sample entry
 * @returns {{matrix?: Matrix, fullRange?: true}}
 */
export function matrixOf(bytes, inside) {
  const find = (/** @type {string} */ type) => inside.find((box) => box.type === type);
  const [avc, vpc, colr] = [find("avcC"), find("vpcC"), find("colr")];
  const parameters = avc ? ofParameters(bytes.subarray(avc.start, avc.end)) : {};
  const hasVpc = vpc && vpc.end - vpc.start >= 10;
  let { code = UNSPECIFIED, full } = parameters;
  if (hasVpc) {
    full ||= (bytes[vpc.start + 6] & 1) === 1;
    code = bytes[vpc.start + 9];
  }
  if (code === UNSPECIFIED && colr && colr.end - colr.start >= 10 &&
    latin1(bytes, colr.start, colr.start + 3) === "ncl") {
    code = viewOf(bytes).getUint16(colr.start + 8);
  }
  return { ...nameOf(code), ...(full ? { fullRange: true } : {}) };
}

/**
 * @param {number} code MatrixCoefficients
 * @returns {{matrix?: Matrix}} empty for those that FFmpeg has no conversion for: they are
 *   converted as if none were named
 */
export function nameOf(code) {
  const matrix = NAMES.get(code);
  return matrix ? { matrix } : {};
}

/**
 * @param {Uint8Array} record avcC
 * @returns {{code?: number, full?: boolean}} MatrixCoefficients and range, as its first sequence
 *   parameter set names them
 */
function ofParameters(record) {
  if (record.length < 10 || !(record[5] & 31)) return {};
  const size = (record[6] << 8) | record[7];
  try {
    return matrixCode(new Bits(withoutEmulation(record.subarray(9, 8 + size))));
  } catch (err) {
    if (err instanceof RangeError) return {}; // the set is cut off
    throw err;
  }
}

/**
 * Reads seq_parameter_set_data up to the matrix in its VUI (7.3.2.1.1, E.1.1).
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
    for (let n = 0; n < (list < 6 ? 16 : 64) && next; n += 1) {
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
