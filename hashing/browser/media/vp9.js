/**
 * What a VP9 decoder needs to know, from the header of a key frame (VP9 Bitstream Specification,
 * 6.2): WebM does not say it elsewhere.
 */

import { Bits } from "./bits.js";

/** Matrices by color_space (7.2.2). @type {ReadonlyArray<import("./matrix.js").Matrix | undefined>} */
const MATRICES = [undefined, "smpte170m", "bt709", "smpte170m", "smpte240m", "bt2020-ncl"];

/**
 * @param {Uint8Array} frame its first bytes
 * @returns {{codec: string, matrix?: import("./matrix.js").Matrix, fullRange?: true}}
 */
export function vp9Of(frame) {
  try {
    return headerOf(new Bits(frame));
  } catch (err) {
    if (err instanceof RangeError) return { codec: "vp09.00.10.08" }; // it is cut off
    throw err;
  }
}

/** @param {Bits} bits */
function headerOf(bits) {
  bits.take(2);
  const profile = bits.take(1) + 2 * bits.take(1);
  bits.take(profile === 3 ? 5 : 4);
  bits.take(24);
  const depth = profile >= 2 ? 10 + 2 * bits.take(1) : 8;
  const matrix = MATRICES[bits.take(3)];
  const fullRange = bits.take(1) === 1;
  return {
    codec: `vp09.0${profile}.10.${String(depth).padStart(2, "0")}`,
    ...(matrix ? { matrix } : {}),
    ...(fullRange ? { fullRange: /** @type {true} */ (true) } : {}),
  };
}
