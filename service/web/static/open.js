/**
 * Opens a case. The access key is derived from the passphrase here; only number and key are posted.
 * The passphrase field has no name, so that no browser can post it. What was typed stays in the page
 * until a case is open.
 */

import { InvalidPassphrase } from "../../../hashing/browser/errors.js";
import { derive } from "../../../hashing/browser/passphrase.js";
import { check } from "./check.js";
import { element, text, wordsError } from "./texts.js";

const DIGITS = 10;

const form = element("open", HTMLFormElement);
const number = element("case", HTMLInputElement);
const words = element("passphrase", HTMLInputElement);
const error = element("fault", HTMLElement);
const progress = element("opening", HTMLElement);
const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
const key = field("access_key");
const stamp = field("stamp");

/** @param {string} name */
function field(name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
}

/**
 * Show an error, and move the focus to its field.
 * @param {string} sentence
 * @param {HTMLInputElement} field
 */
function showError(sentence, field) {
  error.hidden = false;
  error.textContent = sentence;
  for (const input of [number, words]) input.removeAttribute("aria-invalid");
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

async function open() {
  error.hidden = true;
  const digits = number.value.match(/\p{Nd}/gu)?.length ?? 0;
  if (digits !== DIGITS && (digits || number.value.trim())) {
    return showError(text("wrong-number"), number);
  }
  progress.textContent = text("opening");
  try {
    key.value = (await derive(words.value)).access;
    await enter();
  } catch (err) {
    const sentence = err instanceof InvalidPassphrase ? wordsError(err) : text("no-crypto");
    showError(sentence, words);
  }
  progress.textContent = "";
}

/** Go to the overview if the form opens a case; else say why not, and forget the key. */
async function enter() {
  let answer = await check(form);
  if (answer) stamp.value = answer.stamp || stamp.value;
  if (answer?.answer === "late") answer = await check(form); // with the new stamp
  if (answer?.answer === "opens") return form.submit();
  key.value = "";
  if (!answer) return showError(text("not-reached"), words);
  return showError(answer.answer === "error" ? answer.words : text("wrong"), words);
}

let opening = false;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (opening) return;
  opening = true;
  await open();
  opening = false;
});
addEventListener("pagehide", () => {
  words.value = "";
  key.value = "";
});
button.disabled = false;
if (!error.hidden) error.focus();
