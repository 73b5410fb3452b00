/**
 * The segments of a JPEG (ITU-T T.81, annex B): those that decoding needs; its size, orientation
 * and number of scans.
 */

import { ContentError } from "../errors.js";
import { joined, latin1, MAX_PIECES, viewOf } from "./bytes.js";
import { orientationOfExif, orientationOfXmp } from "./exif.js";

const SOS = 0xda;
const EOI = 0xd9;
const APP0 = 0xe0;
/** Exif or XMP. */
const APP1 = 0xe1;
/** Of Adobe: how colours are stored. */
const APP14 = 0xee;
const COMMENT = 0xfe;
const XMP = "http://ns.adobe.com/xap/1.0/\0";

/**
 * A JPEG without comments, and without application segments other than those of JFIF and Adobe.
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
    const end = offset + 2 + view.getUint16(offset + 2);
    const body = bytes.subarray(offset + 4, Math.max(offset + 4, end));
    readSegment(header, marker, body);
    if (isNeeded(marker)) kept.push(bytes.subarray(offset, end));
    offset = end;
  }
  kept.push(bytes.subarray(offset));
  const { width, height, components, exif, xmp } = header;
  const scales = components === 1 || components === 3;
  const orientation = exif ?? xmp ?? 1;
  return { bytes: joined(kept), orientation, width, height, scans: scans(bytes), scales };
}

/** @param {number} marker */
function isNeeded(marker) {
  return marker === APP0 || marker === APP14 || (marker < APP0 && marker >= 0xc0);
}

/**
 * What segments say: `exif` and `xmp` are the orientations that they name.
 * @typedef {{width: number, height: number, components: number, exif?: number, xmp?: number}}
 *   Header
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
  if (marker !== APP1) return;
  if (header.exif === undefined && latin1(body, 0, 6) === "Exif\0\0") {
    header.exif = orientationOfExif(body);
  } else if (latin1(body, 0, XMP.length) === XMP) header.xmp = orientationOfXmp(body);
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
 * Count the scans: one, if the first has all components of a sequential JPEG.
 * @param {Uint8Array} bytes
 * @returns {number}
 * @throws {ContentError} Damaged
 */
export function scans(bytes) {
  const view = viewOf(bytes);
  let count = 0;
  let components = -1;
  let offset = nextMarker(bytes, 2);
  for (let pieces = 0; pieces < MAX_PIECES; pieces += 1) {
    if (offset < 0 || bytes[offset + 1] === EOI) return count;
    const marker = bytes[offset + 1];
    if (marker === 0xc0 || marker === 0xc1) components = bytes[offset + 9];
    if (marker === SOS) {
      count += 1;
      if (bytes[offset + 4] === components) return count;
    }
    const isCut = offset + 4 > bytes.length;
    offset = isCut ? -1 : nextMarker(bytes, offset + 2 + view.getUint16(offset + 2));
  }
  throw new ContentError("Damaged");
}
