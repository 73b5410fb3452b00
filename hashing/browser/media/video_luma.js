/**
 * A video's frame to luma, as FFmpeg's swscale makes it (hashing/media/container.py): to
 * RGB by the matrix that the stream names, or else BT.601, in integers that are truncated at each
 * step, then to grey. The steps are those of swscale's unscaled conversion of 4:2:0 and 4:2:2 on
 * x86, and give exactly the same luma. Y alone would differ by one or two grey levels, which in
 * dark scenes are 24 bits of a PDQ value.
 */

import { lumaOfFrame } from "./pixels.js";
import { brightness, chroma, packed, packedFormat, planesOf } from "./planes.js";

/** @typedef {import("../luma.js").Luma} Luma */

/**
 * Multipliers in 1/8192, for limited range: V to red, U to green, V to green, U to blue (ITU-R
 * BT.601, BT.709, BT.2020, FCC, SMPTE 240M; rounded as in swscale).
 */
const MULTIPLIERS = {
  "smpte170m": [13075, -3209, -6660, 16525],
  "bt709": [14686, -1747, -4366, 17305],
  "fcc": [13056, -3095, -6639, 16600],
  "smpte240m": [14697, -2113, -4445, 17029],
  "bt2020-ncl": [13752, -1535, -5328, 17545],
};

/**
 * What is known of a video's colours: `named` is the matrix that its stream names, `applied` the
 * one by which Firefox (140) converts it to RGB. A frame's colorSpace is not reliable: it is what
 * the decoder was configured with.
 * @typedef {{named?: import("./matrix.js").Matrix, fullRange?: boolean,
 *   applied: import("./matrix.js").Matrix}} Colours
 */

/**
 * The black level and the multipliers of a matrix and range.
 * @param {Colours["named"]} named
 * @param {boolean} fullRange
 */
function rangeOf(named = "smpte170m", fullRange) {
  const [vr, ug, vg, ub] = MULTIPLIERS[named].map((factor) =>
    fullRange ? Math.round((factor * 224) / 255) : factor);
  return { black: fullRange ? 0 : 16, y: fullRange ? 8192 : 9539, vr, ug, vg, ub };
}

/**
 * How much V Firefox's libyuv adds to red, U and V it subtracts from green, and U it adds to blue.
 */
const LIBYUV = {
  "smpte170m": [102 / 64, 25 / 64, 52 / 64, 2],
  "fcc": [102 / 64, 25 / 64, 52 / 64, 2], // it has no such matrix, and takes the one before
  "bt709": [115 / 64, 14 / 64, 34 / 64, 2],
  "smpte240m": [115 / 64, 14 / 64, 34 / 64, 2], // the same
  "bt2020-ncl": [107 / 64, 12 / 64, 42 / 64, 2],
};

/**
 * The luma of the whole visible part of a frame, not squeezed. The frame stays open.
 * @param {VideoFrame} frame
 * @param {Colours} colours of the video
 * @returns {Promise<Luma>}
 * @throws {import("../errors.js").ContentError} Unsupported, if the format is not known
 */
export async function lumaOfVideo(frame, { named, applied, fullRange }) {
  const format = packedFormat(frame);
  if (format) {
    if (frame.colorSpace.matrix === "rgb") return packed(frame, lumaOfFrame, format);
    const tables = tablesOf(rangeOf(named, !!fullRange));
    const multipliers = LIBYUV[applied];
    return packed(frame, (bytes, raster) => restored(bytes, raster, multipliers, tables), format);
  }
  const planes = await planesOf(frame);
  const full = fullRange ?? !!frame.colorSpace.fullRange;
  if (planes.depth > 8 || planes.kind === "I444") return rounded(planes, full);
  const luma = brightness(planes);
  addChroma(luma, planes, tablesOf(rangeOf(named, full)));
  return luma;
}

/**
 * What each sample adds: the upper 16 of the 32 bits of (8 · sample) · multiplier.
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
 * RGB that the browser made from Y, U and V is converted back to them, and then to luma as above.
 * @param {Uint8Array} bytes
 * @param {import("./pixels.js").Raster} raster
 * @param {number[]} multipliers of the conversion to RGB
 * @param {ReturnType<typeof tablesOf>} tables
 * @returns {Luma}
 */
