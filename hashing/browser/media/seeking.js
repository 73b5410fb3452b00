/**
 * The worker's side of reading a video by seeking (seek.js is the page's): messages in, sampled
 * frames out.
 */

import { ContentError } from "../errors.js";
import { oneMoment } from "./fields.js";
import { squeeze } from "./pixels.js";
import { lumaOfVideo } from "./video_luma.js";

/** @typedef {import("./timeline.js").Sampled} Sampled */
/**
 * @typedef {{do: "frame", frame: VideoFrame, at_ms: number, fraction: number}
 *   | {do: "frames-end"} | {do: "frames-error", error: import("../errors.js").ContentCode}} Message
 */

/** The frames of one file that the page sends. */
export class Seeking {
  /** @type {Message[]} those not yet used */
  #messages = [];
  /** @type {ContentError | undefined} */
  #stopped;
  #wake = () => {};
  #next;

  /** @param {() => void} next asks the page for one more frame */
  constructor(next) {
    this.#next = next;
  }

  /** @param {Message} message */
  take(message) {
    if (this.#stopped && message.do === "frame") message.frame.close();
    else this.#messages.push(message);
    this.#wake();
  }

  /** @param {ContentError} reason */
  stop(reason) {
    this.#stopped = reason;
    this.#wake();
  }

  /**
   * @param {import("./video_luma.js").Colours} colours
   * @returns {AsyncGenerator<Sampled>}
   * @throws {ContentError} the page's error, or the reason why it was stopped
   */
  async *frames(colours) {
    try {
      for (;;) {
        const message = await this.#message();
        if (message.do === "frames-end") return;
        if (message.do === "frames-error") throw new ContentError(message.error);
        const { frame, at_ms, fraction } = message;
        try {
          const luma = squeeze(await oneMoment(await lumaOfVideo(frame, colours)));
          yield { at_ms, until_ms: at_ms, fraction, luma };
        } finally {
          frame.close();
        }
        this.#next();
      }
    } finally {
      this.stop(this.#stopped ?? new ContentError("Cancelled"));
      for (const message of this.#messages) if (message.do === "frame") message.frame.close();
    }
  }

  /** @returns {Promise<Message>} */
  async #message() {
    for (;;) {
      if (this.#stopped) throw this.#stopped;
      const message = this.#messages.shift();
      if (message) return message;
      await new Promise((resolve) => {
        this.#wake = () => resolve(undefined);
      });
    }
  }
}
