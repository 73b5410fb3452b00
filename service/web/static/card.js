/** The card with number and words: copy, save, print, QR code, and a test that they were written down. */

import { InvalidPassphrase } from "../../../hashing/browser/errors.js";
import { normalise } from "../../../hashing/browser/passphrase.js";
import { qrCode } from "./qr.js";
import { element, text, wordsError } from "./texts.js";

/** A name that reveals nothing in a list of downloads. */
const FILE_NAME = "notes.txt";

/**
 * Show the words in every list that is meant for them.
 * @param {string} words
 */
export function showWords(words) {
  for (const list of document.querySelectorAll("ol.words")) {
    list.replaceChildren(...words.split(" ").map((word) => {
      const item = document.createElement("li");
      item.textContent = word;
      return item;
    }));
  }
}

/**
 * Fill the card. `onConfirmed` is called once the words were typed again correctly.
 * @param {{number: string, words: string}} secrets
 * @param {() => void} onConfirmed
 */
export function showCard({ number, words }, onConfirmed) {
  const status = element("kept", HTMLElement);
  const lines = `${text("file-number")} ${number}\n${text("file-words")} ${words}\n`;
  element("number", HTMLElement).textContent = number;
  showWords(words);
  onClick("copy", async () => {
    status.textContent = text(await copy(lines) ? "copied" : "not-copied");
  });
  onClick("save", () => {
    save(lines);
    status.textContent = text("saved");
  });
  onClick("print", () => print());
  onClick("show-qr", (button) => toggleQrCode(button, `${number} ${words}`));
  testWords(words, onConfirmed);
}

/**
 * @param {string} id
 * @param {(button: HTMLButtonElement) => void} act
 */
function onClick(id, act) {
  const button = element(id, HTMLButtonElement);
  button.addEventListener("click", () => act(button));
}

/**
 * @param {string} lines
 * @returns {Promise<boolean>} whether the browser allowed it
 */
async function copy(lines) {
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
  link.download = FILE_NAME;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // the download has begun by then
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} content
 */
function toggleQrCode(button, content) {
  const box = element("qr", HTMLElement);
  box.hidden = !box.hidden;
  button.setAttribute("aria-expanded", String(!box.hidden));
  box.replaceChildren(...box.hidden ? [] : [qrCode(content, text("qr"))]);
}

/**
 * Check the words that are typed into the test form.
 * @param {string} words
 * @param {() => void} onConfirmed
 */
function testWords(words, onConfirmed) {
  const again = element("again", HTMLInputElement);
  const result = element("tested", HTMLElement);
  element("test", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const error = mistake(again.value, words);
    result.textContent = error || text("right");
    result.classList.toggle("fault", Boolean(error));
    again.toggleAttribute("aria-invalid", Boolean(error));
    if (!error) onConfirmed();
  });
}

/**
 * @param {string} typed
 * @param {string} words
 * @returns {string} what is wrong, or an empty string
 */
function mistake(typed, words) {
  try {
    return normalise(typed) === words ? "" : text("other-words");
  } catch (err) {
    if (!(err instanceof InvalidPassphrase)) throw err;
    return wordsError(err);
  }
}
