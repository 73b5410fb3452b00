/**
 * Untrusted video to sampled luma frames with their times: by WebCodecs, if mp4.js can read the
 * container and the browser decodes the codec; else by seeking in a <video> element of the page.
 */

import { ContentError } from "../errors.js";
import { demux } from "./mp4.js";
import { checkSize, MAX_PIXELS, squeeze, upright } from "./pixels.js";
import { provenFrames } from "./proof.js";
import { SampleReader } from "./sample_reader.js";
import { dueAfter, MAX_SECONDS } from "./timeline.js";
import { lumaOfVideo } from "./video_luma.js";

/** @typedef {import("./formats.js").Format} Format */
/** @typedef {import("./mp4.js").Track} Track */
/** @typedef {import("./timeline.js").Sampled} Sampled */
/** @typedef {import("./video_luma.js").Colours} Colours */
/**
 * Reads the frames of a video by seeking.
 * @typedef {(colours: Colours) => AsyncIterable<Sampled>} Seek
 */

/** Most samples in the decoder's queue. */
const MAX_QUEUE = 16;
/** Bytes, from the start of a WebM file, in which it names its codecs. */
const TRACKS_BYTES = 65_536;
/** How often decoding is started again after damage. */
const MAX_RESTARTS = 1000;

/**
 * Yield the first frame at or after each multiple of PERIOD_MS, in time order.
 * @param {Blob} file
 * @param {Format} format
 * @param {Seek} seek
 * @returns {AsyncGenerator<Sampled>}
 * @throws {ContentError} Unsupported with `cause` {codec}, Damaged, TooManyPixels, TooLong,
 *   Falsified
 */
export async function* sampleVideo(file, format, seek) {
  if (typeof VideoFrame !== "function") throw new ContentError("Unsupported");
  if (!(await provenFrames())) throw new ContentError("Falsified");
  const track = format === "mp4" ? await demux(file) : undefined;
  const config = track && (await configOf(track));
  const colours = await coloursOf(file, track);
  if (track && config) yield* decoded(file, track, config, colours);
  else yield* sought(track?.codec.codec ?? format, seek, colours);
  if (!(await provenFrames())) throw new ContentError("Falsified");
}

/**
 * Firefox converts to RGB by the matrix that the stream names; if it names none, by BT.601 for VP8
 * and by BT.709 for others.
 * @param {Blob} file
 * @param {Track} [track]
 * @returns {Promise<Colours>}
 */
async function coloursOf(file, track) {
  const named = track?.codec.matrix;
  const head = track ? track.codec.codec : await file.slice(0, TRACKS_BYTES).text();
  const { fullRange } = track?.codec ?? {};
  const byDefault = /^vp8$|V_VP8/.test(head) ? "smpte170m" : "bt709";
  return { named, fullRange, applied: named ?? byDefault };
}

/**
 * @param {string} codec
 * @param {Seek} seek
 * @param {Colours} colours
 * @returns {AsyncGenerator<Sampled>}
 */
async function* sought(codec, seek, colours) {
  try {
    yield* seek(colours);
  } catch (err) {
    if (!(err instanceof ContentError) || err.code !== "Unsupported") throw err;
    throw new ContentError("Unsupported", { cause: { codec } });
  }
}

/**
 * @param {Track} track
 * @returns {Promise<VideoDecoderConfig | undefined>} undefined if this browser does not decode it
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
    return undefined; // this browser does not know the name of the codec
  }
}

/**
 * @param {Blob} file
 * @param {Track} track
 * @param {VideoDecoderConfig} config
 * @param {Colours} colours
 * @returns {AsyncGenerator<Sampled>}
 * @throws {ContentError} Damaged if nothing can be decoded. What can be decoded is yielded
 */
