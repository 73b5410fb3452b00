/**
 * The boxes of ISO base media files (ISO/IEC 14496-12, 4.2), of which AVIF, HEIF and MP4 consist.
 */

import { ContentError } from "../errors.js";
import { latin1, viewOf } from "./bytes.js";

/** Most boxes read on one level: most files have some dozens, an hour of fragments thousands. */
export const MAX_BOXES = 100_000;

/** Boxes of a file without whose end nothing can be shown. */
const NEEDED = new Set(["ftyp", "meta", "mdat", "moov"]);

/**
 * One box: its type, and where its content starts and ends in the bytes that were read.
 * @typedef {{type: string, start: number, end: number}} Box
 */

/**
 * The boxes, one after another, in a part of some bytes.
 * @param {Uint8Array} bytes
 * @param {number} from
 * @param {number} to
 * @returns {Box[]}
 * @throws {ContentError} Damaged when a box is larger than what contains it
 */
export function boxes(bytes, from = 0, to = bytes.length) {
  const all = [];
  for (let offset = from; offset + 8 <= to; ) {
    const head = header(bytes, offset);
    const end = head.size ? offset + head.size : to;
    if (end > to || end < offset + head.length) throw new ContentError("Damaged");
    all.push({ type: head.type, start: offset + head.length, end });
    if (all.length > MAX_BOXES) throw new ContentError("Damaged");
    offset = end;
  }
  return all;
}

/**
 * The boxes of a whole file, up to where they end: what follows a picture may be no box.
 * @param {Uint8Array} bytes
 * @returns {Box[]}
 * @throws {ContentError} Damaged when there are too many, or one breaks off that is needed
 */
export function boxesOfFile(bytes) {
  const all = [];
  for (let offset = 0; offset + 8 <= bytes.length; ) {
    const size = viewOf(bytes).getUint32(offset);
    if (size === 1 && offset + 16 > bytes.length) break;
    const large = size === 1 ? Number(viewOf(bytes).getBigUint64(offset + 8)) : size;
    const start = offset + (size === 1 ? 16 : 8);
    const end = size ? Math.min(offset + large, bytes.length) : bytes.length;
    const type = latin1(bytes, offset + 4, offset + 8);
    if (end < start) break;
    all.push({ type, start, end });
    const breaksOff = size && offset + large > bytes.length;
    if (all.length > MAX_BOXES || (breaksOff && NEEDED.has(type))) throw new ContentError("Damaged");
    offset = end;
  }
  return all;
}

/**
 * The header of the box at an offset. Size 0 means that the box ends where the file does.
 * @param {Uint8Array} bytes
 * @param {number} offset
 * @returns {{type: string, size: number, length: number}} size with header; length of the header
 * @throws {ContentError} Damaged
 */
export function header(bytes, offset) {
  const view = viewOf(bytes);
  if (offset + 8 > bytes.length) throw new ContentError("Damaged");
  const size = view.getUint32(offset);
  const type = latin1(bytes, offset + 4, offset + 8);
  if (size !== 1) return { type, size, length: 8 };
  if (offset + 16 > bytes.length) throw new ContentError("Damaged");
  const large = Number(view.getBigUint64(offset + 8));
  if (large < 16 || !Number.isSafeInteger(large)) throw new ContentError("Damaged");
  return { type, size: large, length: 16 };
}

/**
 * The first box of a type in another box.
 * @param {Uint8Array} bytes
 * @param {Box | undefined} parent
 * @param {string} type
 * @param {number} skip bytes of the parent before the boxes in it
 * @returns {Box | undefined}
 */
export function child(bytes, parent, type, skip = 0) {
  if (!parent) return undefined;
  return boxes(bytes, parent.start + skip, parent.end).find((box) => box.type === type);
}
