/**
 * Frame signals of one video, in time order, without repetition: a still scene of a minute is one
 * frame signal with a span, and a long video is no larger than the service takes.
 */

import { distance } from "../signals.js";

/** @typedef {import("../signals.js").Frame} Frame */

/** Neighbours this near, in bits, are one run. */
export const FOLD_DISTANCE = 8;
/** Most frame signals of one video. Above, every second one is left out, again if need be. */
export const MAX_FRAMES = 1200;

/**
 * Join each frame signal to the run before it where the two are near; thin what is too long. A
 * run keeps the signal of its first frame and spans to the last that joined it.
 * @param {Iterable<Frame>} frames in time order
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
  while (runs.length > MAX_FRAMES) runs = runs.filter((_, place) => place % 2 === 0);
  return runs;
}
