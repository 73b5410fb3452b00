/**
 * The one form of zip that a pack has, as in hashing/evidence/archive.py: nothing compressed, nothing
 * optional, nothing between. The same files give the same zip, and a reader writes it again.
 */

import { InvalidEvidence, NoPack } from "../errors.js";
import { equal, joined, utf8 } from "./bytes.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** A file of a zip. @typedef {{path: string, size: number, crc: number, offset: number}} Member */
/** @typedef {{code: "zip", path?: string}} ZipFault */

const PATH = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
const MAX_PATH = 100;
const MAX_MEMBERS = 30_000;
/** 1 January 1980: a zip's first day, the same for all. */
const DAY = 0x21;
/** From here on, an offset stands in a field of its own. */
const LARGE = 0xffffffff;
const MANY = 0xffff;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR_BYTES = 20;
const ROW_BYTES = 46;
const MIB = 2 ** 20;
/** Parts of a file that are made one Blob, which a browser may keep on the disk. */
const GATHERED = 16 * MIB;

const CRC = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/**
 * CRC-32 of what came before and of more.
 * @param {number} before
 * @param {Uint8Array} bytes
 */
export function crc32(before, bytes) {
  let value = ~before;
  for (let at = 0; at < bytes.length; at += 1) value = CRC[(value ^ bytes[at]) & 0xff] ^ (value >>> 8);
  return ~value >>> 0;
}

/**
 * Numbers of 2, 4 and 8 bytes, lowest byte first.
 * @param {string} sizes one digit for each
 * @param {...number} values
 */
