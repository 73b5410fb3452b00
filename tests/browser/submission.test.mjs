import assert from "node:assert/strict";
import test from "node:test";
import {
  contentOf,
  documentOf,
  entriesDocumentOf,
  MAX_ENTRIES,
  MAX_NOTE,
} from "../../hashing/browser/submission.js";

const KEY = "ab".repeat(32);
const ANSWERS = { subject: "self", adults: true, intimate: true };
const SIGNAL = { type: "sha256", value: "00".repeat(32) };
const SEALED = "0f".repeat(268);
const ENTRY = { kind: "picture", signals: [SIGNAL] };

test("a new case has these keys, in this order, and the note where there is one", () => {
  const made = { accessKey: KEY, eligibility: ANSWERS, entries: [ENTRY] };
  const plain = ["version", "access_key", "eligibility", "entries"];
  assert.deepEqual(Object.keys(documentOf(made)), plain);
  const noted = documentOf({ ...made, note: "Call in the morning" });
  assert.deepEqual(Object.keys(noted), [...plain.slice(0, 3), "note", "entries"]);
});

test("more entries name the case, its key and when its words were typed", () => {
  const made = { caseNumber: "998-599-8449", accessKey: KEY, stamp: "1.ab", entries: [ENTRY] };
  const text = JSON.stringify(entriesDocumentOf(made));
  const entries = JSON.stringify([ENTRY]);
  assert.equal(text, `{"case":"998-599-8449","access_key":"${KEY}","stamp":"1.ab","entries":${entries}}`);
});

test("what has no field is left out", () => {
  const frame = { at_ms: 0, until_ms: 0, type: "pdq", value: "11".repeat(32), quality: 90 };
  const window = { window: "square", type: "pdq", value: "22".repeat(32), quality: 80 };
  const entry = {
    name: "holiday.jpg",
    kind: "video",
    signals: [{ ...SIGNAL, size: 3 }],
    frames: [{ ...frame, thumbnail: "…" }],
    windows: [{ ...window, place: 1 }],
    label: "Kitchen",
    sealed_label: SEALED,
  };
  const clean = { kind: "video", signals: [SIGNAL], frames: [frame], windows: [window], sealed_label: SEALED };
  assert.equal(JSON.stringify(contentOf(entry)), JSON.stringify(clean));
});

test("empty lists are left out", () => {
  assert.deepEqual(contentOf({ ...ENTRY, frames: [], windows: [] }), ENTRY);
});

for (const count of [0, MAX_ENTRIES + 1]) {
  test(`${count} entries are refused`, () => {
    const entries = new Array(count).fill(ENTRY);
    const refused = { code: "InvalidSubmission", part: "entries" };
    assert.throws(() => documentOf({ accessKey: KEY, eligibility: ANSWERS, entries }), refused);
    const more = { caseNumber: "1", accessKey: KEY, stamp: "1.ab", entries };
    assert.throws(() => entriesDocumentOf(more), refused);
  });
}

test("a note is counted in characters, not in halves of them", () => {
  const made = { accessKey: KEY, eligibility: ANSWERS, entries: [ENTRY] };
  const longest = "🙂".repeat(MAX_NOTE);
  assert.equal(documentOf({ ...made, note: longest }).note, longest);
  for (const note of ["", `${longest}!`]) {
    assert.throws(() => documentOf({ ...made, note }), { code: "InvalidSubmission", part: "note" });
  }
});
