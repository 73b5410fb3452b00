/** A record: one captured fact, as in hashing/evidence/record.py. */

import { InvalidEvidence } from "../errors.js";
import * as canonical from "./canonical.js";
import { isDigest, isId, isMoment } from "./chain.js";
import { MAX_FILE, MAX_RECORD } from "./limits.js";

/**
 * A file of a record, by what it is once opened.
 * @typedef {{id: string, name: string, media_type: string, size: number, sha256: string,
 *   root: string}} AttachedFile
 */
/**
 * What is not known is absent. Fields of later versions are kept.
 * @typedef {{kind: "page" | "post" | "profile" | "message" | "payment" | "call" | "file",
 *   captured_at: string, happened_at?: string, clock?: "device" | "server" | "page",
 *   captured_by?: "owner" | "advocate" | "crawler", platform?: string, address?: string,
 *   final_address?: string, display_name?: string, user_name?: string, profile_id?: string,
 *   person?: string, how?: string, tool?: string, note?: string, files?: AttachedFile[],
 *   replaces?: string, signer?: string}} EvidenceRecord
 */

const MAX_FILES = 50;
/** Free texts, and the most characters (Unicode code points) of each. @type {Record<string, number>} */
const TEXTS = {
  platform: 100, address: 4000, final_address: 4000, display_name: 300, user_name: 300,
  profile_id: 300, person: 300, how: 1000, tool: 300, note: 20_000,
};
/** @type {Record<string, readonly string[]>} */
const CHOICES = {
  kind: ["page", "post", "profile", "message", "payment", "call", "file"],
  clock: ["device", "server", "page"],
  captured_by: ["owner", "advocate", "crawler"],
};
/** @type {Record<string, (value: any) => boolean>} */
const RULES = {
  ...Object.fromEntries(Object.entries(TEXTS).map(([name, most]) => [name, isTextOf(most)])),
  ...Object.fromEntries(
    Object.entries(CHOICES).map(([name, choices]) => [name, (value) => choices.includes(value)]),
  ),
  captured_at: isMoment,
  happened_at: (value) => isDay(value) || isMoment(value),
  replaces: isId,
  signer: isDigest,
  files: areFiles,
};
/** @type {Record<string, (value: any) => boolean>} */
const FILE_RULES = {
  id: isId, name: isTextOf(255), media_type: isTextOf(100), root: isDigest, sha256: isDigest,
  size: (value) => Number.isSafeInteger(value) && value >= 0 && value <= MAX_FILE,
};

/**
 * A record as canonical JSON.
 * @param {EvidenceRecord} record
 * @returns {Uint8Array<ArrayBuffer>}
 * @throws {InvalidEvidence} with the name of the field that is wrong
 */
export function encode(record) {
  const encoded = canonical.encode(parse(record));
  if (encoded.length > MAX_RECORD) throw new InvalidEvidence("length");
  return encoded;
}

/**
 * @param {Uint8Array} untrusted
 * @returns {EvidenceRecord}
 * @throws {InvalidEvidence} with the name of the field that is wrong
 */
export function decode(untrusted) {
  return parse(canonical.decode(untrusted, MAX_RECORD));
}

/**
 * @param {any} untrusted
 * @returns {EvidenceRecord}
 * @throws {InvalidEvidence} with the name of the field that is wrong
 */
export function parse(untrusted) {
  for (const name of ["kind", "captured_at"]) {
    if (!Object.hasOwn(untrusted, name)) throw new InvalidEvidence(name);
  }
  for (const [name, value] of Object.entries(untrusted)) {
    if (Object.hasOwn(RULES, name) && !RULES[name](value)) throw new InvalidEvidence(name);
  }
  return untrusted;
}

/**
 * @param {number} most
 * @returns {(value: unknown) => boolean}
 */
function isTextOf(most) {
  return (value) => typeof value === "string" && value !== "" && [...value].length <= most
    // eslint-disable-next-line no-control-regex
    && !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(value);
}

/** @param {unknown} value */
function isDay(value) {
  return typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value)
    && isMoment(`${value}T00:00:00Z`);
}

/** @param {unknown} value */
function areFiles(value) {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_FILES) return false;
  if (new Set(value.map((each) => each?.id)).size !== value.length) return false;
  return value.every((each) => typeof each === "object" && each !== null
    && Object.keys(each).sort().join() === Object.keys(FILE_RULES).sort().join()
    && Object.entries(FILE_RULES).every(([name, rule]) => rule(each[name])));
}
