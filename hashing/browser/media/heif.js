/**
 * AVIF and HEIF (ISO/IEC 23008-12): the properties of the primary picture, and the same bytes with
 * profiles, rotations and mirrors made void. Lengths stay, as other boxes hold offsets into the
 * file.
 */

import { ContentError } from "../errors.js";
import { boxes, boxesOfFile, child } from "./boxes.js";
import { latin1, viewOf } from "./bytes.js";

/** Bytes of a full box's version and flags, at its start. */
const FULL = 4;
/**
 * EXIF's orientation, by rotations of 90° to the left, then by mirror: none, on axis 0, on axis 1.
 */
const ORIENTATIONS = [[1, 4, 2], [8, 5, 7], [3, 2, 4], [6, 7, 5]];

/**
 * @param {Uint8Array} bytes
 * @returns {import("./strip.js").Stripped}
 * @throws {ContentError} Damaged
 */
export function stripBoxes(bytes) {
  const copy = bytes.slice();
  const top = boxesOfFile(copy);
  const meta = top.find((box) => box.type === "meta");
  const container = child(copy, child(copy, meta, "iprp", FULL), "ipco");
  if (!meta || !container) throw new ContentError("Damaged");
  const properties = boxes(copy, container.start, container.end);
  const primary = ofPrimary(copy, meta);
  const own = properties.filter((_, index) => primary.includes(index + 1));
  const appearance = read(copy, own.length ? own : properties);
  for (const property of properties) makeVoid(copy, property);
  const moves = top.some((box) => box.type === "moov");
  return { bytes: copy, ...appearance, moves };
}

/**
 * The numbers, from 1, of the properties of the primary item (`pitm`, `ipma`).
 * @param {Uint8Array} bytes
 * @param {import("./boxes.js").Box} meta
 * @returns {number[]}
 */
function ofPrimary(bytes, meta) {
  const view = viewOf(bytes);
  const pitm = child(bytes, meta, "pitm", FULL);
  const ipma = child(bytes, child(bytes, meta, "iprp", FULL), "ipma");
  if (!pitm || !ipma) return [];
  const primary = itemNumber(view, pitm.start + FULL, bytes[pitm.start]);
  const wide = bytes[ipma.start + 3] & 1;
  const idBytes = bytes[ipma.start] ? 4 : 2;
  let offset = ipma.start + FULL + 4;
  while (offset + idBytes < ipma.end) {
    const item = itemNumber(view, offset, bytes[ipma.start]);
    const count = bytes[offset + idBytes];
    const first = offset + idBytes + 1;
    const numbers = Array.from({ length: count }, (_, n) =>
      wide ? view.getUint16(first + 2 * n) & 0x7fff : bytes[first + n] & 0x7f);
    if (item === primary) return numbers;
    offset = first + count * (wide ? 2 : 1);
  }
  return [];
}

/**
 * @param {DataView} view
 * @param {number} offset
 * @param {number} version
 */
function itemNumber(view, offset, version) {
  return version ? view.getUint32(offset) : view.getUint16(offset);
}

/**
 * Size, orientation, clean aperture, and whether the planes are green, blue and red.
 * @param {Uint8Array} bytes
 * @param {import("./boxes.js").Box[]} properties
 */
function read(bytes, properties) {
  const view = viewOf(bytes);
  const of = (/** @type {string} */ type) => properties.find((box) => box.type === type);
  const size = of("ispe");
  if (!size || size.end - size.start < 12) throw new ContentError("Damaged");
  const turn = of("irot");
  const mirror = of("imir");
  const turns = turn ? bytes[turn.start] & 3 : 0;
  const orientation = ORIENTATIONS[turns][mirror ? 1 + (bytes[mirror.start] & 1) : 0];
  const [width, height] = [view.getUint32(size.start + 4), view.getUint32(size.start + 8)];
  const crop = cleanAperture(view, of("clap"), [width, height]);
  const nclx = properties.find(({ type, start }) =>
    type === "colr" && latin1(bytes, start, start + 4) === "nclx");
  const identity = nclx && nclx.end - nclx.start >= 10 ? view.getUint16(nclx.start + 8) === 0 : undefined;
  return { orientation, width, height, crop, identity };
}

/**
 * The part of a picture that its `clap` keeps (ISO/IEC 14496-12, 12.1.4), which browsers do not cut
 * out of an AVIF: left, top, right, bottom. None, if it is not made of whole pixels inside it.
 * @param {DataView} view
 * @param {import("./boxes.js").Box | undefined} clap
 * @param {number[]} size
 * @returns {[number, number, number, number] | undefined}
 */
function cleanAperture(view, clap, size) {
  if (!clap || clap.end - clap.start < 32) return undefined;
  const number = (/** @type {number} */ n) => view.getInt32(clap.start + 4 * n);
  const sides = size.map((side, n) => {
    const length = number(2 * n) / number(2 * n + 1);
    const low = (side - 1) / 2 + number(4 + 2 * n) / number(5 + 2 * n) - (length - 1) / 2;
    const isInside = low >= 0 && length > 0 && low + length <= side && number(5 + 2 * n) > 0;
    return isInside && Number.isInteger(low) && Number.isInteger(length) ? [low, low + length] : [];
  });
  const [[left, right], [top, bottom]] = sides;
  return right === undefined || bottom === undefined ? undefined : [left, top, right, bottom];
}

/**
 * A profile becomes free space, a rotation becomes one by 0°. So does a mirror: both have one byte,
 * and a property that a decoder must understand becomes another one that it understands.
 * @param {Uint8Array} bytes
 * @param {import("./boxes.js").Box} property
 */
function makeVoid(bytes, { type, start }) {
  const profile = latin1(bytes, start, start + 4);
  if (type === "colr" && (profile === "prof" || profile === "rICC")) rename(bytes, start, "free");
  if (type === "imir") rename(bytes, start, "irot");
  if (type === "irot" || type === "imir") bytes[start] = 0;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} start of the content of a box with a header of 8 bytes
 * @param {string} type
 */
function rename(bytes, start, type) {
  for (let n = 0; n < 4; n += 1) bytes[start - 4 + n] = type.charCodeAt(n);
}
