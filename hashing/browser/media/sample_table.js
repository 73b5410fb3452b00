/**
 * The sample table of a track (ISO/IEC 14496-12, 8.5 to 8.7): lists that tell of each sample where
 * it lies, how long it is, when it is shown, and whether decoding can begin there.
 */

import { boxes } from "./boxes.js";
import { viewOf } from "./bytes.js";
import { ContentError } from "../errors.js";

/** Most samples of a track: four hours at 120 a second, as hashing/media/frames.py. */
export const MAX_SAMPLES = 4 * 60 * 60 * 120;

/** @typedef {import("./mp4.js").Samples} Samples */
/** @typedef {import("./boxes.js").Box} Box */

/**
 * A full box's entries: `at` is where they begin.
 * @typedef {{view: DataView, at: number, count: number}} List
 */

/**
 * @param {Uint8Array} bytes
 * @param {Box} stbl
 * @returns {Samples | undefined} undefined for a compact table (stz2), rare for video
 * @throws {ContentError} Damaged, TooLong
 */
export function readTable(bytes, stbl) {
  const inside = boxes(bytes, stbl.start, stbl.end);
  if (inside.some((box) => box.type === "stz2")) return undefined;
  /** @type {(type: string, entry: number, skip?: number) => List | undefined} */
  const list = (type, entry, skip = 4) => {
    const box = inside.find((one) => one.type === type);
    return box && listOf(bytes, box, entry, skip);
  };
  const sizes = sizesOf(bytes, inside.find((box) => box.type === "stsz"));
  const chunks = list("stco", 4) ?? list("co64", 8);
  const large = !inside.some((box) => box.type === "stco");
  const offsets = offsetsOf(sizes, list("stsc", 12), chunks, large);
  const times = timesOf(sizes.length, list("stts", 8), list("ctts", 8));
  const keys = keysOf(sizes.length, list("stss", 4));
  return { offsets, sizes, times, keys };
}

/**
 * @param {Uint8Array} bytes
 * @param {Box} box
 * @param {number} entry bytes of one
 * @param {number} skip bytes before the count
 * @returns {List}
 */
function listOf(bytes, box, entry, skip) {
  const view = viewOf(bytes);
  const at = box.start + skip + 4;
  const count = view.getUint32(box.start + skip);
  if (at + count * entry > box.end) throw new ContentError("Damaged");
  return { view, at, count };
}

/**
 * @param {Uint8Array} bytes
 * @param {Box | undefined} stsz
 * @returns {number[]}
 */
function sizesOf(bytes, stsz) {
  if (!stsz) throw new ContentError("Damaged");
  const view = viewOf(bytes);
  const same = view.getUint32(stsz.start + 4);
  const count = view.getUint32(stsz.start + 8);
  if (count > MAX_SAMPLES) throw new ContentError("TooLong");
  if (same) return new Array(count).fill(same);
  if (stsz.start + 12 + 4 * count > stsz.end) throw new ContentError("Damaged");
  return Array.from({ length: count }, (_, n) => view.getUint32(stsz.start + 12 + 4 * n));
}

/**
 * Samples lie in chunks, one after another; stsc tells in runs how many a chunk has.
 * @param {number[]} sizes
 * @param {List | undefined} runs
 * @param {List | undefined} chunks
 * @param {boolean} large whether offsets have 64 bits
 * @returns {number[]}
 */
function offsetsOf(sizes, runs, chunks, large) {
  if (!sizes.length) return [];
  if (!runs?.count || !chunks) throw new ContentError("Damaged");
  const offsets = [];
  let run = 0;
  for (let chunk = 0; chunk < chunks.count && offsets.length < sizes.length; chunk += 1) {
    const begins = (/** @type {number} */ n) => runs.view.getUint32(runs.at + 12 * n);
    while (run + 1 < runs.count && begins(run + 1) <= chunk + 1) run += 1;
    const each = runs.view.getUint32(runs.at + 12 * run + 4);
    const at = chunks.at + chunk * (large ? 8 : 4);
    let offset = large ? Number(chunks.view.getBigUint64(at)) : chunks.view.getUint32(at);
    for (let n = 0; n < each && offsets.length < sizes.length; n += 1) {
      offsets.push(offset);
      offset += sizes[offsets.length - 1];
    }
  }
  sizes.length = offsets.length; // where chunks are missing, the rest is lost
  return offsets;
}

/**
 * Times of showing: those of decoding (stts) and how much later each is shown (ctts).
 * @param {number} count
 * @param {List | undefined} steps
 * @param {List | undefined} shifts
 * @returns {number[]}
 */
function timesOf(count, steps, shifts) {
  if (count && !steps) throw new ContentError("Damaged");
  const step = runLengths(steps, false);
  const shift = runLengths(shifts, true);
  const times = [];
  for (let decoded = 0; times.length < count; ) {
    times.push(decoded + shift());
    decoded += step();
  }
  return times;
}

/**
 * Reads pairs of (how many, value) one value at a time; 0 after the last.
 * @param {List | undefined} list
 * @param {boolean} signed
 * @returns {() => number}
 */
function runLengths(list, signed) {
  let [next, left, value] = [0, 0, 0];
  return () => {
    while (!left) {
      if (!list || next >= list.count) return 0;
      const at = list.at + 8 * next;
      left = list.view.getUint32(at);
      value = signed ? list.view.getInt32(at + 4) : list.view.getUint32(at + 4);
      next += 1;
    }
    left -= 1;
    return value;
  };
}

/**
 * @param {number} count
 * @param {List | undefined} sync without one, every sample is a key
 * @returns {boolean[]}
 */
function keysOf(count, sync) {
  const keys = new Array(count).fill(!sync);
  for (let n = 0; sync && n < sync.count; n += 1) {
    const sample = sync.view.getUint32(sync.at + 4 * n) - 1;
    if (sample >= 0 && sample < count) keys[sample] = true;
  }
  return keys;
}
