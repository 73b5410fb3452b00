/**
 * Opens a case. The access key is derived from the passphrase here; only number and key are posted.
 * The passphrase field has no name, so that no browser can post it.
 */

import { InvalidPassphrase } from "../../../hashing/browser/errors.js";
import { derive } from "../../../hashing/browser/passphrase.js";
import { element, text, wordsError } from "./texts.js";

const DIGITS = 10;

const form = element("open", HTMLFormElement);
const number = element("case", HTMLInputElement);
const words = element("passphrase", HTMLInputElement);
const error = element("fault", HTMLElement);
const progress = element("opening", HTMLElement);
const key = /** @type {HTMLInputElement} */ (form.elements.namedItem("access_key"));

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
  if (![0, DIGITS].includes(number.value.replace(/\D/g, "").length)) {
    return showError(text("wrong-number"), number);
  }
  progress.textContent = text("opening");
  try {
    key.value = (await derive(words.value)).access;
    form.submit();
  } catch (err) {
    const sentence = err instanceof InvalidPassphrase ? wordsError(err) : text("no-crypto");
    showError(sentence, words);
  }
  progress.textContent = "";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  open();
});
addEventListener("pagehide", () => {
  words.value = "";
  key.value = "";
});
/** @type {HTMLButtonElement} */ (form.querySelector("button")).disabled = false;
if (!error.hidden) error.focus();
