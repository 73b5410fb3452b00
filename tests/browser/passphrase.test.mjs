import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { COUNT, derive, newPassphrase, normalise } from "../../hashing/browser/passphrase.js";
import { WORDS } from "../../hashing/browser/words.js";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const VECTORS = JSON.parse(read("../vectors/passphrase.json"));

test("the words are those of Python, in order", () => {
  assert.deepEqual(WORDS, read("../../hashing/words.txt").trim().split(/\s+/));
  assert.equal(WORDS.length, 2048);
});

for (const { typed, normalised, access, vault } of VECTORS.derive) {
  test(`keys of “${typed.slice(0, 12)}…” are those of Python`, async () => {
    assert.equal(normalise(typed), normalised);
    assert.deepEqual(await derive(typed), { access, vault });
  });
}

for (const { why, typed, normalised } of VECTORS.normalise.accepted) {
  test(`${why}: the words are those of Python`, () => assert.equal(normalise(typed), normalised));
}

for (const { why, typed, position } of VECTORS.normalise.refused) {
  test(`${why}: refused by its position`, () => {
    assert.throws(() => normalise(typed), { code: "InvalidPassphrase", position });
  });
}

test("any case and spacing, cut words and full-width letters are the same", () => {
  const seven = WORDS.slice(100, 100 + COUNT).join(" ");
  const typed = WORDS.slice(100, 100 + COUNT).map((word) => word.slice(0, 4).toUpperCase());
  assert.equal(normalise(`  ${typed.join(",\n")} .`), seven);
  const wide = seven.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
  assert.equal(normalise(wide), seven);
});

for (const count of [0, 1, 6, 8]) {
  test(`${count} words are refused by their number`, () => {
    const typed = WORDS.slice(0, count).join(" ");
    assert.throws(() => normalise(typed), { code: "InvalidPassphrase", position: 0, count });
  });
}

for (const wrong of ["zzzz", "abacuss", "abacux", "ab", "x"]) {
  test(`“${wrong}” is refused by its position, and not repeated`, () => {
    const typed = [...WORDS.slice(0, 3), wrong, ...WORDS.slice(0, 3)].join(" ");
    assert.throws(
      () => normalise(typed),
      (error) => error.position === 4 && !`${error}`.includes(wrong),
    );
  });
}

test("a new passphrase is seven words of the list, drawn evenly", () => {
  const made = Array.from({ length: 4000 }, newPassphrase);
  assert.equal(new Set(made).size, made.length);
  const counts = new Array(16).fill(0);
  for (const one of made) {
    assert.equal(normalise(one), one);
    for (const word of one.split(" ")) counts[WORDS.indexOf(word) >> 7] += 1;
  }
  // 28,000 draws into 16 parts: 1,750 each, and 41 is one sigma.
  for (const count of counts) assert.ok(Math.abs(count - 1750) < 6 * 41, `${counts}`);
});
