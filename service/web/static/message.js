/** The message in a readable form, with each hash on a line of its own. It is sent as it is shown. */

/** @typedef {import("../../../hashing/browser/signals.js").Content} Content */

/**
 * Return JSON with each hash, window and frame on a line of its own.
 * @param {Record<string, any> & {entries: Content[]}} document
 * @returns {string}
 */
export function formatMessage(document) {
  const { entries, ...rest } = document;
  const head = Object.entries(rest).map(([name, value]) => `${JSON.stringify(name)}: ${spaced(value)}`);
  return `{${[...head, `"entries": [\n${entries.map(entryText).join(",\n")}\n]`].join(",\n")}}`;
}

/** @param {Content} entry */
function entryText(entry) {
  const parts = Object.entries(entry).map(([name, value]) =>
    Array.isArray(value)
      ? `${JSON.stringify(name)}: [\n  ${value.map(spaced).join(",\n  ")}]`
      : `${JSON.stringify(name)}: ${spaced(value)}`);
  return ` {${parts.join(",\n  ")}}`;
}

/**
 * Return JSON on one line, with spaces after the commas and colons between values.
 * @param {unknown} value of numbers, booleans, and strings that hold neither
 */
function spaced(value) {
  return JSON.stringify(value, null, 1).replace(/\n\s*/g, " ").replace(/([{[]) | ([}\]])/g, "$1$2");
}
