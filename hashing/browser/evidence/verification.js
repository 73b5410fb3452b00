/**
 * Whether a pack is as it was made, as in hashing/evidence/verification.py, but for time stamps: that
 * one is over its link is checked here, who signed it is not. `takeback verify` checks that too.
 */

import { Sha256 } from "../algorithms/sha256.js";
import { InvalidEvidence, NoPack, NotOpened } from "../errors.js";
import { hex } from "../signals.js";
import { Archive, crc32 } from "./archive.js";
import { equal, joined, sha256, sha256Hex, unhex } from "./bytes.js";
import { faults as chainFaults } from "./chain.js";
import { isSigned } from "./keys.js";
import { CHUNK, MAX_CHUNKS, MAX_MANIFEST, MAX_RECORD, RECORD_OVERHEAD } from "./limits.js";
import {
  AFTER, MANIFEST, SIGNATURE, STAMP, decode, numbered, recordPath, sealedFilePath, sealedRecordPath,
} from "./manifest.js";
import { decode as decodeRecord } from "./record.js";
import { Root, chunkCount, openRecord, sealChunk } from "./sealing.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./chain.js").Entry} Entry */
/** @typedef {import("./manifest.js").Item} Item */
/** @typedef {import("./manifest.js").Manifest} Manifest */
/** @typedef {import("./record.js").EvidenceRecord} EvidenceRecord */
/**
 * What is not as it was made; the page has the sentence. `sealed`: an item that is not what the chain
 * has. `signer`: records or the reader name another key. `unsaid`: something that the chain has is not
 * in the pack, and nothing says why.
 * @typedef {"zip" | "manifest" | "signature" | "signer" | "changed" | "missing" | "added" | "twice"
 *   | "order" | "chain" | "sealed" | "unsaid" | "stamp"} Code
 */
/** @typedef {{code: Code, path?: string, sequence?: number, why?: string}} Fault */
/** Without faults, nothing was changed. @typedef {{faults: Fault[], manifest?: Manifest}} Findings */

const MAX_SMALL = 2 ** 18;

/**
 * What is found in a pack.
 * @param {Blob} blob
 * @param {{signer?: string, progress?: (bytes: number) => void}} [expected] `signer`: the key that the
 *   owner gave
 * @returns {Promise<Findings>}
 * @throws {NoPack}
 */
export async function verify(blob, expected = {}) {
  /** @type {Findings} */
  const found = { faults: [] };
  try {
    const archive = await Archive.of(blob);
    if (!archive.members.has(MANIFEST)) throw new NoPack();
    found.faults.push(...archive.faults);
    const encoded = await archive.read(MANIFEST, MAX_MANIFEST);
    found.manifest = decode(encoded);
    await new Checking(archive, found.manifest, found.faults, expected).all(encoded);
  } catch (err) {
    if (!(err instanceof InvalidEvidence)) throw err;
    found.faults.push({ code: found.manifest ? "zip" : "manifest", why: err.part });
  }
  return found;
}

class Checking {
  /** Of files that are there: size and SHA-256. @type {Map<string, {size: number, sha256: string}>} */
  #there = new Map();
  /** Files that have another checksum (CRC-32) than the zip says. @type {Set<string>} */
  #unlike = new Set();
  /** What was named already. @type {Set<string>} */
  #wrong = new Set();
  /** @type {Map<number, Entry>} */
  #entries;

  /**
   * @param {Archive} archive
   * @param {Manifest} manifest
   * @param {Fault[]} faults
   * @param {{signer?: string, progress?: (bytes: number) => void}} expected
   */
  constructor(archive, manifest, faults, expected) {
    this.archive = archive;
    this.manifest = manifest;
    this.faults = faults;
    this.expected = expected;
    this.#entries = new Map(manifest.chain.map(({ entry }) => [entry.sequence, entry]));
  }

  /** @param {Bytes} encoded */
  async all(encoded) {
    await this.#signature(encoded);
    const digests = await this.#contents();
    for (const { sequence, code } of await chainFaults(this.manifest.case, this.manifest.chain)) {
      this.#fault({ code: "chain", sequence, why: code });
    }
    const records = await this.#records();
    for (const item of this.manifest.files) await this.#file(item, records, digests);
    this.#named(records);
    this.#complete();
    await this.#stamps();
    await this.#stamp(STAMP, encoded);
  }

  /** @param {Fault} fault */
  #fault(fault) {
    if (fault.path && this.#wrong.has(fault.path)) return;
    this.faults.push(fault);
    if (fault.path) this.#wrong.add(fault.path);
  }

