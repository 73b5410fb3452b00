/**
 * The sample table of a track (ISO/IEC 14496-12, 8.5 to 8.7): lists that say where each sample is,
 * how many bytes it has, when it is shown, and whether decoding can start at it.
 */

import { ContentError } from "../errors.js";
import { boxes } from "./boxes.js";
import { viewOf } from "./bytes.js";

/** Most samples of a track: four hours at 120 a second, as in hashing/media/frames.py. */
export const MAX_SAMPLES = 4 * 60 * 60 * 120;

/** @typedef {import("./mp4.js").Samples} Samples */
/** @typedef {import("./boxes.js").Box} Box */

/**
 * The entries of a full box, from `start` on.
 * @typedef {{view: DataView, start: number, count: number}} List
 */

/**
 * @param {Uint8Array} bytes
 * @param {Box} stbl
 * @returns {Samples | undefined} undefined for a compact table (stz2), which videos rarely have
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
  const { times, durations } = timesOf(sizes.length, list("stts", 8), list("ctts", 8));
  const keys = keysOf(sizes.length, list("stss", 4));
  return { offsets, sizes, times, durations, keys };
}

/**
 * @param {Uint8Array} bytes
 * @param {Box} box
 * @param {number} entry bytes of one entry
 * @param {number} skip bytes before the count
 * @returns {List}
 */
function listOf(bytes, box, entry, skip) {
  const view = viewOf(bytes);
  const start = box.start + skip + 4;
  const count = view.getUint32(box.start + skip);
  if (start + count * entry > box.end) throw new ContentError("Damaged");
  return { view, start, count };
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
 * Samples are in chunks, one after another. stsc says how many a chunk has, in runs of chunks.
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
    const firstChunk = (/** @type {number} */ n) => runs.view.getUint32(runs.start + 12 * n);
    while (run + 1 < runs.count && firstChunk(run + 1) <= chunk + 1) run += 1;
    const inChunk = runs.view.getUint32(runs.start + 12 * run + 4);
    const entry = chunks.start + chunk * (large ? 8 : 4);
    let offset = large ? Number(chunks.view.getBigUint64(entry)) : chunks.view.getUint32(entry);
    for (let n = 0; n < inChunk && offsets.length < sizes.length; n += 1) {
      offsets.push(offset);
      offset += sizes[offsets.length - 1];
    }
  }
  sizes.length = offsets.length; // if chunks are missing, the other samples are lost
  return offsets;
}

/**
 * When samples are shown: their decoding times (stts), each with its composition offset (ctts).
 * @param {number} count
 * @param {List | undefined} steps
 * @param {List | undefined} shifts
 * @returns {{times: number[], durations: number[]}}
 */
function timesOf(count, steps, shifts) {
  if (count && !steps) throw new ContentError("Damaged");
  const step = runLengths(steps, false);
  const shift = runLengths(shifts, true);
  const times = [];
  const durations = [];
  for (let decoded = 0; times.length < count; decoded += durations[durations.length - 1]) {
    times.push(decoded + shift());
    durations.push(step());
  }
  return { times, durations };
}

/**
 * Returns a function that reads pairs of (count, value) one value at a time, and 0 after the last.
 * @param {List | undefined} list
 * @param {boolean} signed
 * @returns {() => number}
 */
function runLengths(list, signed) {
  let [next, left, value] = [0, 0, 0];
  return () => {
    while (!left) {
      if (!list || next >= list.count) return 0;
      const entry = list.start + 8 * next;
      left = list.view.getUint32(entry);
      value = signed ? list.view.getInt32(entry + 4) : list.view.getUint32(entry + 4);
      next += 1;
    }
    left -= 1;
    return value;
  };
}

/**
 * @param {number} count
 * @param {List | undefined} sync if there is none, decoding can start at every sample
 * @returns {boolean[]}
 */
function keysOf(count, sync) {
  const keys = new Array(count).fill(!sync);
  for (let n = 0; sync && n < sync.count; n += 1) {
    const sample = sync.view.getUint32(sync.start + 4 * n) - 1;
    if (sample >= 0 && sample < count) keys[sample] = true;
  }
  return keys;
}
