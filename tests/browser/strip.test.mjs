import assert from "node:assert/strict";
import { test } from "node:test";

import { strip } from "../../hashing/browser/media/strip.js";
import { encodePng } from "../../hashing/browser/media/png.js";
import * as make from "./files.mjs";

const { bytes, box, full, le16, le32, pngChunk, riffChunk, segment, u16, u32 } = make;
const XMP = "http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation=\"3\"/>";

/** @param {...Uint8Array} more */
function jpeg(...more) {
  const frame = segment(0xc0, [8], u16(20), u16(30), [3], new Uint8Array(9));
  const scan = segment(0xda, [3], new Uint8Array(9));
  return bytes([0xff, 0xd8], ...more, frame, scan, [1, 2, 0xff, 0, 3, 0xff, 0xd9]);
}

test("a JPEG keeps what its pixels need", () => {
  const jfif = segment(0xe0, "JFIF\0", new Uint8Array(9));
  const adobe = segment(0xee, "Adobe", new Uint8Array(7));
  const gone = [segment(0xe0, ""), segment(0xe1, "Exif\0\0", make.exif(6)), segment(0xe2, "ICC_PROFILE"), segment(0xfe, "x")];
  const found = strip(jpeg(jfif, ...gone, adobe), "JPEG");
  assert.deepEqual(found.bytes, jpeg(jfif, adobe));
  const { orientation, width, height, scans, scales } = found;
  assert.deepEqual({ orientation, width, height, scans, scales },
    { orientation: 6, width: 30, height: 20, scans: 1, scales: true });
});

test("the first Exif tells the orientation, XMP never", () => {
  assert.equal(strip(jpeg(segment(0xe1, XMP)), "JPEG").orientation, 1);
  const [first, second] = [8, 3].map((turn) => segment(0xe1, "Exif\0\0", make.exif(turn, turn === 8)));
  assert.equal(strip(jpeg(segment(0xe1, XMP), first, second), "JPEG").orientation, 8);
  assert.equal(strip(jpeg(segment(0xe1, "Exif\0\0broken"), second), "JPEG").orientation, 1);
  const asByte = make.exif(6);
  asByte[12] = 1;
  assert.equal(strip(jpeg(segment(0xe1, "Exif\0\0", asByte)), "JPEG").orientation, 1);
});

test("a JPEG that breaks off gets an end, and is incomplete", () => {
  const whole = jpeg();
  assert.equal(strip(whole, "JPEG").incomplete, false);
  const cut = strip(whole.subarray(0, -2), "JPEG");
  assert.deepEqual([cut.bytes, cut.incomplete], [whole, true]);
  const table = segment(0xc4, new Uint8Array(40)).subarray(0, 20);
  const progressive = segment(0xc2, [8], u16(20), u16(30), [3], new Uint8Array(9));
  const scan = bytes(segment(0xda, [1], new Uint8Array(5)), [7, 0xff, 0]);
  const kept = bytes([0xff, 0xd8], progressive, scan);
  const found = strip(bytes(kept, table), "JPEG");
  assert.deepEqual([found.bytes, found.incomplete], [bytes(kept, [0xff, 0xd9]), true]);
});

test("broken Exif says nothing", () => {
  for (const tiff of ["II", "XX*\0", bytes("MM\0*", u32(9999)), make.exif(6).subarray(0, 18)]) {
    assert.equal(strip(jpeg(segment(0xe1, "Exif\0\0", tiff)), "JPEG").orientation, 1);
  }
});

test("scans are counted", () => {
  const progressive = segment(0xc2, [8], u16(20), u16(30), [3], new Uint8Array(9));
  const scan = bytes(segment(0xda, [1], new Uint8Array(5)), [7, 0xff, 0, 0xff, 0xd0]);
  const file = bytes([0xff, 0xd8], progressive, scan, scan, scan, [0xff, 0xd9]);
  assert.equal(strip(file, "JPEG").scans, 3);
});

test("a JPEG without a scan, or cut in its header, is damaged", () => {
  for (const end of [2, 3, 6, 15]) {
    assert.throws(() => strip(jpeg().subarray(0, end), "JPEG"), { code: "Damaged" });
  }
  assert.throws(() => strip(bytes([0xff, 0xd8, 0xff, 0xd9]), "JPEG"), { code: "Damaged" });
});

const PIXELS = encodePng({ data: new Uint8Array(12), rows: 2, columns: 2, channels: 3 });

test("a PNG keeps its critical chunks", () => {
  const [head, rest] = [PIXELS.subarray(0, 33), PIXELS.subarray(33)];
  const gone = ["iCCP", "gAMA", "cHRM", "sRGB", "cICP", "tEXt"].map((type) => pngChunk(type, "x"));
  const file = bytes(head, ...gone, pngChunk("eXIf", make.exif(5)), rest);
  const found = strip(file, "PNG");
  assert.deepEqual(found.bytes, PIXELS);
  assert.deepEqual([found.orientation, found.width, found.height, found.moves], [5, 2, 2, false]);
});

