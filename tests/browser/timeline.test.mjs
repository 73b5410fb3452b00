import assert from "node:assert/strict";
import test from "node:test";
import { distance } from "../../hashing/browser/signals.js";
import { fold, MAX_FRAMES } from "../../hashing/browser/media/timeline.js";

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
