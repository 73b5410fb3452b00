/**
 * Untrusted video to sampled luma frames with their times: by WebCodecs where mp4.js reads the
 * container and the browser the codec, else by seeking in a <video> of the page.
 */

import { dueAfter, MAX_SECONDS } from "./animation.js";
import { ContentError } from "../errors.js";
import { demux } from "./mp4.js";
import { checkSize, MAX_PIXELS, squeeze, upright } from "./pixels.js";
import { provenFrames } from "./proof.js";
import { SampleReader } from "./sample_reader.js";
import { lumaOfVideo } from "./video_luma.js";

/** @typedef {import("./animation.js").Sampled} Sampled */
/** @typedef {import("./formats.js").Format} Format */
/** @typedef {import("../hasher.js").Wanted} Wanted */
/** @typedef {import("./mp4.js").Track} Track */

/** Most samples given to the decoder that it has not taken yet. */
const MAX_QUEUE = 16;
/** Where a WebM file names its codecs. */
const TRACKS_BYTES = 65_536;
/** How often decoding begins again after damage. */
const MAX_RESTARTS = 1000;

/**
 * Yield the first frame at or after each multiple of PERIOD_MS, in time order.
 * @param {Blob} file
 * @param {Format} format
 * @param {Wanted} wanted
 * @returns {AsyncGenerator<Sampled>}
 * @throws {ContentError} Unsupported with `cause` {codec}, Damaged, TooManyPixels, TooLong,
 *   Falsified
 */
export async function* sampleVideo(file, format, wanted) {
  if (typeof VideoFrame !== "function") throw new ContentError("Unsupported");
  if (!(await provenFrames())) throw new ContentError("Falsified");
  const track = format === "mp4" ? await demux(file) : undefined;
  const config = track && (await configOf(track));
  const colours = await coloursOf(file, track);
  if (track && config) yield* decoded(file, track, config, colours);
  else yield* sought(track?.codec.codec ?? format, wanted, colours);
  if (!(await provenFrames())) throw new ContentError("Falsified");
}

/**
 * Firefox makes RGB by the stream's own matrix; where none is named by BT.709, but BT.601 of VP8.
 * @param {Blob} file
 * @param {Track} [track]
 * @returns {Promise<import("./video_luma.js").Colours>}
 */
async function coloursOf(file, track) {
  const named = track?.codec.matrix;
  const head = track ? track.codec.codec : await file.slice(0, TRACKS_BYTES).text();
  const { fullRange } = track?.codec ?? {};
  return { named, fullRange, made: named ?? (/^vp8$|V_VP8/.test(head) ? "smpte170m" : "bt709") };
}

/**
 * @param {string} codec
 * @param {Wanted} wanted
 * @param {import("./video_luma.js").Colours} colours
 * @returns {AsyncGenerator<Sampled>}
 */
async function* sought(codec, wanted, colours) {
  try {
    yield* wanted.seek(colours);
  } catch (err) {
    if (!(err instanceof ContentError) || err.code !== "Unsupported") throw err;
    throw new ContentError("Unsupported", { cause: { codec } });
  }
}

/**
 * @param {Track} track
 * @returns {Promise<VideoDecoderConfig | undefined>} undefined when this browser does not decode it
 */
async function configOf({ codec, samples }) {
  if (codec.width * codec.height > MAX_PIXELS) throw new ContentError("TooManyPixels");
  if (typeof VideoDecoder !== "function" || !samples.sizes.length) return undefined;
  const { width: codedWidth, height: codedHeight, description } = codec;
  const config = {
    codec: codec.codec, codedWidth, codedHeight, ...(description ? { description } : {}),
  };
  try {
    return (await VideoDecoder.isConfigSupported(config)).supported ? config : undefined;
  } catch {
    return undefined; // not even a codec's name to this browser
  }
}

/**
 * @param {Blob} file
 * @param {Track} track
 * @param {VideoDecoderConfig} config
 * @param {import("./video_luma.js").Colours} colours
 * @returns {AsyncGenerator<Sampled>}
 * @throws {ContentError} Damaged when nothing can be decoded; else what was, is yielded
 */
async function* decoded(file, track, config, colours) {
  const due = new DueFrames(clockOf(track), colours);
  let decoder = started(config, due);
  let restarts = 0;
  try {
    for await (const chunk of chunksOf(file, track)) {
      if (decoder.state === "closed") {
        if (chunk.type !== "key" || restarts >= MAX_RESTARTS) continue;
        decoder = started(config, due); // damaged before: decoding can begin again here
        restarts += 1;
      }
      decoder.decode(chunk);
      while (due.held.length) yield await due.sampled(track.orientation);
      while (decoder.decodeQueueSize > MAX_QUEUE) await onceDequeued(decoder);
    }
    if (decoder.state !== "closed") await decoder.flush().catch((err) => due.fail(err));
    while (due.held.length) yield await due.sampled(track.orientation);
    if (due.tooLong) throw new ContentError("TooLong");
    if (!due.seen) throw new ContentError("Damaged", { cause: due.failure });
  } finally {
    if (decoder.state !== "closed") decoder.close();
    due.close();
  }
}

