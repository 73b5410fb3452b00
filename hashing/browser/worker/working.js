/**
 * The page's side of the worker that does the proof of work: the only module beside solver.js that
 * knows their messages.
 */

import { ContentError } from "../errors.js";

/**
 * A challenge, and a nonce for each piece that is done, in order.
 * @typedef {{challenge: string, nonces: number[]}} Work
 */
/**
 * @typedef {{nonces: number[], pieces: number, onProgress: (part: number) => void,
 *   resolve: () => void, reject: (err: ContentError) => void}} Job
 */

/** Most pieces that are computed for a service: two minutes on an old phone. */
const MOST_PIECES = 2_000;

/** Does proofs of work, one at a time. Create it when the page is loaded: it needs no network then. */
export class Working {
  #url;
  /** @type {Worker | undefined} */
  #worker;
  /** @type {Job | undefined} */
  #job;

  /** @param {string | URL} url of solver.js; a TrustedScriptURL, if the page's policy requires one */
  constructor(url) {
    this.#url = url;
  }

  /**
   * Load the worker, if there is none.
   * @returns {Promise<Worker>}
   * @throws {ContentError} DecoderCrashed: it did not load; it may later
   */
  load() {
    return new Promise((resolve, reject) => {
      if (this.#worker) return resolve(this.#worker);
      const worker = new Worker(this.#url, { type: "module", name: "work" });
      worker.addEventListener("message", ({ data }) => {
        if (!("ready" in data)) return this.#take(data.nonce);
        this.#worker = worker;
        return resolve(worker);
      });
      return worker.addEventListener("error", () => {
        this.#worker = undefined;
        const err = new ContentError("DecoderCrashed");
        reject(err);
        this.#job?.reject(err);
      });
    });
  }

  /**
   * The same work with so many pieces. Call it again only when it has ended.
   * @param {Work} work
   * @param {string} accessKey 64 digits of hexadecimal
   * @param {number} pieces
   * @param {(part: number) => void} onProgress called with 0…1
   * @returns {Promise<Work>}
   * @throws {ContentError} DecoderCrashed; Unsupported if these are more than any service needs
   */
  async extended({ challenge, nonces }, accessKey, pieces, onProgress) {
    if (nonces.length >= pieces) return { challenge, nonces };
    if (pieces > MOST_PIECES) throw new ContentError("Unsupported");
    const worker = await this.load();
    const all = [...nonces];
    await new Promise((resolve, reject) => {
      this.#job = { nonces: all, pieces, onProgress, resolve: () => resolve(undefined), reject };
      worker.postMessage({ challenge, accessKey, from: all.length, pieces });
    });
    return { challenge, nonces: all };
  }

  /** @param {number} nonce */
  #take(nonce) {
    const job = this.#job;
    if (!job) return;
    job.nonces.push(nonce);
    job.onProgress(job.nonces.length / job.pieces);
    if (job.nonces.length < job.pieces) return;
    this.#job = undefined;
    job.resolve();
  }
}
