/**
 * Takes the code out of the page's address, which nobody after this person should read, into its field.
 */

const field = /** @type {HTMLInputElement | null} */ (document.querySelector("#intake_code"));
const { hash } = globalThis.location;
if (field && hash.length > 1) {
  field.value = decodeURIComponent(hash.slice(1));
  globalThis.history.replaceState(null, "", globalThis.location.pathname);
}
