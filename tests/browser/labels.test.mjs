import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { MAX_LABEL, seal, tidy, unseal } from "../../hashing/browser/labels.js";

const VECTORS = JSON.parse(readFileSync(new URL("../vectors/label.json", import.meta.url), "utf8"));
const { vault } = VECTORS;

for (const { why, typed, label, nonce, sealed } of VECTORS.sealed) {
  test(`${why}: sealed as in Python, and opened`, async () => {
    const drawn = (bytes) => {
      bytes.set(nonce.match(/../g).map((pair) => parseInt(pair, 16)));
      return bytes;
    };
    assert.equal(tidy(typed), label);
    assert.equal(await seal(vault, typed, drawn), sealed);
    assert.equal(await unseal(vault, sealed), label);
  });
}

for (const { why, vault: key, sealed } of VECTORS.refused) {
  test(`${why}: not opened`, async () => assert.equal(await unseal(key, sealed), undefined));
}

test("the same label is sealed differently each time, and as long as any other", async () => {
  const sealed = await Promise.all(["x", "x", "x".repeat(MAX_LABEL)].map((one) => seal(vault, one)));
  assert.equal(new Set(sealed.map((one) => one.slice(0, 24))).size, 3);
  for (const one of sealed) assert.match(one, /^[0-9a-f]{536}$/);
});

for (const typed of ["", " \n", "🙂".repeat(MAX_LABEL + 1)]) {
  test(`no label is made of ${typed.length} halves of characters`, async () => {
    await assert.rejects(seal(vault, typed), { code: "InvalidLabel" });
  });
}
