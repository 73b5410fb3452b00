/**
 * Hashes files on the advocate's device, and puts the hashes into the form. No picture is shown or sent.
 */

import { Hasher } from "../../../hashing/browser/worker/page.js";
import { contentOf } from "../../../hashing/browser/submission.js";
import { element, text } from "./texts.js";

const form = element("hash", HTMLFormElement);
const files = element("files", HTMLInputElement);
const state = element("state", HTMLElement);
const go = element("go", HTMLButtonElement);
const field = element("document", HTMLInputElement);
/** Windows find cropped copies: content that is added has them, what is only compared has not. */
const windows = "several" in form.dataset ? "standard" : "none";

/**
 * The address of the worker, which Trusted Types let this page run.
 * @returns {string}
 */
function workerAddress() {
  const address = form.dataset.worker ?? "";
  const types = /** @type {any} */ (globalThis).trustedTypes;
  return types ? types.createPolicy("takeback", { createScriptURL: () => address }).createScriptURL("") : address;
}

/** @param {Hasher} hasher */
async function hashAll(hasher) {
  const chosen = [...(files.files ?? [])];
  const entries = [];
  go.disabled = true;
  for (const file of chosen) {
    state.textContent = text("hashing", { done: entries.length, all: chosen.length });
    try {
      entries.push(contentOf(await hasher.hash(file, { windows })));
    } catch {
      continue; // counted below: it cannot be decoded here, or is no picture or video
    }
  }
  state.textContent = text("hashed", { done: entries.length, failed: chosen.length - entries.length });
  field.value = JSON.stringify({ entries });
  go.disabled = !entries.length;
}

async function start() {
  try {
    const hasher = new Hasher(workerAddress());
    await hasher.prove();
    files.addEventListener("change", () => hashAll(hasher));
    files.disabled = false;
    state.textContent = text("ready");
  } catch {
    state.textContent = text("unfit");
  }
}

start();
