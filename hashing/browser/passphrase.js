/**
 * The owner's secret: made here, kept by the owner, never sent. Seven words of 2,048: 77 bits.
 * The same derivation as hashing/passphrase.py, by WebCrypto.
 */

import { InvalidPassphrase } from "./errors.js";
import { hex } from "./signals.js";
import { WORDS } from "./words.js";

export const COUNT = 7;
/** So many letters tell each word of the list from every other. */
const PREFIX = 4;
/** PBKDF2-HMAC-SHA-256, OWASP's figure of 2023. */
const ITERATIONS = 600_000;
const KEY_BITS = 256;
const SALT = "takeback passphrase v1";
const ACCESS = "takeback access key v1";
const VAULT = "takeback vault key v1";

/**
 * Seven words from the system's secure generator, with single spaces.
 * @returns {string}
 */
export function newPassphrase() {
  // 2,048 divides 2¹⁶, so that the remainder of 16 even bits is even too.
  const drawn = crypto.getRandomValues(new Uint16Array(COUNT));
  return Array.from(drawn, (bits) => WORDS[bits % WORDS.length]).join(" ");
}

/**
 * A typed passphrase as it was made: any case and spacing, words cut to four letters too.
 * @param {string} typed
 * @returns {string}
 * @throws {InvalidPassphrase} which has the place of the first wrong word, and never the word
 */
export function normalise(typed) {
  const words = typed.normalize("NFKD").toLowerCase().match(/[a-z]+/g) ?? [];
  if (words.length !== COUNT) throw new InvalidPassphrase(0, words.length);
  return words.map((word, index) => known(word, index + 1)).join(" ");
}

/**
 * @param {string} word
 * @param {number} place
 * @returns {string}
 */
function known(word, place) {
  const prefix = word.slice(0, PREFIX);
  const found = WORDS.filter((entry) => entry.slice(0, PREFIX) === prefix);
  if (found.length !== 1 || !found[0].startsWith(word)) throw new InvalidPassphrase(place, COUNT);
  return found[0];
}

/**
 * The two keys of a passphrase, as 64 digits of hexadecimal each. The access key opens the case
 * at the service; the vault key leaves this device never. Takes up to a second on a phone.
 * @param {string} passphrase as typed
 * @returns {Promise<{access: string, vault: string}>}
 */
export async function derive(passphrase) {
  const words = await secret(bytes(normalise(passphrase)), "PBKDF2");
  const stretching = { name: "PBKDF2", hash: "SHA-256", salt: bytes(SALT), iterations: ITERATIONS };
  const seed = await secret(await crypto.subtle.deriveBits(stretching, words, KEY_BITS), "HKDF");
  return { access: await expanded(seed, ACCESS), vault: await expanded(seed, VAULT) };
}

/**
 * @param {BufferSource} raw
 * @param {"PBKDF2" | "HKDF"} name
 */
function secret(raw, name) {
  return crypto.subtle.importKey("raw", raw, name, false, ["deriveBits"]);
}

/**
 * @param {CryptoKey} seed
 * @param {string} purpose
 */
async function expanded(seed, purpose) {
  const salt = new Uint8Array(0);
  const how = { name: "HKDF", hash: "SHA-256", salt, info: bytes(purpose) };
  return hex(new Uint8Array(await crypto.subtle.deriveBits(how, seed, KEY_BITS)));
}

/** @param {string} text */
function bytes(text) {
  return new TextEncoder().encode(text);
}
