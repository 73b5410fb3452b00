/**
 * Shows the labels of a case in its overview. They are opened here, by a key of the words, and nowhere
 * kept: neither words nor labels leave the page, which forgets the words at once, and the key with itself.
 */

import { InvalidPassphrase } from "../../../hashing/browser/errors.js";
import { unseal } from "../../../hashing/browser/labels.js";
import { derive } from "../../../hashing/browser/passphrase.js";
import { actHere } from "./acts.js";
import { element, text, wordsError } from "./texts.js";

const details = element("labels", HTMLDetailsElement);
const form = element("reveal", HTMLFormElement);
const words = element("passphrase", HTMLInputElement);
const fault = element("labels-fault", HTMLElement);
const progress = element("revealing", HTMLElement);
const { content } = element("sealed", HTMLTemplateElement);
const accessKey = /** @type {HTMLInputElement} */ (document.querySelector("input[name='access_key']")).value;

/** @param {string} vault */
async function reveal(vault) {
  /** @type {Map<string, string>} */
  const labels = new Map();
  for (const { dataset } of content.querySelectorAll("i")) {
    labels.set(dataset.n ?? "", await unseal(vault, dataset.sealed ?? "") ?? text("unreadable"));
  }
  actHere(labels, vault);
  details.remove();
  const revealed = element("revealed", HTMLElement);
  revealed.textContent = text("revealed");
  revealed.focus();
}

/** @param {string} sentence */
function showFault(sentence) {
  fault.textContent = sentence;
  fault.hidden = false;
  words.setAttribute("aria-invalid", "true");
  words.focus();
}

async function open() {
  fault.hidden = true;
  words.removeAttribute("aria-invalid");
  progress.textContent = text("opening");
  try {
    const { access, vault } = await derive(words.value);
    if (access !== accessKey) showFault(text("words-of-another"));
    else {
      words.value = "";
      await reveal(vault);
    }
  } catch (err) {
    showFault(err instanceof InvalidPassphrase ? wordsError(err) : text("no-crypto"));
  }
  progress.textContent = "";
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
});
details.hidden = false;
