/**
 * The one thing that EXIF and XMP are read for: which way up the picture is.
 */

import { latin1 } from "./bytes.js";

/** Orientation (CIPA DC-008, 4.6.5). */
const ORIENTATION = 0x0112;
/** Bytes of a TIFF entry, and most entries looked at. */
const ENTRY = 12;
const MAX_ENTRIES = 1000;
/** Bytes of one value by TIFF type: BYTE, SHORT, LONG. */
const READERS = new Map([[1, "getUint8"], [3, "getUint16"], [4, "getUint32"]]);

/**
 * The orientation of an EXIF block, 1…8; 1 where it is broken or says nothing, as Pillow.
 * @param {Uint8Array} tiff from its "II" or "MM" on, or with "Exif\0\0" before
 * @returns {number | undefined} undefined where there is no such tag
 */
export function orientationOfExif(tiff) {
  const skip = latin1(tiff, 0, 6) === "Exif\0\0" ? 6 : 0;
  const view = new DataView(tiff.buffer, tiff.byteOffset + skip, tiff.length - skip);
  try {
    return find(view);
  } catch (err) {
    if (err instanceof RangeError) return undefined; // an offset beyond the block
    throw err;
  }
}

/** @param {DataView} view */
function find(view) {
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const directory = view.getUint32(4, little);
  const entries = Math.min(view.getUint16(directory, little), MAX_ENTRIES);
  for (let number = 0; number < entries; number += 1) {
    const at = directory + 2 + number * ENTRY;
    if (view.getUint16(at, little) !== ORIENTATION) continue;
    const reader = READERS.get(view.getUint16(at + 2, little));
    if (reader === "getUint8") return view.getUint8(at + 8);
    return reader === "getUint16" ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
  }
  return undefined;
}

/**
 * The orientation that an XMP packet names, where EXIF names none: Pillow believes it too.
 * @param {Uint8Array} xmp
 * @returns {number | undefined}
 */
export function orientationOfXmp(xmp) {
  const found = /tiff:Orientation(?:="|>)([0-9])/.exec(new TextDecoder("latin1").decode(xmp));
  return found ? Number(found[1]) : undefined;
}
