/** The page's own sentences, in its language: they stand in a template, translated by the service. */

const template = /** @type {HTMLTemplateElement} */ (document.querySelector("#texts"));

/**
 * @param {string} name
 * @returns {boolean} whether there is such a sentence
 */
export function has(name) {
  return template.content.querySelector(`[data-text="${name}"]`) !== null;
}

/**
 * A sentence, with `{name}` filled in.
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function text(name, values = {}) {
  const found = template.content.querySelector(`[data-text="${name}"]`)?.textContent ?? "";
  return found.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

/**
 * What is wrong with words that were typed, without repeating any of them.
 * @param {import("../../../hashing/browser/errors.js").InvalidPassphrase} err
 */
export function wrongWords({ position, count }) {
  return position ? text("wrong-word", { place: position }) : text("wrong-count", { count });
}

/**
 * An element of the page that its own markup has.
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(id);
  return found;
}
