/**
 * Passkeys: asks the browser to make or use one, and posts its answer by the form of the page. What
 * it is asked is in the page; nothing is fetched (WebAuthn level 3, 5.1).
 */

/**
 * What the service asks, as JSON: bytes are in base64url.
 * @typedef {object} Asked
 * @property {string} challenge
 * @property {{id: string, name: string, displayName: string}} user only to make one
 * @property {{id: string, type: "public-key"}[]} [excludeCredentials]
 */

/**
 * @param {string} text in base64url
 * @returns {Uint8Array<ArrayBuffer>}
 */
function bytes(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

/**
 * @param {ArrayBuffer | null} buffer
 * @returns {string} in base64url
 */
function text(buffer) {
  if (!buffer) return "";
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * @param {Asked} asked
 * @returns {Promise<object>} the answer, as the service reads it
 */
async function make(asked) {
  const publicKey = /** @type {any} */ ({
    ...asked,
    challenge: bytes(asked.challenge),
    user: { ...asked.user, id: bytes(asked.user.id) },
    excludeCredentials: (asked.excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) })),
  });
  const made = /** @type {PublicKeyCredential} */ (await navigator.credentials.create({ publicKey }));
  const response = /** @type {AuthenticatorAttestationResponse} */ (made.response);
  return answer(made, { attestationObject: text(response.attestationObject) });
}

/**
 * @param {Asked} asked
 * @returns {Promise<object>}
 */
async function use(asked) {
  const publicKey = /** @type {any} */ ({ ...asked, challenge: bytes(asked.challenge), allowCredentials: [] });
  const used = /** @type {PublicKeyCredential} */ (await navigator.credentials.get({ publicKey }));
  const response = /** @type {AuthenticatorAssertionResponse} */ (used.response);
  return answer(used, {
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: text(response.userHandle),
  });
}

/**
 * @param {PublicKeyCredential} credential
 * @param {Record<string, string>} response
 */
function answer(credential, response) {
  const id = text(credential.rawId);
  const clientDataJSON = text(credential.response.clientDataJSON);
  return { id, rawId: id, type: credential.type, response: { clientDataJSON, ...response } };
}

/** @param {HTMLFormElement} form */
function listen(form) {
  const fault = /** @type {HTMLElement} */ (form.querySelector("[data-passkey-fault]"));
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("answer"));
  button.disabled = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fault.hidden = true;
    button.disabled = true;
    try {
      const asked = /** @type {Asked} */ (JSON.parse(form.dataset.options ?? ""));
      field.value = JSON.stringify(form.dataset.passkey === "create" ? await make(asked) : await use(asked));
      form.submit();
    } catch {
      fault.hidden = false; // whatever it was, the person may have refused, or have no passkey
    } finally {
      button.disabled = false;
    }
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) listen(/** @type {HTMLFormElement} */ (form));
