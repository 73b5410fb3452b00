/**
 * Frames of an animated GIF, PNG, WebP or AVIF, sampled as hashing/media/frames.py samples them.
 */

import { decoderOf, finished, lumaAndClose } from "./decode.js";
import { ContentError } from "../errors.js";

/** @typedef {import("./decode.js").Picture} Picture */
/** @typedef {import("../luma.js").Luma} Luma */

/**
 * One sampled frame: its time, how far through the video it is (0–1), and its luma.
 * @typedef {{at_ms: number, fraction: number, luma: Luma}} Sampled
 */

/** Milliseconds between samples. */
export const PERIOD_MS = 250;
/** Longest video, in seconds. */
export const MAX_SECONDS = 4 * 60 * 60;
const MAX_ANIMATION = 10_000;
/** Most pixels of all frames together. */
const MAX_ANIMATION_PIXELS = 8 * 2 ** 30;
/** What a frame without a duration takes, in milliseconds. */
const UNTOLD_MS = 100;

/**
 * The next time, in milliseconds, at which a frame is due after one was taken.
 * @param {number} at_ms
 */
export function dueAfter(at_ms) {
  return (Math.floor(at_ms / PERIOD_MS) + 1) * PERIOD_MS;
}

/**
 * How many frames a picture has. Where there is no ImageDecoder, those that the file counts.
 * @param {Picture} picture
 * @param {readonly import("./decode.js").Way[]} ways
 * @returns {Promise<number>}
 */
export async function frameCount(picture, ways) {
  const { moves, durations = [] } = picture.stripped;
  if (!moves) return 1;
  if (!ways.includes("ImageDecoder")) return Math.max(durations.length, 2);
  const decoder = decoderOf(picture, { preferAnimation: true });
  try {
    await decoder.tracks.ready;
    await decoder.completed;
    return decoder.tracks.selectedTrack?.frameCount ?? 1;
  } catch (err) {
    throw new ContentError("Damaged", { cause: err });
  } finally {
    decoder.close();
  }
}

/**
 * Yield the first frame at or after each multiple of PERIOD_MS.
 * @param {Picture} picture
 * @param {readonly import("./decode.js").Way[]} ways
 * @param {number} frames as frameCount tells
 * @returns {AsyncGenerator<Sampled>}
 * @throws {ContentError} TooLong, Damaged, Unsupported
 */
export async function* sampleAnimation(picture, ways, frames) {
  if (!ways.includes("ImageDecoder")) throw new ContentError("Unsupported");
  const { width, height, durations = [] } = picture.stripped;
  const count = Math.min(frames, MAX_ANIMATION);
  if (count * width * height > MAX_ANIMATION_PIXELS) throw new ContentError("TooLong");
  const told = durations.length === frames;
  const decoder = decoderOf(picture, { preferAnimation: true });
  let due = 0;
  let at = 0;
  try {
    for (let index = 0; index < count; index += 1) {
      const isDue = at >= due;
      const image = isDue || !told ? await frameAt(decoder, index) : undefined;
      const lasts = told ? durations[index] : (image?.duration ?? 0) / 1000;
      if (image && !isDue) image.close();
      if (image && isDue) {
        const at_ms = Math.floor(at);
        const luma = finished(picture, await lumaAndClose(image));
        yield { at_ms, fraction: index / count, luma };
        due = dueAfter(at_ms);
      }
      at += lasts || UNTOLD_MS;
      if (at > 1000 * MAX_SECONDS) throw new ContentError("TooLong");
    }
  } finally {
    decoder.close();
  }
}

/**
 * @param {ImageDecoder} decoder
 * @param {number} frameIndex
 * @returns {Promise<VideoFrame>}
 */
async function frameAt(decoder, frameIndex) {
  try {
    return (await decoder.decode({ frameIndex, completeFramesOnly: true })).image;
  } catch (err) {
    throw new ContentError("Damaged", { cause: err });
  }
}
