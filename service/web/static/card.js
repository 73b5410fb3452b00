/** The card with number and words: copy, save, print, QR code, and a test that they were written down. */

import { InvalidPassphrase } from "../../../hashing/browser/errors.js";
import { normalise } from "../../../hashing/browser/passphrase.js";
import { MOST_BYTES, qrCode } from "./qr.js";
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
 * Fill the card. `onConfirmed` is called once the words were typed again correctly. `address` is
 * where to return to: it is on the card only if the owner wants it to be.
 * @param {{number: string, words: string, address: string}} secrets
 * @param {() => void} onConfirmed
 */
export function showCard({ number, words, address }, onConfirmed) {
  const status = element("kept", HTMLElement);
  const isPlaceKept = keepPlace(address);
  const lines = () => `${text("file-number")} ${number}\n${text("file-words")} ${words}\n${
    isPlaceKept() ? placeLines(address) : ""}`;
  element("number", HTMLElement).textContent = number;
  showWords(words);
  onClick("copy", async () => {
    status.textContent = text(await copy(lines()) ? "copied" : "not-copied");
  });
  onClick("save", () => {
    save(lines());
    status.textContent = text("saved");
  });
  onClick("print", () => print());
  onClick("show-qr", (button) => toggleQrCodes(button, `${number} ${words}`, address));
  testWords(words, onConfirmed);
}

/**
 * Show on the card where to return to, and which platforms take part, while the box is ticked.
 * @param {string} address
 * @returns {() => boolean} whether it is ticked
 */
function keepPlace(address) {
  const box = element("keep-place", HTMLInputElement);
  element("address", HTMLElement).textContent = address;
  box.addEventListener("change", () => {
    element("place", HTMLElement).hidden = !box.checked;
  });
  return () => box.checked;
}

/**
 * @param {string} address
 * @returns {string} what the saved file says beside number and words
 */
function placeLines(address) {
  const names = [...document.querySelectorAll("#taking-part li")].map((one) => one.textContent?.trim());
  const platforms = names.length ? `${text("file-platforms")} ${names.join(", ")}\n` : "";
  return `${text("file-address")} ${address}\n${platforms}`;
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
 * Show or hide the code of the secrets, and that of the address, which is seen if its part of the
 * card is. They are two: a phone that reads an address opens it, and the words must not be in that.
 * @param {HTMLButtonElement} button
 * @param {string} secrets
 * @param {string} address
 */
function toggleQrCodes(button, secrets, address) {
  const isShown = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(isShown));
  const fits = new TextEncoder().encode(address).length <= MOST_BYTES;
  const codes = { qr: qrCode(secrets, text("qr")), "address-qr": fits ? qrCode(address, text("qr-address")) : "" };
  for (const [id, code] of Object.entries(codes)) {
    const box = element(id, HTMLElement);
    box.hidden = !isShown;
    box.replaceChildren(...isShown ? [code] : []);
  }
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
