/**
 * A pack: one zip with the evidence of a case, opened, and with all that shows it is unchanged, as in
 * hashing/evidence/pack.py. It is made on the owner's device. What people read (report, letter) comes
 * from whoever calls, in the owner's language.
 */

import { Sha256 } from "../algorithms/sha256.js";
import { InvalidEvidence, NotOpened } from "../errors.js";
import { hex } from "../signals.js";
import { ArchiveWriter } from "./archive.js";
import { joined, sha256, sha256Hex, unhex, utf8 } from "./bytes.js";
import * as canonical from "./canonical.js";
import { momentText } from "./chain.js";
import {
  FORMAT, MANIFEST, SIGNATURE, numbered, recordPath, sealedFilePath, sealedRecordPath,
} from "./manifest.js";
import { decode as decodeRecord } from "./record.js";
import { Root, openChunk, openRecord } from "./sealing.js";
import { accountsTable, deviceOffset, timelineTable } from "./timeline.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./chain.js").Entry} Entry */
/** @typedef {import("./keys.js").EvidenceKeys} EvidenceKeys */
/** @typedef {import("./manifest.js").Manifest} Manifest */
/** @typedef {import("./manifest.js").Reason} Reason */
/** @typedef {import("./record.js").AttachedFile} AttachedFile */
/** @typedef {import("./timeline.js").Incident} Incident */
/**
 * The evidence of one case, still sealed. What is not there is undefined.
 * @typedef {{caseNumber: string, links: import("./chain.js").Link[],
 *   stamps: {sequence: number, authority: string, token: Bytes}[],
 *   record: (id: string) => Promise<Bytes | undefined>,
 *   chunks: (id: string) => Promise<AsyncIterable<Bytes> | undefined>}} Source
 */
/**
 * `without`: ids that the owner leaves out. `documents`: what people read, made of all incidents.
 * `offset`: of local time.
 * @typedef {{madeAt: Date, madeBy: string, without?: Set<string>, offset?: import("./timeline.js").Offset,
 *   documents?: (incidents: Incident[]) => [string, Bytes][], progress?: (bytes: number) => void}} Choices
 */

/** What stands before the 32 bytes of a public Ed25519 key (RFC 8410, 4). */
const SPKI = unhex("302a300506032b6570032100");

/**
 * Make the pack of a case. What cannot be opened is left out, and the manifest says so.
 * @param {Source} source
 * @param {EvidenceKeys} keys
 * @param {Choices} choices
 * @returns {Promise<{pack: Blob, manifest: Manifest}>}
 * @throws {NotOpened} the keys open nothing
 * @throws {DOMException} this browser has no Ed25519 (NotSupportedError)
 */
export async function build(source, keys, choices) {
  const making = new Making(source, keys, choices, await keys.signer());
  await making.items();
  await making.stamps();
  await making.documents();
  return making.finished();
}

class Making {
  #archive = new ArchiveWriter();
  /** @type {Manifest} */
  #manifest;
  /** @type {Incident[]} */
  #incidents = [];

