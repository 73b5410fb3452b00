/** Number and words: shown once, copied, saved, printed, drawn as a QR code, and typed once again. */

import { InvalidPassphrase } from "../../../hashing/browser/errors.js";
import { normalise } from "../../../hashing/browser/passphrase.js";
import { drawn } from "./qr.js";
import { element, text, wrongWords } from "./texts.js";

/** A name that tells nothing to who looks through the downloads. */
const FILE = "notes.txt";

/**
 * Show the words wherever they have a place.
 * @param {string} words
 */
export function showWords(words) {
  for (const place of document.querySelectorAll("ol.words")) {
    place.replaceChildren(...words.split(" ").map((word) => {
      const item = document.createElement("li");
      item.textContent = word;
      return item;
    }));
  }
}

/**
 * Fill the card. `checked` is called once the words were typed again rightly.
 * @param {{number: string, words: string}} given
 * @param {() => void} checked
 */
export function showCard({ number, words }, checked) {
  const kept = element("kept", HTMLElement);
  const lines = `${text("file-number")} ${number}\n${text("file-words")} ${words}\n`;
  element("number", HTMLElement).textContent = number;
  showWords(words);
  on("copy", async () => {
    kept.textContent = text(await copied(lines) ? "copied" : "not-copied");
  });
  on("save", () => {
    save(lines);
    kept.textContent = text("saved");
  });
  on("print", () => print());
  on("show-qr", (button) => toggleCode(button, `${number} ${words}`));
  listen(words, checked);
}

/**
 * @param {string} id
 * @param {(button: HTMLButtonElement) => void} act
 */
function on(id, act) {
  const button = element(id, HTMLButtonElement);
  button.addEventListener("click", () => act(button));
}

/** @param {string} lines */
async function copied(lines) {
  try {
    await navigator.clipboard.writeText(lines);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} lines */
function save(lines) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines], { type: "text/plain;charset=utf-8" }));
  link.download = FILE;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // the download has begun by then
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} content
 */
function toggleCode(button, content) {
  const place = element("qr", HTMLElement);
  place.hidden = !place.hidden;
  button.setAttribute("aria-expanded", String(!place.hidden));
  place.replaceChildren(...place.hidden ? [] : [drawn(content, text("qr"))]);
}

/**
 * @param {string} words
 * @param {() => void} checked
 */
function listen(words, checked) {
  const again = element("again", HTMLInputElement);
  const tested = element("tested", HTMLElement);
  element("test", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const fault = wrong(again.value, words);
    tested.textContent = fault || text("right");
    tested.classList.toggle("fault", Boolean(fault));
    again.toggleAttribute("aria-invalid", Boolean(fault));
    if (!fault) checked();
  });
}

/**
 * @param {string} typed
 * @param {string} words
 * @returns {string} what is wrong, or nothing
 */
function wrong(typed, words) {
  try {
    return normalise(typed) === words ? "" : text("other-words");
  } catch (err) {
    if (!(err instanceof InvalidPassphrase)) throw err;
    return wrongWords(err);
  }
}
