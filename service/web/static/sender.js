/**
 * Sends the message by posting a form into a frame. The page stays open, so that nothing is lost
 * without an answer: the same message can be sent again, and opens no second case.
 */

import { element, text } from "./texts.js";

/**
 * Milliseconds to wait for an answer. Not every browser reports that a frame could not be loaded.
 */
const TIMEOUT = 60_000;
/**
 * Milliseconds between checks of the frame meanwhile: Firefox (140) fires no `load` for its error
 * page, but the document of that page cannot be accessed.
 */
const POLL_EVERY = 500;
/** Most times that a message is sent again: its price may rise meanwhile, four times by two. */
const AGAIN = 5;

/** Handles the form and the frame. */
export class Sender {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timeout;
  /** Whether the device computes before it sends again. */
  #working = false;
  /** How often the message was sent again since the owner sent it. */
  #again = 0;
  /** @type {(answer: DOMStringMap) => Promise<boolean>} */
  #onWork;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #poll;
  #form = element("send", HTMLFormElement);
  #frame = element("answer", HTMLIFrameElement);
  #status = element("sending", HTMLElement);
  #button = element("send-button", HTMLButtonElement);

  /**
   * @param {(answer: DOMStringMap) => void} onAnswer called with the answer of the service
   * @param {(answer: DOMStringMap) => Promise<boolean>} onWork called if the service asks for more
   *   proof of work: does it, and writes it into the message; returns whether to send it again
   * @param {() => boolean} agreed whether the owner agrees to sending
   */
  constructor(onAnswer, onWork, agreed) {
    this.#onWork = onWork;
    const notAgreed = element("consent-wrong", HTMLElement);
    this.#form.addEventListener("submit", (event) => {
      notAgreed.hidden = agreed();
      const waiting = this.#timeout || this.#working;
      if (waiting || !agreed() || !navigator.onLine) event.preventDefault();
      if (waiting || !agreed()) return;
      if (event.submitter) this.#again = 0; // by the owner
      if (navigator.onLine) this.#wait();
      else this.#show(text("not-sent"), true);
    });
    this.#frame.addEventListener("load", () => this.#loaded(onAnswer));
  }

  #wait() {
    this.#timeout = setTimeout(() => this.#end(text("not-sent")), TIMEOUT);
    this.#poll = setInterval(() => {
      if (!this.#frame.contentDocument) this.#end(text("not-sent"));
    }, POLL_EVERY);
    this.#button.setAttribute("aria-disabled", "true");
    this.#show(text("sending"), false);
  }

  /** @param {(answer: DOMStringMap) => void} onAnswer */
  #loaded(onAnswer) {
    if (!this.#timeout) return; // the empty page at the start, or the one that #end loads
    const { answer, words } = this.#answer();
    if (answer && answer.answer !== "error") {
      this.#end("");
      onAnswer(answer);
    } else if (answer?.pieces && this.#again < AGAIN) this.#sendWithMoreWork(answer);
    else this.#end(answer ? words : text("not-sent"));
  }

  /** @param {DOMStringMap} answer */
  async #sendWithMoreWork(answer) {
    this.#end("");
    this.#show("", false);
    this.#working = true;
    this.#button.setAttribute("aria-disabled", "true");
    try {
      const wanted = await this.#onWork(answer);
      this.#again += 1;
      this.#working = false;
      this.#end("");
      if (wanted) this.#form.requestSubmit();
    } catch {
      this.#working = false;
      this.#end(text("work-broke"));
    }
  }

  /**
   * Stop waiting. After an error the frame is emptied: it may still load, and the browser's own error
   * page would store what was posted. An answer needs none of this, as it is never to the post itself.
   * @param {string} error empty if there is none
   */
  #end(error) {
    clearTimeout(this.#timeout);
    clearInterval(this.#poll);
    this.#timeout = undefined;
    this.#button.removeAttribute("aria-disabled");
    this.#show(error, true);
    if (error) setTimeout(() => this.#frame.contentWindow?.location.replace("about:blank"));
  }

  /** @returns {{answer?: DOMStringMap, words: string}} no answer if the browser shows its own error page */
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
   * @param {boolean} isError
   */
  #show(sentence, isError) {
    this.#status.textContent = sentence;
    this.#status.classList.toggle("fault", isError);
  }
}
