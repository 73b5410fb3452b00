/**
 * The hashing page: choose files, review the message, send it. Everything is loaded with the page;
 * from then on it works without a network, and its policy forbids it to use one.
 */

import { Working } from "../../../hashing/browser/worker/working.js";
import { Hasher } from "../../../hashing/browser/worker/page.js";
import { ContentError } from "../../../hashing/browser/errors.js";
import { derive, newPassphrase } from "../../../hashing/browser/passphrase.js";
import { MAX_ENTRIES, documentOf, entriesDocumentOf } from "../../../hashing/browser/submission.js";
import { formatMessage } from "./message.js";
import { Access } from "./late.js";
import { showCard, showWords } from "./card.js";
import { Row } from "./rows.js";
import { Sender } from "./sender.js";
import { element, has, text } from "./texts.js";

/** @typedef {import("../../../hashing/browser/signals.js").WindowSet} WindowSet */
/** @typedef {import("../../../hashing/browser/worker/working.js").Work} Work */

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

const { subject, case: caseNumber, key = "", stamp = "" } = app.dataset;
const access = new Access({ key, stamp }, () => writeMessage());
delete app.dataset.key;
/** @type {Row[]} */
let rows = [];
/** @type {Promise<{words: string, access: string}> | undefined} */
let secrets;
/** @type {Working} */
let working;
/** @type {Promise<Work> | undefined} begun with the first file */
let work;
/** @type {any} the document that is shown */
let reviewed;
let unsaved = false;

element("loading", HTMLElement).remove();
app.hidden = false;

/** @param {"unfit" | "choose" | "review" | "card" | "added"} name */
function show(name) {
  for (const section of app.querySelectorAll("section")) section.hidden = section.id !== name;
  element(`${name}-head`, HTMLElement).focus();
}

/**
 * The addresses of the two workers: the only strings that Trusted Types let this page run as scripts.
 * @returns {string[]}
 */
function workerAddresses() {
  const addresses = [app.dataset.worker ?? "", app.dataset.work ?? ""];
  const types = /** @type {any} */ (globalThis).trustedTypes;
  if (!types) return addresses;
  const createScriptURL = (/** @type {string} */ index) => addresses[Number(index)];
  const policy = types.createPolicy("takeback", { createScriptURL });
  return addresses.map((_, index) => policy.createScriptURL(String(index)));
}

/**
 * Say why this browser cannot hash, instead of the chooser.
 * @param {unknown} err
 */
function showUnsupported(err) {
  const code = err instanceof ContentError ? err.code : "Unsupported";
  const name = has(`unfit-${code}`) ? `unfit-${code}` : "unfit-Unsupported";
  element("unfit-why", HTMLElement).textContent = text(name);
  show("unfit");
}

/**
 * @param {unknown} err
 * @returns {string} the sentence for an error with a file
 */
function errorText(err) {
  if (!(err instanceof ContentError)) return text("error-other");
  const cause = /** @type {{codec?: string} | undefined} */ (err.cause);
  if (err.code === "Unsupported" && cause?.codec) {
    return text("error-UnsupportedVideo", { codec: cause.codec });
  }
  return text(has(`error-${err.code}`) ? `error-${err.code}` : "error-other");
}

/** Show the progress of all files, and the buttons that can be used now. */
function showProgress() {
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
  const index = rows.indexOf(row);
  row.stopping.abort();
  row.element.remove();
  rows = rows.filter((one) => one !== row);
  const next = (rows[index] ?? rows[index - 1])?.element.querySelector("button");
  (next ?? files).focus();
  note.textContent = text("removed");
  showProgress();
}

/** The chosen window set. It can be changed after hashing, because all windows are hashed. */
function windowSet() {
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
    row.finish(await hasher.hash(row.file, options), windowSet());
  } catch (err) {
    row.fail(errorText(err));
  }
  if (rows.includes(row)) showProgress();
}

/**
 * @param {File} file
 * @returns {(row: Row) => boolean}
 */
const holds = (file) => (row) =>
  row.file.name === file.name && row.file.size === file.size &&
  row.file.lastModified === file.lastModified;

/**
 * Whether a file is not in the list. If hashing it failed, its row is removed for another try.
 * @param {File} file
 */
function isNew(file) {
  const before = rows.find(holds(file));
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
  showProgress();
  for (const row of added) {
    row.preview(thumbnails.checked);
    hash(hasher, row);
  }
  if (added.length) doWork().catch(() => {}); // whoever goes on is told
}

/**
 * Do the proof of work once, whichever way it ends: a second call returns the same.
 * @returns {Promise<Work | undefined>} nothing if none is needed
 */
async function doWork() {
  const { challenge = "", pieces } = app.dataset;
  if (!Number(pieces)) return undefined;
  work ??= extended({ challenge, nonces: [] }, Number(pieces));
  return work;
}

/**
 * @param {Work} begun
 * @param {number} pieces
 * @returns {Promise<Work>}
 */
