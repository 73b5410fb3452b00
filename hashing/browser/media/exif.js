/**
 * The orientation of a picture, which is all that is read from EXIF and XMP.
 */

import { latin1 } from "./bytes.js";

/** Orientation (CIPA DC-008, 4.6.5). */
const ORIENTATION = 0x0112;
/** Bytes of a TIFF entry, and most entries that are read. */
const ENTRY = 12;
const MAX_ENTRIES = 1000;
/** Which method reads a value, by its TIFF type: BYTE, SHORT, LONG. */
const READERS = new Map([[1, "getUint8"], [3, "getUint16"], [4, "getUint32"]]);

/**
 * The orientation that an EXIF block names, 1…8 if it is valid.
 * @param {Uint8Array} tiff from its "II" or "MM" on, or with "Exif\0\0" before that
 * @returns {number | undefined} undefined if it names none or is broken, as in Pillow
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
    const entry = directory + 2 + number * ENTRY;
    if (view.getUint16(entry, little) !== ORIENTATION) continue;
    const reader = READERS.get(view.getUint16(entry + 2, little));
    const value = entry + 8;
    if (reader === "getUint8") return view.getUint8(value);
    return reader === "getUint16" ? view.getUint16(value, little) : view.getUint32(value, little);
  }
  return undefined;
}

/**
 * The orientation that an XMP packet names. It counts where EXIF names none, as in Pillow.
 * @param {Uint8Array} xmp
 * @returns {number | undefined}
 */
export function orientationOfXmp(xmp) {
  const match = /tiff:Orientation(?:="|>)([0-9])/.exec(new TextDecoder("latin1").decode(xmp));
  return match ? Number(match[1]) : undefined;
}
