/**
 * The segments of a JPEG (ITU-T T.81, annex B): those that decoding needs; its size, orientation
 * and number of scans.
 */

import { ContentError } from "../errors.js";
import { joined, latin1, MAX_PIECES, viewOf } from "./bytes.js";
import { orientationOfExif } from "./exif.js";

const SOS = 0xda;
const EOI = 0xd9;
const APP0 = 0xe0;
/** Exif, among others. */
const APP1 = 0xe1;
/** Of Adobe: how colours are stored. */
const APP14 = 0xee;
const COMMENT = 0xfe;
/** What libjpeg takes a scan to end with, and then fills what is missing with grey. */
const END = Uint8Array.of(0xff, EOI);

/**
 * A JPEG without comments, and without application segments other than those of JFIF and Adobe. If
 * it breaks off, it ends at its last whole segment.
 * @param {Uint8Array} bytes
 * @returns {import("./strip.js").Stripped}
 * @throws {ContentError} Damaged
 */
export function stripJpeg(bytes) {
  const view = viewOf(bytes);
  const kept = [bytes.subarray(0, 2)];
  /** @type {Header} */
  const header = { width: 0, height: 0, components: 0 };
  let offset = 2;
  for (let pieces = 0; ; pieces += 1) {
    offset = nextMarker(bytes, offset);
    const marker = bytes[offset + 1];
    if (offset < 0 || pieces >= MAX_PIECES || marker === EOI) throw new ContentError("Damaged");
    if (marker === SOS) break;
    const end = offset + 2 + Math.max(view.getUint16(offset + 2), 2);
    const body = bytes.subarray(offset + 4, end);
    readSegment(header, marker, body);
    if (isNeeded(marker, body)) kept.push(bytes.subarray(offset, end));
    offset = end;
  }
  const { count, cut } = scans(bytes);
  const incomplete = cut !== undefined || !endsAfter(bytes, offset);
  kept.push(bytes.subarray(offset, cut), ...(incomplete ? [END] : []));
  const { width, height, components, exif = 1 } = header;
  const scales = components === 1 || components === 3;
  return { bytes: joined(kept), orientation: exif, width, height, scans: count, scales, incomplete };
}

/**
 * @param {number} marker
 * @param {Uint8Array} body
 */
function isNeeded(marker, body) {
  if (marker === APP0) return latin1(body, 0, 5) === "JFIF\0" && body.length >= 14;
  if (marker === APP14) return latin1(body, 0, 5) === "Adobe" && body.length >= 12;
  return marker < APP0 && marker >= 0xc0;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} from
 */
function endsAfter(bytes, from) {
  for (let at = bytes.length - 2; at >= from; at -= 1) {
    if (bytes[at] === 0xff && bytes[at + 1] === EOI) return true;
  }
  return false;
}

/**
 * What segments say: `exif` is the orientation that the first EXIF names.
 * @typedef {{width: number, height: number, components: number, exif?: number}} Header
 */

/**
 * @param {Header} header
 * @param {number} marker
 * @param {Uint8Array} body of the segment, after its length
 */
function readSegment(header, marker, body) {
  const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
  if (isFrame && body.length >= 6) {
    const view = viewOf(body);
    header.height = view.getUint16(1);
    header.width = view.getUint16(3);
    header.components = body[5];
  }
  if (marker === APP1 && latin1(body, 0, 6) === "Exif\0\0") header.exif ??= orientationOfExif(body);
}

/**
 * The offset of the next marker with a length, or of the end marker; -1 if there is none.
 * @param {Uint8Array} bytes
 * @param {number} from
 */
function nextMarker(bytes, from) {
  let offset = bytes.indexOf(0xff, from);
  for (; offset >= 0; offset = bytes.indexOf(0xff, offset + 1)) {
    const code = bytes[offset + 1];
    if ((code >= 0xc0 && code <= 0xcf) || (code >= EOI && code <= COMMENT)) break;
  }
  return offset;
}

/**
 * Count the scans: one, if the first has all components of a sequential JPEG. `cut` is where the
 * last whole segment ends, if the file breaks off after it.
 * @param {Uint8Array} bytes
 * @returns {{count: number, cut?: number}}
 * @throws {ContentError} Damaged
 */
function scans(bytes) {
  const view = viewOf(bytes);
  let count = 0;
  let components = -1;
  let offset = nextMarker(bytes, 2);
  for (let pieces = 0; pieces < MAX_PIECES; pieces += 1) {
    if (offset < 0) return { count, cut: bytes.length };
    const marker = bytes[offset + 1];
    if (marker === EOI) return { count };
    const end = offset + 4 > bytes.length ? Infinity : offset + 2 + Math.max(view.getUint16(offset + 2), 2);
    if (end > bytes.length) return { count, cut: offset };
    if (marker === 0xc0 || marker === 0xc1) components = bytes[offset + 9];
    if (marker === SOS) {
      count += 1;
      if (bytes[offset + 4] === components) return { count };
    }
    offset = nextMarker(bytes, end);
  }
  throw new ContentError("Damaged");
}
