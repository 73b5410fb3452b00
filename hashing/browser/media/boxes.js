/**
 * The boxes of ISO base media files (ISO/IEC 14496-12, 4.2), which AVIF, HEIF and MP4 are made of.
 */

import { latin1, viewOf } from "./bytes.js";
import { ContentError } from "../errors.js";

/** Most boxes looked at on one level: real files have some dozens, a fragmented hour thousands. */
export const MAX_BOXES = 100_000;

/**
 * One box: its type, and where its content begins and ends in the bytes it was found in.
 * @typedef {{type: string, start: number, end: number}} Box
 */

/**
 * The boxes that lie side by side in a part of some bytes.
 * @param {Uint8Array} bytes
 * @param {number} from
 * @param {number} to
 * @returns {Box[]}
 * @throws {ContentError} Damaged when a box is larger than what holds it
 */
export function boxes(bytes, from = 0, to = bytes.length) {
  const found = [];
  for (let at = from; at + 8 <= to; ) {
    const head = header(bytes, at);
    const end = head.size ? at + head.size : to;
    if (end > to || end < at + head.length) throw new ContentError("Damaged");
    found.push({ type: head.type, start: at + head.length, end });
    if (found.length > MAX_BOXES) throw new ContentError("Damaged");
    at = end;
  }
  return found;
}

/**
 * The header of the box that begins at an offset: size 0 says that it goes on to the end.
 * @param {Uint8Array} bytes
 * @param {number} at
 * @returns {{type: string, size: number, length: number}} size with header; length of the header
 * @throws {ContentError} Damaged
 */
export function header(bytes, at) {
  const view = viewOf(bytes);
  if (at + 8 > bytes.length) throw new ContentError("Damaged");
  const size = view.getUint32(at);
  const type = latin1(bytes, at + 4, at + 8);
  if (size !== 1) return { type, size, length: 8 };
  if (at + 16 > bytes.length) throw new ContentError("Damaged");
  const large = Number(view.getBigUint64(at + 8));
  if (large < 16 || !Number.isSafeInteger(large)) throw new ContentError("Damaged");
  return { type, size: large, length: 16 };
}

/**
 * The first box of a type among some.
 * @param {Uint8Array} bytes
 * @param {Box | undefined} parent
 * @param {string} type
 * @param {number} skip bytes of the parent before its boxes
 * @returns {Box | undefined}
 */
export function child(bytes, parent, type, skip = 0) {
  if (!parent) return undefined;
  return boxes(bytes, parent.start + skip, parent.end).find((box) => box.type === type);
}
