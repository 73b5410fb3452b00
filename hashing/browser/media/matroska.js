/**
 * Matroska and WebM (RFC 9559): where each frame of the default video track is, when it is shown,
 * and what its decoder needs. The file is read in slices; it may break off anywhere, and the sizes
 * of its clusters may be unknown, as in what a browser records.
 */

import { ContentError } from "../errors.js";
import { latin1 } from "./bytes.js";
import { named } from "./codecs.js";
import { EbmlReader, numberAt, signed16 } from "./ebml.js";
import { matrixOf, nameOf, UNSPECIFIED } from "./matrix.js";
import { MAX_SAMPLES } from "./sample_table.js";
import { vp9Of } from "./vp9.js";

/** @typedef {import("./ebml.js").Element} Element */
/** @typedef {import("./mp4.js").Samples} Samples */
/** @typedef {import("./mp4.js").Track} Track */
/**
 * What a track says of itself. `defaultDuration` is in nanoseconds; `range` and `matrix` are those
 * of its colours (ITU-T H.273).
 * @typedef {{number: number, type: number, isDefault: boolean, codec: string, record: Uint8Array,
 *   width: number, height: number, defaultDuration: number, matrix: number, range: number,
 *   isEncoded: boolean, isEncrypted: boolean}} Entry
 */

const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TRACKS = 0x1654ae6b;
const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
/** Nanoseconds of a unit, if the file does not say. */
const DEFAULT_SCALE = 1e6;
const VIDEO = 1;
const SOUND = 2;
/** The range that is all of a byte's values (5.1.4.1.28.21). */
const FULL = 2;
/** Bytes of a block before its frame: a track of at most 4 bytes, a time, flags. */
const BLOCK_HEAD = 7;
/** Bytes of a frame that tell a VP9 decoder's profile. */
const FRAME_HEAD = 16;
/** Most bytes of what a decoder needs. */
const MAX_RECORD = 2 ** 20;

/** Names of codecs, by the sample entry of MP4 whose record they have in CodecPrivate. */
const RECORDS = new Map([
  ["V_MPEG4/ISO/AVC", "avc1"], ["V_MPEGH/ISO/HEVC", "hvc1"], ["V_AV1", "av01"],
]);

/**
 * @param {Blob} file
 * @returns {Promise<Track | undefined>} undefined for a valid track that this code cannot read
 * @throws {ContentError} Damaged, TooLong, Unreadable, SoundAlone, Encrypted
 */
export async function demux(file) {
  const reader = new EbmlReader(file);
  /** @type {Entry[]} */
  let entries = [];
  let scale = DEFAULT_SCALE;
  let video;
  const blocks = new Blocks(reader);
  for (let offset = 0; offset < reader.size; ) {
    const element = await reader.element(offset);
    if (!element) break;
    offset = element.id === SEGMENT || element.id === CLUSTER ? element.start : element.end;
    if (element.id === INFO) scale = (await values(reader, element)).get(0x2ad7b1) || scale;
    if (element.id === TRACKS && !video) {
      entries = await entriesOf(reader, element);
      video = chosen(entries);
      if (video.isEncoded) return undefined;
    }
    if (video) await blocks.add(element, video.number);
  }
  if (!video || !blocks.samples.sizes.length) throw new ContentError("Damaged");
  return trackOf(reader, video, blocks, scale);
}

/**
 * The track of video that a player shows: the first that is marked as default, or the first.
 * @param {Entry[]} entries
 */
function chosen(entries) {
  const videos = entries.filter(({ type }) => type === VIDEO);
  const video = videos.find(({ isDefault }) => isDefault) ?? videos[0];
  if (video?.isEncrypted) throw new ContentError("Encrypted");
  if (video) return video;
  throw new ContentError(entries.some(({ type }) => type === SOUND) ? "SoundAlone" : "Damaged");
}

/**
 * @param {EbmlReader} reader
 * @param {Entry} entry
 * @param {Blocks} blocks
 * @param {number} scale
 * @returns {Promise<Track | undefined>}
 */
async function trackOf(reader, entry, { samples, isLaced }, scale) {
  const { width, height, defaultDuration } = entry;
  const codec = isLaced ? undefined : await codecOf(reader, entry, samples);
  if (!codec) return undefined;
  samples.durations = samples.durations.map((units) => units || defaultDuration / scale);
  const timescale = 1e9 / scale;
  return { codec: { width, height, ...codec }, orientation: 1, timescale, edits: [], samples };
}

/**
 * @param {EbmlReader} reader
 * @param {Entry} entry
 * @param {Samples} samples
 */