async function* decoded(file, track, config, colours) {
  const due = new DueFrames(clockOf(track), colours);
  let decoder = started(config, due);
  let restarts = 0;
  try {
    for await (const chunk of chunksOf(file, track)) {
      if (decoder.state === "closed") {
        if (chunk.type !== "key" || restarts >= MAX_RESTARTS) continue;
        decoder = started(config, due); // after damage: decoding can start again at a key frame
        restarts += 1;
      }
      decoder.decode(chunk);
      while (due.waiting.length) yield await due.sampled(track.orientation);
      while (decoder.decodeQueueSize > MAX_QUEUE) await onceDequeued(decoder);
    }
    if (decoder.state !== "closed") await decoder.flush().catch((err) => due.fail(err));
    while (due.waiting.length) yield await due.sampled(track.orientation);
    if (due.tooLong) throw new ContentError("TooLong");
    if (!due.any) throw new ContentError("Damaged", { cause: due.failure });
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
    setTimeout(resolve, 50); // a decoder that closes sends no event
  });
}

/**
 * @param {Blob} file
 * @param {Track} track
 * @returns {AsyncGenerator<EncodedVideoChunk>}
 */
async function* chunksOf(file, { samples, timescale }) {
  const reader = new SampleReader(file);
  let started = false;
  for (let n = 0; n < samples.sizes.length; n += 1) {
    started ||= samples.keys[n];
    if (!started || !samples.sizes[n]) continue;
    const data = await reader.read(samples.offsets[n], samples.sizes[n]);
    if (!data) return; // the file ends before this sample
    const timestamp = microseconds(samples.times[n], timescale);
    yield new EncodedVideoChunk({ type: samples.keys[n] ? "key" : "delta", timestamp, data });
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
 * When each sample is shown, by the timestamp that the decoder returns with its frame: in whole
 * milliseconds from the first one shown, as OpenCV computes them, and as a fraction of all samples.
 * @param {Track} track
 * @returns {Map<number, {at_ms: number, fraction: number}>} without samples that edits omit
 */
function clockOf({ samples, timescale, edits }) {
  const shown = samples.times.slice().sort((a, b) => a - b).filter(shownBy(edits));
  const clock = new Map();
  const tick = 1 / timescale;
  let omitted = 0;
  let edit = 0;
  for (const [index, time] of shown.entries()) {
    while (edits.length && time >= edits[edit].to) {
      omitted += edits[edit + 1].from - edits[edit].to; // the time between two edits
      edit += 1;
    }
    const at_ms = Math.floor((time - shown[0] - omitted) * tick * 1000);
    clock.set(microseconds(time, timescale), { at_ms, fraction: index / shown.length });
  }
  return clock;
}

/**
 * Returns a function that says whether a sample is shown. It must be called in ascending order of
 * times, so that samples and edits are gone through once.
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

/** The frames that are due, among all that a decoder outputs; the others are closed at once. */
class DueFrames {
  /** @type {{frame: VideoFrame, at_ms: number, fraction: number}[]} those not yet converted */
  waiting = [];
  /** Whether there was any. */
  any = false;
  tooLong = false;
  /** @type {unknown} */
  failure;
  #due = 0;
  #clock;
  #colours;

  /**
   * @param {ReturnType<typeof clockOf>} clock
   * @param {Colours} colours
   */
  constructor(clock, colours) {
    this.#clock = clock;
    this.#colours = colours;
  }

  /** @param {VideoFrame} frame */
  take(frame) {
    const time = this.#clock.get(frame.timestamp);
    if (time && time.at_ms > 1000 * MAX_SECONDS) this.tooLong = true;
    if (!time || time.at_ms < this.#due || this.tooLong) return frame.close();
    this.any = true;
    this.#due = dueAfter(time.at_ms);
    this.waiting.push({ frame, ...time });
  }

  /** @param {unknown} err */
  fail(err) {
    this.failure ??= err;
  }

  /**
   * The first of the waiting frames.
   * @param {number} orientation
   * @returns {Promise<Sampled>}
   */
  async sampled(orientation) {
    const [{ frame, at_ms, fraction }] = this.waiting.splice(0, 1);
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
    for (const { frame } of this.waiting.splice(0)) frame.close();
  }
}