  /** @param {Bytes} encoded */
  async #signature(encoded) {
    const { signer } = this.manifest;
    if (!this.archive.members.has(SIGNATURE)) {
      this.#fault({ code: "missing", path: SIGNATURE });
    } else {
      const signature = await this.archive.read(SIGNATURE, MAX_SMALL);
      if (!await isSigned(signer, encoded, signature)) this.#fault({ code: "signature" });
    }
    if (this.expected.signer && this.expected.signer !== signer) this.#fault({ code: "signer" });
  }

  /** Check each file of the zip; return the digests of the chunks that files of items give. */
  async #contents() {
    const listed = this.manifest.contents.map((each) => each.path);
    const paths = [...this.archive.members.keys()];
    for (const path of paths.filter((each) => !listed.includes(each) && !AFTER.includes(each))) {
      this.#fault({ code: "added", path });
    }
    if (new Set(listed).size !== listed.length) this.#fault({ code: "twice" });
    const order = [...listed, ...AFTER].filter((path) => this.archive.members.has(path));
    const known = paths.filter((path) => listed.includes(path) || AFTER.includes(path));
    if ([...new Set(order)].join() !== known.join()) this.#fault({ code: "order" });
    /** @type {Map<string, Bytes[]>} */
    const digests = new Map();
    const items = new Map(this.manifest.files.map((each) => [each.path, each]));
    for (const { path, size, sha256: digest } of this.manifest.contents) {
      if (!this.archive.members.has(path)) {
        this.#fault({ code: "missing", path });
        continue;
      }
      const item = items.get(path);
      const there = await this.#read(path, item, digests);
      this.#there.set(path, there);
      if (there.size !== size || there.sha256 !== digest) this.#fault({ code: "changed", path });
    }
    for (const path of AFTER.filter((each) => this.archive.members.has(each))) {
      await this.#read(path, undefined, digests);
    }
    for (const path of this.#unlike) this.#fault({ code: "zip", path });
    return digests;
  }

  /**
   * @param {string} path
   * @param {Item | undefined} item
   * @param {Map<string, Bytes[]>} digests
   */
  async #read(path, item, digests) {
    const sum = new Sha256();
    const entry = item && this.#entries.get(item.sequence);
    const size = this.archive.members.get(path)?.size ?? 0;
    const resealing = item && entry ? new Resealing(unhex(item.key), entry.id, size) : undefined;
    let crc = 0;
    for await (const part of this.archive.content(path)) {
      sum.update(part);
      crc = crc32(crc, part);
      await resealing?.add(part);
      this.expected.progress?.(part.length);
    }
    if (resealing) digests.set(path, await resealing.digests());
    if (crc !== this.archive.members.get(path)?.crc) this.#unlike.add(path);
    return { size, sha256: sum.digest() };
  }

  /** Check that each record is what was sealed; return those that are. */
  async #records() {
    /** @type {Map<number, EvidenceRecord>} */
    const records = new Map();
    for (const { sequence, key, path } of this.manifest.records) {
      const entry = this.#entries.get(sequence);
      const sealed = sealedRecordPath(sequence);
      if (entry?.act !== "record" || path !== recordPath(sequence) || !this.#there.has(sealed)) {
        this.#fault({ code: "sealed", sequence, path: sealed });
        continue;
      }
      try {
        const stored = await this.archive.read(sealed, MAX_RECORD + RECORD_OVERHEAD);
        if (await sha256Hex(stored) !== entry.digest) throw new NotOpened();
        const plain = await openRecord(unhex(key), entry.id, stored);
        if (!this.#there.has(path)) this.#fault({ code: "missing", path });
        else if (this.#there.get(path)?.sha256 !== await sha256Hex(plain)) {
          this.#fault({ code: "sealed", sequence, path });
        }
        records.set(sequence, decodeRecord(plain));
      } catch (err) {
        if (!(err instanceof NotOpened || err instanceof InvalidEvidence)) throw err;
        this.#fault({ code: "sealed", sequence, path: sealed });
      }
    }
    return records;
  }

  /**
   * @param {Item} item
   * @param {Map<number, EvidenceRecord>} records
   * @param {Map<string, Bytes[]>} digests
   */
  async #file({ sequence, path }, records, digests) {
    const entry = this.#entries.get(sequence);
    const attached = [...records.values()].flatMap((each) => each.files ?? []);
    const named = attached.find((each) => each.id === entry?.id);
    const isUnknown = !named && records.size === this.manifest.records.length;
    if (entry?.act !== "file" || isUnknown) this.#fault({ code: "sealed", sequence, path });
    if (entry?.act !== "file" || !named) return;
    const sealed = sealedFilePath(sequence);
    const listed = await this.#listed(sealed);
    const root = new Root();
    for (const each of listed) root.add(each);
    const there = this.#there.get(path);
    if (root.digest() !== entry.digest || named.root !== entry.digest) {
      this.#fault({ code: "sealed", sequence, path: sealed });
    }
    if (!there) this.#fault({ code: "missing", path });
    else if (there.size !== named.size || there.sha256 !== named.sha256) {
      this.#fault({ code: "sealed", sequence, path });
    } else if (!this.#wrong.has(sealed) && !equal(joined(...listed), joined(...digests.get(path) ?? []))) {
      this.#fault({ code: "sealed", sequence, path });
    }
  }

  /**
   * The digests of the stored chunks of a file; none if they are not there.
   * @param {string} path
   */
  async #listed(path) {
    if (!this.#there.has(path)) {
      this.#fault({ code: "missing", path });
      return [];
    }
    const text = new TextDecoder("latin1").decode(await this.archive.read(path, MAX_SMALL));
    return text.split("\n").filter(Boolean).map((line) => unhex(line));
  }

  /** @param {Map<number, EvidenceRecord>} records */
  #named(records) {
    const signers = [...records.values()].map((each) => each.signer).filter(Boolean);
    if (signers.some((each) => each !== this.manifest.signer)) this.#fault({ code: "signer" });
    const known = new Set([...this.#entries.values()].filter((each) => each.act === "file").map((each) => each.id));
    for (const [sequence, { files = [] }] of records) {
      if (files.some((each) => !known.has(each.id))) this.#fault({ code: "sealed", sequence });
    }
  }

  /** Check that whatever was stored is in the pack, or is said not to be. */
  #complete() {
    const entries = [...this.#entries.values()];
    const removed = new Set(entries.filter((each) => each.act === "removed").map((each) => each.id));
    const packed = [...this.manifest.records, ...this.manifest.files].map((each) => each.sequence);
    const leftOut = new Map(this.manifest.left_out.map(({ sequence, why }) => [sequence, why]));
    if (new Set(packed).size !== packed.length) this.#fault({ code: "twice" });
    for (const { sequence, act, id } of entries) {
      const why = leftOut.get(sequence);
      leftOut.delete(sequence);
      const isPacked = packed.includes(sequence);
      if (act === "removed" ? why !== undefined : (why === undefined) !== isPacked) {
        this.#fault({ code: "unsaid", sequence });
      } else if (why !== undefined && (why === "removed") !== removed.has(id)) {
        this.#fault({ code: "unsaid", sequence, why });
      }
    }
    for (const sequence of leftOut.keys()) this.#fault({ code: "unsaid", sequence });
  }

  /** Check that each time stamp is over its link. Who signed it is not checked here. */
  async #stamps() {
    const links = new Map(this.manifest.chain.map(({ entry, link }) => [entry.sequence, unhex(link)]));
    for (const { sequence, path } of this.manifest.stamps) {
      const link = links.get(sequence);
      const beside = `stamps/${numbered(sequence)}.link`;
      if (!link || !this.#there.has(path)) {
        this.#fault({ code: link ? "missing" : "stamp", path, sequence });
        continue;
      }
      if (this.#there.has(beside) && this.#there.get(beside)?.sha256 !== await sha256Hex(link)) {
        this.#fault({ code: "stamp", path: beside, sequence });
      }
      await this.#stamp(path, link);
    }
  }

  /**
   * @param {string} path
   * @param {Bytes} message
   */
  async #stamp(path, message) {
    if (!this.archive.members.has(path)) return;
    const token = await this.archive.read(path, MAX_SMALL);
    if (!isIn(await sha256(message), token)) this.#fault({ code: "stamp", path });
  }
}

