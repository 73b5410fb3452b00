/**
 * Untrusted bytes of a picture to upright luma, by the browser's own decoders, in one of three
 * ways. proof.js decides which of them may be used.
 */

import { ContentError } from "../errors.js";
import { cropped, decodePart, checkShown } from "./part.js";
import {
  checkBytes, checkSize, lumaOfRgb, MAX_JPEG_PIXELS, MAX_PIXELS, MAX_WEBP_PIXELS, rasterSize,
  squeeze, upright,
} from "./pixels.js";
import { lumaOf } from "./planes.js";
import { strip } from "./strip.js";

/** @typedef {import("./formats.js").Format} Format */
/** @typedef {import("../luma.js").Luma} Luma */
/** @typedef {import("./strip.js").Stripped} Stripped */

/**
 * A way of decoding. ImageDecoder gives the decoder's own planes. A VideoFrame of an ImageBitmap
 * gives RGB. A canvas is what browsers falsify most often, and is tried last.
 * @typedef {"ImageDecoder" | "VideoFrame" | "canvas"} Way
 */
/** @type {readonly Way[]} */
export const WAYS = ["ImageDecoder", "VideoFrame", "canvas"];

/** Pixels times scans of a JPEG in several scans, as in hashing/media/pixels.py. */
const MAX_SCANNED = 40 * MAX_PIXELS;
/**
 * Formats that every browser decodes: one of these that does not decode is damaged. Of an AVIF, whose
 * boxes are all there, another program may read more: Chromium (156) and its <img> refuse those whose
 * transparency has no size of its own, which hashing/media/avif.py mends.
 */
const UNIVERSAL = new Set(["JPEG", "PNG", "GIF", "BMP", "WEBP"]);

/** @type {Partial<Record<Format, string>>} */
const TYPES = {
  JPEG: "image/jpeg", PNG: "image/png", GIF: "image/gif", WEBP: "image/webp", BMP: "image/bmp",
  AVIF: "image/avif", HEIF: "image/heic",
};

/**
 * A picture whose header was read and is within the limits. `scale` is 1, or 2, 4 or 8 of a JPEG
 * that may be decoded at that fraction of its size.
 * @typedef {{format: Format, type: string, stripped: Stripped, scale: number}} Picture
 */

/**
 * Read the header, and refuse what breaks a limit before any pixel is decoded.
 * @param {Uint8Array} bytes
 * @param {Format} format as `sniff` returned it
 * @returns {Picture}
 * @throws {ContentError}
 */
export function openPicture(bytes, format) {
  checkBytes(bytes.length);
  const type = TYPES[format];
  if (!type) throw new ContentError("Unsupported");
  const stripped = strip(bytes, format);
  const { width, height } = stripped;
  checkSize(height, width, mostPixels(stripped, format));
  return { format, type, stripped, scale: stripped.scales ? scaleOf(height, width) : 1 };
}

/**
 * @param {Stripped} stripped
 * @param {Format} format
 */
function mostPixels({ scans = 1, scales }, format) {
  if (scans > 1) {
    const most = scales ? MAX_PIXELS : MAX_WEBP_PIXELS;
    return Math.min(most, Math.floor(MAX_SCANNED / scans));
  }
  if (scales) return MAX_JPEG_PIXELS;
  return format === "WEBP" || format === "AVIF" ? MAX_WEBP_PIXELS : MAX_PIXELS;
}

/**
 * The largest scale for decoding a JPEG at which neither side is below the raster size.
 * @param {number} rows
 * @param {number} columns
 */
function scaleOf(rows, columns) {
  const raster = rasterSize(rows, columns);
  const fits = (/** @type {number} */ scale) =>
    Math.floor(rows / scale) >= raster.rows && Math.floor(columns / scale) >= raster.columns;
  return [8, 4, 2].find(fits) ?? 1;
}

/**
 * Decode a picture, or the first frame of an animated one.
 * @param {Picture} picture
 * @param {readonly Way[]} ways that are proven, the best first
 * @returns {Promise<Luma>} squeezed and upright
 * @throws {ContentError} Damaged, Unsupported, TooManyPixels
 */
export async function decode(picture, ways) {
  const way = await wayFor(picture, ways);
  return finished(picture, await wholeLuma(picture, way));
}

/**
 * @param {Picture} picture
 * @param {readonly Way[]} ways
 * @returns {Promise<Way>}
 */
async function wayFor(picture, ways) {
  for (const way of ways) {
    if (way !== "ImageDecoder" || (await ImageDecoder.isTypeSupported(picture.type))) return way;
  }
  throw new ContentError("Unsupported");
}

/**
 * The luma as it is hashed.
 * @param {Picture} picture
 * @param {Luma} luma of all pixels, as stored
 * @returns {Luma} squeezed and upright
 */
export function finished(picture, luma) {
  const { stripped, scale } = picture;
  const original = { rows: stripped.height, columns: stripped.width };
  const whole = luma.rows === original.rows && luma.columns === original.columns;
  const kept = stripped.crop ? cropped(luma, stripped.crop) : luma;
  checkSize(kept.rows, kept.columns);
  const smaller = whole ? reduced(kept, scale) : kept;
  const squeezed = squeeze(smaller, scale > 1 ? original : smaller);
  if (stripped.incomplete) checkShown(squeezed, picture);
  return upright(squeezed, stripped.orientation);
}

