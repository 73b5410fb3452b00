/** The chain of a case: what was stored and removed, as in hashing/evidence/chain.py. */

import { InvalidEvidence } from "../errors.js";
import { hex } from "../signals.js";
import { joined, sha256, unhex, utf8 } from "./bytes.js";
import { encode } from "./canonical.js";

/**
 * @typedef {{act: "record" | "file" | "removed", at: string, digest: string, id: string,
 *   sequence: number}} Entry
 */
/** An entry, and the link that it makes with all before it. @typedef {{entry: Entry, link: string}} Link */
/**
 * @typedef {"missing" | "again" | "first" | "follows" | "time" | "id" | "removes_nothing"
 *   | "removed_before" | "removes_another"} ChainCode
 */
/** What is wrong with a chain, and at which entry. @typedef {{sequence: number, code: ChainCode}} ChainFault */

const ACTS = ["record", "file", "removed"];
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/**
 * The link before the first entry.
 * @param {string} caseNumber
 */
export async function start(caseNumber) {
  return hex(await sha256(utf8(`takeback evidence chain v1${caseNumber}`)));
}

/**
 * The link that an entry makes after `link`.
 * @param {string} link
 * @param {Entry} entry
 */
export async function following(link, entry) {
  return hex(await sha256(joined(unhex(link), encode(entry))));
}

/** @param {unknown} untrusted */
export function isId(untrusted) {
  return typeof untrusted === "string" && /^[0-9a-f]{32}$/.test(untrusted);
}

/** @param {unknown} untrusted */
export function isDigest(untrusted) {
  return typeof untrusted === "string" && /^[0-9a-f]{64}$/.test(untrusted);
}

/** @param {unknown} untrusted */
export function isMoment(untrusted) {
  if (typeof untrusted !== "string" || !MOMENT.test(untrusted)) return false;
  const moment = new Date(untrusted);
  return !Number.isNaN(moment.getTime()) && momentText(moment) === untrusted;
}

/**
 * A time as documents have it.
 * @param {Date} moment
 */
export function momentText(moment) {
  return moment.toISOString().replace(/\.\d+Z$/, "Z");
}

/**
 * @param {any} untrusted
 * @returns {Link}
 * @throws {InvalidEvidence} with the name of the field that is wrong
 */
export function parseLink(untrusted) {
  const entry = untrusted?.entry;
  if (fieldsOf(untrusted) !== "entry,link" || !isDigest(untrusted.link)) {
    throw new InvalidEvidence("link");
  }
  if (fieldsOf(entry) !== "act,at,digest,id,sequence") throw new InvalidEvidence("entry");
  if (!ACTS.includes(entry.act)) throw new InvalidEvidence("act");
  if (!Number.isSafeInteger(entry.sequence) || entry.sequence < 1) {
    throw new InvalidEvidence("sequence");
  }
  if (!isId(entry.id)) throw new InvalidEvidence("id");
  if (!isDigest(entry.digest)) throw new InvalidEvidence("digest");
  if (!isMoment(entry.at)) throw new InvalidEvidence("at");
  return untrusted;
}

/** @param {unknown} value */
function fieldsOf(value) {
  return typeof value === "object" && value !== null ? Object.keys(value).sort().join() : "";
}

/**
 * What is wrong with a whole chain, from its first entry on; nothing if all is right.
 * @param {string} caseNumber
 * @param {readonly Link[]} links
 * @returns {Promise<ChainFault[]>}
 */
export async function faults(caseNumber, links) {
  /** @type {ChainFault[]} */
  const found = [];
  const known = new Known();
  let before = await start(caseNumber);
  for (const [index, { entry, link }] of links.entries()) {
    const sequence = index + 1;
    if (entry.sequence !== sequence) {
      found.push({ sequence, code: entry.sequence > sequence ? "missing" : "again" });
      return found; // whatever follows is in the wrong place, too
    }
    found.push(...known.codes(entry).map((code) => ({ sequence, code })));
    if (await following(before, entry) !== link) {
      found.push({ sequence, code: sequence === 1 ? "first" : "follows" });
    }
    before = link;
  }
  return found;
}

/** What the entries so far say of ids and times. */
class Known {
  /** @type {Map<string, string>} */
  #stored = new Map();
  /** @type {Set<string>} */
  #removed = new Set();
  #latest = "";

  /**
   * @param {Entry} entry
   * @returns {ChainCode[]}
   */
  codes(entry) {
    /** @type {ChainCode[]} */
    const codes = entry.at < this.#latest ? ["time"] : [];
    if (entry.at > this.#latest) this.#latest = entry.at;
    const stored = this.#stored.get(entry.id);
    if (entry.act !== "removed") {
      if (stored === undefined) this.#stored.set(entry.id, entry.digest);
      return stored === undefined ? codes : [...codes, "id"];
    }
    if (stored === undefined) codes.push("removes_nothing");
    else if (this.#removed.has(entry.id)) codes.push("removed_before");
    else if (stored !== entry.digest) codes.push("removes_another");
    this.#removed.add(entry.id);
    return codes;
  }
}
