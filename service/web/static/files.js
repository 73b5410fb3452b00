/**
 * The hashing page: choose files, write down the words, read the message, send it. Everything is
 * loaded with the page; from then on it works without a network, and its policy forbids it to use one.
 */

import { Hasher } from "../../../hashing/browser/worker/page.js";
import { ContentError } from "../../../hashing/browser/errors.js";
import { derive, newPassphrase } from "../../../hashing/browser/passphrase.js";
import { documentOf, entriesDocumentOf } from "../../../hashing/browser/submission.js";
import { formatMessage } from "./message.js";
import { heedLabels, sealed } from "./labels.js";
import { Access } from "./late.js";
import { showCard, showWords } from "./card.js";
import { FileList } from "./file_list.js";
import { Payment } from "./payment.js";
import { Sender } from "./sender.js";
import { Steps } from "./steps.js";
import { element, has, text } from "./texts.js";

const app = element("app", HTMLElement);
const message = element("document", HTMLTextAreaElement);
const consent = element("consent", HTMLInputElement);

const { subject, case: caseNumber, key = "", stamp = "" } = app.dataset;
const access = new Access({ key, stamp }, () => writeMessage());
delete app.dataset.key;
/** @type {Promise<{words: string, access: string, vault: string}> | undefined} */
let secrets;
/** @type {FileList} */
let list;
/** @type {Payment} */
let payment;
/** @type {any} the document that is shown */
let reviewed;
/** Whether the hashes are sent and the words were checked, so that nothing would be lost. */
let isKept = false;

const steps = new Steps(
  caseNumber ? ["choose", "review"] : ["choose", "words", "review"],
  { words: writeWords, review },
  () => !isKept && Boolean(list?.hasHashes),
);

element("loading", HTMLElement).remove();
app.hidden = false;

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
  steps.end("unfit");
}

/** Make the seven words once: a second try to send must not open a second case. */
function caseSecrets() {
  secrets ??= (async () => {
    const words = newPassphrase();
    return { words, ...await derive(words) };
  })();
  return secrets;
}

async function writeWords() {
  showWords((await caseSecrets()).words);
  return list.isReady;
}

/** @returns {Promise<boolean>} whether there is a message to be read */
async function review() {
  const status = element("work", HTMLElement);
  const button = element("to-review", HTMLButtonElement);
  payment.showIn(status);
  button.setAttribute("aria-disabled", "true");
  try {
    await payment.done();
  } catch {
    status.textContent = text("work-broke");
    return false;
  } finally {
    button.removeAttribute("aria-disabled");
  }
  status.textContent = "";
  if (!list.isReady) return false; // the files were removed meanwhile
  await writeMessage();
  consent.checked = false; // the owner may have agreed to an earlier, different message
  return true;
}

/** Make the message of the files that are done, and show it. */
async function writeMessage() {
  const work = await payment.done();
  const vault = caseNumber ? access.vault : (await caseSecrets()).vault;
  const entries = await sealed(list.entries, vault);
  for (const each of document.querySelectorAll("[data-labelled]")) {
    /** @type {HTMLElement} */ (each).hidden = entries.every((one) => !one.sealed_label);
  }
  const eligibility = { subject: /** @type {"self"} */ (subject), adults: true, intimate: true };
  element("contents", HTMLElement).textContent = list.contents;
  showMessage(caseNumber
    ? entriesDocumentOf({ caseNumber, accessKey: access.key, stamp: access.stamp, entries })
    : documentOf({
      accessKey: (await caseSecrets()).access,
      work,
      eligibility: /** @type {any} */ (eligibility),
      intakeCode: /** @type {HTMLInputElement | null} */ (document.getElementById("share"))?.checked ? app.dataset.intake : "",
      entries,
    }));
}

/**
 * Show a document as it will be sent.
 * @param {any} document
 */
function showMessage(document) {
  reviewed = document;
  message.value = formatMessage(document);
}

/**
 * Do what more work the service asks for, and show the same message with it.
 * @param {DOMStringMap} answer
 * @returns {Promise<boolean>} whether the owner still looks at the message
 */
async function doMoreWork(answer) {
  payment.showIn(element("sending", HTMLElement));
  showMessage({ ...reviewed, work: await payment.more(answer) });
  return steps.isShown("review");
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
    isKept = true;
    overview.hidden = false;
    element("added-held", HTMLElement).hidden = !Number(answer.held);
    return steps.end("added");
  }
  element("before", HTMLElement).hidden = answer.answer !== "before";
  element("ask-unsent", HTMLElement).hidden = true;
  element("ask-unchecked", HTMLElement).hidden = false;
  showCard({ ...opened, address: overview.action }, () => {
    isKept = true;
    overview.hidden = false;
  });
  return steps.end("card");
}

function listen() {
  document.getElementById("share")?.addEventListener("change", () => writeMessage());
  /** @type {(id: string, act: () => void) => void} */
  const onClick = (id, act) => {
    const button = document.getElementById(id);
    button?.addEventListener("click", () => {
      if (!button.hasAttribute("aria-disabled")) act();
    });
  };
  onClick("chosen", () => steps.go(caseNumber ? "review" : "words"));
  onClick("to-review", () => steps.go("review"));
  onClick("words-to-choose", () => steps.go("choose"));
  onClick("to-choose", () => steps.go("choose"));
  new Sender(showAnswer, doMoreWork, () => consent.checked);
}

async function start() {
  try {
    if (!globalThis.crypto?.subtle) throw new ContentError("Unsupported");
    const [hashes, works] = workerAddresses();
    const hasher = new Hasher(hashes);
    payment = new Payment(works, app.dataset, async () => (await caseSecrets()).access);
    await Promise.all([hasher.prove(), payment.load()]);
    list = new FileList(hasher, () => {
      steps.begin();
      payment.done().catch(() => {}); // whoever goes on is told
    });
    heedLabels(caseNumber ? access : undefined, (shown) => list.showLabels(shown));
    listen();
    element("chooser", HTMLElement).hidden = false;
    element("ready", HTMLElement).textContent = text("ready");
  } catch (err) {
    showUnsupported(err);
  }
}

start();
