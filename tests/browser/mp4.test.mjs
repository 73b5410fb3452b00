import assert from "node:assert/strict";
import { test } from "node:test";

import { demux } from "../../hashing/browser/media/mp4.js";
import { box, bytes, full, u16, u32 } from "./files.mjs";

const AVC = box("avcC", [1, 0x64, 0, 0x1f, 0xff, 0xe0, 0]);
const IDENTITY = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];

/** @param {Record<string, any>} [made] */
function movie({ codec = ["avc1", AVC], table, edits, matrix = IDENTITY, more = [], kind = "vide" } = {}) {
  const entry = box(codec[0], new Uint8Array(24), u16(320), u16(240), new Uint8Array(50), codec[1]);
  const stbl = box("stbl", full("stsd", u32(1), entry), ...(table ?? samples()));
  const media = box("mdia", full("mdhd", u32(0), u32(0), u32(1000), u32(0)),
    full("hdlr", u32(0), kind), box("minf", stbl));
  const head = full("tkhd", new Uint8Array(8), u32(7), new Uint8Array(24), ...matrix.map(u32), u32(0), u32(0));
  const list = edits ? [box("edts", full("elst", u32(edits.length), ...edits.map(edit)))] : [];
  const clock = full("mvhd", u32(0), u32(0), u32(500), u32(0));
  return box("moov", clock, box("trak", head, ...list, media), ...more);
}

/** @param {[number, number]} edit duration in 1/500 s, media time in 1/1000 s */
function edit([lasts, from]) {
  return bytes(u32(lasts), u32(from), u32(0x10000));
}

/** Five samples in chunks of 2, 2 and 1; B frames. */
function samples() {
  return [
    full("stts", u32(2), u32(4), u32(40), u32(1), u32(60)),
    full("ctts", u32(3), u32(1), u32(40), u32(1), u32(80), u32(3), u32(0)),
    full("stsc", u32(2), u32(1), u32(2), u32(1), u32(3), u32(1), u32(1)),
    full("stsz", u32(0), u32(5), ...[10, 20, 30, 40, 50].map(u32)),
    full("stco", u32(3), ...[1000, 2000, 3000].map(u32)),
    full("stss", u32(2), u32(1), u32(4)),
  ];
}

const blob = (/** @type {Uint8Array[]} */ ...parts) => new Blob([bytes(box("ftyp", "isom"), ...parts)]);

test("where samples lie, and when they are shown", async () => {
  const track = await demux(blob(box("mdat", new Uint8Array(99)), movie()));
  assert.ok(track);
  assert.deepEqual(track.samples, {
    offsets: [1000, 1010, 2000, 2030, 3000],
    sizes: [10, 20, 30, 40, 50],
    times: [40, 120, 80, 120, 160],
    durations: [40, 40, 40, 40, 60],
    keys: [true, false, false, true, false],
  });
  const { codec, width, height } = track.codec;
  assert.deepEqual([codec, width, height], ["avc1.64001f", 320, 240]);
  assert.deepEqual([track.timescale, track.orientation, track.edits], [1000, 1, []]);
});

test("offsets of 64 bits, sizes all alike, every sample a key", async () => {
  const [stts, , stsc] = samples();
  const alike = full("stsz", u32(9), u32(5));
  const large = full("co64", u32(3), ...[1, 2, 3].flatMap((n) => [u32(n), u32(0)]));
  const track = await demux(blob(movie({ table: [stts, stsc, alike, large] })));
  assert.deepEqual(track?.samples.offsets.slice(0, 3), [2 ** 32, 2 ** 32 + 9, 2 ** 33]);
  assert.ok(track?.samples.keys.every(Boolean));
});

test("edits are in units of the track; an empty one only delays", async () => {
  const track = await demux(blob(movie({ edits: [[100, 0xffffffff], [500, 40], [0, 2000]] })));
  assert.deepEqual(track?.edits, [{ from: 40, to: 1040 }, { from: 2000, to: Infinity }]);
  assert.equal(await demux(blob(movie({ edits: [[500, 900], [500, 0]] }))), undefined);
});

test("turns are told as EXIF tells them", async () => {
  const [one, minus] = [0x10000, 0xffff0000];
  /** @type {[number[], number][]} */
  const turns = [
    [[0, one, minus, 0], 6], [[minus, 0, 0, minus], 3], [[0, minus, one, 0], 8], [[one, 0, 0, one], 1],
    [[minus, 0, 0, one], 2], [[one, 0, 0, minus], 4], [[0, one, one, 0], 5], [[0, minus, minus, 0], 7],
    [[one, one, minus, one], 1], [[0, 0, 0, 0], 1],
  ];
  for (const [[a, b, c, d], orientation] of turns) {
    const matrix = [a, b, 0, c, d, 0, 0, 0, 0x40000000];
    assert.equal((await demux(blob(movie({ matrix }))))?.orientation, orientation);
  }
});

