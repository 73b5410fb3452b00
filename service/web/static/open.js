/**
 * Opens a case: the key is made of the words here, and only number and key are posted. The field
 * of the words has no name, so that no browser could send it.
 */

import { InvalidPassphrase } from "../../../hashing/browser/errors.js";
import { derive } from "../../../hashing/browser/passphrase.js";
import { element, text, wrongWords } from "./texts.js";

const DIGITS = 10;

const form = element("open", HTMLFormElement);
const number = element("case", HTMLInputElement);
const words = element("passphrase", HTMLInputElement);
const fault = element("fault", HTMLElement);
const opening = element("opening", HTMLElement);
const key = /** @type {HTMLInputElement} */ (form.elements.namedItem("access_key"));

/**
 * Say what is wrong, and lead to where.
 * @param {string} sentence
 * @param {HTMLInputElement} field
 */
function complain(sentence, field) {
  fault.hidden = false;
  fault.textContent = sentence;
  for (const one of [number, words]) one.removeAttribute("aria-invalid");
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

async function open() {
  fault.hidden = true;
  if (![0, DIGITS].includes(number.value.replace(/\D/g, "").length)) {
    return complain(text("wrong-number"), number);
  }
  opening.textContent = text("opening");
  try {
    key.value = (await derive(words.value)).access;
    form.submit();
  } catch (err) {
    const sentence = err instanceof InvalidPassphrase ? wrongWords(err) : text("no-crypto");
    complain(sentence, words);
  }
  opening.textContent = "";
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
if (!fault.hidden) fault.focus();
