/**
 * A video's frame to luma, as OpenCV on FFmpeg's swscale makes it (hashing/media/frames.py): to RGB by
 * the matrix that the stream names, else BT.601, in integers that are cut off at each step, then
 * to grey. The steps are those of swscale's unscaled conversion of 4:2:0 and 4:2:2 on x86, and
 * leave no grey level of difference; Y alone would leave one or two, which in dark scenes are 24
 * bits of a PDQ.
 */

import { lumaOfFrame } from "./pixels.js";
import { brightness, colours, packed, packedFormat, planesOf } from "./planes.js";

/** @typedef {import("../luma.js").Luma} Luma */

/**
 * Multipliers in 1/8192, of V to red, of U and V to green, of U to blue, of limited range
 * (ITU-R BT.601, BT.709, BT.2020; rounded as swscale rounds).
 */
const COLOURS = {
  "smpte170m": [13075, -3209, -6660, 16525],
  "bt709": [14686, -1747, -4366, 17305],
  "bt2020-ncl": [13752, -1535, -5328, 17545],
};

/**
 * What is known of a video's colours: the matrix that its stream names, and the one by which
 * Firefox (140) makes RGB of it. A frame's colorSpace is what the decoder was told, not what is so.
 * @typedef {{named?: import("./matrix.js").Matrix, fullRange?: boolean,
 *   made: import("./matrix.js").Matrix}} Colours
 */

/**
 * @param {Colours["named"]} named
 * @param {boolean} fullRange
 */
function rangeOf(named = "smpte170m", fullRange) {
  const [vr, ug, vg, ub] = COLOURS[named].map((of) =>
    fullRange ? Math.round((of * 224) / 255) : of);
  return { black: fullRange ? 0 : 16, y: fullRange ? 8192 : 9539, vr, ug, vg, ub };
}

/** What Firefox's libyuv adds of V to red, takes of U and V from green, adds of U to blue. */
const UNDONE = {
  "smpte170m": [102 / 64, 25 / 64, 52 / 64, 2],
  "bt709": [115 / 64, 14 / 64, 34 / 64, 2],
  "bt2020-ncl": [107 / 64, 12 / 64, 42 / 64, 2],
};

/**
 * The luma of all that a frame shows, not squeezed. The frame stays open.
 * @param {VideoFrame} frame
 * @param {Colours} colours of the video
 * @returns {Promise<Luma>}
 * @throws {import("../errors.js").ContentError} Unsupported, when the format is not known
 */
export async function lumaOfVideo(frame, { named, made, fullRange }) {
  const format = packedFormat(frame);
  if (format) {
    if (frame.colorSpace.matrix === "rgb") return packed(frame, lumaOfFrame, format);
    const tables = tablesOf(rangeOf(named, !!fullRange));
    return packed(frame, (bytes, raster) => restored(bytes, raster, UNDONE[made], tables), format);
  }
  const planes = await planesOf(frame);
  const full = fullRange ?? !!frame.colorSpace.fullRange;
  if (planes.depth > 8 || planes.kind === "I444") return rounded(planes, full);
  const luma = brightness(planes);
  colour(luma, planes, tablesOf(rangeOf(named, full)));
  return luma;
}

/**
 * By sample, what it adds: the upper 16 of the 32 bits of (8 · sample) · multiplier.
 * @param {ReturnType<typeof rangeOf>} range
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
 * RGB that the browser made of Y, U and V, back to them, and then as they are made luma here.
 * @param {Uint8Array} bytes
 * @param {import("./pixels.js").Raster} raster
 * @param {number[]} undone
 * @param {ReturnType<typeof tablesOf>} tables
 * @returns {Luma}
 */
function restored(bytes, raster, [vr, ug, vg, ub], tables) {
  const { rows, columns, stride = 4 * columns, offset = 0, layout = "RGBX" } = raster;
  const [red, blue] = layout.startsWith("R") ? [0, 2] : [2, 0];
  const [ofR, ofB] = [vg / vr, ug / ub];
  const data = new Uint8Array(rows * columns);
  for (let row = 0, to = 0; row < rows; row += 1) {
    for (let column = 0, at = offset + row * stride; column < columns; column += 1, at += 4) {
      const r = bytes[at + red];
      const b = bytes[at + blue];
      const y = (bytes[at + 1] + ofR * r + ofB * b) / (1 + ofR + ofB);
      const sample = Math.round(16 + (y * 219) / 255);
      data[to++] = level(tables, sample, 128 + (b - y) / ub, 128 + (r - y) / vr);
    }
  }
  return { data, rows, columns };
}

/**
 * @param {ReturnType<typeof tablesOf>} tables
 * @param {number} y
 * @param {number} u not rounded
 * @param {number} v
 */
function level(tables, y, u, v) {
  const ofU = clipped(Math.round(u));
  const ofV = clipped(Math.round(v));
  const grey = tables.y[y];
  const r = clipped(grey + tables.vr[ofV]);
  const g = clipped(grey + tables.ug[ofU] + tables.vg[ofV]);
  const b = clipped(grey + tables.ub[ofU]);
  return (9798 * r + 19235 * g + 3735 * b + 16384) >> 15;
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
      data[to] = level(tables, data[to], bytes[atU + at], bytes[atV + at]);
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