async function codecOf(reader, { codec, record, matrix, range }, samples) {
  const colours = { ...nameOf(matrix), ...(range === FULL ? { fullRange: /** @type {true} */ (true) } : {}) };
  if (codec === "V_VP8") return { codec: "vp8" };
  if (codec === "V_VP9") {
    const first = Math.max(samples.keys.indexOf(true), 0);
    return vp9Of(await reader.bytes(samples.offsets[first], FRAME_HEAD));
  }
  const type = RECORDS.get(codec);
  if (!type || !record.length) return { codec: codec.slice(2), ...colours };
  const box = { type: "avcC", start: 0, end: record.length };
  const ownColours = type === "avc1" ? matrixOf(record, [box]) : {};
  return { ...named(type, record), ...colours, ...ownColours };
}

/**
 * @param {EbmlReader} reader
 * @param {Element} tracks
 * @returns {Promise<Entry[]>}
 */
async function entriesOf(reader, tracks) {
  const entries = [];
  for await (const element of reader.children(tracks)) {
    if (element.id !== 0xae) continue;
    const own = await values(reader, element);
    const video = await values(reader, own.elements.get(0xe0));
    const colour = await values(reader, video.elements.get(0x55b0));
    const text = own.elements.get(0x86);
    const record = own.elements.get(0x63a2);
    entries.push({
      number: own.get(0xd7) ?? 0,
      type: own.get(0x83) ?? 0,
      isDefault: own.get(0x88) !== 0,
      codec: text ? latin1(await reader.bytes(text.start, Math.min(text.end - text.start, 64)), 0, 64) : "",
      record: record
        ? (await reader.bytes(record.start, Math.min(record.end - record.start, MAX_RECORD))).slice()
        : new Uint8Array(),
      width: video.get(0xb0) ?? 0,
      height: video.get(0xba) ?? 0,
      defaultDuration: own.get(0x23e383) ?? 0,
      matrix: colour.get(0x55b1) ?? UNSPECIFIED,
      range: colour.get(0x55b9) ?? 0,
      isEncoded: own.elements.has(0x6d80),
      isEncrypted: await isEncrypted(reader, own.elements.get(0x6d80)),
    });
  }
  return entries;
}

/**
 * @param {EbmlReader} reader
 * @param {Element | undefined} encodings
 */
async function isEncrypted(reader, encodings) {
  if (!encodings) return false;
  for await (const encoding of reader.children(encodings)) {
    if ((await values(reader, encoding)).elements.has(0x5035)) return true;
  }
  return false;
}

/**
 * The elements in an element by their ids, and `get` of those that are numbers.
 * @param {EbmlReader} reader
 * @param {Element | undefined} parent
 */
async function values(reader, parent) {
  /** @type {Map<number, Element>} */
  const elements = new Map();
  /** @type {Map<number, number>} */
  const numbers = new Map();
  if (parent) {
    for await (const element of reader.children(parent)) {
      elements.set(element.id, element);
      if (element.end - element.start <= 8) numbers.set(element.id, await reader.number(element));
    }
  }
  return { elements, get: (/** @type {number} */ id) => numbers.get(id) };
}

/** Where the frames of one track are, found one block after another. */
class Blocks {
  /** @type {Samples} */
  samples = { offsets: [], sizes: [], times: [], durations: [], keys: [] };
  /** Whether several frames are in one block, which this code does not read. */
  isLaced = false;
  #reader;
  /** When the cluster begins. */
  #cluster = 0;

  /** @param {EbmlReader} reader */
  constructor(reader) {
    this.#reader = reader;
  }

  /**
   * @param {Element} element
   * @param {number} track
   */
  async add(element, track) {
    if (element.id === TIMESTAMP) this.#cluster = await this.#reader.number(element);
    if (element.id === SIMPLE_BLOCK) await this.#block(element, track, 0);
    if (element.id !== BLOCK_GROUP) return;
    const own = await values(this.#reader, element);
    const block = own.elements.get(0xa1);
    const isKey = !own.elements.has(0xfb); // it refers to no other
    if (block) await this.#block(block, track, own.get(0x9b) ?? 0, isKey);
  }

  /**
   * @param {Element} block
   * @param {number} track
   * @param {number} duration
   * @param {boolean} [isKey] if the block itself does not say
   */
  async #block({ start, end }, track, duration, isKey) {
    const head = await this.#reader.bytes(start, BLOCK_HEAD);
    const number = numberAt(head, 0, 4, true);
    if (!number || number.value !== track || head.length < number.length + 3) return;
    const flags = head[number.length + 2];
    const offset = start + number.length + 3;
    this.isLaced ||= (flags & 6) !== 0;
    if (this.samples.sizes.length >= MAX_SAMPLES) throw new ContentError("TooLong");
    this.samples.offsets.push(offset);
    this.samples.sizes.push(end - offset);
    this.samples.times.push(this.#cluster + signed16(head, number.length));
    this.samples.durations.push(duration);
    this.samples.keys.push(isKey ?? (flags & 0x80) !== 0);
  }
}
