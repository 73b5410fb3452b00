/**
 * The page's side of reading a video by seeking, for what WebCodecs or mp4.js cannot read: a hidden
 * <video> element seeks from one time to the next, and each frame is sent to the worker
 * (seeking.js). Nothing is played.
 */

import { GRACE_MS, MAX_SECONDS, PERIOD_MS } from "./timeline.js";

/** @typedef {import("../errors.js").ContentCode} ContentCode */
/** @typedef {(message: object, transfer?: Transferable[]) => void} Send */

/** Milliseconds after which opening, or one seek, is given up, as in hashing/media/frames.py. */
const TIMEOUT_MS = 20_000;
/** Milliseconds from a frame that is too early to the next one, at 120, 60, 30, 24, 15 and 10 a second. */
const STEPS_MS = [9, 17, 34, 42, 67, GRACE_MS - 1];
/** About how many milliseconds a frame is shown: between those at 25 and at 60 a second. */
const SHOWN_MS = 33;
/**
 * Milliseconds until a frame that was sought counts as shown, if the browser does not say that it
 * is: pages in the background are not told. `seeked` alone comes before the frame now and then.
 */
const PRESENTED_MS = 200;
/** Seconds to which a video of unknown length seeks, so that its end becomes known. */
const FAR_S = 1e7;

/** Reads the frames of one file by seeking. */
export class Player {
  #video = document.createElement("video");
  #address;
  #send;
  #closed = false;
  #wake = () => {};
  /** Milliseconds between frames, as far as known. */
  #step = STEPS_MS[0];
  /** Whether frames have true timestamps. */
  #hasTimestamps = true;

  /**
   * @param {File} file
   * @param {Send} send posts {do: "frame" | "frames-end" | "frames-error", …} to the worker
   */
  constructor(file, send) {
    this.#send = send;
    this.#address = URL.createObjectURL(file);
  }

  /** Read all frames that are due, each after the worker has asked for it. */
  async start() {
    try {
      await this.#open();
      await this.#read();
      if (!this.#closed) this.#send({ do: "frames-end" });
    } catch (err) {
      if (!this.#closed) this.#send({ do: "frames-error", error: this.#code(err) });
    } finally {
      this.close();
    }
  }

  /** Called when the worker has used a frame and asks for the next one. */
  next() {
    this.#wake();
  }

  /** Stop, and release the file. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    this.#video.removeAttribute("src");
    this.#video.load();
    URL.revokeObjectURL(this.#address);
  }

  async #open() {
    const video = this.#video;
    video.muted = true;
    video.preload = "auto";
    video.src = this.#address;
    await this.#until("loadeddata");
    if (!video.videoWidth) throw new SeekError("Unsupported"); // only the sound is decoded
    if (!Number.isFinite(video.duration)) await this.#seekTo(FAR_S);
    if (video.duration > MAX_SECONDS) throw new SeekError("TooLong");
  }

  async #read() {
    const end = 1000 * this.#video.duration;
    this.#hasTimestamps = await this.#areTimestampsTrue();
    let last = -1;
    let start = 0;
    let count = 0;
    for (let due = 0; due < end && !this.#closed; due += PERIOD_MS) {
      const frame = await this.#frameFrom(due + start, end);
      if (frame && !count && this.#hasTimestamps) start = frame.timestamp / 1000;
      if (!frame) continue;
      const at_ms = this.#hasTimestamps ? Math.floor(frame.timestamp / 1000 - start) : due;
      const isNew = at_ms > last;
      await this.#sent(frame, isNew ? at_ms : due, end); // what is sent again lasts until then
      if (!isNew) continue;
      last = at_ms;
      count += 1;
    }
    if (count === 1) await this.#sendLast(start, last, end);
  }

  /**
   * @param {VideoFrame} frame
   * @param {number} at_ms
   * @param {number} end
   */
  async #sent(frame, at_ms, end) {
    const consumed = new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
    });
    this.#send({ do: "frame", frame, at_ms, fraction: Math.min(at_ms / end, 1) }, [frame]);
    await consumed;
  }

  /**
   * The last frame of a short video, unless it is its only one.
   * @param {number} start
   * @param {number} last when the frame that was sent begins
   * @param {number} end
   */
  async #sendLast(start, last, end) {
    await this.#seekTo(end / 1000);
    if (this.#closed || !this.#hasTimestamps) return;
    const frame = new VideoFrame(this.#video);
    const at_ms = Math.floor(frame.timestamp / 1000 - start);
    if (at_ms > last) await this.#sent(frame, at_ms, end);
    else frame.close();
  }

  /**
   * Firefox (140) gives each frame the time of the element in whole seconds, as if those were
   * microseconds. Then the frame of a time is the one that is shown a little later, whenever it
   * starts.
   */
  async #areTimestampsTrue() {
    await this.#seekTo(this.#video.duration / 2);
    if (this.#closed) return false;
    const frame = new VideoFrame(this.#video);
    const { timestamp } = frame;
    frame.close();
    return timestamp > MAX_SECONDS; // in the middle it is larger, unless there is one frame only
  }

  /**
   * The first frame that begins within GRACE_MS of a time, or else the one that is shown until then.
   * A seek shows the frame before, unless one starts at the time.
   * @param {number} ms
   * @param {number} end
   * @returns {Promise<VideoFrame | undefined>}
   */
  async #frameFrom(ms, end) {
    const longer = STEPS_MS.filter((step) => step >= this.#step);
    const exact = ms === 0 ? [0] : [this.#step - 1, ...longer];
    const steps = this.#hasTimestamps ? exact : [ms === 0 ? 0 : SHOWN_MS];
    let frame;
    for (const step of steps) {
      await this.#seekTo(Math.min(ms + step, end) / 1000);
      frame?.close();
      if (this.#closed) return undefined;
      frame = new VideoFrame(this.#video);
      if (ms === 0 || !this.#hasTimestamps || frame.timestamp / 1000 > ms - 1) return frame;
      if (ms + step < end) this.#step = Math.max(this.#step, step);
    }
    if (ms + GRACE_MS <= end) return frame;
    frame?.close();
    return undefined;
  }

  /** @param {number} seconds */
  async #seekTo(seconds) {
    if (this.#closed) return;
    const seeked = this.#until("seeked");
    const presented = this.#presented();
    this.#video.currentTime = seconds;
    await seeked;
    await presented;
  }

  /** Resolves when the next frame is shown, or is certain to be. */
  #presented() {
    return new Promise((resolve) => {
      const timeout = setTimeout(resolve, PRESENTED_MS);
      this.#video.requestVideoFrameCallback?.(() => {
        clearTimeout(timeout);
        resolve(undefined);
      });
    });
  }

  /** @param {"loadeddata" | "seeked"} event */
  #until(event) {
    const video = this.#video;
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => reject(new SeekError("Damaged")), TIMEOUT_MS);
      const settle = (/** @type {() => void} */ act) => {
        clearTimeout(timeout);
        video.removeEventListener(event, done);
        video.removeEventListener("error", failed);
        act();
      };
      const done = () => settle(() => resolve(undefined));
      const failed = () => settle(() => reject(video.error));
      video.addEventListener(event, done);
      video.addEventListener("error", failed);
    });
  }

  /**
   * @param {unknown} err
   * @returns {ContentCode}
   */
  #code(err) {
    if (err instanceof SeekError) return err.code;
    if (!(err instanceof MediaError)) return "Damaged";
    return err.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED ? "Unsupported" : "Damaged";
  }
}

/** An error whose code is sent to the worker. */
class SeekError extends Error {
  /** @param {ContentCode} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}
