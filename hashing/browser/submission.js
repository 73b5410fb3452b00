/**
 * The JSON documents in which signals leave the device: what has no field here cannot be sent, as a
 * label that can be read. That
 * of a new case is the same as in hashing/submission.py, key by key; that of more entries also
 * holds the case number and the access key, which the Python client sends in a header, and a stamp.
 */

import { InvalidSubmission } from "./errors.js";

/** @typedef {import("./signals.js").Content} Content */
/** @typedef {import("./signals.js").Signal} Signal */
/** @typedef {import("./signals.js").Frame} Frame */
/** @typedef {import("./signals.js").Window} Window */
/** @typedef {import("./worker/working.js").Work} Work */
/**
 * The owner's answers, without which the service takes no case.
 * @typedef {{subject: "self" | "authorised", adults: true, intimate: true}} Eligibility
 */

export const VERSION = 1;
/** Most entries of one case. */
export const MAX_ENTRIES = 50;
/** Most characters (Unicode code points) of the note for advocates. */
export const MAX_NOTE = 1000;

/**
 * The document of a new case.
 * @param {{accessKey: string, work?: Work, eligibility: Eligibility, note?: string, intakeCode?: string,
 *   entries: Content[]}} made `accessKey`: 64 digits of hexadecimal; no `work` if none is needed
 * @throws {InvalidSubmission} too few or too many entries, an empty or too long note
 */
export function documentOf({ accessKey, work, eligibility, note, intakeCode, entries }) {
  checkCount(entries);
  const { subject, adults, intimate } = eligibility;
  return {
    version: VERSION,
    access_key: accessKey,
    ...(work?.nonces.length ? { work: { challenge: work.challenge, nonces: work.nonces } } : {}),
    eligibility: { subject, adults, intimate },
    ...(note === undefined ? {} : { note: checkedNote(note) }),
    ...(intakeCode ? { intake_code: intakeCode } : {}),
    entries: entries.map(contentOf),
  };
}

/**
 * The document of more entries for a case.
 * @param {{caseNumber: string, accessKey: string, stamp: string, entries: Content[]}} made
 *   `stamp`: when the words were typed, as the service signed it
 * @throws {InvalidSubmission} too few or too many entries
 */
export function entriesDocumentOf({ caseNumber, accessKey, stamp, entries }) {
  checkCount(entries);
  return { case: caseNumber, access_key: accessKey, stamp, entries: entries.map(contentOf) };
}

/**
 * One entry, with the fields that the document has and no others, and without empty lists.
 * @param {Content} content
 * @returns {Content}
 */
export function contentOf({ kind, signals, frames = [], windows = [], sealed_label: sealed }) {
  return {
    kind,
    signals: signals.map(signalOf),
    ...(frames.length > 0 ? { frames: frames.map(frameOf) } : {}),
    ...(windows.length > 0 ? { windows: windows.map(windowOf) } : {}),
    ...(sealed ? { sealed_label: sealed } : {}),
  };
}

/**
 * @param {Signal} signal
 * @returns {Signal}
 */
function signalOf({ type, value, quality }) {
  return { type, value, ...(quality === undefined ? {} : { quality }) };
}

/**
 * @param {Frame} frame
 * @returns {Frame}
 */
function frameOf({ at_ms, until_ms, type, value, quality }) {
  return { at_ms, until_ms, type, value, quality };
}

/**
 * @param {Window} one
 * @returns {Window}
 */
function windowOf({ window, type, value, quality }) {
  return { window, type, value, quality };
}

/** @param {Content[]} entries */
function checkCount(entries) {
  if (entries.length < 1 || entries.length > MAX_ENTRIES) throw new InvalidSubmission("entries");
}

/** @param {string} note */
function checkedNote(note) {
  const characters = [...note].length;
  if (characters < 1 || characters > MAX_NOTE) throw new InvalidSubmission("note");
  return note;
}