/**
 * @param {VideoDecoderConfig} config
 * @param {DueFrames} due
 */
function started(config, due) {
  const decoder = new VideoDecoder({
    output: (frame) => due.take(frame), error: (err) => due.fail(err),
  });
  decoder.configure(config);
  return decoder;
}

/** @param {VideoDecoder} decoder */
function onceDequeued(decoder) {
  return new Promise((resolve) => {
    decoder.addEventListener("dequeue", resolve, { once: true });
    setTimeout(resolve, 50); // a decoder that closes tells nobody
  });
}

/**
 * @param {Blob} file
 * @param {Track} track
 * @returns {AsyncGenerator<EncodedVideoChunk>}
 */
async function* chunksOf(file, { samples, timescale }) {
  const reader = new SampleReader(file);
  let begun = false;
  for (let number = 0; number < samples.sizes.length; number += 1) {
    begun ||= samples.keys[number];
    if (!begun || !samples.sizes[number]) continue;
    const data = await reader.read(samples.offsets[number], samples.sizes[number]);
    if (!data) return; // the file breaks off here
    const timestamp = microseconds(samples.times[number], timescale);
    yield new EncodedVideoChunk({ type: samples.keys[number] ? "key" : "delta", timestamp, data });
  }
}

/**
 * @param {number} time
 * @param {number} timescale
 */
function microseconds(time, timescale) {
  return Math.round((time * 1e6) / timescale);
}

/**
 * When each sample is shown, by the timestamp that the decoder gives back: whole milliseconds
 * from the first shown, as OpenCV computes them, and its place among all.
 * @param {Track} track
 * @returns {Map<number, {at_ms: number, fraction: number}>} without those that edits leave out
 */
function clockOf({ samples, timescale, edits }) {
  const shown = samples.times.slice().sort((a, b) => a - b).filter(shownBy(edits));
  const clock = new Map();
  const tick = 1 / timescale;
  let passed = 0;
  let edit = 0;
  for (const [place, time] of shown.entries()) {
    while (edits.length && time >= edits[edit].to) {
      passed += edits[edit + 1].from - edits[edit].to; // time that is left out between two edits
      edit += 1;
    }
    const at_ms = Math.floor((time - shown[0] - passed) * tick * 1000);
    clock.set(microseconds(time, timescale), { at_ms, fraction: place / shown.length });
  }
  return clock;
}

/**
 * Whether a sample is shown, asked in the order of times: one way through samples and edits.
 * @param {import("./mp4.js").Edit[]} edits ascending
 * @returns {(time: number) => boolean}
 */
function shownBy(edits) {
  let edit = 0;
  return (time) => {
    while (edit < edits.length && time >= edits[edit].to) edit += 1;
    return !edits.length || (edit < edits.length && time >= edits[edit].from);
  };
}

/** The frames that are due among all that a decoder gives; the others are closed at once. */
class DueFrames {
  /** @type {{frame: VideoFrame, at_ms: number, fraction: number}[]} */
  held = [];
  seen = false;
  tooLong = false;
  /** @type {unknown} */
  failure;
  #due = 0;
  #clock;
  #colours;

  /**
   * @param {ReturnType<typeof clockOf>} clock
   * @param {import("./video_luma.js").Colours} colours
   */
  constructor(clock, colours) {
    this.#clock = clock;
    this.#colours = colours;
  }

  /** @param {VideoFrame} frame */
  take(frame) {
    const when = this.#clock.get(frame.timestamp);
    if (when && when.at_ms > 1000 * MAX_SECONDS) this.tooLong = true;
    if (!when || when.at_ms < this.#due || this.tooLong) return frame.close();
    this.seen = true;
    this.#due = dueAfter(when.at_ms);
    this.held.push({ frame, ...when });
  }

  /** @param {unknown} err */
  fail(err) {
    this.failure ??= err;
  }

  /**
   * @param {number} orientation
   * @returns {Promise<Sampled>}
   */
  async sampled(orientation) {
    const [{ frame, at_ms, fraction }] = this.held.splice(0, 1);
    try {
      const { width = 0, height = 0 } = frame.visibleRect ?? {};
      checkSize(height, width); // as decoded, not as claimed
      const luma = await lumaOfVideo(frame, this.#colours);
      return { at_ms, fraction, luma: squeeze(upright(luma, orientation)) };
    } finally {
      frame.close();
    }
  }

  close() {
    for (const { frame } of this.held.splice(0)) frame.close();
  }
}