test("of a PNG, checksums are made anew, and EXIF behind the pixels does not count", () => {
  const broken = PIXELS.slice(0, -12);
  broken[broken.length - 1] ^= 1;
  assert.deepEqual(strip(broken, "PNG").bytes, PIXELS);
  const late = bytes(PIXELS.subarray(0, -12), pngChunk("eXIf", make.exif(5)), PIXELS.subarray(-12));
  assert.equal(strip(late, "PNG").orientation, 1);
});

test("frames of a PNG have their delays", () => {
  const frame = (/** @type {number} */ over, /** @type {number} */ under) =>
    pngChunk("fcTL", bytes(new Uint8Array(20), u16(over), u16(under), [0, 0]));
  const [head, data, end] = [PIXELS.subarray(0, 33), PIXELS.subarray(33, -12), PIXELS.subarray(-12)];
  const found = strip(bytes(head, frame(1, 4), data, frame(7, 0), end), "PNG");
  assert.deepEqual([found.durations, found.moves, found.hidden], [[250, 70], true, false]);
  const one = strip(bytes(head, data, frame(7, 0), end), "PNG");
  assert.deepEqual([one.durations, one.moves, one.hidden], [[70], true, true]);
});

test("a WebP loses profile and Exif, and no longer announces them", () => {
  const canvas = [...le16(29), 0, ...le16(19), 0];
  const webp = (/** @type {number} */ flags, /** @type {Uint8Array[]} */ ...chunks) => {
    const body = bytes("WEBP", riffChunk("VP8X", [flags, 0, 0, 0, ...canvas]), ...chunks);
    return bytes("RIFF", le32(body.length), body);
  };
  const image = riffChunk("VP8L", [0x2f, 1, 2, 3, 4]);
  const more = [riffChunk("ICCP", "odd"), image, riffChunk("EXIF", make.exif(7)), riffChunk("XMP ", "x")];
  const found = strip(webp(0x3c, ...more), "WEBP");
  assert.deepEqual(found.bytes, webp(0x10, image));
  assert.deepEqual(strip(bytes(webp(0x3c, ...more), image), "WEBP").bytes, webp(0x10, image));
  assert.deepEqual([found.orientation, found.width, found.height], [7, 30, 20]);
});

test("the size of a WebP without VP8X is that of its picture", () => {
  const lossy = riffChunk("VP8 ", [0, 0, 0, 0x9d, 1, 0x2a, ...le16(300), ...le16(200)]);
  const file = bytes("RIFF", le32(lossy.length + 4), "WEBP", lossy);
  const { width, height } = strip(file, "WEBP");
  assert.deepEqual([width, height], [300, 200]);
});

test("AVIF: profiles are made void, turns are told and undone, lengths stay", () => {
  const properties = [full("ispe", u32(30), u32(20)), box("colr", "prof", "icc"), box("irot", [3]),
    box("imir", [1]), box("colr", "nclx", u16(1)), full("ispe", u32(5), u32(5))];
  const associated = full("ipma", u32(1), u16(1), [5], [1, 2, 0x83, 0x84, 5]);
  const meta = (/** @type {Uint8Array[]} */ ...inside) =>
    bytes(box("ftyp", "avif"), full("meta", full("pitm", u16(1)), box("iprp", box("ipco", ...inside), associated)));
  const found = strip(meta(...properties), "AVIF");
  const kept = [properties[0], box("free", "prof", "icc"), box("irot", [0]), box("irot", [0]),
    properties[4], properties[5]];
  assert.deepEqual(found.bytes, meta(...kept));
  assert.deepEqual([found.orientation, found.width, found.height], [5, 30, 20]);
});

test("GIF: frames and delays", () => {
  const control = (/** @type {number} */ delay) => [0x21, 0xf9, 4, 0, ...le16(delay), 0, 0];
  const image = [0x2c, 0, 0, 0, 0, ...le16(30), ...le16(20), 0, 2, 2, 1, 1, 0];
  const head = bytes("GIF89a", le16(30), le16(20), [0x80, 0, 0], new Uint8Array(6));
  const found = strip(bytes(head, control(7), image, image, control(0), image, [0x3b]), "GIF");
  assert.deepEqual([found.width, found.height, found.durations], [30, 20, [70, 0, 0]]);
  const small = bytes("GIF89a", new Uint8Array(4), [0x80, 0, 0], new Uint8Array(6), image);
  const grown = strip(small, "GIF");
  assert.deepEqual([grown.width, grown.height, grown.incomplete], [30, 20, false]);
  assert.deepEqual([grown.bytes, grown.ending], [bytes(small, [0, 0x3b]), 2]);
  assert.equal(strip(bytes(small, image), "GIF").incomplete, true);
});

test("what no browser opens is unsupported, and any prefix of a file is an error or is read", () => {
  assert.throws(() => strip(make.text("II*\0"), "TIFF"), { code: "Unsupported" });
  for (const [format, file] of /** @type {const} */ ([["PNG", PIXELS], ["JPEG", jpeg()]])) {
    for (let end = 0; end < file.length; end += 1) {
      try {
        strip(file.subarray(0, end), format);
      } catch (err) {
        assert.equal(/** @type {any} */ (err).code, "Damaged", `${format} ${end}: ${err}`);
      }
    }
  }
});
