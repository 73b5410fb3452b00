/**
 * A video's frame to luma, as OpenCV on FFmpeg's swscale makes it (hashing/frames.py): to RGB by
 * BT.601 whatever the file says, in integers that are cut off at each step, then to grey. The
 * steps are those of swscale's unscaled conversion on x86, and leave no grey level of
 * difference; Y alone would leave one or two, which in dark scenes are 24 bits of a PDQ.
 */

import { lumaOfFrame } from "./pixels.js";
import { brightness, colours, packed, packedFormat, planesOf } from "./planes.js";

/** @typedef {import("./signals.js").Luma} Luma */

/**
 * Multipliers in 1/8192: of Y − black, of V to red, of U and V to green, of U to blue
 * (ITU-R BT.601, rounded as swscale rounds).
 */
const LIMITED = { black: 16, y: 9539, vr: 13075, ug: -3209, vg: -6660, ub: 16525 };
const FULL = { black: 0, y: 8192, vr: 11485, ug: -2819, vg: -5850, ub: 14516 };

/**
 * The luma of all that a frame shows, not squeezed. The frame stays open.
 * @param {VideoFrame} frame
 * @returns {Promise<Luma>}
 * @throws {import("./errors.js").ContentError} Unsupported, when the format is not known
 */
export async function lumaOfVideo(frame) {
  const format = packedFormat(frame);
  if (format) return packed(frame, lumaOfFrame, format);
  const planes = await planesOf(frame);
  const luma = brightness(planes);
  const range = frame.colorSpace.fullRange ? FULL : LIMITED;
  if (planes.depth === 8) colour(luma, planes, tablesOf(range));
  else grey(luma.data, tablesOf(range).y);
  return luma;
}

/**
 * By sample, what it adds: the upper 16 of the 32 bits of (8 · sample) · multiplier.
 * @param {typeof LIMITED} range
 */
function tablesOf({ black, y, vr, ug, vg, ub }) {
  const table = (/** @type {number} */ zero, /** @type {number} */ times) =>
    Int16Array.from({ length: 256 }, (_, sample) => (8 * (sample - zero) * times) >> 16);
  return {
    y: table(black, y), vr: table(128, vr), ug: table(128, ug), vg: table(128, vg), ub: table(128, ub),
  };
}

/**
 * @param {Luma} luma whose Y becomes luma
 * @param {import("./planes.js").Planes} planes
 * @param {ReturnType<typeof tablesOf>} tables
 */
function colour({ data }, planes, tables) {
  const { bytes, rows, columns } = planes;
  const { u, v, across } = colours(planes);
  for (let row = 0, to = 0; row < rows; row += 1) {
    const [atU, atV] = [u(row), v(row)];
    for (let column = 0; column < columns; column += 1, to += 1) {
      const at = across(column);
      const level = tables.y[data[to]];
      const [ofU, ofV] = [bytes[atU + at], bytes[atV + at]];
      const red = clipped(level + tables.vr[ofV]);
      const green = clipped(level + tables.ug[ofU] + tables.vg[ofV]);
      const blue = clipped(level + tables.ub[ofU]);
      data[to] = (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15;
    }
  }
}

/**
 * @param {Uint8Array} data
 * @param {Int16Array} levels
 */
function grey(data, levels) {
  for (let at = 0; at < data.length; at += 1) data[at] = clipped(levels[data[at]]);
}

/** @param {number} level */
function clipped(level) {
  return level < 0 ? 0 : level > 255 ? 255 : level;
}