async function extended(begun, pieces) {
  workDone = 0;
  const { access } = await caseSecrets();
  try {
    return await working.extended(begun, access, pieces, (part) => {
      workDone = part;
      showWork(part);
    });
  } catch (err) {
    work = undefined; // the next try may load the worker
    throw err;
  }
}

/** Where the progress is shown, and the last that there was, 0…1. */
let workDone = 1;
let showWork = (/** @type {number} */ _part) => {};

/**
 * @param {HTMLElement} status where to show the progress, until the work ends
 * @returns {(part: number) => void}
 */
const progressIn = (status) => (part) => {
  const sentence = text("work", { percent: 10 * Math.floor(10 * part) });
  if (status.textContent !== sentence) status.textContent = sentence;
};

/**
 * Do what more work the service asks for, and show the same message with it.
 * @param {DOMStringMap} answer
 * @returns {Promise<boolean>} whether the owner still looks at the message
 */
async function doMoreWork({ error, challenge = "", pieces }) {
  showWork = progressIn(element("sending", HTMLElement));
  const done = (await work) ?? { challenge, nonces: [] };
  const anew = error === "WorkExpired" || done.nonces.length >= Number(pieces);
  work = extended(anew ? { challenge, nonces: [] } : done, Number(pieces));
  showMessage({ ...reviewed, work: await work });
  return !element("review", HTMLElement).hidden;
}

/**
 * Show a document as it will be sent.
 * @param {any} document
 */
function showMessage(document) {
  reviewed = document;
  message.value = formatMessage(document);
}

/** Make the seven words once: a second try to send must not open a second case. */
function caseSecrets() {
  secrets ??= (async () => {
    const words = newPassphrase();
    return { words, access: (await derive(words)).access };
  })();
  return secrets;
}

async function review() {
  const status = element("work", HTMLElement);
  showWork = progressIn(status);
  if (workDone < 1) showWork(workDone);
  toReview.setAttribute("aria-disabled", "true");
  try {
    await doWork();
  } catch {
    status.textContent = text("work-broke");
    return;
  } finally {
    toReview.removeAttribute("aria-disabled");
  }
  status.textContent = "";
  if (toReview.hidden) return; // the files were removed meanwhile
  await writeMessage();
  if (!caseNumber) showWords((await caseSecrets()).words);
  consent.checked = false; // the owner may have agreed to an earlier, different message
  show("review");
}

/** Make the message of the files that are done, and show it. */
async function writeMessage() {
  const done = await doWork();
  const entries = rows.flatMap((row) => row.content(windowSet()));
  const eligibility = { subject: /** @type {"self"} */ (subject), adults: true, intimate: true };
  showMessage(caseNumber
    ? entriesDocumentOf({ caseNumber, accessKey: access.key, stamp: access.stamp, entries })
    : documentOf({
      accessKey: (await caseSecrets()).access,
      work: done,
      eligibility: /** @type {any} */ (eligibility),
      entries,
    }));
}

/**
 * Show what the service answered.
 * @param {DOMStringMap} answer
 */
async function showAnswer(answer) {
  if (answer.answer === "late") return access.expire(answer.stamp ?? "");
  const opened = caseNumber ? { number: caseNumber, access: access.key, words: "" }
    : { number: answer.number ?? "", ...await caseSecrets() };
  const overview = element("overview", HTMLFormElement);
  const values = { case: opened.number, access_key: opened.access, stamp: answer.stamp ?? "" };
  for (const [name, value] of Object.entries(values)) {
    /** @type {HTMLInputElement} */ (overview.elements.namedItem(name)).value = value;
  }
  if (caseNumber) {
    unsaved = false;
    overview.hidden = false;
    element("added-held", HTMLElement).hidden = !Number(answer.held);
    return show("added");
  }
  element("before", HTMLElement).hidden = answer.answer !== "before";
  showCard(opened, () => {
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
    for (const row of rows) row.show(windowSet());
  });
  stop.addEventListener("click", () => {
    for (const row of rows) if (!row.ended) row.stopping.abort();
    note.textContent = text("stopped");
  });
  toReview.addEventListener("click", () => {
    if (!toReview.hasAttribute("aria-disabled")) review();
  });
  element("to-choose", HTMLButtonElement).addEventListener("click", () => show("choose"));
  new Sender(showAnswer, doMoreWork, () => consent.checked);
  addEventListener("beforeunload", (event) => {
    if (unsaved && !("leaving" in document.documentElement.dataset)) event.preventDefault();
  });
}

async function start() {
  try {
    if (!globalThis.crypto?.subtle) throw new ContentError("Unsupported");
    const [hashes, works] = workerAddresses();
    const hasher = new Hasher(hashes);
    working = new Working(works);
    await Promise.all([hasher.prove(), Number(app.dataset.pieces) && working.load()]);
    listen(hasher);
    element("chooser", HTMLElement).hidden = false;
    element("ready", HTMLElement).textContent = text("ready");
  } catch (err) {
    showUnsupported(err);
  }
}

start();
