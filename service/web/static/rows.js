/** The rows of the list of chosen files, with the state of each. */

import { MAX_LABEL, tidy } from "../../../hashing/browser/labels.js";
import { SETS } from "../../../hashing/browser/signals.js";
import { text } from "./texts.js";

/** @typedef {import("../../../hashing/browser/signals.js").Content} Content */
/** @typedef {import("../../../hashing/browser/signals.js").WindowSet} WindowSet */

/** The row of one file. */
export class Row {
  /** @type {Content | undefined} with all windows; the owner chooses which are used */
  #hashed;
  #label;
  #field;
  failed = false;
  stopping = new AbortController();

  /**
   * @param {File} file
   * @param {(row: Row) => void} onRemove
   */
  constructor(file, onRemove) {
    this.file = file;
    this.element = create("li", "file");
    this.title = create("p", "title");
    this.state = create("p", "state");
    this.bar = document.createElement("progress");
    this.bar.max = 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", text("bar", { name: file.name }));
    const name = document.createElement("bdi");
    name.textContent = file.name;
    name.translate = false;
    this.title.append(name);
    this.#label = labelInput(file.name);
    this.#field = create("label", "label");
    this.#field.hidden = true;
    this.#field.append(text("label"), this.#label);
    this.element.append(this.title, this.#removeButton(onRemove), this.state, this.bar, this.#field);
    this.showState(text("waiting"));
  }

  get ended() {
    return this.failed || this.done;
  }

  get done() {
    return this.#hashed !== undefined;
  }

  /** @param {string} sentence */
  showState(sentence) {
    this.state.textContent = sentence;
  }

  /** @param {number} fraction 0…1 */
  progress(fraction) {
    this.bar.value = fraction;
    this.showState(text("working", { percent: Math.floor(100 * fraction) }));
  }

  /**
   * Return the signals of the file with the chosen windows, and its label if there is one; nothing
   * while it is not hashed.
   * @param {WindowSet} chosen
   * @returns {Content[]}
   */
  content(chosen) {
    if (!this.#hashed) return [];
    const windows = this.#hashed.windows?.filter(({ window }) => SETS[chosen].includes(window));
    const label = this.#field.hidden ? "" : tidy(this.#label.value);
    return [{ ...this.#hashed, ...(windows ? { windows } : {}), ...(label ? { label } : {}) }];
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

  /**
   * Show and count the hashes.
   * @param {WindowSet} chosen
   */
  show(chosen) {
    const [content] = this.content(chosen);
    if (!content) return;
    this.element.querySelector("details")?.remove();
    const values = valuesOf(content);
    const done = text("done", { count: values.length });
    this.showState(content.incomplete ? `${done} ${text("incomplete")}` : done);
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = text("hashes");
    details.append(summary);
    // Created when they are opened: a video may have a thousand.
    details.addEventListener("toggle", () => details.append(listOf(values)), { once: true });
    this.element.append(details);
  }

  /** @param {string} sentence */
  fail(sentence) {
    this.failed = true;
    this.bar.remove();
    this.#field.remove();
    this.element.classList.add("failed");
    this.showState(sentence);
  }

  /** @param {boolean} shown whether a label can be typed. What was typed stays, and counts while it is shown */
  showLabel(shown) {
    this.#field.hidden = !shown;
  }

  /** @param {boolean} shown whether to show a small, blurred picture; videos are not played */
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

  /** @param {(row: Row) => void} onRemove */
  #removeButton(onRemove) {
    const button = create("button", "button quiet");
    button.setAttribute("type", "button");
    button.textContent = "×";
    button.setAttribute("aria-label", text("remove", { name: this.file.name }));
    button.addEventListener("click", () => onRemove(this));
    return button;
  }
}

/**
 * An empty field for a label: nothing of the file is suggested, and no browser keeps what is typed.
 * @param {string} name of the file
 */
function labelInput(name) {
  const input = document.createElement("input");
  input.maxLength = MAX_LABEL;
  input.autocomplete = "off";
  input.dir = "auto";
  input.spellcheck = false; // some browsers send what is checked
  input.setAttribute("aria-label", text("label-of", { name }));
  return input;
}

/**
 * @param {Content} content
 * @returns {string[]} every hash value, with its type
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
  const list = create("ul", "values");
  list.dir = "ltr";
  list.translate = false; // the browser's translation service would receive them
  list.append(...values.map((value) => {
    const item = document.createElement("li");
    item.textContent = value;
    return item;
  }));
  return list;
}

/**
 * @param {string} tag
 * @param {string} className
 * @returns {HTMLElement}
 */
function create(tag, className) {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}
