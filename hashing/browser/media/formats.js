/**
 * The format of a file, from its first bytes, as in hashing/media/formats.py. Its name, and the
 * type that the system gives, are ignored.
 */

import { ContentError } from "../errors.js";
import { latin1, viewOf } from "./bytes.js";

/** How many bytes `sniff` needs. MPEG-TS needs the most, five packets. */
export const HEAD_BYTES = 1024;
/**
 * Bytes of an MPEG transport stream packet (ISO/IEC 13818-1, 2.4.3.2), by itself, after a time as
 * camcorders write it, and with Reed-Solomon parity.
 */
const TS_PACKETS = [188, 192, 204];

/**
 * Formats of pictures are in capitals, those of videos in small letters.
 * @typedef {"JPEG" | "PNG" | "GIF" | "WEBP" | "BMP" | "TIFF" | "AVIF" | "HEIF" | "mp4"
 *   | "matroska" | "avi" | "mpegts" | "mpeg" | "flv" | "asf" | "ogg"} Format
 */

/** @type {ReadonlyArray<readonly [string, Format]>} First bytes, as Latin-1. */
const MAGIC = [
  ["\xff\xd8\xff", "JPEG"],
  ["\x89PNG\r\n\x1a\n", "PNG"],
  ["GIF87a", "GIF"],
  ["GIF89a", "GIF"],
  ["BM", "BMP"],
  ["II*\0", "TIFF"],
  ["MM\0*", "TIFF"],
  ["\x1a\x45\xdf\xa3", "matroska"],
  ["\0\0\x01\xba", "mpeg"],
  ["\0\0\x01\xb3", "mpeg"],
  ["FLV\x01", "flv"],
  ["\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"],
  ["OggS", "ogg"],
];
const RAW = "raw";
/** @type {ReadonlyArray<readonly [string, string]>} How formats begin that are not read. */
const UNREAD = [
  ["\xff\x0a", "JPEG XL"],
  ["\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"],
  ["\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"],
  ["\xff\x4f\xff\x51", "JPEG 2000"],
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((n) => [" ", "\t", "\r", "\n"].map((space) =>
    /** @type {const} */ ([`P${n}${space}`, "PPM"]))),
  ...["\0", "\x02", "\x03", "\x04", "\x05"].map((version) =>
    /** @type {const} */ ([`\x0a${version}\x01`, "PCX"])),
  ["8BPS", "Photoshop"],
  ["II+\0", "BigTIFF"],
  ["MM\0+", "BigTIFF"],
  ["\x76\x2f\x31\x01", "OpenEXR"],
  ["qoif", "QOI"],
  ["\0\0\x01\0", "ICO"],
  ["%PDF-", "PDF"],
  ["FUJIFILMCCD-RAW", RAW],
  ["IIU\0", RAW],
  ["IIRO", RAW],
  ["IIRS", RAW],
  ["MMOR", RAW],
  ["FOVb", RAW],
];
/** AV1 Image File Format, section 6. */
const AVIF_BRANDS = ["avif", "avis"];
/** ISO/IEC 23008-12, annexes B and 10. */
const HEIF_BRANDS = [
  "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1",
];
/** QuickTime files older than the ftyp box begin with one of these atoms. */
const OLD_QUICKTIME = ["moov", "mdat", "wide", "free", "skip"];

/**
 * The format of a file from its first HEAD_BYTES, or from all it has.
 * @param {Uint8Array} head
 * @returns {Format}
 * @throws {ContentError} EmptyFile; Unsupported, whose `cause` is {name}, when it is a format that is
 *   not read; or UnknownFormat when nothing known begins like this
 */
export function sniff(head) {
  if (!head.length) throw new ContentError("EmptyFile");
  const text = latin1(head, 0, HEAD_BYTES);
  const known = MAGIC.find(([magic]) => text.startsWith(magic));
  if (known) return known[1];
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "WEBP";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "AVI ") return "avi";
  if (text.slice(4, 8) === "ftyp") return ofBrands(head, text);
  if (OLD_QUICKTIME.includes(text.slice(4, 8))) return "mp4";
  if (isTransportStream(head)) return "mpegts";
  const unread = UNREAD.find(([magic]) => text.startsWith(magic));
  if (unread) throw unsupported(unread[1]);
  throw new ContentError("UnknownFormat");
}

/** @param {string} name */
function unsupported(name) {
  return new ContentError("Unsupported", { cause: { name } });
}

/** @param {Format} format */
export function isVideo(format) {
  return format === format.toLowerCase();
}

/**
 * The ftyp box: a major brand, a version, then compatible brands (ISO/IEC 14496-12, 4.3).
 * @param {Uint8Array} head
 * @param {string} text
 * @returns {Format}
 */
function ofBrands(head, text) {
  const end = Math.min(viewOf(head).getUint32(0), head.length);
  const major = text.slice(8, 12);
  const brands = [];
  for (let at = 16; at < end; at += 4) brands.push(text.slice(at, at + 4));
  const compatible = brands.some((brand) => AVIF_BRANDS.includes(brand));
  if (AVIF_BRANDS.includes(major)) return "AVIF";
  if ((major === "mif1" || major === "msf1") && compatible) return "AVIF";
  if (major === "crx ") throw unsupported(RAW);
  return HEIF_BRANDS.includes(major) ? "HEIF" : "mp4";
}

/**
 * A recording may begin in the middle of a packet: then all that `head` holds must follow, and
 * three, if it begins with one.
 * @param {Uint8Array} head
 */
function isTransportStream(head) {
  return TS_PACKETS.some((stride) => Array.from({ length: stride }, (_, n) => n).some((begin) => {
    const packets = head.filter((_, at) => at >= begin && (at - begin) % stride === 0);
    const isWhole = begin === 0 || begin === stride - TS_PACKETS[0];
    const first = isWhole ? packets.slice(0, 3) : packets;
    return first.length >= (isWhole ? 3 : 4) && first.every((byte) => byte === 0x47);
  }));
}
