/** The sentences that scripts show. The service translates them in a template of the page. */

const template = /** @type {HTMLTemplateElement} */ (document.querySelector("#texts"));

/**
 * @param {string} name
 * @returns {boolean} whether there is such a sentence
 */
export function has(name) {
  return template.content.querySelector(`[data-text="${name}"]`) !== null;
}

/**
 * Return a sentence, with each `{name}` replaced by its value.
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function text(name, values = {}) {
  const sentence = template.content.querySelector(`[data-text="${name}"]`)?.textContent ?? "";
  return sentence.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

/**
 * Return what is wrong with a typed passphrase, without quoting any of its words.
 * @param {import("../../../hashing/browser/errors.js").InvalidPassphrase} err
 */
export function wordsError({ position, count }) {
  return position ? text("wrong-word", { place: position }) : text("wrong-count", { count });
}

/**
 * Return an element of the page. Throws TypeError if the page has none of that kind.
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
export function element(id, kind) {
  const match = document.getElementById(id);
  if (!(match instanceof kind)) throw new TypeError(id);
  return match;
}
