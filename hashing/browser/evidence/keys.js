/** The keys of an owner's evidence, all from the vault key, as in hashing/evidence/keys.py. */

import { hex } from "../signals.js";
import { joined, unhex, utf8 } from "./bytes.js";

/** What stands before the 32 bytes of a private Ed25519 key in PKCS #8 (RFC 8410, 7). */
const PKCS8 = unhex("302e020100300506032b657004220420");

/** What opens and signs the evidence of one case. */
export class EvidenceKeys {
  #secret;

  /** @param {Uint8Array<ArrayBuffer>} secret */
  constructor(secret) {
    this.#secret = secret;
  }

  /**
   * @param {string} vault 64 digits of hexadecimal
   * @returns {Promise<EvidenceKeys>}
   */
  static async of(vault) {
    return new EvidenceKeys(await expanded(unhex(vault), utf8("takeback evidence v1")));
  }

  /**
   * The key of one record. It opens nothing else.
   * @param {string} id
   */
  recordKey(id) {
    return this.#key("takeback evidence record v1", id);
  }

  /**
   * The key of one file, by its id and by the SHA-256 of its content: no two contents may have the
   * same, as the nonces of chunks are fixed.
   * @param {string} id
   * @param {string} sha256
   */
  fileKey(id, sha256) {
    return this.#key("takeback evidence file v1", id + sha256);
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} message
   * @returns {Promise<Uint8Array<ArrayBuffer>>} 64 bytes
   * @throws {DOMException} this browser has no Ed25519 (NotSupportedError)
   */
  async sign(message) {
    return new Uint8Array(await crypto.subtle.sign("Ed25519", await this.#signing(), message));
  }

  /**
   * The public key of signatures, in hexadecimal.
   * @returns {Promise<string>}
   * @throws {DOMException} this browser has no Ed25519 (NotSupportedError)
   */
  async signer() {
    const { x = "" } = await crypto.subtle.exportKey("jwk", await this.#signing());
    const binary = atob(x.replace(/-/g, "+").replace(/_/g, "/"));
    return hex(Uint8Array.from(binary, (one) => one.charCodeAt(0)));
  }

  async #signing() {
    const secret = await this.#key("takeback evidence signature v1", "");
    return crypto.subtle.importKey("pkcs8", joined(PKCS8, secret), "Ed25519", true, ["sign"]);
  }

  /**
   * @param {string} purpose
   * @param {string} digits
   */
  #key(purpose, digits) {
    return expanded(this.#secret, joined(utf8(purpose), unhex(digits)));
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} secret
 * @param {Uint8Array<ArrayBuffer>} info
 */
async function expanded(secret, info) {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const expansion = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  return new Uint8Array(await crypto.subtle.deriveBits(expansion, key, 256));
}

/**
 * Whether a signature fits.
 * @param {string} signer in hexadecimal
 * @param {Uint8Array<ArrayBuffer>} message
 * @param {Uint8Array<ArrayBuffer>} signature
 */
export async function isSigned(signer, message, signature) {
  const key = await crypto.subtle.importKey("raw", unhex(signer), "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, signature, message);
}
