/**
 * A file of content to its signals, as hashing/hasher.py makes them for an entry: picks the
 * decoder, applies each signal's quality bar.
 */

import { frameCount, sampleAnimation } from "./media/animation.js";
import { decode, openPicture } from "./media/decode.js";
import { ContentError } from "./errors.js";
import { HEAD_BYTES, isVideo, sniff } from "./media/formats.js";
import { sampleVideo } from "./media/frames.js";
import { Md5 } from "./algorithms/md5.js";
import * as pdq from "./algorithms/pdq.js";
import * as phash from "./algorithms/phash.js";
import { checkBytes } from "./media/pixels.js";
import { Sha256 } from "./algorithms/sha256.js";
import { contentOf } from "./submission.js";
import { fold } from "./media/timeline.js";
import * as windows from "./windows.js";

/** @typedef {import("./media/animation.js").Sampled} Sampled */
/** @typedef {import("./media/decode.js").Way} Way */
/** @typedef {import("./signals.js").Content} Content */
/** @typedef {import("./signals.js").Signal} Signal */
/** @typedef {import("./luma.js").Luma} Luma */

/**
 * What hashing a file needs from outside.
 * @typedef {object} Wanted
 * @property {"none" | "standard" | "all"} windows
 * @property {readonly Way[]} ways of reading pictures that are proven, the best first
 * @property {(part: number) => void} progress called with 0…1
 * @property {() => void} check throws when the owner has stopped it
 * @property {(colours: import("./media/video_luma.js").Colours) => AsyncIterable<Sampled>} seek frames
 *   by playing: where there is no other way
 */

/** Largest video read, in bytes. */
export const MAX_VIDEO_BYTES = 8 * 2 ** 30;
/**
 * A video whose best frame has at least this PDQ quality, but none passes the bar (a dark room),
 * still gets its exact signals; below, it is as plain as a blank screen.
 */
export const EXACT_ONLY_BAR = 10;
/** Formats of which several images are one moving picture. */
const ANIMATED = new Set(["GIF", "PNG", "WEBP", "AVIF"]);
const CHUNK = 8 * 2 ** 20;
/** What part of a video's time the exact signals take, about. */
const EXACT_PART = 0.2;

/**
 * Every signal of one picture or video that an entry has.
 * @param {File} file
 * @param {Wanted} wanted
 * @returns {Promise<Content>}
 * @throws {ContentError}
 */
export async function hashFile(file, wanted) {
  const format = sniff(await bytesOf(file.slice(0, HEAD_BYTES)));
  if (isVideo(format)) {
    if (file.size > MAX_VIDEO_BYTES) throw new ContentError("TooManyBytes");
    const exact = await exactOf(file, wanted, EXACT_PART);
    return video(exact, sampleVideo(file, format, wanted), wanted, EXACT_PART);
  }
  checkBytes(file.size);
  const picture = openPicture(await bytesOf(file), format);
  const frames = ANIMATED.has(format) ? await frameCount(picture, wanted.ways) : 1;
  const exact = await exactOf(file, wanted, 0);
  if (frames > 1) return video(exact, sampleAnimation(picture, wanted.ways, frames), wanted, 0);
  const luma = await decode(picture, wanted.ways);
  wanted.check();
  const signals = [...perceptual(luma), ...exact];
  return contentOf({ kind: "picture", signals, windows: windows.compute(luma, wanted.windows) });
}

/**
 * The PDQ and pHash signals of an upright luma that pass their bars.
 * @param {Luma} luma
 * @returns {Signal[]}
 * @throws {ContentError} TooPlain when none does
 */
function perceptual(luma) {
  /** @type {Signal[]} */
  const found = [];
  const ofPdq = pdq.compute(luma);
  if (ofPdq.quality >= pdq.QUALITY_BAR) found.push({ type: "pdq", ...ofPdq });
  const ofPhash = phash.compute(luma);
  if (ofPhash.quality >= phash.QUALITY_BAR) found.push({ type: "phash", ...ofPhash });
  if (!found.length) throw new ContentError("TooPlain");
  return found;
}

/**
 * @param {File} file
 * @param {Wanted} wanted
 * @param {number} part of all the work that this is
 * @returns {Promise<Signal[]>}
 */
async function exactOf(file, wanted, part) {
  const md5 = new Md5();
  const sha256 = new Sha256();
  for (let at = 0; at < file.size; at += CHUNK) {
    const chunk = await bytesOf(file.slice(at, at + CHUNK));
    wanted.check();
    md5.update(chunk);
    sha256.update(chunk);
    wanted.progress((part * Math.min(at + CHUNK, file.size)) / file.size);
  }
  return [{ type: "md5", value: md5.digest() }, { type: "sha256", value: sha256.digest() }];
}

/**
 * @param {Blob} blob
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {ContentError} Unreadable: removed, changed since it was chosen, or no permission
 */
async function bytesOf(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (err) {
    throw new ContentError("Unreadable", { cause: err });
  }
}

/**
 * @param {Signal[]} exact
 * @param {AsyncIterable<Sampled>} sampled
 * @param {Wanted} wanted
 * @param {number} done part of the work before the first frame
 * @returns {Promise<Content>}
 */
async function video(exact, sampled, wanted, done) {
  let best = 0;
  /** @type {import("./signals.js").Frame[]} */
  const kept = [];
  for await (const { at_ms, fraction, luma } of sampled) {
    wanted.check();
    const { value, quality } = pdq.compute(luma);
    best = Math.max(best, quality);
    if (quality >= pdq.QUALITY_BAR) {
      kept.push({ at_ms, until_ms: at_ms, type: "pdq", value, quality });
    }
    wanted.progress(done + (1 - done) * fraction);
  }
  if (best < EXACT_ONLY_BAR) throw new ContentError("TooPlain");
  return contentOf({ kind: "video", signals: exact, frames: fold(kept) });
}
