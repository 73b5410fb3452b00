/**
 * Proof that this browser gives scripts the pixels that are in a file. Some alter what is read
 * (Firefox with resistFingerprinting, Tor Browser, Brave): a hash of that would be wrong, and
 * nobody would notice. So known pictures are decoded by the same code as the owner's, before and
 * after each file, and what does not come out as it went in is not used.
 */

import { decode, openPicture, WAYS } from "./decode.js";
import { lumaOfRgb } from "./pixels.js";
import { lumaOf } from "./planes.js";
import { encodePng } from "./png.js";
import { lumaOfVideo } from "./video_luma.js";

/** @typedef {import("./decode.js").Way} Way */
/** @typedef {import("../luma.js").Luma} Luma */

/** Grey levels that a correct decoder of a lossy format, or of transparency, may be apart. */
const LEVELS = 2;
/** Sides of the sheets below, in squares of 16 pixels. */
const SQUARE = 16;

/**
 * A sheet of 6 × 4 colours, quality 90, 4:4:4. It says that it lies on its side (orientation 6),
 * and its profile exchanges the channels and has another gamma: both must not reach the pixels.
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
 * The ways of reading pictures that give true pixels now, the best first.
 * @param {readonly Way[]} [among]
 * @returns {Promise<{ways: Way[], falsified: boolean}>} falsified: whether one did not
 */
export async function provenWays(among = WAYS) {
  /** @type {Way[]} */
  const ways = [];
  let falsified = false;
  for (const way of among.filter(isThere)) {
    const found = await isTrue(way);
    if (found) ways.push(way);
    falsified ||= found === false;
  }
  return { ways, falsified };
}

/** @param {Way} way */
function isThere(way) {
  const frames = typeof VideoFrame === "function";
  if (way === "ImageDecoder") return frames && typeof ImageDecoder === "function";
  if (typeof createImageBitmap !== "function") return false;
  return way === "VideoFrame" ? frames : typeof OffscreenCanvas === "function";
}

/**
 * @param {Way} way
 * @returns {Promise<boolean | undefined>} undefined: it cannot even be used
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
 * Noise that is new each time, so that nothing can know it; in 144 × 128 pixels are all levels.
 * @param {3 | 4} channels
 * @returns {Known}
 */
function noise(channels) {
  const [rows, columns] = channels === 3 ? [128, 144] : [48, 64];
  const data = crypto.getRandomValues(new Uint8Array(rows * columns * channels));
  const rgba = new Uint8Array(rows * columns * 4).fill(255);
  for (let at = 0; at < data.length; at += 1) {
    rgba[4 * Math.floor(at / channels) + (at % channels)] = data[at];
  }
  const luma = lumaOfRgb(rgba, { rows, columns, layout: "RGBA" });
  return { file: encodePng({ data, rows, columns, channels }), format: "PNG", luma };
}

/** @returns {Known} */
function sheet() {
  return { file: fromBase64(JPEG_SHEET), format: "JPEG", luma: squares(JPEG_LUMA) };
}

/**
 * Whether frames of videos are read truly: packed and planar ones made of known bytes, and one
 * that is decoded, where the browser decodes VP8.
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

/** @returns {Promise<boolean>} true also where there is nothing to prove */
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
    const read = await lumaOfVideo(frames[0], { made: "smpte170m" });
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
  for (let at = 0; at < data.length; at += 1) {
    data[at] = levels[Math.floor(at / columns / SQUARE)][Math.floor((at % columns) / SQUARE)];
  }
  return { data, rows, columns };
}

/**
 * @param {Luma} read
 * @param {Luma} known
 * @param {number} levels
 */
function areNear(read, known, levels) {
  if (read.rows !== known.rows || read.columns !== known.columns) return false;
  return read.data.every((level, at) => Math.abs(level - known.data[at]) <= levels);
}

/** @param {string} text */
function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
