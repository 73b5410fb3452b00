/**
 * The steps of the page. "Back", and the gesture for it, lead to the step before; before they lead
 * out of the page, it asks whether what would be lost may be lost. Not every browser asks by itself
 * (Safari on phones fires no `beforeunload`), so the page has entries of its own in the history.
 * These hold the name of a step and nothing else.
 */

import { element } from "./texts.js";

/** The shown section of the page: a step, or what comes after the steps. */
export class Steps {
  #order;
  #prepare;
  #wouldBeLost;
  /** Position in the history: 0 is the entry before the first step, which is never shown. */
  #at = 0;
  #shown = "choose";
  /** @type {string | undefined} the section after the last step */
  #after;
  #isLeaving = false;

  /**
   * @param {string[]} order the steps
   * @param {Record<string, () => Promise<boolean>>} prepare called before a step is shown to which
   *   one goes forward; returns whether it can be shown
   * @param {() => boolean} wouldBeLost whether something would be lost with the page
   */
  constructor(order, prepare, wouldBeLost) {
    this.#order = order;
    this.#prepare = prepare;
    this.#wouldBeLost = wouldBeLost;
    addEventListener("popstate", (event) => {
      this.#moved(/** @type {PopStateEvent} */ (event).state?.step);
    });
    addEventListener("beforeunload", (event) => {
      const asks = !this.#isLeaving && !("leaving" in document.documentElement.dataset);
      if (asks && wouldBeLost()) event.preventDefault();
    });
    element("stay", HTMLButtonElement).addEventListener("click", () => history.forward());
    element("leave", HTMLAnchorElement).addEventListener("click", () => {
      this.#isLeaving = true;
    });
  }

  /** From now on, "Back" is asked about. Called when files were chosen, which a browser takes as a person's act. */
  begin() {
    if (this.#at) return;
    this.#at = 1;
    history.pushState({ step: this.#order[0] }, "");
  }

  /**
   * @param {string} name
   * @returns {boolean} whether this section is shown
   */
  isShown(name) {
    return this.#shown === name;
  }

  /**
   * Go to a step, back or forward.
   * @param {string} step
   */
  async go(step) {
    const at = this.#position(step);
    if (at < this.#at) return history.go(at - this.#at);
    const from = this.#at;
    if (!await this.#prepare[step]?.() || this.#at !== from) return undefined;
    this.#at = at;
    history.pushState({ step }, "");
    return this.#show(step);
  }

  /**
   * Show what comes after the steps. None of them can be gone back to.
   * @param {string} section
   */
  end(section) {
    this.#after = section;
    this.#show(section);
  }

  /** @param {string} section */
  #show(section) {
    this.#shown = section;
    for (const each of document.querySelectorAll("#app > section")) {
      /** @type {HTMLElement} */ (each).hidden = each.id !== section;
    }
    element(`${section}-head`, HTMLElement).focus();
  }

  /** @param {string | undefined} step none before the first */
  #position(step) {
    return step ? this.#order.indexOf(step) + 1 : 0;
  }

  /** @param {string | undefined} step of the entry that the browser went to */
  async #moved(step) {
    const from = this.#at;
    this.#at = this.#position(step);
    if (this.#at < from) return this.#back(step);
    if (this.#after) return this.#show(this.#after);
    const ready = !step || this.#at === 1 || await this.#prepare[step]?.();
    if (this.#at !== this.#position(step)) return undefined; // gone on meanwhile
    return ready && step ? this.#show(step) : history.go(from - this.#at);
  }

  /** @param {string | undefined} step */
  #back(step) {
    if (step && !this.#after) return this.#show(step);
    if (!this.#wouldBeLost()) return history.back();
    return this.#show("ask");
  }
}
