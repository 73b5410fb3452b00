/**
 * Proof that this browser gives scripts the pixels that a file has. Some browsers alter what
 * scripts read (Firefox with resistFingerprinting, Tor Browser, Brave): a hash of that would be
 * wrong, and nobody would notice. So known pictures are decoded before and after each file, by the
 * same code, and a way of decoding that does not give the known pixels is not used.
 */

import { decode, openPicture, WAYS } from "./decode.js";
import { lumaOfRgb } from "./pixels.js";
import { lumaOf } from "./planes.js";
import { encodePng } from "./png.js";
import { lumaOfVideo } from "./video_luma.js";

/** @typedef {import("./decode.js").Way} Way */
/** @typedef {import("../luma.js").Luma} Luma */

/** Grey levels by which a correct decoder of a lossy format, or of transparency, may differ. */
const LEVELS = 2;
/** Side, in pixels, of the squares of which the sheets below consist. */
const SQUARE = 16;

/**
 * A sheet of 6 × 4 colours, quality 90, 4:4:4. Its EXIF says that it is rotated (orientation 6),
 * and its profile exchanges the channels and has another gamma: neither may change the pixels.
 */
const JPEG_SHEET =
  "/9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/4gHoSUNDX1BS" +
  "T0ZJTEUAAQEAAAHYAAAAAAIQAABtbnRyUkdCIFhZWiAH6gABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAAAAAA" +
  "AAAAAAAAAAAAAAAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" +
  "AAAAAAAAAAlkZXNjAAAA8AAAAFx3dHB0AAABTAAAABRyWFlaAAABYAAAABRnWFlaAAABdAAAABRiWFlaAAABiAAA" +
  "ABRyVFJDAAABnAAAABBnVFJDAAABrAAAABBiVFJDAAABvAAAABBjcHJ0AAABzAAAAAxkZXNjAAAAAAAAAAJ4AAAA" +
  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" +
  "AAAAAAAAAAAAAFhZWiAAAAAAAAD21gABAAAAANMtWFlaIAAAAAAAACSiAAAPgwAAts9YWVogAAAAAAAAb6QAADj2" +
  "AAADj1hZWiAAAAAAAABilgAAt4cAABjcY3VydgAAAAAAAAABAQAAAGN1cnYAAAAAAAAAAQEAAABjdXJ2AAAAAAAA" +
  "AAEBAAAAdGV4dAAAAABDQzAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4L" +
  "CxAWEBETFBUVFQwPFxgWFBgSFBUU/9sAQwEDBAQFBAUJBQUJFA0LDRQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU" +
  "FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU/8AAEQgAQABgAwERAAIRAQMRAf/EABoAAQEAAwEBAAAAAAAAAAAAAAAH" +
  "BAYIBQn/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAGgEBAAMBAQEAAAAAAAAAAAAAAAYHCAUEA//EABQRAQAAAAAA" +
  "AAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/ANfX2koD3VOLwAbw7DEoClszpQA5KXGqQBLE6aIAWhYzqgPdU4vABvDs" +
  "MSgKWzOlADkpcapAEsTpogB2myUlYDn9drugIy08rQBY2N2iwFQaIeQBhOgwKAoDEjVADn9drugIy08rQBY2N2iw" +
  "FQaIeQBhOgwKA5xZpbyAfTBF2dwEqe5FwEfedWQDYFyuIAx1ZNzAObHqTIB9MEXZ3ASp7kXAR951ZANgXK4gDHVk" +
  "3MA9VOHxATdz1CgNjR95AEPa1TABo6ogB1KlqtAG0KqagATdz1CgNjR95AEPa1TABo6ogB1KlqtAH//Z";
/** Its luma, upright, by squares. Made with Pillow, read by hashing/media/pixels.py. */
const JPEG_LUMA = [
  [142, 79, 156, 116],
  [115, 193, 108, 127],
  [128, 161, 70, 148],
  [86, 125, 107, 176],
  [65, 137, 137, 108],
  [127, 134, 132, 77],
];
/** The same colours as one key frame of VP8, made with libvpx. */
const VP8_SHEET =
  "kAsAnQEqYABAAABHCIWFiJmEiAICGcM6C+Af0B0xumvIL6S4vpM6JNHfwH8Hv28/wHyE0V+K/wH8c/uP/a///mfP" +
  "//cN0JP8B9AP8B/rPr/2P/6f43t/eE59/qb6eZ3gSbXToKPA/u/nT/49jCJrAGEmuD/wBMbRX4m1QQSJvA+83dcr" +
  "UXUUYqoy4kBWPCgUIqfVZurhKlMpTLRBzKSwWUf0mkCI9tASsiWZ+JBDINYaj6WsqO4LiMF4er7hZP+DwsTE8duv" +
  "gZ+wg0xxRW5BQ5N8OEND/Ke0GX+jsmTCPq6rTisrlRRDUANpi5EUxhuoAsKQnU/fKeo01giLtRLeVadNhbPs7Hl4" +
  "1QcHnQJH1TnbaFih/ewS/7dO50/+fe4DjBCSeYdq92lLx0Jvp3oyzxB9XSaWPLrhrsWqPMbx0Y+5Y2DIM7mZMeMG" +
  "vbtfRXrt/kPiIidHmIaEke3YprUb7MVMEgrM86ksHUpPTGJ6ZKLYg86o7aFvvhtqFGsdwV0rmuzTjJg2Umv9IjJD" +
  "dH8ry58gfSs5TZrR2S7LxLiUs36lAlcB4/MJLnQg+a9RXCiKm9JdNALYdLYNQPhDwzk2Y+4Zyebr4AA=";
