/**
 * The owner's secret: made here, kept by the owner, never sent. Seven words of 2,048: 77 bits.
 * The keys are derived as in hashing/passphrase.py, by WebCrypto.
 */

import { InvalidPassphrase } from "./errors.js";
import { hex } from "./signals.js";
import { WORDS } from "./words.js";

export const COUNT = 7;
/** Letters after which no two words of the list are the same. */
const PREFIX = 4;
/** Of PBKDF2-HMAC-SHA-256: OWASP's figure of 2023. */
const ITERATIONS = 600_000;
const KEY_BITS = 256;
const SALT = "takeback passphrase v1";
const ACCESS = "takeback access key v1";
const VAULT = "takeback vault key v1";
/** Letters of keyboards that NFKD leaves whole. @type {Record<string, string>} */
const BARE = { ı: "i", ł: "l", đ: "d", ø: "o", ħ: "h", ŧ: "t" };

/**
 * Seven words from the system's secure generator, with single spaces.
 * @returns {string}
 */
export function newPassphrase() {
  // 2,048 divides 2¹⁶, so that the remainder of 16 uniform bits is uniform too.
  const drawn = crypto.getRandomValues(new Uint16Array(COUNT));
  return Array.from(drawn, (bits) => WORDS[bits % WORDS.length]).join(" ");
}

/**
 * A typed passphrase in the form in which it was made. It may be in any case and spacing, and words
 * may be cut to their first four letters. Accents, soft hyphens and other marks that are not seen or
 * stand on a letter do not count; whatever else is no letter of the list separates words. The same
 * rule is in hashing/passphrase.py.
 * @param {string} typed
 * @returns {string}
 * @throws {InvalidPassphrase} with the position of the first wrong word, never the word
 */
export function normalise(typed) {
  const words = bare(typed).match(/[a-z]+/g) ?? [];
  if (words.length !== COUNT) throw new InvalidPassphrase(0, words.length);
  return words.map((word, index) => completed(word, index + 1)).join(" ");
}

/**
 * Text in small letters, without marks and format characters, in NFKD.
 * @param {string} typed
 */
function bare(typed) {
  return typed.normalize("NFKD").toLowerCase().normalize("NFKD")
    .replace(/[\p{M}\p{Cf}]/gu, "").replace(/[ıłđøħŧ]/g, (letter) => BARE[letter]);
}

/**
 * @param {string} word
 * @param {number} position
 * @returns {string}
 */
function completed(word, position) {
  const prefix = word.slice(0, PREFIX);
  const [entry, ...others] = WORDS.filter((one) => one.slice(0, PREFIX) === prefix);
  if (!entry?.startsWith(word) || others.length) throw new InvalidPassphrase(position, COUNT);
  return entry;
}

/**
 * The two keys of a passphrase, as 64 digits of hexadecimal each. The access key opens the case
 * at the service; the vault key never leaves this device. Takes up to a second on a phone.
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
  const expansion = { name: "HKDF", hash: "SHA-256", salt, info: bytes(purpose) };
  return hex(new Uint8Array(await crypto.subtle.deriveBits(expansion, seed, KEY_BITS)));
}

/** @param {string} text */
function bytes(text) {
  return new TextEncoder().encode(text);
}
