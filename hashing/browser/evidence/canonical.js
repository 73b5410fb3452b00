/**
 * Canonical JSON: one document, one sequence of bytes, as in hashing/evidence/canonical.py. UTF-8,
 * keys in the order of their letters, no white space, no fractions.
 */

import { InvalidEvidence } from "../errors.js";
import { equal, utf8 } from "./bytes.js";

const MAX_DEPTH = 8;
const NAME = /^[a-z][a-z0-9_]{0,63}$/;

/**
 * @param {unknown} document
 * @returns {Uint8Array<ArrayBuffer>}
 * @throws {InvalidEvidence} something in it has no canonical form
 */
export function encode(document) {
  return utf8(written(document, 0));
}

/**
 * @param {Uint8Array} untrusted
 * @param {number} most bytes that are read at all
 * @returns {Record<string, unknown>}
 * @throws {InvalidEvidence} it is no object in canonical form
 */
export function decode(untrusted, most) {
  if (untrusted.length > most) throw new InvalidEvidence("length");
  const document = parsed(untrusted);
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new InvalidEvidence("object");
  }
  if (!equal(encode(document), untrusted)) throw new InvalidEvidence("canonical");
  return /** @type {Record<string, unknown>} */ (document);
}

/** @param {Uint8Array} untrusted */
function parsed(untrusted) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(untrusted);
    return JSON.parse(text);
  } catch (err) {
    if (err instanceof SyntaxError || err instanceof TypeError || err instanceof RangeError) {
      throw new InvalidEvidence("JSON");
    }
    throw err;
  }
}

/**
 * @param {unknown} value
 * @param {number} depth
 * @returns {string}
 */
function written(value, depth) {
  if (depth > MAX_DEPTH) throw new InvalidEvidence("levels");
  if (Array.isArray(value)) return `[${value.map((each) => written(each, depth + 1)).join(",")}]`;
  if (typeof value === "object" && value !== null) return ofObject(value, depth);
  if (typeof value === "string" && /\p{Cs}/u.test(value)) throw new InvalidEvidence("characters");
  const isNumber = typeof value === "number";
  if (isNumber && (!Number.isSafeInteger(value) || Object.is(value, -0))) {
    throw new InvalidEvidence("number");
  }
  if (value === null || isNumber || typeof value === "string" || typeof value === "boolean") {
    return JSON.stringify(value);
  }
  throw new InvalidEvidence("value");
}

/**
 * @param {object} value
 * @param {number} depth
 */
function ofObject(value, depth) {
  const pairs = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${pairs.map(([name, each]) => {
    if (!NAME.test(name)) throw new InvalidEvidence("name");
    return `"${name}":${written(each, depth + 1)}`;
  }).join(",")}}`;
}
