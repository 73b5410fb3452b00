/** The list of chosen files. Each is hashed at once, as long as the case has room for it. */

import { ContentError } from "../../../hashing/browser/errors.js";
import { MAX_ENTRIES } from "../../../hashing/browser/submission.js";
import { Row } from "./rows.js";
import { element, has, text } from "./texts.js";

/** @typedef {import("../../../hashing/browser/signals.js").Content} Content */
/** @typedef {import("../../../hashing/browser/signals.js").WindowSet} WindowSet */
/** @typedef {import("../../../hashing/browser/worker/page.js").Hasher} Hasher */

/** The files, what became of each, and the buttons beside them. */
export class FileList {
  /** @type {Row[]} */
  #rows = [];
  /** @type {File[]} chosen beyond what a case holds: they take the place of what fails or is removed */
  #spare = [];
  #labels = false;
  #hasher;
  #files = element("files", HTMLInputElement);
  #thumbnails = element("thumbnails", HTMLInputElement);
  #parts = element("parts", HTMLElement);
  #list = element("list", HTMLElement);
  #note = element("note", HTMLElement);
  #progress = element("progress", HTMLElement);
  #stop = element("stop", HTMLButtonElement);
  #next = element("chosen", HTMLButtonElement);

  /**
   * @param {Hasher} hasher
   * @param {() => void} onChoose called when files were added to the list
   */
  constructor(hasher, onChoose) {
    this.#hasher = hasher;
    this.#files.addEventListener("change", () => {
      if (this.#choose([...(this.#files.files ?? [])])) onChoose();
    });
    this.#thumbnails.addEventListener("change", () => {
      for (const row of this.#rows) row.preview(this.#thumbnails.checked);
    });
    this.#parts.addEventListener("change", () => {
      for (const row of this.#rows) row.show(this.#windowSet);
    });
    this.#stop.addEventListener("click", () => this.#stopAll());
  }

  /** @param {boolean} shown whether each file has a field for a label */
  showLabels(shown) {
    this.#labels = shown;
    for (const row of this.#rows) row.showLabel(shown);
  }

  /** Whether there are hashes, which would be lost with the page. */
  get hasHashes() {
    return this.#rows.some((row) => row.done);
  }

  /** Whether there are hashes, and no more to come. */
  get isReady() {
    return !this.#next.hidden;
  }

  /** The signals of each file that was hashed, with the chosen windows, and its label as it was typed. */
  get entries() {
    return this.#rows.flatMap((row) => row.content(this.#windowSet));
  }

  /** What there is, in words: "3 pictures and 1 video: …". */
  get contents() {
    const { entries } = this;
    const counts = ["picture", "video"].map((kind) => [kind, entries.filter((one) => one.kind === kind).length]);
    const parts = counts.filter(([, count]) => count)
      .map(([kind, count]) => text(`${count === 1 ? "one" : "several"}-${kind}`, { count }));
    const named = new Intl.ListFormat(document.documentElement.lang).format(parts);
    return text("contents", { contents: named });
  }

  /** The chosen window set. It can be changed after hashing, because all windows are hashed. */
  get #windowSet() {
    const chosen = this.#parts.querySelector("input[name='windows']:checked");
    return /** @type {WindowSet} */ (/** @type {HTMLInputElement} */ (chosen).value);
  }

  /**
   * @param {File[]} chosen
   * @returns {boolean} whether any of them is new
   */
  #choose(chosen) {
    const fresh = chosen.filter((file) => this.#isNew(file));
    this.#files.value = "";
    this.#spare.push(...fresh);
    this.#admit();
    if (!this.#spare.length) this.#note.textContent = fresh.length < chosen.length ? text("twice") : "";
    return fresh.length > 0;
  }

  /**
   * Whether a file is not in the list. If hashing it failed, its row is removed for another try.
   * @param {File} file
   */
  #isNew(file) {
    if (this.#spare.some((one) => isSame(one, file))) return false;
    const before = this.#rows.find((row) => isSame(row.file, file));
    if (!before?.failed) return before === undefined;
    before.element.remove();
    this.#rows = this.#rows.filter((row) => row !== before);
    return true;
  }

  /** Hash files while the case has room. Those that could not be hashed take up none. */
  #admit() {
    const room = MAX_ENTRIES - this.#rows.filter((row) => !row.failed).length;
    const added = this.#spare.splice(0, Math.max(room, 0)).map((file) => new Row(file, (row) => this.#remove(row)));
    this.#rows.push(...added);
    this.#list.append(...added.map((row) => row.element));
    for (const row of added) {
      row.preview(this.#thumbnails.checked);
      row.showLabel(this.#labels);
      this.#hash(row);
    }
    if (this.#spare.length) this.#note.textContent = text("too-many", { count: this.#spare.length });
    else if (added.length) this.#note.textContent = "";
    this.#showProgress();
  }

  /** @param {Row} row */
  async #hash(row) {
    const onProgress = (/** @type {number} */ part) => row.progress(part);
    const options = { windows: /** @type {const} */ ("all"), onProgress, signal: row.stopping.signal };
    try {
      row.finish(await this.#hasher.hash(row.file, options), this.#windowSet);
    } catch (err) {
      row.fail(errorText(err));
    }
    if (!this.#rows.includes(row)) return;
    if (row.failed && this.#spare.length) this.#admit();
    else this.#showProgress();
  }

  /** @param {Row} row */
  #remove(row) {
    const index = this.#rows.indexOf(row);
    row.stopping.abort();
    row.element.remove();
    this.#rows = this.#rows.filter((one) => one !== row);
    const next = (this.#rows[index] ?? this.#rows[index - 1])?.element.querySelector("button");
    (next ?? this.#files).focus();
    this.#note.textContent = text("removed");
    this.#admit();
  }

  #stopAll() {
    this.#spare = [];
    for (const row of this.#rows) if (!row.ended) row.stopping.abort();
    this.#note.textContent = text("stopped");
  }

  /** Show the progress of all files, and the buttons that can be used now. */
  #showProgress() {
    const failed = this.#rows.filter((row) => row.failed).length;
    const counts = { done: this.#rows.filter((row) => row.done).length, all: this.#rows.length - failed, failed };
    const sentences = [counts.all && text("summary", counts), failed && text("summary-failed", counts)];
    this.#progress.textContent = sentences.filter(Boolean).join(" ");
    this.#stop.hidden = this.#rows.every((row) => row.ended);
    this.#next.hidden = !counts.done || !this.#stop.hidden;
  }
}

/**
 * @param {File} one
 * @param {File} other
 */
function isSame(one, other) {
  return one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
}

/**
 * @param {unknown} err
 * @returns {string} the sentence for an error with a file
 */
function errorText(err) {
  if (!(err instanceof ContentError)) return text("error-other");
  const cause = /** @type {{codec?: string, name?: string} | undefined} */ (err.cause);
  if (err.code === "Unsupported" && cause?.codec) {
    return text("error-UnsupportedVideo", { codec: cause.codec });
  }
  if (err.code === "Unsupported" && cause?.name) {
    return text("error-UnsupportedFormat", { name: cause.name });
  }
  return text(has(`error-${err.code}`) ? `error-${err.code}` : "error-other");
}
