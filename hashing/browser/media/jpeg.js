/**
 * A JPEG's segments (ITU-T T.81, annex B): which of them its pixels need, its size and its scans.
 */

import { joined, latin1, MAX_PIECES, viewOf } from "./bytes.js";
import { ContentError } from "../errors.js";
import { orientationOfExif, orientationOfXmp } from "./exif.js";

const SOS = 0xda;
const EOI = 0xd9;
const APP0 = 0xe0;
/** Exif or XMP. */
const APP1 = 0xe1;
/** Adobe: how the colours are stored. */
const APP14 = 0xee;
const COMMENT = 0xfe;
const XMP = "http://ns.adobe.com/xap/1.0/\0";

/**
 * A JPEG without its application segments and comments, but JFIF's and Adobe's.
 * @param {Uint8Array} bytes
 * @returns {import("./strip.js").Stripped}
 * @throws {ContentError} Damaged
 */
export function stripJpeg(bytes) {
  const view = viewOf(bytes);
  const kept = [bytes.subarray(0, 2)];
  const found = { exif: NaN, xmp: NaN, width: 0, height: 0, components: 0 };
  let at = 2;
  for (let pieces = 0; ; pieces += 1) {
    at = markerAt(bytes, at);
    const marker = bytes[at + 1];
    if (at < 0 || pieces >= MAX_PIECES || marker === EOI) throw new ContentError("Damaged");
    if (marker === SOS) break;
    const end = at + 2 + view.getUint16(at + 2);
    const body = bytes.subarray(at + 4, Math.max(at + 4, end));
    note(found, marker, body);
    if (isNeeded(marker)) kept.push(bytes.subarray(at, end));
    at = end;
  }
  kept.push(bytes.subarray(at));
  const { width, height, components, exif, xmp } = found;
  const scales = components === 1 || components === 3;
  const orientation = [exif, xmp, 1].find((one) => !Number.isNaN(one)) ?? 1;
  return { bytes: joined(kept), orientation, width, height, scans: scans(bytes), scales };
}

/** @param {number} marker */
function isNeeded(marker) {
  return marker === APP0 || marker === APP14 || (marker < APP0 && marker >= 0xc0);
}

/**
 * @param {{exif: number, xmp: number, width: number, height: number, components: number}} found
 * @param {number} marker
 * @param {Uint8Array} body of the segment, after its length
 */
function note(found, marker, body) {
  const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
  if (isFrame && body.length >= 6) {
    const view = viewOf(body);
    found.height = view.getUint16(1);
    found.width = view.getUint16(3);
    found.components = body[5];
  }
  if (marker !== APP1) return;
  if (Number.isNaN(found.exif) && latin1(body, 0, 6) === "Exif\0\0") {
    found.exif = orientationOfExif(body) ?? NaN;
  } else if (latin1(body, 0, XMP.length) === XMP) found.xmp = orientationOfXmp(body) ?? NaN;
}

/**
 * Where the next marker with a length begins, or the end; -1 where there is none.
 * @param {Uint8Array} bytes
 * @param {number} from
 */
function markerAt(bytes, from) {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const code = bytes[at + 1];
    if ((code >= 0xc0 && code <= 0xcf) || (code >= EOI && code <= COMMENT)) return at;
  }
  return -1;
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
  let at = markerAt(bytes, 2);
  for (let pieces = 0; pieces < MAX_PIECES; pieces += 1) {
    if (at < 0 || bytes[at + 1] === EOI) return count;
    const marker = bytes[at + 1];
    if (marker === 0xc0 || marker === 0xc1) components = bytes[at + 9];
    if (marker === SOS) {
      count += 1;
      if (bytes[at + 4] === components) return count;
    }
    at = at + 4 > bytes.length ? -1 : markerAt(bytes, at + 2 + view.getUint16(at + 2));
  }
  throw new ContentError("Damaged");
}
