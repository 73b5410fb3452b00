/**
 * A page for more files of a case that was open for too long: what opens the case is forgotten, and
 * the words are asked for again. The files and their hashes stay.
 */

import { InvalidPassphrase } from "../../../hashing/browser/errors.js";
import { derive } from "../../../hashing/browser/passphrase.js";
import { element, text, wordsError } from "./texts.js";

/** What opens a case, and until when: the access key and a stamp of the service. */
export class Access {
  /** What seals labels; empty until the words were typed. */
  vault = "";

  /**
   * @param {{key: string, stamp: string}} access
   * @param {() => Promise<void>} onChange called when the message has to be written anew
   */
  constructor({ key, stamp }, onChange) {
    this.key = key;
    this.stamp = stamp;
    this.#onChange = onChange;
  }

  #onChange;
  #isLate = false;

  /**
   * Forget the key, and ask for the words.
   * @param {string} stamp a new one
   */
  expire(stamp) {
    this.key = "";
    this.vault = "";
    this.stamp = stamp;
    this.#onChange();
    element("late-words", HTMLInputElement).value = "";
    element("late", HTMLElement).hidden = false;
    element("late-head", HTMLElement).focus();
    if (!this.#isLate) this.#listen();
    this.#isLate = true;
  }

  /** From now on, make the key of the words before each sending. */
  #listen() {
    const form = element("send", HTMLFormElement);
    let ready = false;
    form.addEventListener("submit", async (event) => {
      if (ready || !element("consent", HTMLInputElement).checked) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!await this.#derive()) return;
      ready = true;
      form.requestSubmit();
      ready = false;
    }, { capture: true });
  }

  /** @returns {Promise<boolean>} whether the words are words, and the message is written with them */
  async #derive() {
    const words = element("late-words", HTMLInputElement);
    const status = element("sending", HTMLElement);
    status.classList.remove("fault");
    status.textContent = text("opening");
    try {
      const keys = await derive(words.value);
      this.key = keys.access;
      this.vault = keys.vault;
      await this.#onChange();
      return true;
    } catch (err) {
      status.classList.add("fault");
      status.textContent = err instanceof InvalidPassphrase ? wordsError(err) : text("no-crypto");
      words.focus();
      return false;
    }
  }
}
