import assert from "node:assert/strict";
import { test } from "node:test";

import { demux } from "../../hashing/browser/media/matroska.js";
import { bytes, u16, u32 } from "./files.mjs";

/** @param {string} id in hexadecimal digits @param {...(number[] | Uint8Array | string)} parts */
function element(id, ...parts) {
  const body = bytes(...parts);
  return bytes(Buffer.from(id, "hex"), [0x10 | (body.length >> 24), body.length >> 16, body.length >> 8, body.length].map((n) => n & 255), body);
}

/** An element whose size is unknown, as recorders write them. */
function open(/** @type {string} */ id, /** @type {Uint8Array[]} */ ...parts) {
  return bytes(Buffer.from(id, "hex"), [0x01, ...new Array(7).fill(255)], ...parts);
}

const VP8 = { codec: "V_VP8", type: 1, number: 1 };

/** @param {Record<string, any>} made */
function track({ codec, type, number, isDefault = 1, more = [] }) {
  const video = element("e0", element("b0", u16(320)), element("ba", u16(240)));
  return element("ae", element("d7", [number]), element("83", [type]), element("88", [isDefault]),
    element("86", codec), video, ...more);
}

const block = (/** @type {number} */ at, /** @type {number} */ flags, /** @type {string} */ frame, number = 1) =>
  element("a3", [0x80 | number], u16(at), [flags], frame);

/** @param {Uint8Array[]} tracks @param {Uint8Array[]} clusters */
const blob = (tracks, ...clusters) => new Blob([
  element("1a45dfa3"), open("18538067", element("1549a966", element("2ad7b1", u32(500_000))),
    element("1654ae6b", ...tracks), ...clusters)]);

const FRAMES = [
  open("1f43b675", element("e7", u16(100)), block(0, 0x80, "key"), block(7, 0x80, "sound", 2), block(20, 0, "delta")),
  element("1f43b675", element("e7", u16(200)),
    element("a0", element("a1", [0x81], u16(0xffff), [0], "group"), element("9b", [77]), element("fb", [1])),
    element("a0", element("a1", [0x81], u16(10), [0], "key"))),
];

test("where frames lie, in clusters of known and of unknown size", async () => {
  const file = blob([track({ codec: "A_OPUS", type: 2, number: 2 }), track(VP8)], ...FRAMES);
  const found = await demux(file);
  const whole = Buffer.from(await file.arrayBuffer());
  const frames = found?.samples.offsets.map((at, n) => whole.subarray(at, at + found.samples.sizes[n]).toString());
  assert.deepEqual(frames, ["key", "delta", "group", "key"]);
  assert.deepEqual(found?.samples.times, [100, 120, 199, 210]);
  assert.deepEqual(found?.samples.durations, [0, 0, 77, 0]);
  assert.deepEqual(found?.samples.keys, [true, false, false, true]);
  assert.deepEqual([found?.codec.codec, found?.codec.width, found?.timescale], ["vp8", 320, 2000]);
});

test("the default track, sound alone, and what is encrypted", async () => {
  const other = track({ ...VP8, number: 3, isDefault: 0 });
  assert.equal((await demux(blob([other, track(VP8)], ...FRAMES)))?.samples.sizes.length, 4);
  const rejects = (/** @type {Uint8Array[]} */ tracks, /** @type {string} */ code) =>
    assert.rejects(demux(blob(tracks, ...FRAMES)), { code });
  await rejects([track({ codec: "A_OPUS", type: 2, number: 1 })], "SoundAlone");
  await rejects([], "Damaged");
  await rejects([other], "Damaged");
  const encoded = (/** @type {string} */ id) => ({ ...VP8, more: [element("6d80", element("6240", element(id)))] });
  await rejects([track(encoded("5035"))], "Encrypted");
  assert.equal(await demux(blob([track(encoded("5034"))], ...FRAMES)), undefined);
});

test("codecs, and what a VP9 frame says of its colours", async () => {
  const record = element("63a2", [1, 0x64, 0, 0x1f, 0xff, 0xe0, 0]);
  const codecOf = async (/** @type {string} */ codec, frame = "", /** @type {Uint8Array[]} */ ...more) =>
    (await demux(blob([track({ ...VP8, codec, more })], element("1f43b675", block(0, 0x80, frame)))))?.codec;
  assert.equal((await codecOf("V_MPEG4/ISO/AVC", "x", record))?.codec, "avc1.64001f");
  assert.equal((await codecOf("V_THEORA", "x"))?.codec, "THEORA");
  const key = (/** @type {number[]} */ ...bits) => String.fromCharCode(...bits);
  assert.deepEqual(await codecOf("V_VP9", key(0x82, 0x49, 0x83, 0x42, 0x50, 0)),
    { width: 320, height: 240, codec: "vp09.00.10.08", matrix: "bt709", fullRange: true });
  assert.equal((await codecOf("V_VP9", "x"))?.codec, "vp09.00.10.08");
  const laced = element("1f43b675", block(0, 0x82, "two"));
  assert.equal(await demux(blob([track(VP8)], laced)), undefined);
});

test("every prefix of a file is damaged, or has fewer frames", async () => {
  const whole = new Uint8Array(await blob([track(VP8)], ...FRAMES).arrayBuffer());
  for (let end = 0; end < whole.length; end += 1) {
    const found = await demux(new Blob([whole.slice(0, end)])).catch((err) => err.code);
    assert.ok(found === "Damaged" || found?.samples.sizes.length <= 4, String(end));
  }
});
