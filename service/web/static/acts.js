/**
 * Acts on entries in an overview whose labels are shown. The page asks, posts into a frame, and shows
 * what became of the entry; so the labels stay, which another page would not have.
 */

import { MAX_LABEL, seal, tidy } from "../../../hashing/browser/labels.js";
import { check } from "./check.js";
import { element, text } from "./texts.js";

const { content } = element("asking", HTMLTemplateElement);
const told = element("revealed", HTMLElement);

/** @type {Map<string, string>} by number of the entry */
let labels = new Map();
let vault = "";
let acting = false;

/**
 * Show labels, and from now on act here.
 * @param {Map<string, string>} shown
 * @param {string} key which seals a label that is changed
 */
export function actHere(shown, key) {
  labels = shown;
  vault = key;
  for (const item of items()) furnish(item);
  addEventListener("submit", heed);
  addEventListener("pagehide", () => {
    vault = "";
  });
}

/** @returns {NodeListOf<HTMLElement>} */
function items() {
  return document.querySelectorAll("li.entry[data-entry]");
}

/**
 * Write the label beside the name of an entry, wherever it stands.
 * @param {string} n
 */
function write(n) {
  const label = labels.get(n) ?? "";
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-label="${n}"]`))) {
    /** @type {HTMLElement} */ (place.querySelector("bdi")).textContent = label;
    place.hidden = !label;
  }
}

/** @param {HTMLElement} item an entry that can be labelled gets what changes its label */
function furnish(item) {
  const n = item.dataset.entry ?? "";
  write(n);
  if (item.dataset.place === "withdrawn") return;
  const details = /** @type {HTMLElement} */ (copy("details.label"));
  const input = /** @type {HTMLInputElement} */ (details.querySelector("input"));
  input.maxLength = MAX_LABEL;
  const label = labels.get(n) ?? "";
  input.value = label === text("unreadable") ? "" : label;
  item.append(details);
}

/** @param {string} selector */
function copy(selector) {
  return /** @type {Element} */ (content.querySelector(selector)).cloneNode(true);
}

/** @param {SubmitEvent} event */
function heed(event) {
  const form = event.target;
  const item = form instanceof HTMLFormElement ? form.closest("li.entry") : null;
  if (!(item instanceof HTMLElement) || !(form instanceof HTMLFormElement)) return;
  const wanted = form.action.split("/").pop() ?? "";
  if ("relabel" in form.dataset) relabel(item, form);
  else if (wanted === "undone") act(item, "undone");
  else if (wanted === "withdraw" || wanted === "erase") ask(item, wanted);
  else return;
  event.preventDefault();
}

/**
 * Ask within the entry, so that the rest of the page, and the button that leaves it, can still be used.
 * @param {HTMLElement} item
 * @param {string} wanted `withdraw` or `erase`
 */
function ask(item, wanted) {
  closeAsked();
  const asked = /** @type {HTMLElement} */ (copy(`[data-ask="${wanted}"]`));
  const n = item.dataset.entry ?? "";
  for (const title of asked.querySelectorAll("[data-kind]")) {
    if (title.getAttribute("data-kind") !== item.dataset.kind) title.remove();
    else title.textContent = (title.textContent ?? "").replace("{n}", n);
  }
  const called = /** @type {HTMLElement} */ (asked.querySelector("[data-called]"));
  called.hidden = !labels.get(n);
  /** @type {HTMLElement} */ (called.querySelector("bdi")).textContent = labels.get(n) ?? "";
  asked.addEventListener("click", ({ target }) => {
    if (!(target instanceof HTMLButtonElement)) return;
    closeAsked();
    if (target.dataset.act) act(item, target.dataset.act);
    else item.querySelector("button")?.focus();
  });
  item.append(asked);
  item.classList.add("asking");
  /** @type {HTMLElement} */ (asked.querySelector("h4")).focus();
}

/** Only one question is open at a time. */
function closeAsked() {
  const asked = document.querySelector("li.entry > [data-ask]");
  asked?.parentElement?.classList.remove("asking");
  asked?.remove();
}

/**
 * @param {HTMLElement} item
 * @param {HTMLFormElement} form
 */
async function relabel(item, form) {
  const label = tidy(/** @type {HTMLInputElement} */ (form.querySelector("input")).value);
  if (await act(item, "labelled", label && await seal(vault, label))) {
    labels.set(item.dataset.entry ?? "", label);
    write(item.dataset.entry ?? "");
  }
}

/**
 * Have it done, and show what became of the entry.
 * @param {HTMLElement} item
 * @param {string} wanted
 * @param {string} sealed a new label; empty for none
 * @returns {Promise<boolean>} whether it was done
 */
async function act(item, wanted, sealed = "") {
  if (acting) return false;
  acting = true;
  say(text("asking"), false);
  const form = /** @type {HTMLFormElement} */ (copy("form[data-check]"));
  const values = { act: wanted, entry: item.dataset.entry ?? "", sealed_label: sealed };
  for (const [name, value] of Object.entries(values)) field(form, name).value = value;
  document.body.append(form);
  const answer = await check(form);
  form.remove();
  acting = false;
  if (answer?.answer === "late" || answer?.answer === "wrong") leave(answer.stamp);
  if (answer?.answer !== wanted || !answer.entry) {
    say(answer?.words || text("not-reached"), true);
    return false;
  }
  renew(answer.stamp);
  if (wanted === "erased") labels.delete(item.dataset.entry ?? "");
  replace(item, answer.entry);
  say(answer.words, false);
  told.focus();
  return true;
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function field(form, name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
}

/** Go to the page that asks for the words. @param {string} stamp */
function leave(stamp) {
  if (stamp) location.replace(/** @type {HTMLElement} */ (document.querySelector("main")).dataset.back ?? "/");
}

/** @param {string} stamp for every form of the page */
function renew(stamp) {
  const forms = [...document.querySelectorAll("form"), ...content.querySelectorAll("form")];
  for (const form of forms) {
    const kept = form.elements.namedItem("stamp");
    if (kept instanceof HTMLInputElement) kept.value = stamp;
  }
}

/**
 * Show an entry as the service has answered it, in the list where it belongs.
 * @param {HTMLElement} before
 * @param {HTMLElement} after
 */
function replace(before, after) {
  for (const form of after.querySelectorAll("form")) {
    for (const name of ["case", "access_key", "stamp"]) {
      const mine = field(/** @type {HTMLFormElement} */ (content.querySelector("form[data-check]")), name);
      field(form, name).value = mine.value;
    }
  }
  before.remove();
  const list = document.querySelector(`[data-list="${after.dataset.place}"] ul`);
  const number = Number(after.dataset.entry);
  const next = [...list?.children ?? []].find((one) => Number(/** @type {HTMLElement} */ (one).dataset.entry) > number);
  list?.insertBefore(after, next ?? null);
  furnish(after);
  for (const each of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-list]"))) {
    const isEmpty = !each.querySelector("li");
    const none = /** @type {HTMLElement | null} */ (each.querySelector("[data-none]"));
    if (none) none.hidden = !isEmpty;
    else each.hidden = isEmpty;
  }
}

/**
 * @param {string} sentence
 * @param {boolean} isFault
 */
function say(sentence, isFault) {
  told.textContent = sentence;
  told.classList.toggle("fault", isFault);
}
