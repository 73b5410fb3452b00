import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import * as pdq from "../../hashing/browser/algorithms/pdq.js";
import * as phash from "../../hashing/browser/algorithms/phash.js";
import * as pixels from "../../hashing/browser/media/pixels.js";
import { hex } from "../../hashing/browser/signals.js";
import { boxes, compute } from "../../hashing/browser/windows.js";
import { drawn, pair, signalsOf } from "./pictures.mjs";

const VECTORS = JSON.parse(readFileSync(new URL("../vectors/pixels.json", import.meta.url)));

for (const { shape, seed, rows, columns, ...expected } of VECTORS.pictures) {
  test(`${shape} ${rows} × ${columns} gives the bits that Python gives`, () => {
    const luma = pixels.squeeze(drawn({ shape, seed, rows, columns }));
    assert.deepEqual(signalsOf(luma), expected);
  });
}

for (const { shape, seed, rows, columns, ...expected } of VECTORS.small) {
  test(`${shape} ${rows} × ${columns}, below every limit, too`, () => {
    const luma = drawn({ shape, seed, rows, columns });
    const found = { pdq: pair(pdq.compute(luma)), phash: pair(phash.compute(luma)) };
    assert.deepEqual(found, expected);
  });
}

test("PDQ needs five pixels a side", () => {
  const line = { data: new Uint8Array(4 * 90), rows: 4, columns: 90 };
  assert.throws(() => pdq.compute(line), RangeError);
});

const NUMBERED = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), rows: 2, columns: 3 };
const TURNED = {
  1: [2, 3, [1, 2, 3, 4, 5, 6]],
  2: [2, 3, [3, 2, 1, 6, 5, 4]],
  3: [2, 3, [6, 5, 4, 3, 2, 1]],
  4: [2, 3, [4, 5, 6, 1, 2, 3]],
  5: [3, 2, [1, 4, 2, 5, 3, 6]],
  6: [3, 2, [4, 1, 5, 2, 6, 3]],
  7: [3, 2, [6, 3, 5, 2, 4, 1]],
  8: [3, 2, [3, 6, 2, 5, 1, 4]],
};
for (const [orientation, [rows, columns, levels]] of Object.entries(TURNED)) {
  test(`orientation ${orientation} is made upright`, () => {
    const turned = pixels.upright(NUMBERED, Number(orientation));
    assert.deepEqual(turned, { data: Uint8Array.from(levels), rows, columns });
  });
}

test("an orientation that does not exist changes nothing", () => {
  for (const none of [0, 9, -1, 2.5, NaN]) assert.equal(pixels.upright(NUMBERED, none), NUMBERED);
});

test("each layout, stride and offset of the same colours has the same luma", () => {
  const raster = { rows: 2, columns: 2 };
  const rgbx = [10, 20, 30, 0, 200, 100, 50, 9, 255, 0, 0, 7, 1, 2, 250, 255];
  const plain = pixels.lumaOfRgb(Uint8Array.from(rgbx), raster);
  const bgrx = [];
  for (let at = 0; at < 16; at += 4) bgrx.push(rgbx[at + 2], rgbx[at + 1], rgbx[at], 255);
  const other = pixels.lumaOfRgb(Uint8Array.from(bgrx), { ...raster, layout: "BGRX" });
  const opaque = pixels.lumaOfRgb(Uint8Array.from(bgrx), { ...raster, layout: "BGRA" });
  const wide = [77, 77, 77, ...rgbx.slice(0, 8), 0, 0, ...rgbx.slice(8)];
  const moved = { ...raster, stride: 10, offset: 3 };
  assert.deepEqual(other, plain);
  assert.deepEqual(opaque, plain);
  assert.deepEqual(pixels.lumaOfRgb(Uint8Array.from(wide), moved), plain);
});

test("a plane is taken as it is", () => {
  const plane = Uint8Array.of(9, 1, 2, 3, 0, 4, 5, 6);
  const raster = { rows: 2, columns: 3, stride: 4, offset: 1 };
  assert.deepEqual(pixels.lumaOfPlane(plane, raster), NUMBERED);
});

test("too few bytes for the pixels, and a stride below a row, are refused", () => {
  const short = new Uint8Array(4 * 15);
  assert.throws(() => pixels.lumaOfRgb(short, { rows: 4, columns: 4 }), RangeError);
  assert.throws(() => pixels.lumaOfRgb(short, { rows: 2, columns: 4, stride: 15 }), RangeError);
  assert.throws(() => pixels.lumaOfPlane(short, { rows: 4, columns: 16 }), RangeError);
});

const REFUSED = [
  [8192, 6657, "TooManyPixels"],
  [15, 400, "TooSmall"],
  [513, 16, "TooNarrow"],
  [16, 513, "TooNarrow"],
];
for (const [rows, columns, code] of REFUSED) {
  test(`${rows} × ${columns} is refused: ${code}`, () => {
    assert.throws(() => pixels.checkSize(rows, columns), { name: "ContentError", code });
  });
}

test("what is just within the limits is not refused", () => {
  pixels.checkSize(8192, 6656);
  pixels.checkSize(16, 512);
  pixels.checkSize(16384, 12288, pixels.MAX_JPEG_PIXELS);
  pixels.checkBytes(pixels.MAX_BYTES);
  assert.throws(() => pixels.checkBytes(pixels.MAX_BYTES + 1), { code: "TooManyBytes" });
  assert.throws(() => pixels.checkBytes(0), { code: "EmptyFile" });
});

test("a scaled decode is squeezed to the size of the picture before it", () => {
  const half = drawn({ shape: "blocks", seed: 3, rows: 1100, columns: 1290 });
  const squeezed = pixels.squeeze(half, { rows: 2200, columns: 2580 });
  assert.deepEqual([squeezed.rows, squeezed.columns], [1024, 1024]);
  assert.deepEqual(pixels.rasterSize(1280, 1281), { rows: 1280, columns: 1024 });
});

test("a set of windows has its windows, and a nearly square picture no square", () => {
  const wide = drawn({ shape: "blocks", seed: 8, rows: 300, columns: 400 });
  const names = (set) => compute(wide, set).map(({ window }) => window);
  assert.deepEqual(names("none"), []);
  assert.deepEqual(names(undefined), ["centre-90", "centre-50", "square"]);
  assert.equal(names("all").length, 8);
  const has = (rows, columns) => boxes(rows, columns).some(([window]) => window === "square");
  assert.deepEqual([has(100, 105), has(100, 106), has(106, 100)], [false, true, true]);
});

test("bytes are written in lowercase hexadecimal, first byte first", () => {
  assert.equal(hex(Uint8Array.of(0, 15, 16, 171, 255)), "000f10abff");
});
