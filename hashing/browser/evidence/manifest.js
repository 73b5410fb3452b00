/** What a pack says of itself, as in hashing/evidence/manifest.py. */

import { InvalidEvidence } from "../errors.js";
import { isPath } from "./archive.js";
import * as canonical from "./canonical.js";
import { isDigest, isMoment, parseLink } from "./chain.js";
import { MAX_MANIFEST } from "./limits.js";

/** @typedef {import("./chain.js").Link} Link */
/** A file of the pack. @typedef {{path: string, size: number, sha256: string}} Content */
/** A record or a file in it. @typedef {{sequence: number, key: string, path: string}} Item */
/** @typedef {{sequence: number, authority: string, path: string}} PackedStamp */
/** @typedef {"removed" | "chosen" | "missing" | "damaged" | "unnamed"} Reason */
/** @typedef {{sequence: number, why: Reason}} LeftOut */
/**
 * @typedef {{format: string, case: string, made_at: string, made_by: string, signer: string,
 *   chain: Link[], records: Item[], files: Item[], stamps: PackedStamp[], left_out: LeftOut[],
 *   contents: Content[]}} Manifest
 */

export const FORMAT = "takeback evidence pack v1";
export const MANIFEST = "manifest.json";
export const SIGNATURE = "manifest.sig";
export const STAMP = "manifest.tsr";
/** What a manifest cannot list, in this order at the end of a pack; the last may be missing. */
export const AFTER = [MANIFEST, SIGNATURE, STAMP];
const REASONS = ["removed", "chosen", "missing", "damaged", "unnamed"];

/** @param {number} sequence */
export function numbered(sequence) {
  return String(sequence).padStart(4, "0");
}

/** @param {number} sequence */
export function recordPath(sequence) {
  return `items/${numbered(sequence)}/record.json`;
}

/** @param {number} sequence */
export function sealedRecordPath(sequence) {
  return `sealed/${numbered(sequence)}.record`;
}

/** @param {number} sequence */
export function sealedFilePath(sequence) {
  return `sealed/${numbered(sequence)}.chunks`;
}

/** @type {Record<string, (value: any) => boolean>} */
const RULES = {
  format: (value) => value === FORMAT,
  case: (value) => isName(value) && !/[^\0-\x7f]/.test(value),
  made_at: isMoment,
  made_by: isName,
  signer: isDigest,
  chain: (value) => isList(value, (each) => Boolean(parseLink(each))),
  records: (value) => isList(value, isItem),
  files: (value) => isList(value, isItem),
  stamps: (value) => isList(value, (each) => isNumber(each?.sequence) && isName(each.authority)
    && isPath(each.path)),
  left_out: (value) => isList(value, (each) => isNumber(each?.sequence) && REASONS.includes(each.why)),
  contents: (value) => isList(value, (each) => isPath(each?.path) && isNumber(each.size)
    && isDigest(each.sha256)),
};

/**
 * @param {Uint8Array} untrusted
 * @returns {Manifest}
 * @throws {InvalidEvidence} with the name of the field that is wrong
 */
export function decode(untrusted) {
  /** @type {any} */
  const document = canonical.decode(untrusted, MAX_MANIFEST);
  for (const [name, rule] of Object.entries(RULES)) {
    if (!Object.hasOwn(document, name) || !rule(document[name])) throw new InvalidEvidence(name);
  }
  if (Object.keys(document).length !== Object.keys(RULES).length) throw new InvalidEvidence("fields");
  return document;
}

/**
 * @param {unknown} value
 * @param {(each: any) => boolean} rule
 */
function isList(value, rule) {
  return Array.isArray(value) && value.every(rule);
}

/** @param {any} each */
function isItem(each) {
  return isNumber(each?.sequence) && isDigest(each.key) && isPath(each.path);
}

/** @param {unknown} value */
function isNumber(value) {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** @param {unknown} value */
function isName(value) {
  return typeof value === "string" && value.length <= 200;
}
