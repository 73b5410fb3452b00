/**
 * The orientation of a picture, which is all that is read from EXIF, as hashing/media/exif.py reads
 * it: as browsers do, only one SHORT in the first directory counts, and XMP does not.
 */

import { latin1 } from "./bytes.js";

/** Orientation (CIPA DC-008, 4.6.5). */
const ORIENTATION = 0x0112;
/** Of the types of a TIFF entry. */
const SHORT = 3;
/** Bytes of a TIFF entry, and most entries that are read. */
const ENTRY = 12;
const MAX_ENTRIES = 1000;

/**
 * The orientation that an EXIF block names, 1…8.
 * @param {Uint8Array} tiff from its "II" or "MM" on, or with "Exif\0\0" before that
 * @returns {number} 1 if it names none of these or is broken
 */
export function orientationOfExif(tiff) {
  const skip = latin1(tiff, 0, 6) === "Exif\0\0" ? 6 : 0;
  const view = new DataView(tiff.buffer, tiff.byteOffset + skip, tiff.length - skip);
  try {
    return find(view);
  } catch (err) {
    if (err instanceof RangeError) return 1; // an offset beyond the block
    throw err;
  }
}

/** @param {DataView} view */
function find(view) {
  const order = view.getUint32(0);
  if (order !== 0x49492a00 && order !== 0x4d4d002a) return 1;
  const little = order === 0x49492a00;
  const directory = view.getUint32(4, little);
  const entries = Math.min(view.getUint16(directory, little), MAX_ENTRIES);
  for (let number = 0; number < entries; number += 1) {
    const entry = directory + 2 + number * ENTRY;
    if (view.getUint16(entry, little) !== ORIENTATION) continue;
    const isOne = view.getUint16(entry + 2, little) === SHORT && view.getUint32(entry + 4, little) === 1;
    const value = view.getUint16(entry + 8, little);
    return isOne && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
