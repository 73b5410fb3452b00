import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { PIECE_BITS, nonceOf, seedOf } from "../../hashing/browser/work.js";

const VECTORS = JSON.parse(readFileSync(new URL("../vectors/work.json", import.meta.url), "utf8"));
const { challenge, access_key: accessKey, nonces } = VECTORS;

test("the nonces are those of Python", () => {
  assert.equal(PIECE_BITS, VECTORS.piece_bits);
  const seed = seedOf(challenge, accessKey);
  assert.deepEqual(nonces.map((_, piece) => nonceOf(seed, piece)), nonces);
});

test("another key or challenge has another seed", () => {
  const seeds = [[challenge, accessKey], [`1${challenge}`, accessKey], [challenge, "00".repeat(32)]];
  assert.equal(new Set(seeds.map(([one, key]) => seedOf(one, key).join())).size, 3);
});