/** Seals a file of `size` bytes as it was: the same key and content give the same chunks. */
class Resealing {
  #waiting = new Uint8Array(0);
  /** @type {Bytes[]} */
  #digests = [];

  /**
   * @param {Bytes} key
   * @param {string} id
   * @param {number} size
   */
  constructor(key, id, size) {
    this.key = key;
    this.id = id;
    this.count = chunkCount(Math.min(size, MAX_CHUNKS * CHUNK));
  }

  /** @param {Bytes} part */
  async add(part) {
    this.#waiting = joined(this.#waiting, part);
    while (this.#waiting.length >= CHUNK) {
      await this.#seal(this.#waiting.slice(0, CHUNK));
      this.#waiting = this.#waiting.slice(CHUNK);
    }
  }

  /** @returns {Promise<Bytes[]>} */
  async digests() {
    if (this.#waiting.length || !this.#digests.length) await this.#seal(this.#waiting);
    return this.#digests;
  }

  /** @param {Bytes} plain */
  async #seal(plain) {
    const number = this.#digests.length;
    const isLast = number === this.count - 1;
    if (!isLast && plain.length !== CHUNK) return;
    this.#digests.push(await sha256(await sealChunk(this.key, this.id, number, plain, isLast)));
  }
}

/**
 * Whether bytes stand anywhere within others.
 * @param {Bytes} bytes
 * @param {Bytes} others
 */
function isIn(bytes, others) {
  return hex(others).includes(hex(bytes));
}
