/**
 * The page's side of reading a video that WebCodecs or mp4.js cannot take: a <video> that nobody
 * sees is sent from time to time, and each frame is handed to the worker. Nothing is played.
 */

/** @typedef {import("../errors.js").ContentCode} ContentCode */
/** @typedef {(message: object, transfer?: Transferable[]) => void} Send */

/** As in animation.js, which the page has no need to load. */
const PERIOD_MS = 250;
const MAX_SECONDS = 4 * 60 * 60;
/** Milliseconds after which opening, or one seek, is given up: as hashing/media/frames.py. */
const PATIENCE_MS = 20_000;
/** Milliseconds from a frame that is too early to the next: of 120, 60, 30 … a second. */
const STEPS_MS = [9, 17, 34, 42, 67, 100, 150, 250];
/** Milliseconds that a frame is shown about: between the times of 25 and 60 a second. */
const SHOWN_MS = 33;
/** Where a video without a known length is sent, to learn its end. */
const FAR_S = 1e7;

/** Frames of one file, read by seeking. */
export class Player {
  #video = document.createElement("video");
  #address;
  #send;
  #closed = false;
  #wake = () => {};
  /** Milliseconds between frames, as far as seen. */
  #step = STEPS_MS[0];
  /** Whether frames tell when they begin. */
  #tells = true;

  /**
   * @param {File} file
   * @param {Send} send posts {do: "frame" | "frames-end" | "frames-error", …} to the worker
   */
  constructor(file, send) {
    this.#send = send;
    this.#address = URL.createObjectURL(file);
  }

  /** Read all frames that are due, each when the worker has asked for one more. */
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

  /** The worker is done with a frame. */
  next() {
    this.#wake();
  }

  /** Stop, and let go of the file. */
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
    if (!video.videoWidth) throw new Named("Damaged"); // sound alone
    if (!Number.isFinite(video.duration)) await this.#sendTo(FAR_S);
    if (video.duration > MAX_SECONDS) throw new Named("TooLong");
  }

  async #read() {
    const end = 1000 * this.#video.duration;
    this.#tells = await this.#tellsTimes();
    let due = 0;
    let last = -1;
    let begin = 0;
    while (due < end && !this.#closed) {
      const frame = await this.#frameFrom(due + begin, end);
      if (!frame) return;
      if (last < 0 && this.#tells) begin = frame.timestamp / 1000;
      const at_ms = this.#tells ? Math.floor(frame.timestamp / 1000 - begin) : due;
      if (at_ms <= last) {
        frame.close();
        return; // the last frame again
      }
      const consumed = new Promise((resolve) => {
        this.#wake = () => resolve(undefined);
      });
      this.#send({ do: "frame", frame, at_ms, fraction: Math.min(at_ms / end, 1) }, [frame]);
      await consumed;
      last = at_ms;
      due = (Math.floor(at_ms / PERIOD_MS) + 1) * PERIOD_MS;
    }
  }

  /**
   * Firefox (140) gives each frame the player's time in whole seconds as if they were microseconds.
   * Then the frame of a time is the one that is shown a little later, whenever it began.
   */
  async #tellsTimes() {
    await this.#sendTo(this.#video.duration / 2);
    if (this.#closed) return false;
    const frame = new VideoFrame(this.#video);
    const { timestamp } = frame;
    frame.close();
    return timestamp > MAX_SECONDS; // in the middle: more, unless there is one frame only
  }

  /**
   * The first frame at or after a time: a seek shows the one before, unless one begins there.
   * @param {number} ms
   * @param {number} end
   * @returns {Promise<VideoFrame | undefined>}
   */
  async #frameFrom(ms, end) {
    const longer = STEPS_MS.filter((step) => step >= this.#step);
    const exact = ms === 0 ? [0] : [this.#step - 1, ...longer];
    const steps = this.#tells ? exact : [ms === 0 ? 0 : SHOWN_MS];
    for (const step of steps) {
      await this.#sendTo(Math.min(ms + step, end) / 1000);
      if (this.#closed) return undefined;
      const frame = new VideoFrame(this.#video);
      if (ms === 0 || !this.#tells || frame.timestamp / 1000 > ms - 1) return frame;
      this.#step = Math.max(this.#step, step);
      frame.close();
    }
    return undefined;
  }

  /** @param {number} seconds */
  async #sendTo(seconds) {
    if (this.#closed) return;
    const seeked = this.#until("seeked");
    this.#video.currentTime = seconds;
    await seeked;
  }

  /** @param {"loadeddata" | "seeked"} event */
  #until(event) {
    const video = this.#video;
    return new Promise((resolve, reject) => {
      const waited = setTimeout(() => reject(new Named("Damaged")), PATIENCE_MS);
      const settle = (/** @type {() => void} */ act) => {
        clearTimeout(waited);
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
    if (err instanceof Named) return err.code;
    if (!(err instanceof MediaError)) return "Damaged";
    return err.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED ? "Unsupported" : "Damaged";
  }
}

/** What is told to the worker, by its name. */
class Named extends Error {
  /** @param {ContentCode} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}
