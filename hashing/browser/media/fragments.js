/**
 * Movie fragments (ISO/IEC 14496-12, 8.8): the sample table comes in pieces between the samples, as
 * recorders and streaming services write it.
 */

import { ContentError } from "../errors.js";
import { boxes, child } from "./boxes.js";
import { viewOf } from "./bytes.js";
import { MAX_SAMPLES } from "./sample_table.js";

/** @typedef {import("./boxes.js").Box} Box */
/** @typedef {import("./mp4.js").Samples} Samples */
/**
 * What holds for samples of which a fragment does not say otherwise.
 * @typedef {{duration: number, size: number, flags: number}} Defaults
 */

/** The flag of a sample at which decoding cannot start. */
const NOT_SYNC = 0x10000;

/** @type {WeakMap<Samples, number>} the decoding time of the next fragment if it does not say */
const ends = new WeakMap();

/**
 * @param {Uint8Array} bytes
 * @param {Box} moov
 * @param {number} id of the track
 * @returns {Defaults | undefined} undefined when the file has no fragments
 */
export function defaultsOf(bytes, moov, id) {
  const extends_ = child(bytes, moov, "mvex");
  if (!extends_) return undefined;
  const view = viewOf(bytes);
  const own = boxes(bytes, extends_.start, extends_.end)
    .find((box) => box.type === "trex" && view.getUint32(box.start + 4) === id);
  if (!own) return { duration: 0, size: 0, flags: 0 };
  const [duration, size, flags] = [12, 16, 20].map((skip) => view.getUint32(own.start + skip));
  return { duration, size, flags };
}

/**
 * Add the samples of one track that a fragment has.
 * @param {Samples} samples
 * @param {{bytes: Uint8Array, offset: number, id: number, defaults: Defaults}} fragment `bytes` are
 *   the moof box, which starts in the file at `offset`
 * @throws {ContentError} Damaged, TooLong
 */
export function addFragment(samples, { bytes, offset, id, defaults }) {
  const view = viewOf(bytes);
  const moof = boxes(bytes)[0];
  for (const traf of boxes(bytes, moof.start, moof.end).filter((box) => box.type === "traf")) {
    const head = child(bytes, traf, "tfhd");
    if (!head || view.getUint32(head.start + 4) !== id) continue;
    const { base, own } = headOf(view, head, defaults);
    const clock = child(bytes, traf, "tfdt");
    if (clock) ends.set(samples, decodeTime(view, clock));
    let next = base ?? offset;
    for (const run of boxes(bytes, traf.start, traf.end).filter((box) => box.type === "trun")) {
      next = addRun(samples, view, run, { base: base ?? offset, next, own });
    }
  }
}

/**
 * @param {DataView} view
 * @param {Box} head
 * @param {Defaults} defaults
 * @returns {{base: number | undefined, own: Defaults}} the offset in the file that the fragment
 *   names, and its own defaults
 */
function headOf(view, head, defaults) {
  const flags = view.getUint32(head.start) & 0xffffff;
  let position = head.start + 8;
  const base = flags & 1 ? Number(view.getBigUint64(position)) : undefined;
  position += (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0);
  const own = { ...defaults };
  const fields = /** @type {const} */ ([[8, "duration"], [0x10, "size"], [0x20, "flags"]]);
  for (const [bit, name] of fields) {
    if (!(flags & bit)) continue;
    own[name] = view.getUint32(position);
    position += 4;
  }
  return { base, own };
}

/**
 * @param {DataView} view
 * @param {Box} clock tfdt
 */
function decodeTime(view, clock) {
  const wide = view.getUint8(clock.start) === 1;
  return wide ? Number(view.getBigUint64(clock.start + 4)) : view.getUint32(clock.start + 4);
}

/**
 * @param {Samples} samples
 * @param {DataView} view
 * @param {Box} run
 * @param {{base: number, next: number, own: Defaults}} context `next` is where samples start in the
 *   file if the run does not say
 * @returns {number} where its last sample ends in the file
 */
function addRun(samples, view, run, { base, next, own }) {
  const flags = view.getUint32(run.start) & 0xffffff;
  const count = view.getUint32(run.start + 4);
  let position = run.start + 8;
  let offset = flags & 1 ? base + view.getInt32(position) : next;
  position += flags & 1 ? 4 : 0;
  const firstFlags = flags & 4 ? view.getUint32(position) : undefined;
  position += flags & 4 ? 4 : 0;
  if (samples.sizes.length + count > MAX_SAMPLES) throw new ContentError("TooLong");
  let decoded = ends.get(samples) ?? 0;
  for (let n = 0; n < count; n += 1) {
    const read = (/** @type {number} */ bit, /** @type {number} */ otherwise) => {
      if (!(flags & bit)) return otherwise;
      position += 4;
      return view.getUint32(position - 4);
    };
    const duration = read(0x100, own.duration);
    const size = read(0x200, own.size);
    const sampleFlags = read(0x400, (n === 0 ? firstFlags : undefined) ?? own.flags);
    const shift = read(0x800, 0) | 0;
    samples.offsets.push(offset);
    samples.sizes.push(size);
    samples.times.push(decoded + shift);
    samples.durations.push(duration);
    samples.keys.push(!(sampleFlags & NOT_SYNC));
    offset += size;
    decoded += duration;
  }
  ends.set(samples, decoded);
  return offset;
}
