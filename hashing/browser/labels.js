/**
 * Labels by which an owner tells the entries of a case apart: sealed here, and read here alone. As in
 * hashing/labels.py, by WebCrypto; docs/submission.md defines the format to the bit.
 */

import { InvalidLabel } from "./errors.js";
import { hex } from "./signals.js";

/** Most characters (Unicode code points): a line on a phone. */
export const MAX_LABEL = 60;
/** The longest label in UTF-8. Shorter ones are filled up with zero bytes, which none contains. */
const PADDED_BYTES = 4 * MAX_LABEL;
/** Of AES-GCM (NIST SP 800-38D, 8.2.2): random, as a case has at most some hundred labels. */
const NONCE_BYTES = 12;
const PURPOSE = new TextEncoder().encode("takeback label v1");
/** White space and control characters, which a terminal or a page might obey. */
const BETWEEN = /[\s\p{Cc}]+/gu;

/**
 * A label on one line, without space around it. An empty one is no label.
 * @param {string} typed
 * @returns {string}
 * @throws {InvalidLabel} it is too long
 */
export function tidy(typed) {
  const label = typed.replace(BETWEEN, " ").trim();
  if ([...label].length > MAX_LABEL) throw new InvalidLabel();
  return label;
}

/**
 * A label as only the vault key opens it: nonce, ciphertext and tag, in 536 digits of hexadecimal.
 * AES-256-GCM.
 * @param {string} vault 64 digits of hexadecimal
 * @param {string} typed
 * @param {(bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>} [random] fills the nonce
 * @returns {Promise<string>}
 * @throws {InvalidLabel} it is too long, or empty
 */
export async function seal(vault, typed, random = (bytes) => crypto.getRandomValues(bytes)) {
  const label = tidy(typed);
  if (!label) throw new InvalidLabel();
  const padded = new Uint8Array(PADDED_BYTES);
  padded.set(new TextEncoder().encode(label));
  const nonce = random(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt(parameters(nonce), await keyOf(vault), padded);
  return hex(nonce) + hex(new Uint8Array(sealed));
}

/**
 * @param {string} vault 64 digits of hexadecimal
 * @param {string} sealed
 * @returns {Promise<string | undefined>} the label; nothing if it was not sealed under this key, or
 *   was changed since
 */
export async function unseal(vault, sealed) {
  const bytes = bytesOf(sealed);
  const [nonce, rest] = [bytes.slice(0, NONCE_BYTES), bytes.slice(NONCE_BYTES)];
  if (rest.length <= PADDED_BYTES) return undefined;
  try {
    const padded = await crypto.subtle.decrypt(parameters(nonce), await keyOf(vault), rest);
    return new TextDecoder().decode(padded).replace(/\0+$/, "");
  } catch (err) {
    if (err instanceof DOMException && err.name === "OperationError") return undefined;
    throw err;
  }
}

/** @param {Uint8Array<ArrayBuffer>} nonce */
function parameters(nonce) {
  return { name: "AES-GCM", iv: nonce, additionalData: PURPOSE };
}

/** @param {string} vault */
async function keyOf(vault) {
  const secret = await crypto.subtle.importKey("raw", bytesOf(vault), "HKDF", false, ["deriveKey"]);
  const expansion = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: PURPOSE };
  const cipher = { name: "AES-GCM", length: 256 };
  return crypto.subtle.deriveKey(expansion, secret, cipher, false, ["encrypt", "decrypt"]);
}

/** @param {string} digits of hexadecimal */
function bytesOf(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
