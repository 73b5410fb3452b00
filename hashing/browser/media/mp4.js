/**
 * MP4, QuickTime and their kin (ISO/IEC 14496-12): where each sample of the first video track lies,
 * when it is shown, and what its decoder must be told. The file is read by slices, never whole; its
 * sizes and counts are believed only as far as the file goes.
 */

import { boxes, child, header } from "./boxes.js";
import { latin1, MAX_PIECES, viewOf } from "./bytes.js";
import { codecOf } from "./codecs.js";
import { ContentError } from "../errors.js";
import { addFragment, defaultsOf } from "./fragments.js";
import { readTable } from "./sample_table.js";

/** @typedef {import("./boxes.js").Box} Box */
/**
 * Samples in the order of decoding, one number of each list a sample. `offsets` are from the file's
 * beginning, `times` those of showing, in units of the track.
 * @typedef {{offsets: number[], sizes: number[], times: number[], keys: boolean[]}} Samples
 */
/**
 * A span of track time that is shown: from `from` to before `to`.
 * @typedef {{from: number, to: number}} Edit
 */
/**
 * @typedef {object} Track
 * @property {import("./codecs.js").Codec} codec
 * @property {number} orientation as of EXIF: only turns
 * @property {number} timescale units a second
 * @property {Edit[]} edits ascending; empty where all is shown
 * @property {Samples} samples
 */

/** Most bytes of the index: four hours at 120 frames a second are 30 MB. */
const MAX_INDEX = 64 * 2 ** 20;
/** Units a second beyond which a clock is no clock. */
const MAX_TIMESCALE = 1e9;

/**
 * @param {Blob} file
 * @returns {Promise<Track | undefined>} undefined for what is valid but not read here
 * @throws {ContentError} Damaged, TooLong
 */
export async function demux(file) {
  try {
    return await read(file);
  } catch (err) {
    if (err instanceof RangeError) throw new ContentError("Damaged", { cause: err });
    throw err;
  }
}

/** @param {Blob} file */
async function read(file) {
  /** @type {Uint8Array | undefined} */
  let index;
  /** @type {{at: number, size: number}[]} */
  const fragments = [];
  for await (const { type, at, size } of topBoxes(file)) {
    if (type === "moof") fragments.push({ at, size });
    if (type !== "moov" || index) continue;
    if (size > MAX_INDEX) throw new ContentError("Damaged");
    index = await slice(file, at, size);
  }
  if (!index) throw new ContentError("Damaged");
  const moov = boxes(index)[0];
  const found = videoTrack(index, moov);
  if (!found) return undefined;
  const { id, track } = found;
  const defaults = defaultsOf(index, moov, id);
  if (!defaults) return track;
  for (const { at, size } of fragments) {
    if (size > MAX_INDEX) throw new ContentError("Damaged");
    addFragment(track.samples, { bytes: await slice(file, at, size), at, id, defaults });
  }
  return track;
}

/**
 * The boxes of the file itself. One that is cut off is yielded if it has its header.
 * @param {Blob} file
 */
async function* topBoxes(file) {
  let pieces = 0;
  for (let at = 0; at + 8 <= file.size; pieces += 1) {
    if (pieces >= MAX_PIECES) throw new ContentError("Damaged");
    const head = header(await slice(file, at, 16), 0);
    const size = Math.min(head.size || Infinity, file.size - at);
    if (size < head.length) throw new ContentError("Damaged");
    yield { type: head.type, at, size };
    at += size;
  }
}

/**
 * @param {Blob} file
 * @param {number} at
 * @param {number} size
 */
async function slice(file, at, size) {
  try {
    return new Uint8Array(await file.slice(at, at + size).arrayBuffer());
  } catch (err) {
    throw new ContentError("Unreadable", { cause: err });
  }
}

/**
 * The first track of video that has a sample description.
 * @param {Uint8Array} bytes
 * @param {Box} moov
 * @returns {{id: number, track: Track} | undefined}
 */
