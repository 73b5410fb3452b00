import assert from "node:assert/strict";
import { createHash, randomBytes, randomInt } from "node:crypto";
import test from "node:test";
import { Md5 } from "../../hashing/browser/algorithms/md5.js";
import { Sha256 } from "../../hashing/browser/algorithms/sha256.js";

const KINDS = { md5: Md5, sha256: Sha256 };

for (const [name, Hasher] of Object.entries(KINDS)) {
  const expected = (bytes) => createHash(name).update(bytes).digest("hex");

  test(`${name} of every length up to four blocks is right`, () => {
    for (let length = 0; length <= 260; length += 1) {
      const bytes = randomBytes(length);
      const hasher = new Hasher();
      hasher.update(bytes);
      assert.equal(hasher.digest(), expected(bytes), `${length} bytes`);
    }
  });

  test(`${name} is the same however the bytes are cut`, () => {
    const bytes = randomBytes(100_000);
    for (let times = 0; times < 50; times += 1) {
      const hasher = new Hasher();
      for (let at = 0; at < bytes.length; ) {
        const size = randomInt(0, [2, 70, 200, 70_000][times % 4]);
        hasher.update(bytes.subarray(at, at + size));
        at += size;
      }
      assert.equal(hasher.digest(), expected(bytes));
    }
  });

  test(`${name} of more than 2³² bits is right`, () => {
    const chunk = randomBytes(2 ** 20 + 1);
    const hasher = new Hasher();
    const reference = createHash(name);
    for (let times = 0; times < 513; times += 1) {
      hasher.update(chunk);
      reference.update(chunk);
    }
    assert.equal(hasher.digest(), reference.digest("hex"));
  });
}
