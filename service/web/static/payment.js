/**
 * The proof of work of a message. It is begun with the first file, and usually done before somebody
 * waits for it; who has to wait sees how far it is.
 */

import { Working } from "../../../hashing/browser/worker/working.js";
import { text } from "./texts.js";

/** @typedef {import("../../../hashing/browser/worker/working.js").Work} Work */

/** The work for one access key. */
export class Payment {
  #working;
  #price;
  #accessKey;
  /** @type {Promise<Work> | undefined} */
  #work;
  /** The last progress that there was, 0…1. */
  #done = 1;
  #show = (/** @type {number} */ _part) => {};

  /**
   * @param {string | URL} worker address of its script
   * @param {DOMStringMap} price `challenge` and `pieces`; none of these if no work is needed
   * @param {() => Promise<string>} accessKey
   */
  constructor(worker, price, accessKey) {
    this.#working = new Working(worker);
    this.#price = price;
    this.#accessKey = accessKey;
  }

  /** Load the worker, while there is a network. */
  async load() {
    if (Number(this.#price.pieces)) await this.#working.load();
  }

  /**
   * Do the work once, whichever way it ends: a second call returns the same.
   * @returns {Promise<Work | undefined>} nothing if none is needed
   * @throws {import("../../../hashing/browser/errors.js").ContentError} the worker broke
   */
  async done() {
    const { challenge = "", pieces } = this.#price;
    if (!Number(pieces)) return undefined;
    this.#work ??= this.#extended({ challenge, nonces: [] }, Number(pieces));
    return this.#work;
  }

  /**
   * Do what more the service asks for.
   * @param {DOMStringMap} answer
   * @returns {Promise<Work>}
   */
  async more({ error, challenge = "", pieces }) {
    const done = (await this.#work) ?? { challenge, nonces: [] };
    const anew = error === "WorkExpired" || done.nonces.length >= Number(pieces);
    this.#work = this.#extended(anew ? { challenge, nonces: [] } : done, Number(pieces));
    return this.#work;
  }

  /** @param {HTMLElement} status where to show the progress from now on, until the work ends */
  showIn(status) {
    this.#show = (part) => {
      const sentence = text("work", { percent: 10 * Math.floor(10 * part) });
      if (status.textContent !== sentence) status.textContent = sentence;
    };
    if (this.#done < 1) this.#show(this.#done);
  }

  /**
   * @param {Work} begun
   * @param {number} pieces
   * @returns {Promise<Work>}
   */
  async #extended(begun, pieces) {
    this.#done = 0;
    const accessKey = await this.#accessKey();
    try {
      return await this.#working.extended(begun, accessKey, pieces, (part) => {
        this.#done = part;
        this.#show(part);
      });
    } catch (err) {
      this.#work = undefined; // the next try may load the worker
      throw err;
    }
  }
}
