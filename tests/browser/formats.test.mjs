import assert from "node:assert/strict";
import { test } from "node:test";

import { isVideo, sniff } from "../../hashing/browser/media/formats.js";
import { bytes, text, u32 } from "./files.mjs";

/** @type {[string, Uint8Array][]} */
const BEGINNINGS = [
  ["JPEG", bytes([0xff, 0xd8, 0xff, 0xe0])],
  ["PNG", bytes([0x89], "PNG\r\n\x1a\n")],
  ["GIF", text("GIF89a")],
  ["BMP", text("BM")],
  ["TIFF", text("II*\0")],
  ["WEBP", text("RIFF\0\0\0\0WEBP")],
  ["avi", text("RIFF\0\0\0\0AVI ")],
  ["AVIF", bytes(u32(20), "ftypavif\0\0\0\0mif1")],
  ["AVIF", bytes(u32(20), "ftypmif1\0\0\0\0avif")],
  ["HEIF", bytes(u32(20), "ftypheic\0\0\0\0mif1")],
  ["HEIF", bytes(u32(16), "ftypmif1\0\0\0\0", "avif")], // beyond the box: not a brand of it
  ["mp4", bytes(u32(20), "ftypisom\0\0\0\0avif")],
  ["mp4", bytes(u32(8), "moov")],
  ["matroska", bytes([0x1a, 0x45, 0xdf, 0xa3])],
  ["ogg", text("OggS")],
  ["mpegts", Uint8Array.from({ length: 600 }, (_, at) => (at % 188 ? 1 : 0x47))],
  ["mpegts", Uint8Array.from({ length: 601 }, (_, at) => ((at + 188) % 192 ? 1 : 0x47))], // camcorders
  ["mpegts", Uint8Array.from({ length: 1024 }, (_, at) => ((at + 99) % 188 ? 1 : 0x47))], // cut
];

for (const [format, head] of BEGINNINGS) {
  test(`a file that begins so is ${format}, ${head.length} bytes`, () => {
    assert.equal(sniff(head), format);
    assert.equal(isVideo(sniff(head)), format === format.toLowerCase());
  });
}

test("what is empty or unknown has its code", () => {
  assert.throws(() => sniff(new Uint8Array()), { code: "EmptyFile" });
  for (const head of ["<svg>", "#EXTM3U", "RIFF\0\0\0\0WAVE", "x"]) {
    assert.throws(() => sniff(text(head)), { code: "UnknownFormat" });
  }
  const twice = Uint8Array.from({ length: 300 }, (_, at) => (at % 188 ? 1 : 0x47));
  assert.throws(() => sniff(twice), { code: "UnknownFormat" });
  const thrice = Uint8Array.from({ length: 600 }, (_, at) => ((at + 99) % 188 ? 1 : 0x47));
  assert.throws(() => sniff(thrice), { code: "UnknownFormat" });
});

test("a format that is not read is named", () => {
  for (const [head, name] of [["\xff\x0a", "JPEG XL"], ["P6 1 1", "PPM"], ["%PDF-1.7", "PDF"]]) {
    assert.throws(() => sniff(text(head)), { code: "Unsupported", cause: { name } });
  }
});
