/** What happened, in its order, and whose accounts these were, as in hashing/evidence/timeline.py. */

import { joined, utf8 } from "./bytes.js";
import { momentText } from "./chain.js";

/** @typedef {import("./record.js").EvidenceRecord} EvidenceRecord */
/**
 * A record of the pack. `paths`: where its files are, by their ids. `correctedBy`: the number of the
 * item that corrects it.
 * @typedef {{entry: import("./chain.js").Entry, record: EvidenceRecord, paths: Map<string, string>,
 *   correctedBy?: number}} Incident
 */
/** How far local time is from UTC then, in minutes. @typedef {(moment: Date) => number} Offset */

const FORMULA = /^ *[=+\-@\t\r\n＝＋－＠]/;
const NOBODY = "(nobody named)";
const TIMELINE = [
  "item", "kind", "happened (UTC)", "happened (local)", "captured (UTC)", "captured (local)",
  "stored (UTC)", "clock", "captured by", "person", "platform", "display name", "user name",
  "profile id", "address", "final address", "how", "tool", "note", "files", "corrects the record",
  "corrected by item",
];
const ACCOUNTS = ["person", "platform", "profile id", "user name", "display name", "first", "last", "items"];

/** @type {Offset} */
export const deviceOffset = (moment) => -moment.getTimezoneOffset();

/**
 * When it happened, as well as it is known: for the order.
 * @param {Incident} incident
 */
function when({ record }) {
  const happened = record.happened_at ?? record.captured_at;
  return happened.length === 10 ? `${happened}T00:00:00Z` : happened;
}

/**
 * @param {readonly Incident[]} incidents
 * @returns {Incident[]}
 */
export function inOrder(incidents) {
  return [...incidents].sort((one, other) => {
    const [first, second] = [when(one), when(other)];
    return first === second ? one.entry.sequence - other.entry.sequence : first < second ? -1 : 1;
  });
}

/**
 * A time as clocks showed it where the owner is, with the distance from UTC.
 * @param {string | undefined} moment
 * @param {Offset} offset
 */
export function localText(moment, offset) {
  if (moment === undefined || moment.length === 10) return moment ?? "";
  const date = new Date(moment);
  const minutes = offset(date);
  const shifted = momentText(new Date(date.getTime() + minutes * 60_000)).replace("T", " ");
  const distance = Math.abs(minutes);
  const [hours, rest] = [Math.floor(distance / 60), distance % 60].map((each) => String(each).padStart(2, "0"));
  return `${shifted.slice(0, -1)}${minutes < 0 ? "-" : "+"}${hours}:${rest}`;
}

/**
 * timeline.csv: one row an incident, in the order in which they happened.
 * @param {readonly Incident[]} incidents
 * @param {Offset} offset
 */
export function timelineTable(incidents, offset) {
  const rows = inOrder(incidents).map((each) => {
    const { entry, record } = each;
    const files = (record.files ?? []).map(({ id, name, sha256 }) => {
      const place = each.paths.get(id) ?? "(not in this pack)";
      return `${place} (“${name}”), SHA-256 ${sha256}`;
    });
    return [
      String(entry.sequence), record.kind, record.happened_at ?? "",
      localText(record.happened_at, offset), record.captured_at,
      localText(record.captured_at, offset), entry.at, record.clock, record.captured_by,
      record.person, record.platform, record.display_name, record.user_name, record.profile_id,
      record.address, record.final_address, record.how, record.tool, record.note, files.join("\n"),
      record.replaces, String(each.correctedBy ?? ""),
    ];
  });
  return table([TIMELINE, ...rows]);
}

/**
 * accounts.csv: one row an account, those of one person together.
 * @param {readonly Incident[]} incidents
 */
export function accountsTable(incidents) {
  /** @type {Map<string, Map<string, Incident[]>>} */
  const persons = new Map();
  for (const each of inOrder(incidents)) {
    const { person = NOBODY, platform, profile_id, user_name, display_name } = each.record;
    const account = [platform, profile_id, user_name, display_name].map((name) => name ?? "");
    if (!account.slice(1).some(Boolean)) continue;
    const ofPerson = persons.get(person) ?? new Map();
    persons.set(person, ofPerson);
    const key = JSON.stringify(account);
    ofPerson.set(key, [...ofPerson.get(key) ?? [], each]);
  }
  const sorted = [...persons].sort(([one], [other]) => compare(one, other));
  const rows = sorted.flatMap(([person, accounts]) => [...accounts].map(([key, acts]) => {
    const numbers = acts.map((each) => each.entry.sequence).join(", ");
    return [person, ...JSON.parse(key), when(acts[0]), when(acts[acts.length - 1]), numbers];
  }));
  return table([ACCOUNTS, ...rows]);
}

/**
 * By code points, as Python has it; who is nobody comes last.
 * @param {string} one
 * @param {string} other
 */
function compare(one, other) {
  if ((one === NOBODY) !== (other === NOBODY)) return one === NOBODY ? 1 : -1;
  const [first, second] = [one, other].map((text) => Array.from(text, (each) => each.codePointAt(0) ?? 0));
  for (let at = 0; at < Math.min(first.length, second.length); at += 1) {
    if (first[at] !== second[at]) return first[at] - second[at];
  }
  return first.length - second.length;
}

/**
 * Rows as CSV that opens in every spreadsheet: UTF-8 with its mark, all cells quoted, none a formula.
 * @param {(string | undefined)[][]} rows
 */
function table(rows) {
  const lines = rows.map((cells) => `${cells.map((cell) => quoted(cell ?? "")).join(",")}\r\n`);
  return joined(Uint8Array.of(0xef, 0xbb, 0xbf), utf8(lines.join("")));
}

/** @param {string} text */
function quoted(text) {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
