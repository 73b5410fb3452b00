/**
 * MP4, QuickTime and similar files (ISO/IEC 14496-12): where each sample of the default video track
 * is, when it is shown, and what its decoder needs. The file is read in slices, never as a whole;
 * sizes and counts are trusted only within the length of the file.
 */

import { ContentError } from "../errors.js";
import { boxes, child, header } from "./boxes.js";
import { bytesOf, latin1, MAX_PIECES, viewOf } from "./bytes.js";
import { codecOf } from "./codecs.js";
import { addFragment, defaultsOf } from "./fragments.js";
import { readTable } from "./sample_table.js";

/** @typedef {import("./boxes.js").Box} Box */
/**
 * Samples in the order of decoding, each with a number in every list. `offsets` count from the
 * start of the file; `times` say when samples are shown, and `durations` for how long (0 if nothing
 * says it), in the track's units; `keys`, whether decoding can start at a sample.
 * @typedef {{offsets: number[], sizes: number[], times: number[], durations: number[],
 *   keys: boolean[]}} Samples
 */
/**
 * A span of track time that is shown: `from` included, `to` excluded.
 * @typedef {{from: number, to: number}} Edit
 */
/**
 * @typedef {object} Track
 * @property {import("./codecs.js").Codec} codec
 * @property {number} orientation as in EXIF
 * @property {number} timescale units a second
 * @property {Edit[]} edits ascending; empty if all is shown
 * @property {Samples} samples
 */

/** Most bytes of the index: four hours at 120 frames a second are 30 MB. */
const MAX_INDEX = 64 * 2 ** 20;
/** Most units a second that are plausible. */
const MAX_TIMESCALE = 1e9;

/**
 * @param {Blob} file
 * @returns {Promise<Track | undefined>} undefined for a valid track that this code cannot read
 * @throws {ContentError} Damaged, TooLong, Unreadable, SoundAlone, Encrypted
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
  /** @type {{offset: number, size: number}[]} */
  const fragments = [];
  for await (const { type, offset, size } of topBoxes(file)) {
    if (type === "moof") fragments.push({ offset, size });
    if (type !== "moov" || index) continue;
    if (size > MAX_INDEX) throw new ContentError("Damaged");
    index = await slice(file, offset, size);
  }
  if (!index) throw new ContentError("Damaged");
  const moov = boxes(index)[0];
  const video = videoTrack(index, moov);
  if (!video) return undefined;
  const { id, track } = video;
  const defaults = defaultsOf(index, moov, id);
  if (!defaults) return track;
  for (const { offset, size } of fragments) {
    if (size > MAX_INDEX) throw new ContentError("Damaged");
    addFragment(track.samples, { bytes: await slice(file, offset, size), offset, id, defaults });
  }
  return track;
}

/**
 * The boxes of the file itself. A box that is cut off is yielded if its header is complete.
 * @param {Blob} file
 */
async function* topBoxes(file) {
  let pieces = 0;
  for (let offset = 0; offset + 8 <= file.size; pieces += 1) {
    if (pieces >= MAX_PIECES) throw new ContentError("Damaged");
    const head = header(await slice(file, offset, 16), 0);
    const size = Math.min(head.size || Infinity, file.size - offset);
    if (size < head.length) throw new ContentError("Damaged");
    yield { type: head.type, offset, size };
    offset += size;
  }
}

/**
 * @param {Blob} file
 * @param {number} offset
 * @param {number} size
 */
function slice(file, offset, size) {
  return bytesOf(file.slice(offset, offset + size));
}

/**
 * The track of video that a player shows: the first that is enabled, or the first.
 * @param {Uint8Array} bytes
 * @param {Box} moov
 * @returns {{id: number, track: Track} | undefined}
 */
function videoTrack(bytes, moov) {
  const inside = boxes(bytes, moov.start, moov.end);
  const movie = inside.find((box) => box.type === "mvhd");
  const tracks = inside.filter((box) => box.type === "trak").map((trak) => {
    const media = child(bytes, trak, "mdia");
    const kind = child(bytes, media, "hdlr");
    return { trak, media, kind: kind && latin1(bytes, kind.start + 8, kind.start + 12) };
  });
  const videos = tracks.filter(({ media, kind }) => media && kind === "vide");
  const { trak, media } = videos.find((one) => isEnabled(bytes, one.trak)) ?? videos[0] ?? {};
  if (trak && media) return trackOf(bytes, trak, media, movie);
  throw new ContentError(tracks.some(({ kind }) => kind === "soun") ? "SoundAlone" : "Damaged");
}

/**
 * @param {Uint8Array} bytes
 * @param {Box} trak
 */
function isEnabled(bytes, trak) {
  const head = child(bytes, trak, "tkhd");
  return !!head && (bytes[head.start + 3] & 1) === 1;
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
  const orientation = orientationOf(viewOf(bytes), head.start + (wide ? 52 : 40));
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

/** EXIF's orientations by the signs of a, b, c, d in a matrix. */
const ORIENTATIONS = new Map([
  ["-1,0,0,1", 2], ["-1,0,0,-1", 3], ["1,0,0,-1", 4], ["0,1,1,0", 5], ["0,1,-1,0", 6],
  ["0,-1,-1,0", 7], ["0,-1,1,0", 8],
]);

/**
 * EXIF's orientation for the matrix of a track (8.3.2), which brings column x to a·x + c·y and row
 * y to b·x + d·y. It is 1 for what is no quarter turn.
 * @param {DataView} view
 * @param {number} offset
 */
function orientationOf(view, offset) {
  const parts = [0, 4, 12, 16].map((skip) => view.getInt32(offset + skip));
  const largest = Math.max(...parts.map(Math.abs)) || 1;
  return ORIENTATIONS.get(parts.map((part) => Math.round(part / largest) + 0).join()) ?? 1;
}

/**
 * Which spans of the track are shown (ISO/IEC 14496-12, 8.6.6). An empty edit only delays the rest.
 * @param {Uint8Array} bytes
 * @param {Box} trak
 * @param {number} timescale of the track
 * @param {number} movie timescale of the edits' durations
 * @returns {Edit[] | undefined} undefined when they repeat a span, go back, or change the speed
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
  for (let n = 0, entry = list.start + 8; n < count; n += 1, entry += wide ? 20 : 12) {
    const duration = wide ? Number(view.getBigUint64(entry)) : view.getUint32(entry);
    const from = wide ? Number(view.getBigInt64(entry + 8)) : view.getInt32(entry + 4);
    if (from < 0) continue;
    if (view.getInt32(entry + (wide ? 16 : 8)) !== 0x10000) return undefined;
    if (from < (edits.at(-1)?.to ?? 0)) return undefined;
    const to = duration ? from + Math.round((duration * timescale) / movie) : Infinity;
    edits.push({ from, to });
  }
  return edits;
}
