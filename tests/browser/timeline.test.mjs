import assert from "node:assert/strict";
import test from "node:test";
import { distance } from "../../hashing/browser/signals.js";
import { fold, MAX_FRAMES, Sampler } from "../../hashing/browser/media/timeline.js";

const ZEROS = "0".repeat(64);
const frame = (at_ms, value) => ({ at_ms, until_ms: at_ms, type: "pdq", value, quality: 90 });

test("the distance is the number of bits that differ", () => {
  assert.equal(distance(ZEROS, "f".repeat(64)), 256);
  assert.equal(distance(`1${ZEROS.slice(1)}`, `8${ZEROS.slice(1)}`), 2);
  assert.equal(distance(ZEROS, ZEROS), 0);
  assert.throws(() => distance("00", "0"), RangeError);
});

test("near neighbours are one run from the first on, and others are not", () => {
  const eight = `${ZEROS.slice(2)}ff`;
  const nine = `${ZEROS.slice(3)}1ff`;
  const frames = [frame(0, ZEROS), frame(250, eight), frame(500, ZEROS), frame(750, nine)];
  assert.deepEqual(fold(frames), [{ ...frame(0, ZEROS), until_ms: 500 }, frame(750, nine)]);
  assert.equal(frames[0].until_ms, 0);
});

test("too many runs are thinned by half until they fit", () => {
  const far = ["0", "f"].map((digit) => digit.repeat(64));
  const frames = Array.from({ length: 2 * MAX_FRAMES + 1 }, (_, n) => frame(250 * n, far[n % 2]));
  const thinned = fold(frames);
  assert.deepEqual(
    thinned.map(({ at_ms }) => at_ms),
    Array.from({ length: 601 }, (_, n) => 1000 * n),
  );
  assert.equal(fold(frames.slice(0, MAX_FRAMES)).length, MAX_FRAMES);
});

/** Spans of the frames that are sampled, if frames begin at these times. */
function sampled(/** @type {number[]} */ starts, /** @type {number} */ end) {
  const sampler = new Sampler();
  const isLast = (/** @type {number} */ n) => n === starts.length - 1;
  const spans = starts.map((at, n) => [at, sampler.until(at, starts[n + 1] ?? end, isLast(n))]);
  return spans.filter(([, until]) => until !== undefined);
}

const taken = (/** @type {number[]} */ starts, /** @type {number} */ end) =>
  sampled(starts, end).map(([at]) => at);

test("frames are sampled as tests/device/media/test_timeline.py says", () => {
  const many = Array.from({ length: 50 }, (_, n) => 40 * n);
  assert.deepEqual(taken(many, 2000), [0, 280, 520, 760, 1000, 1280, 1520, 1760]);
  const cases = [
    [[0, 100], 8100, [0, 100]],
    [[0, 120], 160, [0, 120]],
    [[0, 40, 80, 120, 160], 200, [0, 160]],
    [[0], 9000, [0]],
    [[0, 200, 400, 600, 800, 1000], 1200, [0, 200, 400, 800, 1000]],
    [[0, 100, 450, 550, 900], 1300, [0, 100, 550, 900]],
    [[0, 250, 480], 520, [0, 250]],
    [[0, 250, 480], 600, [0, 250, 480]],
  ];
  for (const [starts, end, expected] of cases) assert.deepEqual(taken(starts, end), expected);
});

test("a frame stands for the sampling times at which it is shown", () => {
  assert.deepEqual(sampled([0, 200, 8200], 8240), [[0, 0], [200, 8000]]);
  assert.deepEqual(sampled([0, 400, 1000], 3000), [[0, 250], [400, 750], [1000, 2750]]);
});
