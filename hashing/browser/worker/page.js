/**
 * The page's side of the worker: one class, and nothing of the protocol beyond it.
 */

import { ContentError } from "../errors.js";
import { Player } from "../media/seek.js";

/** @typedef {import("../signals.js").Content} Content */
/** @typedef {import("../media/decode.js").Way} Way */
/**
 * @typedef {object} Options
 * @property {"none" | "standard" | "all"} [windows] parts of pictures that are hashed too;
 *   "standard"
 * @property {(part: number) => void} [onProgress] called with 0…1
 * @property {AbortSignal} [signal] stops it
 */
/**
 * @typedef {{file: File, windows: string, resolve: (content: Content) => void, reject: (err: ContentError) => void,
 *   onProgress?: (part: number) => void, player?: Player, unheed: () => void}} Job
 */

/** Milliseconds that a stopped file has to end by itself, before its worker is ended. */
const PATIENCE = 3_000;

/** Hashes files in a worker. Make one when the page is loaded: afterwards it needs no network. */
export class Hasher {
  /** @type {Map<number, Job>} */
  #jobs = new Map();
  /** @type {{resolve: (found: {by: Way}) => void, reject: (err: ContentError) => void}[]} */
  #proofs = [];
  /** @type {ContentError | undefined} */
  #broken;
  #last = 0;
  #url;
  #worker;

  /**
   * @param {string | URL} url of worker.js; where the policy asks for it, a TrustedScriptURL
   */
  constructor(url) {
    this.#url = url;
    this.#worker = this.#started();
  }

  /** After a worker that did not load, for want of a network, there may be one by now. */
  #mend() {
    if (!this.#broken) return;
    this.#broken = undefined;
    this.#worker = this.#started();
  }

  #started() {
    const worker = new Worker(this.#url, { type: "module", name: "hasher" });
    worker.addEventListener("message", ({ data }) => this.#take(data));
    worker.addEventListener("error", () => this.#fail());
    return worker;
  }

  /**
   * Whether this browser gives scripts true pixels, and by which way.
   * @returns {Promise<{by: Way}>}
   * @throws {ContentError} Falsified, Unsupported
   */
  prove() {
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#broken);
      this.#proofs.push({ resolve, reject });
      return this.#worker.postMessage({ do: "prove" });
    });
  }

  /**
   * Every signal of one file. Files are hashed one after another, in the order of the calls.
   * @param {File} file
   * @param {Options} [options]
   * @returns {Promise<Content>}
   * @throws {ContentError} of Unsupported, `cause` may be `{codec}`
   */
  hash(file, { windows = "standard", onProgress, signal } = {}) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new ContentError("Cancelled"));
      this.#mend();
      const id = (this.#last += 1);
      const stop = () => this.#stop(id);
      signal?.addEventListener("abort", stop);
      const unheed = () => signal?.removeEventListener("abort", stop);
      this.#jobs.set(id, { file, windows, resolve, reject, onProgress, unheed });
      return this.#worker.postMessage({ do: "hash", id, file, windows });
    });
  }

  /**
   * One that waits is stopped at once; the one that is being hashed has some time to end itself.
   * @param {number} id
   */
  #stop(id) {
    const [hashing] = this.#jobs.keys();
    this.#worker.postMessage({ do: "cancel", id });
    const job = this.#jobs.get(id);
    if (job && id !== hashing) return this.#end({ id, error: "Cancelled" }, job);
    return setTimeout(() => this.#jobs.has(id) && this.#restart(id), PATIENCE);
  }

  /**
   * A decoder that neither ends nor stops ends with its worker; what waited behind it goes to a
   * new one. That takes the network: without it, they fail as when the page did not load.
   * @param {number} hung
   */
  #restart(hung) {
    this.#worker.terminate();
    this.#worker = this.#started();
    this.#end({ id: hung, error: "Cancelled" }, /** @type {Job} */ (this.#jobs.get(hung)));
    for (const [id, { file, windows, player }] of this.#jobs) {
      player?.close();
      this.#worker.postMessage({ do: "hash", id, file, windows });
    }
  }

  /** @param {any} message of worker.js, our own code */
  #take(message) {
    if ("proved" in message) {
      const proof = this.#proofs.shift();
      if (message.proved) proof?.resolve({ by: message.by });
      else proof?.reject(new ContentError(message.code));
      return;
    }
    const job = this.#jobs.get(message.id);
    if (!job) return;
    if ("progress" in message) job.onProgress?.(message.progress);
    else if ("seek" in message) this.#play(message.id, job);
    else if ("next" in message) job.player?.next();
    else this.#end(message, job);
  }

  /**
   * @param {any} message
   * @param {Job} job
   */
  #end({ id, content, error, data }, job) {
    this.#jobs.delete(id);
    job.unheed();
    job.player?.close();
    if (content) job.resolve(content);
    else job.reject(new ContentError(error, data && { cause: data }));
  }

  /**
   * @param {number} id
   * @param {Job} job
   */
  #play(id, job) {
    const player = new Player(job.file, (message, transfer = []) =>
      this.#worker.postMessage({ id, ...message }, transfer));
    job.player = player;
    player.start();
  }

  /** The worker did not load, or died: nothing that waits will be answered. */
  #fail() {
    this.#broken = new ContentError("DecoderCrashed");
    for (const { reject } of this.#proofs.splice(0)) reject(this.#broken);
    for (const [id, job] of [...this.#jobs]) this.#end({ id, error: "DecoderCrashed" }, job);
  }
}