function restored(bytes, raster, [vr, ug, vg, ub], tables) {
  const { rows, columns, stride = 4 * columns, offset = 0, layout = "RGBX" } = raster;
  const [red, blue] = layout.startsWith("R") ? [0, 2] : [2, 0];
  const [ofR, ofB] = [vg / vr, ug / ub];
  const data = new Uint8Array(rows * columns);
  for (let row = 0, to = 0; row < rows; row += 1) {
    for (let column = 0, from = offset + row * stride; column < columns; column += 1, from += 4) {
      const r = bytes[from + red];
      const b = bytes[from + blue];
      const y = (bytes[from + 1] + ofR * r + ofB * b) / (1 + ofR + ofB);
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
 * @param {number} v not rounded
 */
function level(tables, y, u, v) {
  const ofU = clipped(Math.round(u));
  const ofV = clipped(Math.round(v));
  const grey = tables.y[y];
  const red = clipped(grey + tables.vr[ofV]);
  const green = clipped(grey + tables.ug[ofU] + tables.vg[ofV]);
  const blue = clipped(grey + tables.ub[ofU]);
  return greyOf(red, green, blue);
}

/**
 * Luma by the weights of BT.601 in 15 bits, as `lumaOfFrame` of pixels.js.
 * @param {number} red
 * @param {number} green
 * @param {number} blue
 */
function greyOf(red, green, blue) {
  return (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15;
}

/**
 * @param {Luma} luma which is Y, and becomes luma
 * @param {import("./planes.js").Planes} planes
 * @param {ReturnType<typeof tablesOf>} tables
 */
function addChroma({ data }, planes, tables) {
  const { bytes, rows, columns } = planes;
  const { u, v, across } = chroma(planes);
  for (let row = 0, to = 0; row < rows; row += 1) {
    const [rowU, rowV] = [u(row), v(row)];
    for (let column = 0; column < columns; column += 1, to += 1) {
      const step = across(column);
      data[to] = level(tables, data[to], bytes[rowU + step], bytes[rowV + step]);
    }
  }
}

/**
 * Formats for which swscale has no unscaled conversion: by formula, rounded. This differs from
 * swscale by one level at 4:4:4, and with 10 bits by up to 9 at edges of colours, which swscale
 * interpolates.
 * @param {import("./planes.js").Planes} planes
 * @param {boolean} fullRange
 * @returns {Luma}
 */
function rounded(planes, fullRange) {
  const { bytes, layout, depth, rows, columns } = planes;
  const { u, v, across } = chroma(planes);
  const wide = depth > 8 ? 1 : 0;
  const samples = wide ? new Uint16Array(bytes.buffer, 0, bytes.length >> 1) : bytes;
  const unit = 2 ** (8 - depth);
  const [black, ofY, ofC] = fullRange ? [0, 1, 1] : [16, 255 / 219, 255 / 224];
  const data = new Uint8Array(rows * columns);
  for (let row = 0, to = 0; row < rows; row += 1) {
    const [rowY, rowU, rowV] = [layout[0].offset + row * layout[0].stride, u(row), v(row)];
    for (let column = 0; column < columns; column += 1, to += 1) {
      const grey = (samples[(rowY >> wide) + column] * unit - black) * ofY;
      const ofU = (samples[(rowU >> wide) + across(column)] * unit - 128) * ofC;
      const ofV = (samples[(rowV >> wide) + across(column)] * unit - 128) * ofC;
      const red = clipped(Math.round(grey + 1.402 * ofV));
      const green = clipped(Math.round(grey - 0.344136 * ofU - 0.714136 * ofV));
      const blue = clipped(Math.round(grey + 1.772 * ofU));
      data[to] = greyOf(red, green, blue);
    }
  }
  return { data, rows, columns };
}

/** @param {number} level */
function clipped(level) {
  return level < 0 ? 0 : level > 255 ? 255 : level;
}