function numbers(sizes, ...values) {
  const bytes = new Uint8Array([...sizes].reduce((sum, size) => sum + Number(size), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  values.forEach((value, index) => {
    const size = Number(sizes[index]);
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  });
  return bytes;
}

/** @param {Member} member */
function header({ path, size, crc }) {
  const name = utf8(path);
  const fields = numbers("42222244422", 0x04034b50, 20, 0, 0, 0, DAY, crc, size, size, name.length, 0);
  return joined(fields, name);
}

/** @param {Member} member */
function row({ path, size, crc, offset }) {
  const name = utf8(path);
  const isLarge = offset >= LARGE;
  const extra = isLarge ? numbers("228", 1, 8, offset) : new Uint8Array(0);
  const version = isLarge ? 45 : 20;
  const fields = numbers("42222224442222244", 0x02014b50, version, version, 0, 0, 0, DAY, crc, size, size,
    name.length, extra.length, 0, 0, 0, 0, isLarge ? LARGE : offset);
  return joined(fields, name, extra);
}

/**
 * What stands after the content, which ends at `begin`: the directory, and the end.
 * @param {readonly Member[]} members
 * @param {number} begin
 */
function ending(members, begin) {
  const directory = joined(...members.map(row));
  const count = members.length;
  const parts = [directory];
  if (begin >= LARGE || count >= MANY) {
    parts.push(numbers("4822448888", 0x06064b50, END64_BYTES - 12, 45, 45, 0, 0, count, count,
      directory.length, begin));
    parts.push(numbers("4484", 0x07064b50, 0, begin + directory.length, 1));
  }
  const small = Math.min(count, MANY);
  parts.push(numbers("42222442", 0x06054b50, 0, 0, small, small, directory.length,
    Math.min(begin, LARGE), 0));
  return joined(...parts);
}

/**
 * Whether a file of a pack can have this path.
 * @param {unknown} path
 */
export function isPath(path) {
  return typeof path === "string" && path.length <= MAX_PATH && PATH.test(path) && !path.includes("..");
}

/** Writes a zip as a Blob, whose parts the browser keeps where it has room. */
export class ArchiveWriter {
  /** @type {BlobPart[]} */
  #parts = [];
  #at = 0;
  /** @type {Member[]} */
  #members = [];

  /**
   * Write a file. If its parts throw, it is not there.
   * @param {string} path
   * @param {AsyncIterable<Bytes> | Iterable<Bytes>} parts
   */
  async write(path, parts) {
    if (!isPath(path) || this.#members.some((each) => each.path.toLowerCase() === path.toLowerCase())) {
      throw new InvalidEvidence("path");
    }
    /** @type {Blob[]} */
    const blobs = [];
    /** @type {Bytes[]} */
    let gathered = [];
    let [size, crc, length] = [0, 0, 0];
    for await (const part of parts) {
      gathered.push(part);
      crc = crc32(crc, part);
      size += part.length;
      length += part.length;
      if (length >= GATHERED) {
        blobs.push(new Blob(gathered));
        [gathered, length] = [[], 0];
      }
    }
    const member = { path, size, crc, offset: this.#at };
    const before = header(member);
    this.#parts.push(before, ...blobs, ...gathered);
    this.#members.push(member);
    this.#at += before.length + size;
  }

  /** @returns {Blob} */
  close() {
    this.#parts.push(ending(this.#members, this.#at));
    return new Blob(this.#parts, { type: "application/zip" });
  }
}

/** The files of a zip, in their order. `faults`: what no pack of ours would have. */
export class Archive {
  #blob;
  /** @type {Map<string, Member>} */
  members = new Map();
  /** @type {ZipFault[]} */
  faults = [];

  /** @param {Blob} blob */
  constructor(blob) {
    this.#blob = blob;
  }

  /**
   * @param {Blob} blob
   * @returns {Promise<Archive>}
   * @throws {NoPack} it is no zip
   * @throws {InvalidEvidence} it was one, and cannot be read any more
   */
  static async of(blob) {
    const archive = new Archive(blob);
    await archive.#open();
    return archive;
  }

  async #open() {
    const length = this.#blob.size;
    const tail = await this.#read(Math.max(0, length - END_BYTES - LOCATOR_BYTES - END64_BYTES), length);
    const end = tail.subarray(-END_BYTES);
    if (end.length < END_BYTES || new DataView(end.buffer, end.byteOffset).getUint32(0) !== 0x504b0506) {
      const first = await this.#read(0, 4);
      if (!equal(first, utf8("PK\u0003\u0004"))) throw new NoPack();
      throw new InvalidEvidence("end");
    }
    const { count, size, begin } = endOf(tail);
    if (count > MAX_MEMBERS || begin + size > length) throw new InvalidEvidence("end");
    const rows = this.#rows(await this.#read(begin, begin + size));
    await this.#compare(rows, begin, length);
  }

  /**
   * The content of a file, a megabyte at a time.
   * @param {string} path
   * @returns {AsyncGenerator<Bytes, void, void>}
   */
  async* content(path) {
    const { begin, end } = placeOf(this.#member(path));
    for (let at = begin; at < end; at += MIB) yield this.#read(at, Math.min(end, at + MIB));
  }

  /**
   * The content of a small file.
   * @param {string} path
   * @param {number} most
   */
  async read(path, most) {
    const { begin, end } = placeOf(this.#member(path));
    if (end - begin > most) throw new InvalidEvidence("length");
    return this.#read(begin, end);
  }

  /** @param {string} path */
  #member(path) {
    const member = this.members.get(path);
    if (!member) throw new InvalidEvidence("path");
    return member;
  }

  /**
   * @param {number} begin
   * @param {number} end
   */
  async #read(begin, end) {
    return new Uint8Array(await this.#blob.slice(begin, end).arrayBuffer());
  }

  /**
   * @param {Bytes} directory
   * @returns {Member[]}
   */
  #rows(directory) {
    /** @type {Set<string>} */
    const known = new Set();
    for (let at = 0; at < directory.length;) {
      const { member, end } = rowAt(directory, at);
      const path = isPath(member.path) ? member.path : undefined;
      if (path === undefined || !equal(row(member), directory.subarray(at, end))) {
        this.faults.push({ code: "zip", path });
      }
      if (known.has(member.path.toLowerCase())) this.faults.push({ code: "zip", path });
      else this.members.set(member.path, member);
      known.add(member.path.toLowerCase());
      at = end;
    }
    return [...this.members.values()];
  }

  /**
   * Name what differs from the zip that these files make.
   * @param {readonly Member[]} members
   * @param {number} begin
   * @param {number} length
   */
  async #compare(members, begin, length) {
    let expected = 0;
    for (const member of members) {
      const made = header(member);
      const there = await this.#read(member.offset, member.offset + made.length);
      if (member.offset !== expected || !equal(made, there)) {
        this.faults.push({ code: "zip", path: member.path });
      }
      expected = placeOf(member).end;
    }
    const tail = await this.#read(begin, length);
    if (!this.faults.length && (expected !== begin || !equal(tail, ending(members, begin)))) {
      this.faults.push({ code: "zip" });
    }
  }
}

/** @param {Member} member */
function placeOf(member) {
  const begin = member.offset + header(member).length;
  return { begin, end: begin + member.size };
}

/**
 * The file whose row begins at `at`, and where the row ends.
 * @param {Bytes} directory
 * @param {number} at
 */
function rowAt(directory, at) {
  const view = new DataView(directory.buffer, directory.byteOffset + at);
  if (view.byteLength < ROW_BYTES || view.getUint32(0) !== 0x504b0102) throw new InvalidEvidence("row");
  const [nameLength, extraLength, comment] = [28, 30, 32].map((place) => view.getUint16(place, true));
  const end = at + ROW_BYTES + nameLength + extraLength + comment;
  if (end > directory.length) throw new InvalidEvidence("row");
  const size = view.getUint32(20, true);
  if (view.getUint16(10, true) !== 0 || size !== view.getUint32(24, true)) {
    throw new InvalidEvidence("compressed");
  }
  const begin = at + ROW_BYTES;
  const path = new TextDecoder("latin1").decode(directory.subarray(begin, begin + nameLength));
  let offset = view.getUint32(42, true);
  if (offset === LARGE && extraLength === 12) {
    offset = Number(view.getBigUint64(ROW_BYTES + nameLength + 4, true));
  }
  return { member: { path, size, crc: view.getUint32(16, true), offset }, end };
}

/**
 * How many rows the directory has, its size, and where it begins.
 * @param {Bytes} tail which ends where the zip does
 */
function endOf(tail) {
  const view = new DataView(tail.buffer, tail.byteOffset + tail.length - END_BYTES);
  let count = view.getUint16(10, true);
  let size = view.getUint32(12, true);
  let begin = view.getUint32(16, true);
  if (begin === LARGE || count === MANY) {
    const at = tail.length - END_BYTES - LOCATOR_BYTES - END64_BYTES;
    if (at < 0) throw new InvalidEvidence("end");
    const end64 = new DataView(tail.buffer, tail.byteOffset + at);
    if (end64.getUint32(0) !== 0x504b0606) throw new InvalidEvidence("end");
    [count, size, begin] = [32, 40, 48].map((place) => Number(end64.getBigUint64(place, true)));
  }
  return { count, size, begin };
}
