/**
 * Labels on the hashing page: whether the owner wants to type some, and the words of an open case, for
 * which the page has no more than the access key.
 */

import { InvalidPassphrase } from "../../../hashing/browser/errors.js";
import { seal } from "../../../hashing/browser/labels.js";
import { derive } from "../../../hashing/browser/passphrase.js";
import { element, text, wordsError } from "./texts.js";

/** @typedef {import("../../../hashing/browser/signals.js").Content} Content */

/**
 * Heed the box that the owner ticks for labels.
 * @param {import("./late.js").Access | undefined} access of an open case: asks for its words first
 * @param {(shown: boolean) => void} show
 */
export function heedLabels(access, show) {
  const box = element("labels", HTMLInputElement);
  if (!access) {
    box.addEventListener("change", () => show(box.checked));
    return;
  }
  const form = element("label-form", HTMLFormElement);
  const update = () => {
    form.hidden = !box.checked || access.vault !== "";
    show(box.checked && form.hidden);
  };
  box.addEventListener("change", update);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!await open(access)) return;
    update();
    const field = document.querySelector("#list .label input");
    (field instanceof HTMLElement ? field : box).focus();
  });
}

/**
 * Make the vault key of the words that were typed, and forget these.
 * @param {import("./late.js").Access} access
 * @returns {Promise<boolean>} whether they are those of the case
 */
async function open(access) {
  const words = element("label-words", HTMLInputElement);
  const told = element("label-told", HTMLElement);
  told.classList.remove("fault");
  words.removeAttribute("aria-invalid");
  told.textContent = text("opening");
  try {
    const keys = await derive(words.value);
    if (!access.key || keys.access === access.key) { // none if the page is late: the service checks it
      access.vault = keys.vault;
      words.value = told.textContent = "";
      return true;
    }
    told.textContent = text("words-of-another");
  } catch (err) {
    told.textContent = err instanceof InvalidPassphrase ? wordsError(err) : text("no-crypto");
  }
  told.classList.add("fault");
  words.setAttribute("aria-invalid", "true");
  words.focus();
  return false;
}

/**
 * Entries with their labels sealed. Nothing is left of what was typed.
 * @param {Content[]} entries
 * @param {string} vault none are sealed without it
 * @returns {Promise<Content[]>}
 */
export function sealed(entries, vault) {
  return Promise.all(entries.map(async ({ label, ...content }) =>
    (label && vault ? { ...content, sealed_label: await seal(vault, label) } : content)));
}
