/**
 * A video's frame to luma, as OpenCV on FFmpeg's swscale makes it (hashing/frames.py): to RGB by
 * BT.601 whatever the file says, in integers that are cut off at each step, then to grey. The
 * steps are those of swscale's unscaled conversion of 4:2:0 and 4:2:2 on x86, and leave no grey
 * level of difference; Y alone would leave one or two, which in dark scenes are 24 bits of a PDQ.
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
  const fullRange = !!frame.colorSpace.fullRange;
  if (planes.depth > 8 || planes.kind === "I444") return rounded(planes, fullRange);
  const luma = brightness(planes);
  colour(luma, planes, tablesOf(fullRange ? FULL : LIMITED));
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
    y: table(black, y),
    vr: table(128, vr),
    ug: table(128, ug),
    vg: table(128, vg),
    ub: table(128, ub),
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
 * What swscale has no short way for: by formula, rounded. One level apart at 4:4:4; with 10 bits
 * up to 9 at edges of colours, which it interpolates.
 * @param {import("./planes.js").Planes} planes
 * @param {boolean} fullRange
 * @returns {Luma}
 */
function rounded(planes, fullRange) {
  const { bytes, layout, depth, rows, columns } = planes;
  const { u, v, across } = colours(planes);
  const wide = depth > 8 ? 1 : 0;
  const samples = wide ? new Uint16Array(bytes.buffer, 0, bytes.length >> 1) : bytes;
  const unit = 2 ** (8 - depth);
  const [black, ofY, ofC] = fullRange ? [0, 1, 1] : [16, 255 / 219, 255 / 224];
  const data = new Uint8Array(rows * columns);
  for (let row = 0, to = 0; row < rows; row += 1) {
    const [atY, atU, atV] = [layout[0].offset + row * layout[0].stride, u(row), v(row)];
    for (let column = 0; column < columns; column += 1, to += 1) {
      const level = (samples[(atY >> wide) + column] * unit - black) * ofY;
      const ofU = (samples[(atU >> wide) + across(column)] * unit - 128) * ofC;
      const ofV = (samples[(atV >> wide) + across(column)] * unit - 128) * ofC;
      const red = clipped(Math.round(level + 1.402 * ofV));
      const green = clipped(Math.round(level - 0.344136 * ofU - 0.714136 * ofV));
      const blue = clipped(Math.round(level + 1.772 * ofU));
      data[to] = (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15;
    }
  }
  return { data, rows, columns };
}

/** @param {number} level */
function clipped(level) {
  return level < 0 ? 0 : level > 255 ? 255 : level;
}
