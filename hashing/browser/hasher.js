/**
 * A file to its signals, as hashing/hasher.py makes them for an entry: picks the decoder, and
 * applies each signal's quality bar.
 */

import { Md5 } from "./algorithms/md5.js";
import * as pdq from "./algorithms/pdq.js";
import * as phash from "./algorithms/phash.js";
import { Sha256 } from "./algorithms/sha256.js";
import { ContentError } from "./errors.js";
import { frameCount, sampleAnimation } from "./media/animation.js";
import { bytesOf } from "./media/bytes.js";
import { decode, openPicture } from "./media/decode.js";
import { HEAD_BYTES, isVideo, sniff } from "./media/formats.js";
import { sampleVideo } from "./media/frames.js";
import { checkBytes } from "./media/pixels.js";
import { fold } from "./media/timeline.js";
import { contentOf } from "./submission.js";
import * as windows from "./windows.js";

/** @typedef {import("./luma.js").Luma} Luma */
/** @typedef {import("./media/timeline.js").Sampled} Sampled */
/** @typedef {import("./signals.js").Content} Content */
/** @typedef {import("./signals.js").Signal} Signal */

/**
 * How one file is hashed.
 * @typedef {object} Options
 * @property {import("./signals.js").WindowSet} windows
 * @property {readonly import("./media/decode.js").Way[]} ways of decoding that are proven, the best
 *   first
 * @property {(part: number) => void} progress called with 0…1
 * @property {() => void} check throws if the owner has stopped it
 * @property {import("./media/frames.js").Seek} seek for videos that cannot be read otherwise
 */

/** Largest video read, in bytes. */
export const MAX_VIDEO_BYTES = 8 * 2 ** 30;
/**
 * A video whose best frame has at least this PDQ quality, while no frame passes the bar (a dark
 * room), still gets its exact signals. Below, it shows as little as a blank screen.
 */
export const EXACT_ONLY_BAR = 10;
/** Formats in which several images are one animation. */
const ANIMATED = new Set(["GIF", "PNG", "WEBP", "AVIF"]);
const CHUNK = 8 * 2 ** 20;
/** About which part of a video's time the exact signals take. */
const EXACT_PART = 0.2;

/**
 * Every signal of one picture or video that an entry has.
 * @param {File} file
 * @param {Options} options
 * @returns {Promise<Content>}
 * @throws {ContentError}
 */
export async function hashFile(file, options) {
  const format = sniff(await bytesOf(file.slice(0, HEAD_BYTES)));
  if (isVideo(format)) {
    if (file.size > MAX_VIDEO_BYTES) throw new ContentError("TooManyBytes");
    const exact = await exactOf(file, options, EXACT_PART);
    return hashFrames(exact, sampleVideo(file, format, options.seek), options, EXACT_PART);
  }
  checkBytes(file.size);
  const { ways } = options;
  const picture = openPicture(await bytesOf(file), format);
  const frames = ANIMATED.has(format) ? await frameCount(picture, ways) : 1;
  const exact = await exactOf(file, options, 0);
  const content = frames > 1
    ? await hashFrames(exact, sampleAnimation(picture, ways, frames), options, 0)
    : await hashPicture(exact, picture, options);
  return picture.stripped.incomplete ? { ...content, incomplete: true } : content;
}

/**
 * @param {Signal[]} exact
 * @param {import("./media/decode.js").Picture} picture
 * @param {Options} options
 * @returns {Promise<Content>}
 */
async function hashPicture(exact, picture, { ways, check, windows: set }) {
  const luma = await decode(picture, ways);
  check();
  const signals = [...perceptual(luma), ...exact];
  return contentOf({ kind: "picture", signals, windows: windows.compute(luma, set) });
}

/**
 * The PDQ and pHash signals of an upright luma that pass their bars.
 * @param {Luma} luma
 * @returns {Signal[]}
 * @throws {ContentError} TooPlain when none does
 */
function perceptual(luma) {
  const computed = [pdq.aboveBar(pdq.compute(luma)), phash.aboveBar(phash.compute(luma))];
  const signals = computed.filter((signal) => signal !== undefined);
  if (!signals.length) throw new ContentError("TooPlain");
  return signals;
}

/**
 * @param {File} file
 * @param {Options} options
 * @param {number} part which part of all the work this is
 * @returns {Promise<Signal[]>}
 */
async function exactOf(file, { check, progress }, part) {
  const md5 = new Md5();
  const sha256 = new Sha256();
  for (let offset = 0; offset < file.size; offset += CHUNK) {
    const chunk = await bytesOf(file.slice(offset, offset + CHUNK));
    check();
    md5.update(chunk);
    sha256.update(chunk);
    progress((part * Math.min(offset + CHUNK, file.size)) / file.size);
  }
  return [{ type: "md5", value: md5.digest() }, { type: "sha256", value: sha256.digest() }];
}

/**
 * @param {Signal[]} exact
 * @param {AsyncIterable<Sampled>} sampled
 * @param {Options} options
 * @param {number} done which part of the work was done before the first frame
 * @returns {Promise<Content>}
 */
async function hashFrames(exact, sampled, { check, progress }, done) {
  let best = 0;
  /** @type {import("./signals.js").Frame[]} */
  const kept = [];
  for await (const { at_ms, until_ms, fraction, luma } of sampled) {
    check();
    const hashed = pdq.compute(luma);
    best = Math.max(best, hashed.quality);
    const signal = pdq.aboveBar(hashed);
    if (signal) kept.push({ at_ms, until_ms, ...signal });
    progress(done + (1 - done) * fraction);
  }
  if (best < EXACT_ONLY_BAR) throw new ContentError("TooPlain");
  return contentOf({ kind: "video", signals: exact, frames: fold(kept) });
}