function videoTrack(bytes, moov) {
  const inside = boxes(bytes, moov.start, moov.end);
  const movie = inside.find((box) => box.type === "mvhd");
  for (const trak of inside.filter((box) => box.type === "trak")) {
    const media = child(bytes, trak, "mdia");
    const kind = child(bytes, media, "hdlr");
    if (!media || !kind || latin1(bytes, kind.start + 8, kind.start + 12) !== "vide") continue;
    return trackOf(bytes, trak, media, movie);
  }
  throw new ContentError("Damaged"); // sound alone
}

/**
 * @param {Uint8Array} bytes
 * @param {Box} trak
 * @param {Box} media
 * @param {Box | undefined} movie
 * @returns {{id: number, track: Track} | undefined}
 */
function trackOf(bytes, trak, media, movie) {
  const table = child(bytes, child(bytes, media, "minf"), "stbl");
  const head = child(bytes, trak, "tkhd");
  const clock = child(bytes, media, "mdhd");
  if (!table || !head || !clock) throw new ContentError("Damaged");
  const codec = codecOf(bytes, table);
  const samples = codec && readTable(bytes, table);
  const timescale = timescaleOf(bytes, clock);
  const edits = editsOf(bytes, trak, timescale, movie ? timescaleOf(bytes, movie) : timescale);
  if (!codec || !samples || !edits) return undefined;
  const wide = bytes[head.start] === 1;
  const id = viewOf(bytes).getUint32(head.start + (wide ? 20 : 12));
  const orientation = turnOf(viewOf(bytes), head.start + (wide ? 52 : 40));
  return { id, track: { codec, orientation, timescale, edits, samples } };
}

/**
 * Units a second, of mdhd or mvhd.
 * @param {Uint8Array} bytes
 * @param {Box} clock
 */
function timescaleOf(bytes, clock) {
  const units = viewOf(bytes).getUint32(clock.start + (bytes[clock.start] === 1 ? 20 : 12));
  if (!units || units > MAX_TIMESCALE) throw new ContentError("Damaged");
  return units;
}

/**
 * EXIF's orientation of a track's matrix, by its angle: 90° to the right is 6. As OpenCV, which
 * turns by quarters only and mirrors nothing.
 * @param {DataView} view
 * @param {number} at
 */
function turnOf(view, at) {
  const [a, b, c, d] = [0, 4, 12, 16].map((skip) => view.getInt32(at + skip));
  const angle = Math.atan2(b / (Math.hypot(b, d) || 1), a / (Math.hypot(a, c) || 1));
  const degrees = (Math.round((angle * 180) / Math.PI) + 360) % 360;
  return new Map([[90, 6], [180, 3], [270, 8]]).get(degrees) ?? 1;
}

/**
 * What of the track is shown (ISO/IEC 14496-12, 8.6.6). An empty edit only delays the whole.
 * @param {Uint8Array} bytes
 * @param {Box} trak
 * @param {number} timescale of the track
 * @param {number} movie units a second of the edits' durations
 * @returns {Edit[] | undefined} undefined when they repeat or go back, or change the speed
 */
function editsOf(bytes, trak, timescale, movie) {
  const list = child(bytes, child(bytes, trak, "edts"), "elst");
  if (!list) return [];
  const view = viewOf(bytes);
  const wide = bytes[list.start] === 1;
  const count = view.getUint32(list.start + 4);
  if (count > MAX_PIECES) throw new ContentError("Damaged");
  /** @type {Edit[]} */
  const edits = [];
  for (let number = 0, at = list.start + 8; number < count; number += 1, at += wide ? 20 : 12) {
    const lasts = wide ? Number(view.getBigUint64(at)) : view.getUint32(at);
    const from = wide ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4);
    if (from < 0) continue;
    if (view.getInt32(at + (wide ? 16 : 8)) !== 0x10000) return undefined;
    if (from < (edits.at(-1)?.to ?? 0)) return undefined;
    edits.push({ from, to: lasts ? from + Math.round((lasts * timescale) / movie) : Infinity });
  }
  return edits;
}