const VP8_LUMA = [
  [114, 126, 146, 174, 107, 75],
  [155, 107, 68, 106, 134, 132],
  [78, 192, 160, 124, 136, 134],
  [141, 114, 127, 85, 64, 125],
];

/**
 * The ways of decoding that give true pixels now, the best first.
 * @param {readonly Way[]} [candidates]
 * @returns {Promise<{ways: Way[], falsified: boolean}>} falsified: whether one gave other pixels
 */
export async function provenWays(candidates = WAYS) {
  /** @type {Way[]} */
  const ways = [];
  let falsified = false;
  for (const way of candidates.filter(isAvailable)) {
    const proven = await isTrue(way);
    if (proven) ways.push(way);
    falsified ||= proven === false;
  }
  return { ways, falsified };
}

/** @param {Way} way */
function isAvailable(way) {
  const frames = typeof VideoFrame === "function";
  if (way === "ImageDecoder") return frames && typeof ImageDecoder === "function";
  if (typeof createImageBitmap !== "function") return false;
  return way === "VideoFrame" ? frames : typeof OffscreenCanvas === "function";
}

/**
 * @param {Way} way
 * @returns {Promise<boolean | undefined>} undefined: it cannot be used at all
 */
async function isTrue(way) {
  try {
    for (const [known, levels] of [[noise(3), 0], [noise(4), LEVELS], [sheet(), LEVELS]]) {
      const { file, format, luma } = /** @type {Known} */ (known);
      const read = await decode(openPicture(file, format), [way]);
      if (!areNear(read, luma, Number(levels))) return false;
    }
    return true;
  } catch {
    return undefined;
  }
}

/** @typedef {{file: Uint8Array, format: "PNG" | "JPEG", luma: Luma}} Known */

/**
 * New noise at each call, so that a browser cannot recognise it. 144 × 128 pixels have all levels.
 * @param {3 | 4} channels
 * @returns {Known}
 */
function noise(channels) {
  const [rows, columns] = channels === 3 ? [128, 144] : [48, 64];
  const data = crypto.getRandomValues(new Uint8Array(rows * columns * channels));
  const rgba = new Uint8Array(rows * columns * 4).fill(255);
  for (let i = 0; i < data.length; i += 1) {
    rgba[4 * Math.floor(i / channels) + (i % channels)] = data[i];
  }
  const luma = lumaOfRgb(rgba, { rows, columns, layout: "RGBA" });
  return { file: encodePng({ data, rows, columns, channels }), format: "PNG", luma };
}

/** @returns {Known} */
function sheet() {
  return { file: fromBase64(JPEG_SHEET), format: "JPEG", luma: squares(JPEG_LUMA) };
}

/**
 * Whether the frames of videos give true pixels: packed and planar frames made from known bytes,
 * and a decoded one, if the browser decodes VP8.
 * @returns {Promise<boolean>}
 */
export async function provenFrames() {
  try {
    return (await isCopied("RGBX")) && (await isCopied("I420")) && (await isDecoded());
  } catch {
    return false;
  }
}

/**
 * @param {"RGBX" | "I420"} format
 * @returns {Promise<boolean>}
 */
async function isCopied(format) {
  const [rows, columns] = [64, 96];
  const size = rows * columns * (format === "RGBX" ? 4 : 1.5);
  const data = crypto.getRandomValues(new Uint8Array(size));
  const frame = new VideoFrame(data, {
    format, codedWidth: columns, codedHeight: rows, timestamp: 0,
    colorSpace: { fullRange: true, matrix: "smpte170m", primaries: "bt709", transfer: "bt709" },
  });
  try {
    const expected = format === "RGBX"
      ? lumaOfRgb(data, { rows, columns })
      : { data: data.subarray(0, rows * columns), rows, columns };
    return areNear(await lumaOf(frame), expected, 0);
  } finally {
    frame.close();
  }
}

/** @returns {Promise<boolean>} also true if the browser does not decode VP8 */
async function isDecoded() {
  if (typeof VideoDecoder !== "function") return true;
  const config = { codec: "vp8", codedWidth: 6 * SQUARE, codedHeight: 4 * SQUARE };
  if (!(await VideoDecoder.isConfigSupported(config)).supported) return true;
  /** @type {VideoFrame[]} */
  const frames = [];
  const decoder = new VideoDecoder({
    output: (frame) => frames.push(frame), error: () => undefined,
  });
  try {
    decoder.configure(config);
    const data = fromBase64(VP8_SHEET);
    decoder.decode(new EncodedVideoChunk({ type: "key", timestamp: 0, data }));
    await decoder.flush();
    if (frames.length !== 1) return false;
    const read = await lumaOfVideo(frames[0], { applied: "smpte170m" });
    return areNear(read, squares(VP8_LUMA), LEVELS);
  } finally {
    frames.forEach((frame) => frame.close());
    if (decoder.state !== "closed") decoder.close();
  }
}

/**
 * @param {number[][]} levels
 * @returns {Luma}
 */
function squares(levels) {
  const rows = levels.length * SQUARE;
  const columns = levels[0].length * SQUARE;
  const data = new Uint8Array(rows * columns);
  for (let i = 0; i < data.length; i += 1) {
    data[i] = levels[Math.floor(i / columns / SQUARE)][Math.floor((i % columns) / SQUARE)];
  }
  return { data, rows, columns };
}

/**
 * @param {Luma} read
 * @param {Luma} known
 * @param {number} levels by which a pixel may differ
 */
function areNear(read, known, levels) {
  if (read.rows !== known.rows || read.columns !== known.columns) return false;
  return read.data.every((level, i) => Math.abs(level - known.data[i]) <= levels);
}

/** @param {string} text */
function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
