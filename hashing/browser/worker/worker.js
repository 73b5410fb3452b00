/**
 * The entry of the Web Worker: files come in, signals go out. The worker is started once, when the
 * page is loaded, and needs no network afterwards; it has none (its policy is `connect-src
 * 'none'`).
 *
 *     page → worker  {do: "prove"}                     → {proved: true, by}
 *                                                        or {proved: false, code}
 *                    {do: "hash", id, file, windows}   → {id, progress} …, then {id, content}
 *                                                        or {id, error, data?}
 *                    {do: "cancel", id}                → {id, error: "Cancelled"}, soon
 *     worker → page  {id, seek: {file}}                → {do: "frame", id, frame, at_ms, fraction} …
 *                    {id, next: true} for each frame     {do: "frames-end", id}
 *                                                        or {do: "frames-error", id, error}
 *
 * Files are hashed one after another: two decoded pictures at once may need more memory than a
 * phone has.
 */

import { ContentError } from "../errors.js";
import { hashFile } from "../hasher.js";
import { provenWays } from "../media/proof.js";
import { Seeking } from "../media/seeking.js";

/** @typedef {import("../media/decode.js").Way} Way */
/** @typedef {{id: number, file: File, windows: import("../signals.js").WindowSet}} Job */

/** @type {Promise<void>} settled when everything asked for so far is done */
let queue = Promise.resolve();
/** @type {Set<number>} jobs that have not ended */
const waiting = new Set();
/** @type {Set<number>} */
const cancelled = new Set();
/** @type {Map<number, Seeking>} */
const seeking = new Map();

self.addEventListener("message", ({ data }) => {
  if (data.do === "prove") queue = queue.then(prove);
  else if (data.do === "hash") add(data);
  else if (data.do === "cancel") cancel(data.id);
  else if (seeking.has(data.id)) seeking.get(data.id)?.take(data);
  else data.frame?.close(); // of a job that has ended
});

/** @param {Job} job */
function add(job) {
  waiting.add(job.id);
  queue = queue.then(() => run(job));
}

/** @param {number} id */
function cancel(id) {
  if (!waiting.has(id)) return;
  cancelled.add(id);
  seeking.get(id)?.stop(new ContentError("Cancelled"));
}

async function prove() {
  try {
    const [by] = await proven();
    self.postMessage({ proved: true, by });
  } catch (err) {
    self.postMessage({ proved: false, code: codeOf(err) });
  }
}

/**
 * The ways of decoding that give true pixels now.
 * @param {readonly Way[]} [candidates]
 * @returns {Promise<Way[]>}
 * @throws {ContentError} Falsified, or Unsupported if no way can be used at all
 */
async function proven(candidates) {
  const { ways, falsified } = await provenWays(candidates);
  if (!ways.length) throw new ContentError(falsified ? "Falsified" : "Unsupported");
  return ways;
}

/** @param {Job} job */
async function run({ id, file, windows }) {
  try {
    const content = await hash(id, file, windows);
    self.postMessage({ id, content });
  } catch (err) {
    const data = unsupported(err);
    self.postMessage({ id, error: codeOf(err), ...(data ? { data } : {}) });
  } finally {
    seeking.delete(id);
    waiting.delete(id);
    cancelled.delete(id);
  }
}

/**
 * Hash between two proofs: some browsers alter pixels differently each time.
 * @param {number} id
 * @param {File} file
 * @param {Job["windows"]} windows
 */
async function hash(id, file, windows) {
  const check = () => {
    if (cancelled.has(id)) throw new ContentError("Cancelled");
  };
  check();
  const ways = await proven();
  const checkProof = async () => {
    if ((await proven(ways)).length < ways.length) throw new ContentError("Falsified");
  };
  try {
    const content = await hashFile(file, {
      windows, ways, check, progress: progressOf(id), seek: (colours) => seek(id, file, colours),
    });
    check();
    await checkProof();
    return content;
  } catch (err) {
    if (codeOf(err) === "TooPlain") await checkProof(); // as is a picture that was blanked
    throw err;
  }
}

/**
 * Sends a message for each hundredth only.
 * @param {number} id
 */
function progressOf(id) {
  let last = 0;
  return (/** @type {number} */ part) => {
    if (part - last < 0.01) return;
    last = part;
    self.postMessage({ id, progress: Math.min(part, 1) });
  };
}

/**
 * @param {number} id
 * @param {File} file
 * @param {import("../media/video_luma.js").Colours} colours
 */
function seek(id, file, colours) {
  const frames = new Seeking(() => self.postMessage({ id, next: true }));
  seeking.set(id, frames);
  self.postMessage({ id, seek: { file } });
  return frames.frames(colours);
}

/**
 * What an Unsupported names: the codec of a video, or a format that is not read.
 * @param {unknown} err
 */
function unsupported(err) {
  const cause = err instanceof ContentError ? err.cause : undefined;
  if (!cause || typeof cause !== "object") return undefined;
  if ("codec" in cause) return { codec: cause.codec };
  return err instanceof ContentError && err.code === "Unsupported" && "name" in cause && !(cause instanceof Error)
    ? { name: cause.name } : undefined;
}

/** @param {unknown} err */
function codeOf(err) {
  return err instanceof ContentError ? err.code : "Damaged"; // its bytes made our code fail
}
