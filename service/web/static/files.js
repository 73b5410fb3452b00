/**
 * The page that hashes: choose, review, send. Everything it needs is loaded with it; from then on
 * it works without a network, and its policy forbids it any.
 */

import { Hasher } from "../../../hashing/browser/worker/page.js";
import { ContentError } from "../../../hashing/browser/errors.js";
import { derive, newPassphrase } from "../../../hashing/browser/passphrase.js";
import { MAX_ENTRIES, documentOf, entriesDocumentOf } from "../../../hashing/browser/submission.js";
import { written } from "./message.js";
import { showCard, showWords } from "./card.js";
import { Row } from "./rows.js";
import { Sender } from "./sender.js";
import { element, has, text } from "./texts.js";

/** @typedef {import("../../../hashing/browser/signals.js").WindowSet} WindowSet */

const app = element("app", HTMLElement);
const files = element("files", HTMLInputElement);
const thumbnails = element("thumbnails", HTMLInputElement);
const list = element("list", HTMLElement);
const note = element("note", HTMLElement);
const progress = element("progress", HTMLElement);
const toReview = element("to-review", HTMLButtonElement);
const stop = element("stop", HTMLButtonElement);
const message = element("document", HTMLTextAreaElement);
const consent = element("consent", HTMLInputElement);

const { subject, case: caseNumber, key: caseKey } = app.dataset;
/** @type {Row[]} */
let rows = [];
/** @type {Promise<{words: string, access: string}> | undefined} */
let secret;
let unsaved = false;

element("loading", HTMLElement).remove();
app.hidden = false;

/** @param {"unfit" | "choose" | "review" | "card" | "added"} name */
function show(name) {
  for (const section of app.querySelectorAll("section")) section.hidden = section.id !== name;
  element(`${name}-head`, HTMLElement).focus();
}

/** The worker's address is the one string that this page makes a script of. */
function worker() {
  const address = app.dataset.worker ?? "";
  const types = /** @type {any} */ (globalThis).trustedTypes;
  if (!types) return address;
  return types.createPolicy("takeback", { createScriptURL: () => address }).createScriptURL(address);
}

/** @param {unknown} err */
function unfit(err) {
  const code = err instanceof ContentError ? err.code : "Unsupported";
  const name = has(`unfit-${code}`) ? `unfit-${code}` : "unfit-Unsupported";
  element("unfit-why", HTMLElement).textContent = text(name);
  show("unfit");
}

/** @param {unknown} err */
function reason(err) {
  if (!(err instanceof ContentError)) return text("error-other");
  const told = /** @type {{codec?: string} | undefined} */ (err.cause);
  if (err.code === "Unsupported" && told?.codec) {
    return text("error-UnsupportedVideo", { codec: told.codec });
  }
  return text(has(`error-${err.code}`) ? `error-${err.code}` : "error-other");
}

/** Say how far all files are, and offer what can be done now. */
function tell() {
  const done = rows.filter((row) => row.done).length;
  const failed = rows.filter((row) => row.failed).length;
  const counts = { done, all: rows.length, failed };
  progress.textContent = rows.length ? text(failed ? "summary-failed" : "summary", counts) : "";
  stop.hidden = rows.every((row) => row.ended);
  toReview.hidden = !done || !stop.hidden;
  unsaved = done > 0;
}

/** @param {Row} row */
function remove(row) {
  const at = rows.indexOf(row);
  row.stopping.abort();
  row.element.remove();
  rows = rows.filter((one) => one !== row);
  const next = (rows[at] ?? rows[at - 1])?.element.querySelector("button");
  (next ?? files).focus();
  note.textContent = text("removed");
  tell();
}

/** The choice of parts; it can still be changed when all are hashed, and then takes effect. */
function parts() {
  const chosen = app.querySelector("input[name='windows']:checked");
  return /** @type {WindowSet} */ (/** @type {HTMLInputElement} */ (chosen).value);
}

/**
 * @param {Hasher} hasher
 * @param {Row} row
 */
