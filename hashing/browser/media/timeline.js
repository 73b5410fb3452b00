/**
 * Which frames of a video are hashed, and how their signals are put together, as in
 * hashing/media/timeline.py. Frames are sampled at fixed times; frame signals that hardly differ
 * are folded into one with a span; a long video is thinned out, so that a submission is never
 * larger than the service accepts.
 */

import { distance } from "../signals.js";

/** @typedef {import("../signals.js").Frame} Frame */
/**
 * One sampled frame: its span, how far through the video it is (0–1), and its luma.
 * @typedef {{at_ms: number, until_ms: number, fraction: number,
 *   luma: import("../luma.js").Luma}} Sampled
 */

/** Milliseconds between samples. */
export const PERIOD_MS = 250;
/** How soon after a sampling time a frame may begin and still be the one that is sampled for it. */
export const GRACE_MS = 100;
/** Longest video, in seconds. */
export const MAX_SECONDS = 4 * 60 * 60;
/** Largest distance, in bits, at which a frame signal joins the run before it. */
export const FOLD_DISTANCE = 8;
/** Most frame signals of one video. Above, every second one is left out, repeatedly if needed. */
export const MAX_FRAMES = 1200;

/**
 * Says which frames of one video are sampled. Its frames are asked about in time order.
 *
 * For each multiple of PERIOD_MS, that is the first frame that begins within GRACE_MS of it; if
 * none does, the one that is shown all that time. If so only the first frame of a video would be
 * sampled, its last one is, too.
 */
export class Sampler {
  #due = 0;
  #count = 0;

  /**
   * Until when a frame stands that is shown from one time until another, in milliseconds: the last
   * sampling time at which it is shown, or its own time.
   * @param {number} at_ms
   * @param {number} end_ms
   * @param {boolean} isLast
   * @returns {number | undefined} undefined: not sampled
   */
  until(at_ms, end_ms, isLast) {
    if (at_ms >= this.#due || end_ms >= this.#due + GRACE_MS) {
      const covered = Math.floor(Math.max(at_ms, end_ms - GRACE_MS) / PERIOD_MS) * PERIOD_MS;
      this.#due = covered + PERIOD_MS;
      this.#count += 1;
      return Math.max(at_ms, covered);
    }
    return isLast && this.#count === 1 ? at_ms : undefined;
  }
}

/**
 * Join each frame signal to the run before it where the two are near; thin out the runs. A run
 * keeps the signal of its first frame, and its span ends with the last frame that joined it.
 * @param {Iterable<Frame>} frames of one video, in time order
 * @returns {Frame[]}
 */
export function fold(frames) {
  /** @type {Frame[]} */
  let runs = [];
  for (const frame of frames) {
    const run = runs.at(-1);
    if (run && distance(run.value, frame.value) <= FOLD_DISTANCE) {
      run.until_ms = Math.max(run.until_ms, frame.until_ms);
    } else {
      runs.push({ ...frame });
    }
  }
  while (runs.length > MAX_FRAMES) runs = runs.filter((_, index) => index % 2 === 0);
  return runs;
}