  /**
   * @param {Source} source
   * @param {EvidenceKeys} keys
   * @param {Choices} choices
   * @param {string} signer
   */
  constructor(source, keys, choices, signer) {
    this.source = source;
    this.keys = keys;
    this.choices = choices;
    this.#manifest = {
      format: FORMAT, case: source.caseNumber, made_at: momentText(choices.madeAt),
      made_by: choices.madeBy, signer, chain: source.links, records: [], files: [], stamps: [],
      left_out: [], contents: [],
    };
  }

  /** Write the records, and after each its files. */
  async items() {
    const entries = this.source.links.map((link) => link.entry);
    const removed = new Set(entries.filter((each) => each.act === "removed").map((each) => each.id));
    const stored = entries.filter((each) => each.act !== "removed");
    const there = stored.filter((each) => !removed.has(each.id));
    const files = new Map(there.filter((each) => each.act === "file").map((each) => [each.id, each]));
    /** @type {Map<string, string>} */
    const paths = new Map();
    for (const entry of stored) if (removed.has(entry.id)) this.#leaveOut(entry, "removed");
    for (const entry of there.filter((each) => each.act === "record")) {
      const record = await this.#record(entry);
      if (!record) continue;
      for (const [index, attached] of (record.files ?? []).entries()) {
        const held = files.get(attached.id);
        if (!held || paths.has(attached.id)) continue;
        const path = `items/${numbered(entry.sequence)}/file-${index + 1}${suffixOf(attached.name)}`;
        paths.set(attached.id, await this.#file(held, attached, path));
      }
      this.#incidents.push({ entry, record, paths });
    }
    for (const entry of files.values()) {
      if (!paths.has(entry.id)) this.#leaveOut(entry, this.#isChosen(entry) ? "chosen" : "unnamed");
    }
    const { records, left_out: leftOut } = this.#manifest;
    if (!records.length && leftOut.some(({ why }) => why === "damaged")) throw new NotOpened();
    this.#correct();
  }

  /** Write the time stamps, and each link that one is over. */
  async stamps() {
    for (const { entry: { sequence }, link } of this.source.links) {
      const found = this.source.stamps.filter((each) => each.sequence === sequence);
      if (!found.length) continue;
      await this.#write(`stamps/${numbered(sequence)}.link`, [unhex(link)]);
      for (const [index, { authority, token }] of found.entries()) {
        const path = `stamps/${numbered(sequence)}-${index + 1}.tsr`;
        await this.#write(path, [token]);
        this.#manifest.stamps.push({ sequence, authority, path });
      }
    }
  }

  /** Write what people read. */
  async documents() {
    const { documents, offset = deviceOffset } = this.choices;
    await this.#write("timeline.csv", [timelineTable(this.#incidents, offset)]);
    await this.#write("accounts.csv", [accountsTable(this.#incidents)]);
    for (const [path, text] of documents?.(this.#incidents) ?? []) await this.#write(path, [text]);
    const der = joined(SPKI, unhex(this.#manifest.signer));
    const pem = `-----BEGIN PUBLIC KEY-----\n${btoa(String.fromCharCode(...der))}\n-----END PUBLIC KEY-----\n`;
    await this.#write("signer.pem", [utf8(pem)]);
    const sums = this.#manifest.contents.map((each) => `${each.sha256}  ${each.path}\n`);
    await this.#write("sha256sums.txt", [utf8(sums.join(""))]);
  }

  /** Write the manifest and its signature. */
  async finished() {
    this.#manifest.left_out.sort((one, other) => one.sequence - other.sequence);
    const manifest = { ...this.#manifest, contents: [...this.#manifest.contents] };
    const encoded = canonical.encode(manifest);
    await this.#write(MANIFEST, [encoded]);
    await this.#write(SIGNATURE, [await this.keys.sign(encoded)]);
    return { pack: this.#archive.close(), manifest };
  }

  /**
   * Write a record, and return it; or leave it out.
   * @param {Entry} entry
   */
  async #record(entry) {
    const stored = this.#isChosen(entry) ? undefined : await this.source.record(entry.id);
    if (!stored) return this.#leaveOut(entry, this.#isChosen(entry) ? "chosen" : "missing");
    const key = await this.keys.recordKey(entry.id);
    try {
      if (await sha256Hex(stored) !== entry.digest) throw new NotOpened();
      const plain = await openRecord(key, entry.id, stored);
      const record = decodeRecord(plain);
      const path = recordPath(entry.sequence);
      await this.#write(path, [plain]);
      await this.#write(sealedRecordPath(entry.sequence), [stored]);
      this.#manifest.records.push({ sequence: entry.sequence, key: hex(key), path });
      return record;
    } catch (err) {
      return this.#damaged(entry, err);
    }
  }

  /**
   * Write a file, and return its path; or leave it out, and return why.
   * @param {Entry} entry
   * @param {AttachedFile} attached
   * @param {string} path
   */
  async #file(entry, attached, path) {
    const chunks = this.#isChosen(entry) ? undefined : await this.source.chunks(entry.id);
    if (!chunks) {
      this.#leaveOut(entry, this.#isChosen(entry) ? "chosen" : "missing");
      return this.#isChosen(entry) ? "(left out of this pack)" : "(missing)";
    }
    const key = await this.keys.fileKey(attached.id, attached.sha256);
    /** @type {Bytes[]} */
    const digests = [];
    try {
      await this.#write(path, opened(key, attached, chunks, digests, entry.digest));
    } catch (err) {
      this.#damaged(entry, err);
      return "(damaged)";
    }
    const lines = digests.map((each) => `${hex(each)}\n`);
    await this.#write(sealedFilePath(entry.sequence), [utf8(lines.join(""))]);
    this.#manifest.files.push({ sequence: entry.sequence, key: hex(key), path });
    return path;
  }

  /** Tell incidents which one corrects them. */
  #correct() {
    const by = new Map(this.#incidents.map((each) => [each.record.replaces, each.entry.sequence]));
    for (const each of this.#incidents) each.correctedBy = by.get(each.entry.id);
  }

  /** @param {Entry} entry */
  #isChosen(entry) {
    return this.choices.without?.has(entry.id) ?? false;
  }

  /**
   * @param {Entry} entry
   * @param {Reason} why
   * @returns {undefined}
   */
  #leaveOut(entry, why) {
    this.#manifest.left_out.push({ sequence: entry.sequence, why });
  }

  /**
   * @param {Entry} entry
   * @param {unknown} err
   * @returns {undefined}
   */
  #damaged(entry, err) {
    if (!(err instanceof NotOpened || err instanceof InvalidEvidence)) throw err;
    this.#leaveOut(entry, "damaged");
  }

  /**
   * @param {string} path
   * @param {AsyncIterable<Bytes> | Iterable<Bytes>} parts
   */
  async #write(path, parts) {
    const sum = new Sha256();
    let size = 0;
    const { progress } = this.choices;
    const counted = async function* () {
      for await (const part of parts) {
        sum.update(part);
        size += part.length;
        progress?.(part.length);
        yield part;
      }
    };
    await this.#archive.write(path, counted());
    this.#manifest.contents.push({ path, size, sha256: sum.digest() });
  }
}

/**
 * What stored chunks hold, if they are what the chain and the record say.
 * @param {Bytes} key
 * @param {AttachedFile} attached
 * @param {AsyncIterable<Bytes>} chunks
 * @param {Bytes[]} digests is filled with the SHA-256 of each chunk
 * @param {string} expected the root, as the chain has it
 */
async function* opened(key, attached, chunks, digests, expected) {
  const [sum, root] = [new Sha256(), new Root()];
  let size = 0;
  for await (const stored of chunks) {
    const digest = await sha256(stored);
    const plain = await openChunk(key, attached.id, digests.length, stored, attached.size);
    digests.push(digest);
    root.add(digest);
    sum.update(plain);
    size += plain.length;
    yield plain;
  }
  const isWhole = size === attached.size && sum.digest() === attached.sha256;
  if (!isWhole || root.digest() !== expected || attached.root !== expected) throw new NotOpened();
}

/** @param {string} name */
function suffixOf(name) {
  const suffix = /\.([A-Za-z0-9]{1,8})$/.exec(name);
  return suffix ? `.${suffix[1].toLowerCase()}` : "";
}
