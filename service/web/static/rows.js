/** The list of chosen files: one row each, with what happens to it. */

import { SETS } from "../../../hashing/browser/signals.js";
import { text } from "./texts.js";

/** @typedef {import("../../../hashing/browser/signals.js").Content} Content */
/** @typedef {import("../../../hashing/browser/signals.js").WindowSet} WindowSet */

/** One file of the list. */
export class Row {
  /** @type {Content | undefined} all that was hashed, of which the owner chooses */
  #hashed;
  failed = false;
  stopping = new AbortController();

  /**
   * @param {File} file
   * @param {(row: Row) => void} removed
   */
  constructor(file, removed) {
    this.file = file;
    this.element = made("li", "file");
    this.title = made("p", "title");
    this.state = made("p", "state");
    this.bar = document.createElement("progress");
    this.bar.max = 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", text("bar", { name: file.name }));
    const name = document.createElement("bdi");
    name.textContent = file.name;
    name.translate = false;
    this.title.append(name);
    this.element.append(this.title, this.#button(removed), this.state, this.bar);
    this.say(text("waiting"));
  }

  get ended() {
    return this.failed || this.done;
  }

  get done() {
    return this.#hashed !== undefined;
  }

  /** @param {string} sentence */
  say(sentence) {
    this.state.textContent = sentence;
  }

  /** @param {number} part 0…1 */
  progress(part) {
    this.bar.value = part;
    this.say(text("working", { percent: Math.floor(100 * part) }));
  }

  /**
   * The signals of it, with the windows that are chosen; none before it is done.
   * @param {WindowSet} chosen
   * @returns {Content[]}
   */
  content(chosen) {
    if (!this.#hashed) return [];
    const windows = this.#hashed.windows?.filter(({ window }) => SETS[chosen].includes(window));
    return [{ ...this.#hashed, ...(windows ? { windows } : {}) }];
  }

  /**
   * @param {Content} content
   * @param {WindowSet} chosen
   */
  finish(content, chosen) {
    this.#hashed = content;
    this.bar.remove();
    this.show(chosen);
  }

  /** @param {WindowSet} chosen of which the hashes are shown and counted */
  show(chosen) {
    const [content] = this.content(chosen);
    if (!content) return;
    this.element.querySelector("details")?.remove();
    const values = valuesOf(content);
    this.say(text("done", { count: values.length }));
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = text("hashes");
    details.append(summary);
    // Written when they are looked at: a video has a thousand.
    details.addEventListener("toggle", () => details.append(listOf(values)), { once: true });
    this.element.append(details);
  }

  /** @param {string} sentence */
  fail(sentence) {
    this.failed = true;
    this.bar.remove();
    this.element.classList.add("failed");
    this.say(sentence);
  }

  /** @param {boolean} shown a small, blurred picture; never played, never sharp */
  preview(shown) {
    this.element.querySelector("img, video")?.remove();
    if (!shown) return;
    const kind = this.file.type.startsWith("video/") ? "video" : "img";
    const preview = document.createElement(kind);
    const address = URL.createObjectURL(this.file);
    const free = () => URL.revokeObjectURL(address);
    preview.addEventListener(kind === "img" ? "load" : "loadeddata", free, { once: true });
    preview.addEventListener("error", () => preview.remove(), { once: true });
    if (preview instanceof HTMLImageElement) preview.alt = text("preview", { name: this.file.name });
    else preview.setAttribute("aria-label", text("preview", { name: this.file.name }));
    preview.src = address;
    this.state.before(preview);
  }

  /** @param {(row: Row) => void} removed */
  #button(removed) {
    const button = made("button", "button quiet");
    button.setAttribute("type", "button");
    button.textContent = "×";
    button.setAttribute("aria-label", text("remove", { name: this.file.name }));
    button.addEventListener("click", () => removed(this));
    return button;
  }
}

/**
 * @param {Content} content
 * @returns {string[]} every value of it, with its type
 */
function valuesOf({ signals, windows = [], frames = [] }) {
  return [
    ...signals.map((one) => `${one.type} ${one.value}`),
    ...windows.map((one) => `${one.window} ${one.value}`),
    ...frames.map((one) => `${(one.at_ms / 1000).toFixed(2)} s ${one.value}`),
  ];
}

/** @param {string[]} values */
function listOf(values) {
  const list = made("ul", "values");
  list.dir = "ltr";
  list.translate = false; // a browser's translation would send them
  list.append(...values.map((value) => {
    const item = document.createElement("li");
    item.textContent = value;
    return item;
  }));
  return list;
}

/**
 * @param {string} tag
 * @param {string} look
 * @returns {HTMLElement}
 */
function made(tag, look) {
  const element = document.createElement(tag);
  element.className = look;
  return element;
}