test("codec strings", async () => {
  const hvcC = box("hvcC", [1, 0x21, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 0x5d], new Uint8Array(10));
  const vpcC = full("vpcC", [2, 31, 0xa2, 1, 1, 1, 0, 0]);
  const av1C = box("av1C", [0x81, 0x08, 0x4c, 0]);
  /** @type {[string, Uint8Array, string][]} */
  const known = [
    ["hvc1", hvcC, "hvc1.1.6.H93.90"], ["vp09", vpcC, "vp09.02.31.10"], ["av01", av1C, "av01.0.08M.10"],
    ["vp08", bytes(), "vp8"], ["mp4v", bytes(), "mp4v"], ["avc1", bytes(u32(0)), "avc1"],
  ];
  for (const [type, record, name] of known) {
    assert.equal((await demux(blob(movie({ codec: [type, record] }))))?.codec.codec, name);
  }
});

test("fragments add their samples", async () => {
  const table = [full("stts", u32(0)), full("stsc", u32(0)), full("stsz", u32(0), u32(0)), full("stco", u32(0))];
  const more = [box("mvex", full("trex", u32(7), u32(1), u32(40), u32(11), u32(0x10000)))];
  const head = box("tfhd", [0, 2, 0, 0], u32(7));
  const run = box("trun", [1, 0, 2, 5], u32(2), u32(100), u32(0), u32(30), u32(31));
  const other = box("traf", box("tfhd", [0, 0, 0, 0], u32(8)), run);
  const moof = box("moof", other, box("traf", head, full("tfdt", u32(500)), run));
  const index = movie({ table, more });
  const begin = 12 + index.length;
  const track = await demux(blob(index, moof, moof));
  assert.deepEqual(track?.samples, {
    offsets: [begin + 100, begin + 130, begin + moof.length + 100, begin + moof.length + 130],
    sizes: [30, 31, 30, 31], times: [500, 540, 500, 540],
    durations: [40, 40, 40, 40], keys: [true, false, true, false],
  });
});

test("what lies about its sizes is damaged", async () => {
  const whole = movie();
  const cut = whole.slice(0, whole.length - 20);
  const [stts, ctts, stsc, , stco] = samples();
  const endless = full("stsz", u32(0), u32(0xffffff), u32(1));
  const many = full("stco", u32(0xfffffff), u32(1));
  const lies = [[cut], [], [movie({ table: [stts, ctts, stsc, many, full("stsz", u32(1), u32(1))] })],
    [movie({ table: [] })], [box("moov", u32(99))]];
  for (const parts of lies) {
    await assert.rejects(demux(blob(...parts)), { code: "Damaged" });
  }
  await assert.rejects(demux(blob(movie({ table: [stts, stsc, endless, stco] }))), { code: "TooLong" });
});

test("every prefix of a file is damaged, or is read", async () => {
  const whole = bytes(box("ftyp", "isom"), movie({ edits: [[500, 40]] }));
  for (let end = 0; end < whole.length; end += 1) {
    const found = await demux(new Blob([whole.slice(0, end)])).catch((err) => err.code);
    assert.equal(found, "Damaged", String(end));
  }
});

test("sound alone, and what is encrypted, are said to be", async () => {
  await assert.rejects(demux(blob(movie({ kind: "soun" }))), { code: "SoundAlone" });
  await assert.rejects(demux(blob(movie({ kind: "text" }))), { code: "Damaged" });
  await assert.rejects(demux(blob(movie({ codec: ["encv", AVC] }))), { code: "Encrypted" });
});

test("a track that is enabled goes before one that is not", async () => {
  const trak = (/** @type {Uint8Array} */ index) => index.slice(8 + 28); // after moov's header and mvhd
  const enabled = movie({ codec: ["vp09", box("vpcC", new Uint8Array(12))] });
  const at = new TextDecoder("latin1").decode(enabled).indexOf("tkhd") + 7;
  assert.equal((await demux(blob(movie({ more: [trak(enabled)] }))))?.codec.codec, "avc1.64001f");
  enabled[at] = 1;
  assert.equal((await demux(blob(movie({ more: [trak(enabled)] }))))?.codec.codec, "vp09.00.00.00");
});
