/**
 * The sampled frames of an animated GIF, PNG, WebP or AVIF, as hashing/media/frames.py samples
 * them.
 */

import { ContentError } from "../errors.js";
import { decoderOf, framed, lumaAndClose } from "./decode.js";
import { MAX_SECONDS, Sampler } from "./timeline.js";

/** @typedef {import("./decode.js").Picture} Picture */
/** @typedef {import("./decode.js").Way} Way */
/** @typedef {import("./timeline.js").Sampled} Sampled */

/** Most frames that are read. */
const MAX_ANIMATION = 10_000;
/** Most pixels of all those frames together. */
const MAX_ANIMATION_PIXELS = 8 * 2 ** 30;
/** Milliseconds that a frame without a duration takes. */
const DEFAULT_MS = 100;

/**
 * How many frames a picture has. Without ImageDecoder, as many as its file has durations.
 * @param {Picture} picture
 * @param {readonly Way[]} ways
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
 * Yield the frames that a Sampler samples.
 * @param {Picture} picture
 * @param {readonly Way[]} ways
 * @param {number} frames as `frameCount` returned
 * @returns {AsyncGenerator<Sampled>}
 * @throws {ContentError} TooLong, Damaged, Unsupported
 */
export async function* sampleAnimation(picture, ways, frames) {
  if (!ways.includes("ImageDecoder")) throw new ContentError("Unsupported");
  const { width, height, durations = [] } = picture.stripped;
  const count = Math.min(frames, MAX_ANIMATION);
  if (count * width * height > MAX_ANIMATION_PIXELS) throw new ContentError("TooLong");
  const hasDurations = durations.length === frames;
  const decoder = decoderOf(picture, { preferAnimation: true });
  const sampler = new Sampler();
  let at = 0;
  let added = 0; // for frames without a duration, of which a decoder's times know nothing
  try {
    for (let index = 0; index < count; index += 1) {
      let image = hasDurations ? undefined : await frameAt(decoder, index, picture);
      if (!hasDurations && !image) return;
      if (image) at = Math.round(image.timestamp / 1000) + added;
      const duration = hasDurations ? durations[index] : Math.round((image?.duration ?? 0) / 1000);
      if (!duration) added += DEFAULT_MS;
      const end = at + (duration || DEFAULT_MS);
      const at_ms = Math.floor(at);
      const until_ms = sampler.until(at_ms, Math.floor(end), index === count - 1);
      if (until_ms !== undefined) {
        image ??= await frameAt(decoder, index, picture);
        if (!image) return;
        const luma = framed(picture, await lumaAndClose(image, picture.stripped));
        yield { at_ms, until_ms, fraction: index / count, luma };
      } else {
        image?.close();
      }
      at = end;
      if (at > 1000 * MAX_SECONDS) throw new ContentError("TooLong");
    }
  } finally {
    decoder.close();
  }
}

/**
 * @param {ImageDecoder} decoder
 * @param {number} frameIndex
 * @param {Picture} picture is marked as incomplete, if it breaks off
 * @returns {Promise<VideoFrame | undefined>} undefined if it breaks off after some frames
 * @throws {ContentError} Damaged if the first frame cannot be decoded
 */
async function frameAt(decoder, frameIndex, picture) {
  try {
    return (await decoder.decode({ frameIndex, completeFramesOnly: true })).image;
  } catch (err) {
    if (frameIndex === 0) throw new ContentError("Damaged", { cause: err });
    picture.stripped.incomplete = true;
    return undefined;
  }
}