/**
 * The luma of a whole frame of an animation, as it is hashed.
 * @param {Picture} picture
 * @param {Luma} luma
 */
export function framed({ stripped }, luma) {
  return upright(squeeze(luma), stripped.orientation);
}

/**
 * @param {Picture} picture
 * @param {Way} way
 * @returns {Promise<Luma>}
 */
async function wholeLuma(picture, way) {
  const large = picture.stripped.width * picture.stripped.height > MAX_PIXELS;
  if (large && way !== "ImageDecoder") throw new ContentError("TooManyPixels");
  try {
    if (way === "ImageDecoder") return await byImageDecoder(picture, large ? picture.scale : 1);
    return await byBitmap(picture, way);
  } catch (err) {
    if (err instanceof ContentError) throw err;
    const part = way === "ImageDecoder" && !large ? await decodePart(picture) : undefined;
    if (part) return lumaAndClose(part, picture.stripped);
    if (large) throw new ContentError("TooManyPixels", { cause: err });
    throw new ContentError(UNIVERSAL.has(picture.format) ? "Damaged" : "Unsupported", { cause: err });
  }
}

/**
 * @param {Picture} picture
 * @param {number} scale at which the decoder is asked to decode
 * @returns {Promise<Luma>}
 */
async function byImageDecoder(picture, scale) {
  const { width, height } = picture.stripped;
  const desired = scale === 1 ? {} : {
    desiredWidth: Math.ceil(width / scale), desiredHeight: Math.ceil(height / scale),
  };
  const preferAnimation = !!picture.stripped.hidden && !!picture.stripped.moves;
  const decoder = decoderOf(picture, { preferAnimation, ...desired });
  try {
    const { image } = await decoder.decode({ frameIndex: 0, completeFramesOnly: true });
    return await lumaAndClose(image, picture.stripped);
  } finally {
    decoder.close();
  }
}

/**
 * @param {Picture} picture
 * @param {Partial<ImageDecoderInit>} options
 */
export function decoderOf({ stripped, type }, options) {
  const data = /** @type {Uint8Array<ArrayBuffer>} */ (stripped.bytes);
  return new ImageDecoder({ data, type, colorSpaceConversion: "none", ...options });
}

/**
 * @param {VideoFrame} frame which is closed, whatever happens
 * @param {Stripped} stripped
 */
export async function lumaAndClose(frame, { identity }) {
  try {
    const { width = 0, height = 0 } = frame.visibleRect ?? {};
    checkSize(height, width); // as decoded, not as claimed
    return await lumaOf(frame, identity);
  } finally {
    frame.close();
  }
}

/**
 * @param {Picture} picture
 * @param {"VideoFrame" | "canvas"} way
 * @returns {Promise<Luma>}
 */
async function byBitmap({ stripped, type }, way) {
  const data = /** @type {Uint8Array<ArrayBuffer>} */ (stripped.bytes);
  const bitmap = await createImageBitmap(new Blob([data], { type }), {
    colorSpaceConversion: "none",
    premultiplyAlpha: way === "canvas" ? "default" : "none",
  });
  try {
    checkSize(bitmap.height, bitmap.width);
    if (way === "canvas") return byCanvas(bitmap);
    return await lumaAndClose(new VideoFrame(bitmap, { timestamp: 0 }), stripped);
  } finally {
    bitmap.close();
  }
}

/**
 * @param {ImageBitmap} bitmap
 * @returns {Luma}
 */
function byCanvas(bitmap) {
  const { width: columns, height: rows } = bitmap;
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new ContentError("Unsupported");
  context.fillStyle = "white"; // below what is transparent
  context.fillRect(0, 0, columns, rows);
  context.drawImage(bitmap, 0, 0);
  return lumaOfRgb(context.getImageData(0, 0, columns, rows).data, { rows, columns });
}

/**
 * Each square of scale × scale pixels becomes one, their rounded mean: within 3 grey levels of what
 * libjpeg decodes at that scale (measured 2026-11 on 12 photographs of 12 megapixels at 1/2).
 * @param {Luma} luma
 * @param {number} scale
 * @returns {Luma}
 */
function reduced(luma, scale) {
  if (scale === 1) return luma;
  const rows = Math.ceil(luma.rows / scale);
  const columns = Math.ceil(luma.columns / scale);
  const data = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    const sums = new Uint32Array(columns);
    const past = Math.min((row + 1) * scale, luma.rows);
    for (let from = row * scale; from < past; from += 1) addLine(sums, luma, from, scale);
    for (let column = 0; column < columns; column += 1) {
      const width = Math.min(scale, luma.columns - column * scale);
      const count = width * (past - row * scale);
      data[row * columns + column] = Math.floor((sums[column] + count / 2) / count);
    }
  }
  return { data, rows, columns };
}

/**
 * Add one row of pixels to the sums, each of `scale` columns.
 * @param {Uint32Array} sums
 * @param {Luma} luma
 * @param {number} row
 * @param {number} scale
 */
function addLine(sums, luma, row, scale) {
  let pixel = row * luma.columns;
  const end = pixel + luma.columns;
  for (let column = 0; pixel < end; column += 1) {
    const past = Math.min(pixel + scale, end);
    for (; pixel < past; pixel += 1) sums[column] += luma.data[pixel];
  }
}
