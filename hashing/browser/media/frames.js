/**
 * Untrusted video to sampled luma frames with their times: by WebCodecs, if mp4.js or matroska.js
 * can read the container and the browser decodes the codec; else by seeking in a <video> element of
 * the page.
 */

import { ContentError } from "../errors.js";
import { oneMoment } from "./fields.js";
import * as matroska from "./matroska.js";
import * as mp4 from "./mp4.js";
import { checkSize, MAX_PIXELS, squeeze, upright } from "./pixels.js";
import { provenFrames } from "./proof.js";
import { SampleReader } from "./sample_reader.js";
import { MAX_SECONDS, Sampler } from "./timeline.js";
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
/** What reads the containers of which this code can find the frames. */
const DEMUXERS = new Map([["mp4", mp4.demux], ["matroska", matroska.demux]]);
/** Milliseconds that the only frame of a video lasts, if nothing says it. */
const DEFAULT_MS = 40;
/** How often decoding is started again after damage. */
const MAX_RESTARTS = 1000;

/**
 * Yield the frames that a Sampler samples, in time order.
 * @param {Blob} file
 * @param {Format} format
 * @param {Seek} seek
 * @returns {AsyncGenerator<Sampled>}
 * @throws {ContentError} Unsupported with `cause` {codec}, Damaged, TooManyPixels, TooLong,
 *   SoundAlone, Encrypted, Falsified
 */
export async function* sampleVideo(file, format, seek) {
  if (typeof VideoFrame !== "function") throw new ContentError("Unsupported");
  if (!(await provenFrames())) throw new ContentError("Falsified");
  const track = await DEMUXERS.get(format)?.(file);
  const config = track && (await configOf(track));
  const colours = coloursOf(track);
  if (track && config) yield* decoded(file, track, config, colours);
  else yield* sought(track?.codec.codec ?? format, seek, colours);
  if (!(await provenFrames())) throw new ContentError("Falsified");
}

/**
 * Firefox converts to RGB by the matrix that the stream names; if it names none, by BT.601 for VP8
 * and by BT.709 for others.
 * @param {Track} [track]
 * @returns {Colours}
 */
function coloursOf(track) {
  const { matrix: named, fullRange, codec } = track?.codec ?? {};
  return { named, fullRange, applied: named ?? (codec === "vp8" ? "smpte170m" : "bt709") };
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
    due.end();
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
 * @typedef {{at_ms: number, lasts_ms: number, fraction: number}} Time when a frame is shown, for how
 *   long by its container (0 if that does not say), and how far through the video it is
 */

/**
 * When each sample is shown, by the timestamp that the decoder returns with its frame: in whole
 * milliseconds from the first one shown, as in hashing/media/container.py.
 * @param {Track} track
 * @returns {Map<number, Time>} without samples that edits omit
 */
function clockOf({ samples, timescale, edits }) {
  const { times, durations } = samples;
  const inOrder = times.map((_, n) => n).sort((a, b) => times[a] - times[b]);
  const isShown = shownBy(edits);
  const shown = inOrder.filter((n) => isShown(times[n]));
  const clock = new Map();
  const ms = (/** @type {number} */ units) => Math.floor((units * 1000) / timescale);
  let omitted = 0;
  let edit = 0;
  for (const [index, n] of shown.entries()) {
    while (edits.length && times[n] >= edits[edit].to) {
      omitted += edits[edit + 1].from - edits[edit].to; // the time between two edits
      edit += 1;
    }
    const at_ms = ms(times[n] - times[shown[0]] - omitted);
    const time = { at_ms, lasts_ms: ms(durations[n] ?? 0), fraction: index / shown.length };
    clock.set(microseconds(times[n], timescale), time);
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
  /**
   * Those not yet converted.
   * @type {{frame: VideoFrame, after?: VideoFrame, at_ms: number, until_ms: number, fraction: number}[]}
   */
  waiting = [];
  /** Whether there was any. */
  any = false;
  tooLong = false;
  /** @type {unknown} */
  failure;
  #sampler = new Sampler();
  #clock;
  #colours;
  /** @type {(Time & {frame: VideoFrame}) | undefined} shown until the next one is */
  #held;
  /** Milliseconds for which the frame before was shown. */
  #lasted = 0;

  /**
   * @param {Map<number, Time>} clock
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
    if (!time || this.tooLong) return frame.close();
    this.any = true;
    if (this.#held) this.#lasted = time.at_ms - this.#held.at_ms;
    this.#decide(time.at_ms, frame);
    this.#held = { frame, ...time };
  }

  /** The last frame has been taken. */
  end() {
    const { at_ms = 0, lasts_ms = 0 } = this.#held ?? {};
    this.#decide(at_ms + (lasts_ms || this.#lasted || DEFAULT_MS));
  }

  /**
   * @param {number} end_ms of the frame held
   * @param {VideoFrame} [after] the next frame, if it is not the last
   */
  #decide(end_ms, after) {
    const held = this.#held;
    this.#held = undefined;
    if (!held) return;
    const until_ms = this.#sampler.until(held.at_ms, end_ms, !after);
    if (until_ms === undefined) held.frame.close();
    else this.waiting.push({ ...held, after: after?.clone(), until_ms });
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
    const [{ frame, after, at_ms, until_ms, fraction }] = this.waiting.splice(0, 1);
    const lumaOfNext = async () => after && lumaOfVideo(after, this.#colours).catch(() => undefined);
    try {
      const { width = 0, height = 0 } = frame.visibleRect ?? {};
      checkSize(height, width); // as decoded, not as claimed
      const luma = await oneMoment(await lumaOfVideo(frame, this.#colours), lumaOfNext);
      return { at_ms, until_ms, fraction, luma: squeeze(upright(luma, orientation)) };
    } finally {
      frame.close();
      after?.close();
    }
  }

  close() {
    this.#held?.frame.close();
    for (const { frame, after } of this.waiting.splice(0)) {
      frame.close();
      after?.close();
    }
  }
}
