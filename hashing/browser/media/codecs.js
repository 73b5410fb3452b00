/**
 * What WebCodecs needs to decode a track: the string of its codec (RFC 6381) and the description.
 */

import { ContentError } from "../errors.js";
import { boxes } from "./boxes.js";
import { latin1, viewOf } from "./bytes.js";
import { matrixOf } from "./matrix.js";

/** @typedef {import("./boxes.js").Box} Box */
/**
 * `codec` is the sample entry's name, if WebCodecs does not know the codec.
 * `matrix` is WebCodecs' name of the colour matrix that the stream names.
 * @typedef {{codec: string, description?: Uint8Array, width: number, height: number,
 *   matrix?: import("./matrix.js").Matrix, fullRange?: true}} Codec
 */

/** Bytes of a visual sample entry before the boxes in it (ISO/IEC 14496-12, 12.1.3). */
const VISUAL = 78;

/**
 * @param {Uint8Array} bytes
 * @param {Box} stbl
 * @returns {Codec | undefined} undefined when the codec changes within the track
 * @throws {ContentError} Damaged, Encrypted
 */
export function codecOf(bytes, stbl) {
  const stsd = boxes(bytes, stbl.start, stbl.end).find((box) => box.type === "stsd");
  const entries = stsd ? boxes(bytes, stsd.start + 8, stsd.end) : [];
  if (!entries.length) throw new ContentError("Damaged");
  if (entries.length > 1) return undefined;
  const [{ type, start, end }] = entries;
  if (type === "encv") throw new ContentError("Encrypted");
  if (start + VISUAL > end) throw new ContentError("Damaged");
  const view = viewOf(bytes);
  const size = { width: view.getUint16(start + 24), height: view.getUint16(start + 26) };
  const inside = boxes(bytes, start + VISUAL, endOfBoxes(bytes, start + VISUAL, end));
  const properties = { ...size, ...matrixOf(bytes, inside) };
  const reader = READERS.get(type);
  const box = inside.find((one) => one.type === reader?.box);
  if (!reader || !box) return { codec: type === "vp08" ? "vp8" : type, ...properties };
  return { ...named(type, bytes.slice(box.start, box.end)), ...properties };
}

/**
 * The name of a codec, and the description if its decoder needs one.
 * @param {string} type of the sample entry that has such a record
 * @param {Uint8Array} record
 * @throws {ContentError} Damaged
 */
export function named(type, record) {
  const reader = READERS.get(type);
  if (!reader) throw new RangeError(`no codec ${type}`);
  return { codec: reader.name(type, record), ...(reader.isDescription ? { description: record } : {}) };
}

/**
 * Where the list of boxes ends: QuickTime may terminate it with four zero bytes.
 * @param {Uint8Array} bytes
 * @param {number} start
 * @param {number} end
 */
function endOfBoxes(bytes, start, end) {
  let offset = start;
  while (offset + 8 <= end) {
    const size = viewOf(bytes).getUint32(offset);
    const type = latin1(bytes, offset + 4, offset + 8);
    if (size < 8 || offset + size > end || type === "\0\0\0\0") break;
    offset += size;
  }
  return offset;
}

/**
 * @typedef {{box: string, isDescription: boolean,
 *   name: (type: string, record: Uint8Array) => string}} Reader
 */
/** @type {ReadonlyMap<string, Reader>} by sample entry */
const READERS = new Map([
  ["avc1", { box: "avcC", isDescription: true, name: avc }],
  ["avc3", { box: "avcC", isDescription: true, name: avc }],
  ["hvc1", { box: "hvcC", isDescription: true, name: hevc }],
  ["hev1", { box: "hvcC", isDescription: true, name: hevc }],
  ["vp09", { box: "vpcC", isDescription: false, name: vp9 }],
  ["av01", { box: "av1C", isDescription: false, name: av1 }],
]);

/** @param {number} byte */
function hex2(byte) {
  return byte.toString(16).padStart(2, "0");
}

/** @param {number} value */
function twoDigits(value) {
  return String(value).padStart(2, "0");
}

/**
 * ISO/IEC 14496-15, 5.3.3.1: profile, constraints, level.
 * @param {string} type
 * @param {Uint8Array} record
 */
function avc(type, record) {
  if (record.length < 7) throw new ContentError("Damaged");
  return `${type}.${hex2(record[1])}${hex2(record[2])}${hex2(record[3])}`;
}

/**
 * ISO/IEC 14496-15, annex E.3.
 * @param {string} type
 * @param {Uint8Array} record
 */
function hevc(type, record) {
  if (record.length < 23) throw new ContentError("Damaged");
  const space = ["", "A", "B", "C"][record[1] >> 6];
  let compatible = 0; // bits in reverse order
  for (let bit = 0; bit < 32; bit += 1) {
    if (record[2 + (bit >> 3)] & (0x80 >> (bit & 7))) compatible += 2 ** bit;
  }
  const constraints = [...record.subarray(6, 12)];
  while (constraints.length && !constraints.at(-1)) constraints.pop();
  const tier = record[1] & 0x20 ? "H" : "L";
  const parts = constraints.map((byte) => byte.toString(16).toUpperCase());
  const profile = `${space}${record[1] & 0x1f}`;
  const reversed = compatible.toString(16).toUpperCase();
  return [type, profile, reversed, `${tier}${record[12]}`, ...parts].join(".");
}

/**
 * VP Codec ISO Media File Format Binding: a full box; profile, level, depth.
 * @param {string} type
 * @param {Uint8Array} record
 */
function vp9(type, record) {
  if (record.length < 8) throw new ContentError("Damaged");
  return `${type}.${twoDigits(record[4])}.${twoDigits(record[5])}.${twoDigits(record[6] >> 4)}`;
}

/**
 * AV1 Codec ISO Media File Format Binding, 2.3 and 5.
 * @param {string} type
 * @param {Uint8Array} record
 */
function av1(type, record) {
  if (record.length < 4) throw new ContentError("Damaged");
  const depth = record[2] & 0x40 ? (record[2] & 0x20 ? 12 : 10) : 8;
  const tier = record[2] & 0x80 ? "H" : "M";
  return `${type}.${record[1] >> 5}.${twoDigits(record[1] & 0x1f)}${tier}.${twoDigits(depth)}`;
}
