/**
 * Sends the message by a plain form post into a frame. The page stays, so that an answer that
 * does not come loses nothing: the same message can be sent again, and opens no second case.
 */

import { element, text } from "./texts.js";

/**
 * Milliseconds after which an answer is no longer waited for. Not every browser tells that a frame
 * could not be loaded.
 */
const PATIENCE = 60_000;
/**
 * Milliseconds between looks at the frame until then: Firefox (140) tells of no error page by
 * `load`, but that page's document is out of reach.
 */
const LOOKS = 500;

/** Listens to the form and to the frame. */
export class Sender {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waits;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #looks;
  #form = element("send", HTMLFormElement);
  #frame = element("answer", HTMLIFrameElement);
  #told = element("sending", HTMLElement);
  #button = element("send-button", HTMLButtonElement);

  /**
   * @param {(answer: DOMStringMap) => void} received called with what the service answered
   * @param {() => boolean} agreed whether the owner agrees to sending
   */
  constructor(received, agreed) {
    const wrong = element("consent-wrong", HTMLElement);
    this.#form.addEventListener("submit", (event) => {
      wrong.hidden = agreed();
      if (this.#waits || !agreed() || !navigator.onLine) event.preventDefault();
      if (this.#waits || !agreed()) return;
      if (navigator.onLine) this.#wait();
      else this.#tell(text("not-sent"), true);
    });
    this.#frame.addEventListener("load", () => this.#loaded(received));
  }

  #wait() {
    this.#waits = setTimeout(() => this.#end(text("not-sent")), PATIENCE);
    this.#looks = setInterval(() => {
      if (!this.#frame.contentDocument) this.#end(text("not-sent"));
    }, LOOKS);
    this.#button.setAttribute("aria-disabled", "true");
    this.#tell(text("sending"), false);
  }

  /** @param {(answer: DOMStringMap) => void} received */
  #loaded(received) {
    if (!this.#waits) return; // an empty page: that every frame begins with, or ours below
    const { answer, words } = this.#answer();
    if (answer && answer.answer !== "error") {
      this.#end("");
      received(answer);
    } else this.#end(answer ? words : text("not-sent"));
  }

  /**
   * Wait no more. The frame is emptied, so that the browser keeps nothing of what it was sent.
   * @param {string} fault
   */
  #end(fault) {
    clearTimeout(this.#waits);
    clearInterval(this.#looks);
    this.#waits = undefined;
    this.#button.removeAttribute("aria-disabled");
    this.#tell(fault, true);
    setTimeout(() => this.#frame.contentWindow?.location.replace("about:blank"));
  }

  /** @returns {{answer?: DOMStringMap, words: string}} none where the browser shows its own error */
  #answer() {
    try {
      const found = this.#frame.contentDocument?.querySelector("[data-answer]");
      const answer = /** @type {HTMLElement | null} */ (found ?? null);
      return { answer: answer ? { ...answer.dataset } : undefined, words: answer?.textContent?.trim() ?? "" };
    } catch {
      return { words: "" };
    }
  }

  /**
   * @param {string} sentence
   * @param {boolean} fault
   */
  #tell(sentence, fault) {
    this.#told.textContent = sentence;
    this.#told.classList.toggle("fault", fault);
  }
}
