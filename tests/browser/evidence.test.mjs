import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import test from "node:test";
import * as canonical from "../../hashing/browser/evidence/canonical.js";
import * as chain from "../../hashing/browser/evidence/chain.js";
import { EvidenceKeys, isSigned } from "../../hashing/browser/evidence/keys.js";
import { isStoredChunk, isStoredRecord } from "../../hashing/browser/evidence/limits.js";
import * as record from "../../hashing/browser/evidence/record.js";
import * as sealing from "../../hashing/browser/evidence/sealing.js";

const VECTORS = JSON.parse(readFileSync(new URL("../vectors/evidence.json", import.meta.url), "utf8"));
const { record_id: RECORD_ID, file_id: FILE_ID } = VECTORS;
const keys = await EvidenceKeys.of(VECTORS.vault);
const unhex = (digits) => Uint8Array.from(Buffer.from(digits, "hex"));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const content = (size) => Uint8Array.from({ length: size }, (_, n) => (n * n - n * n % 3) / 3 % 256);

test("the key of signatures is that of Python, and so is a signature", async () => {
  const message = new TextEncoder().encode(VECTORS.signed.message);
  const signature = await keys.sign(message);
  assert.equal(await keys.signer(), VECTORS.signer);
  assert.equal(hex(signature), VECTORS.signed.signature);
  assert.ok(await isSigned(VECTORS.signer, message, signature));
  assert.ok(!await isSigned(VECTORS.signer, message.slice(1), signature));
});

for (const { why, document, canonical: text, key, nonce, stored } of VECTORS.records) {
  test(`${why}: written, sealed and opened as in Python`, async () => {
    const fill = (bytes) => {
      bytes.set(unhex(nonce));
      return bytes;
    };
    const plain = record.encode(document);
    assert.equal(new TextDecoder().decode(plain), text);
    assert.deepEqual(record.decode(plain), document);
    assert.equal(hex(await keys.recordKey(RECORD_ID)), key);
    assert.equal(hex(await sealing.sealRecord(unhex(key), RECORD_ID, plain, fill)), stored);
    assert.deepEqual(await sealing.openRecord(unhex(key), RECORD_ID, unhex(stored)), plain);
    assert.ok(isStoredRecord(unhex(stored).length));
  });
}

test("no changed record is opened, nor one of another id or key", async () => {
  const [{ key, stored }] = VECTORS.records;
  for (const at of [0, 32, 50, 1000]) {
    const changed = unhex(stored);
    changed[at] ^= 1;
    await assert.rejects(sealing.openRecord(unhex(key), RECORD_ID, changed), { code: "NotOpened" });
  }
  const opened = [
    sealing.openRecord(unhex(key), FILE_ID, unhex(stored)),
    sealing.openRecord(unhex(VECTORS.secret), RECORD_ID, unhex(stored)),
    sealing.openRecord(unhex(key), RECORD_ID, unhex(stored).slice(1)),
  ];
  for (const each of opened) await assert.rejects(each, { code: "NotOpened" });
});

for (const { document, names } of VECTORS.invalid) {
  test(`an invalid record is refused by the name of its field: ${names}`, () => {
    assert.throws(() => record.parse(document), (err) => err.part.startsWith(names));
  });
}

for (const { why, text } of VECTORS.not_canonical) {
  test(`what is not canonical is refused: ${why}`, () => {
    const bytes = new TextEncoder().encode(text);
    assert.throws(() => canonical.decode(bytes, 1000), { code: "InvalidEvidence" });
  });
}

for (const { size, sha256: digest, key, chunks, root } of VECTORS.files) {
  test(`a file of ${size} bytes is sealed as in Python, and opened`, async () => {
    const plain = content(size);
    assert.equal(hex(await keys.fileKey(FILE_ID, digest)), key);
    const stored = await Array.fromAsync(sealing.sealFile(unhex(key), FILE_ID, new Blob([plain])));
    const sum = new sealing.Root();
    for (const each of stored) sum.add(sha256(each));
    assert.deepEqual(stored.map((each) => sha256(each).toString("hex")), chunks);
    assert.equal(sum.digest(), root);
    assert.equal(stored.reduce((total, each) => total + each.length, 0), sealing.storedSize(size));
    stored.forEach((each, n) => assert.ok(isStoredChunk(each.length, n === stored.length - 1)));
    const opened = await Array.fromAsync(sealing.openFile(unhex(key), FILE_ID, stored, size));
    assert.ok(Buffer.concat(opened).equals(plain));
    for (const other of [[...stored, stored[0]], stored.slice(1), stored.toReversed()]) {
      if (stored.length === 1 && other.length === 1) continue;
      const all = Array.fromAsync(sealing.openFile(unhex(key), FILE_ID, other, size));
      await assert.rejects(all, { code: "NotOpened" });
    }
  });
}

const { case: CASE, start, links: LINKS } = VECTORS.chain;
const changed = (n, entry, link = LINKS[n].link) => LINKS.with(n, { entry: { ...LINKS[n].entry, ...entry }, link });

test("links are those of Python", async () => {
  assert.equal(await chain.start(CASE), start);
  let before = start;
  for (const { entry, link } of LINKS.map(chain.parseLink)) {
    before = await chain.following(before, entry);
    assert.equal(before, link);
  }
  assert.deepEqual(await chain.faults(CASE, LINKS), []);
});

/** A chain whose links fit. */
async function linked(...entries) {
  const links = [];
  let link = start;
  for (const [n, entry] of entries.entries()) {
    const numbered = { ...entry, sequence: n + 1 };
    link = await chain.following(link, numbered);
    links.push({ entry: numbered, link });
  }
  return links;
}
const [FILE, RECORD, REMOVED, LAST] = LINKS.map((each) => ({ ...each.entry, at: LINKS[0].entry.at }));
const FAULTS = {
  "an entry changed": [changed(1, { digest: "0".repeat(64) }), 2, "follows"],
  "a link changed": [changed(2, {}, "0".repeat(64)), 3, "follows"],
  "an entry missing": [LINKS.toSpliced(1, 1), 2, "missing"],
  "one twice": [LINKS.toSpliced(2, 0, LINKS[1]), 3, "again"],
  "an earlier time": [await linked(FILE, { ...RECORD, at: "2020-01-01T00:00:00Z" }), 2, "time"],
  "an id again": [await linked(FILE, RECORD, FILE), 3, "id"],
  "removed what never was": [await linked(LAST, REMOVED), 2, "removes_nothing"],
  "removed twice": [await linked(FILE, REMOVED, REMOVED), 3, "removed_before"],
  "removed something else": [await linked(FILE, { ...REMOVED, digest: "0".repeat(64) }), 2, "removes_another"],
};

for (const [why, [links, sequence, code]] of Object.entries(FAULTS)) {
  test(`a fault of a chain is named by its entry: ${why}`, async () => {
    assert.deepEqual((await chain.faults(CASE, links))[0], { sequence, code });
  });
}

test("a chain of another case is none of this one", async () => {
  assert.deepEqual((await chain.faults("1-1", LINKS))[0], { sequence: 1, code: "first" });
});