async function hash(hasher, row) {
  const onProgress = (/** @type {number} */ part) => row.progress(part);
  const options = { windows: /** @type {const} */ ("all"), onProgress, signal: row.stopping.signal };
  try {
    row.finish(await hasher.hash(row.file, options), parts());
  } catch (err) {
    row.fail(reason(err));
  }
  if (rows.includes(row)) tell();
}

/**
 * @param {File} file
 * @returns {(row: Row) => boolean}
 */
const isOf = (file) => (row) =>
  row.file.name === file.name && row.file.size === file.size &&
  row.file.lastModified === file.lastModified;

/** @param {File} file of which a try that failed makes room for the next */
function isNew(file) {
  const before = rows.find(isOf(file));
  if (!before?.failed) return before === undefined;
  before.element.remove();
  rows = rows.filter((row) => row !== before);
  return true;
}

/** @param {Hasher} hasher */
function choose(hasher) {
  const chosen = [...(files.files ?? [])];
  const fresh = chosen.filter(isNew);
  const room = Math.max(MAX_ENTRIES - rows.length, 0);
  const added = fresh.slice(0, room).map((file) => new Row(file, remove));
  files.value = "";
  rows.push(...added);
  list.append(...added.map((row) => row.element));
  const many = fresh.length > room ? text("too-many") : "";
  note.textContent = many || (fresh.length < chosen.length ? text("twice") : "");
  tell();
  for (const row of added) {
    row.preview(thumbnails.checked);
    hash(hasher, row);
  }
}

/** The seven words are made once: a second try to send must open no second case. */
function secretOf() {
  secret ??= (async () => {
    const words = newPassphrase();
    return { words, access: (await derive(words)).access };
  })();
  return secret;
}

async function review() {
  const entries = rows.flatMap((row) => row.content(parts()));
  const eligibility = { subject: /** @type {"self"} */ (subject), adults: true, intimate: true };
  message.value = written(caseNumber
    ? entriesDocumentOf({ caseNumber, accessKey: caseKey ?? "", entries })
    : documentOf({
      accessKey: (await secretOf()).access,
      eligibility: /** @type {any} */ (eligibility),
      entries,
    }));
  if (!caseNumber) showWords((await secretOf()).words);
  consent.checked = false; // what was agreed to may have been another message
  show("review");
}

/** @param {DOMStringMap} answer */
async function received(answer) {
  const given = caseNumber ? { number: caseNumber, access: caseKey ?? "", words: "" }
    : { number: answer.number ?? "", ...await secretOf() };
  const overview = element("overview", HTMLFormElement);
  const values = { case: given.number, access_key: given.access, stamp: answer.stamp ?? "" };
  for (const [name, value] of Object.entries(values)) {
    /** @type {HTMLInputElement} */ (overview.elements.namedItem(name)).value = value;
  }
  if (caseNumber) {
    unsaved = false;
    overview.hidden = false;
    return show("added");
  }
  element("before", HTMLElement).hidden = answer.answer !== "before";
  showCard(given, () => {
    unsaved = false;
    overview.hidden = false;
  });
  return show("card");
}

/** @param {Hasher} hasher */
function listen(hasher) {
  files.addEventListener("change", () => choose(hasher));
  thumbnails.addEventListener("change", () => {
    for (const row of rows) row.preview(thumbnails.checked);
  });
  element("parts", HTMLElement).addEventListener("change", () => {
    for (const row of rows) row.show(parts());
  });
  stop.addEventListener("click", () => {
    for (const row of rows) if (!row.ended) row.stopping.abort();
    note.textContent = text("stopped");
  });
  toReview.addEventListener("click", review);
  element("to-choose", HTMLButtonElement).addEventListener("click", () => show("choose"));
  new Sender(received, () => consent.checked);
  addEventListener("beforeunload", (event) => {
    if (unsaved && !("leaving" in document.documentElement.dataset)) event.preventDefault();
  });
}

async function begin() {
  try {
    if (!globalThis.crypto?.subtle) throw new ContentError("Unsupported");
    const hasher = new Hasher(worker());
    await hasher.prove();
    listen(hasher);
    element("chooser", HTMLElement).hidden = false;
    element("ready", HTMLElement).textContent = text("ready");
  } catch (err) {
    unfit(err);
  }
}

begin();
