/**
 * Sends the message by a plain form post into a frame. The page stays, so that an answer that
 * does not come loses nothing: the same message can be sent again, and opens no second case.
 */

import { element, text } from "./texts.js";

/** Listens to the form and to the frame. */
export class Sender {
  #waits = false;
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
      if (this.#waits || !agreed()) return event.preventDefault();
      this.#waits = true;
      this.#button.setAttribute("aria-disabled", "true");
      return this.#tell(text("sending"), false);
    });
    this.#frame.addEventListener("load", () => this.#loaded(received));
  }

  /** @param {(answer: DOMStringMap) => void} received */
  #loaded(received) {
    if (!this.#waits) return; // the empty page that every frame begins with
    this.#waits = false;
    this.#button.removeAttribute("aria-disabled");
    const answer = this.#answer();
    if (answer?.dataset.answer === "error") this.#tell(answer.textContent?.trim() ?? "", true);
    else if (answer) received(answer.dataset);
    else this.#tell(text("not-sent"), true);
  }

  /** @returns {HTMLElement | null | undefined} none where the browser shows an error of its own */
  #answer() {
    try {
      return this.#frame.contentDocument?.querySelector("[data-answer]");
    } catch {
      return null;
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
