/**
 * The page's side of the worker: the only module beside worker.js that knows their messages.
 */

import { ContentError } from "../errors.js";
import { Player } from "../media/seek.js";

/** @typedef {import("../signals.js").Content} Content */
/** @typedef {import("../media/decode.js").Way} Way */
/**
 * @typedef {object} Options
 * @property {import("../signals.js").WindowSet} [windows] of pictures; "standard" by default
 * @property {(part: number) => void} [onProgress] called with 0…1
 * @property {AbortSignal} [signal] stops it
 */
/**
 * `stopListening` ends the listening to the job's AbortSignal.
 * @typedef {{file: File, windows: string, resolve: (content: Content) => void,
 *   reject: (err: ContentError) => void, onProgress?: (part: number) => void, player?: Player,
 *   stopListening: () => void}} Job
 */

/** Milliseconds that a cancelled file has to end by itself, before its worker is terminated. */
const TIMEOUT_MS = 3_000;

/** Hashes files in a worker. Create one when the page is loaded: afterwards it needs no network. */
export class Hasher {
  /** @type {Map<number, Job>} */
  #jobs = new Map();
  /** @type {{resolve: (result: {by: Way}) => void, reject: (err: ContentError) => void}[]} */
  #proofs = [];
  /** @type {ContentError | undefined} */
  #broken;
  #last = 0;
  #url;
  #worker;

  /**
   * @param {string | URL} url of worker.js; a TrustedScriptURL, if the page's policy requires one
   */
  constructor(url) {
    this.#url = url;
    this.#worker = this.#started();
  }

  /** Try again to load a worker that did not load: there may be a network by now. */
  #reload() {
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
   * Prove that this browser gives scripts true pixels; the result is by which way.
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
   * @throws {ContentError} the `cause` of Unsupported may be `{codec}` or `{name}`
   */
  hash(file, { windows = "standard", onProgress, signal } = {}) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new ContentError("Cancelled"));
      this.#reload();
      const id = (this.#last += 1);
      const stop = () => this.#stop(id);
      signal?.addEventListener("abort", stop);
      const stopListening = () => signal?.removeEventListener("abort", stop);
      this.#jobs.set(id, { file, windows, resolve, reject, onProgress, stopListening });
      return this.#worker.postMessage({ do: "hash", id, file, windows });
    });
  }

  /**
   * A job that waits is stopped at once; the one that is being hashed has some time to end by
   * itself.
   * @param {number} id
   */
  #stop(id) {
    const [hashing] = this.#jobs.keys();
    this.#worker.postMessage({ do: "cancel", id });
    const job = this.#jobs.get(id);
    if (job && id !== hashing) return this.#end({ id, error: "Cancelled" }, job);
    return setTimeout(() => this.#jobs.has(id) && this.#restart(id), TIMEOUT_MS);
  }

  /**
   * Terminate the worker, with a decoder that does not stop, and give the jobs that wait to a new
   * one. That needs the network: without it, they fail as if the worker had not loaded at first.
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

  /** @param {any} message from worker.js, our own code */
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
    job.stopListening();
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

  /** The worker did not load, or died: every job and proof fails. */
  #fail() {
    this.#broken = new ContentError("DecoderCrashed");
    for (const { reject } of this.#proofs.splice(0)) reject(this.#broken);
    for (const [id, job] of [...this.#jobs]) this.#end({ id, error: "DecoderCrashed" }, job);
  }
}
