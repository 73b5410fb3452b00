/**
 * A part of a picture: what is there of a file that breaks off, and what a clean aperture keeps.
 */

import { ContentError } from "../errors.js";

/** @typedef {import("../luma.js").Luma} Luma */
/** @typedef {import("./decode.js").Picture} Picture */

/** Of the rows of a picture that breaks off, how many must be there: hashing/media/pixels.py. */
const LEAST_SHOWN = 0.25;
/** Of these, Chromium (156) shows what there is; of a WebP nothing. JPEG is mended by jpeg.js. */
const SHOWN = new Set(["PNG", "GIF", "BMP"]);
const TIMEOUT_MS = 3000;

/**
 * What a decoder shows of a picture while it waits for the rest: the missing rows are clear. The
 * picture is marked as incomplete.
 * @param {Picture} picture
 * @returns {Promise<VideoFrame | undefined>} undefined if it is another format or nothing is shown
 */
export async function decodePart({ format, stripped, type }) {
  if (!SHOWN.has(format)) return undefined;
  const bytes = stripped.bytes.slice(0, stripped.bytes.length - (stripped.ending ?? 0));
  const data = new ReadableStream({ start: (controller) => controller.enqueue(bytes) });
  const decoder = new ImageDecoder({
    data, type, colorSpaceConversion: "none", preferAnimation: false,
  });
  const waited = new Promise((_, reject) => setTimeout(reject, TIMEOUT_MS));
  try {
    await Promise.race([decoder.tracks.ready, waited]);
    const shown = decoder.decode({ frameIndex: 0, completeFramesOnly: false });
    const { image } = await Promise.race([shown, waited]);
    stripped.incomplete = true;
    return image;
  } catch {
    return undefined;
  } finally {
    decoder.close();
  }
}

/**
 * Refuse a picture of which too little is there.
 * @param {Luma} luma whose missing rows are grey in a JPEG, white in others; at the top, if the
 *   picture is stored upwards, else at the bottom
 * @param {Picture} picture
 * @throws {ContentError} Damaged
 */
export function checkShown({ data, rows, columns }, { format, stripped }) {
  const filled = format === "JPEG" ? 128 : 255;
  const first = data.findIndex((level) => level !== filled);
  let last = data.length - 1;
  while (last >= 0 && data[last] === filled) last -= 1;
  const [from, past] = [Math.floor(first / columns), Math.floor(last / columns) + 1];
  const shown = stripped.upwards ? rows - from : past;
  if (last < 0 || shown < LEAST_SHOWN * rows) throw new ContentError("Damaged");
}

/**
 * @param {Luma} luma
 * @param {[number, number, number, number]} crop left, top, right, bottom
 * @returns {Luma}
 */
export function cropped({ data, columns }, [left, top, right, bottom]) {
  const kept = { data: new Uint8Array((bottom - top) * (right - left)), rows: bottom - top, columns: right - left };
  for (let row = top; row < bottom; row += 1) {
    const line = data.subarray(row * columns + left, row * columns + right);
    kept.data.set(line, (row - top) * kept.columns);
  }
  return kept;
}
