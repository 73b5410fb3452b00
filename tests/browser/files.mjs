// Small files made of parts: boxes, chunks and segments as the formats define them.

export const text = (/** @type {string} */ letters) =>
  Uint8Array.from(letters, (letter) => letter.charCodeAt(0));

/** @param {...(number[] | Uint8Array | string)} parts */
export function bytes(...parts) {
  const all = parts.flatMap((part) => [...(typeof part === "string" ? text(part) : part)]);
  return Uint8Array.from(all);
}

export const u16 = (/** @type {number} */ n) => [(n >>> 8) & 255, n & 255];
export const u32 = (/** @type {number} */ n) => [...u16(n >>> 16), ...u16(n & 0xffff)];
export const le16 = (/** @type {number} */ n) => u16(n).reverse();
export const le32 = (/** @type {number} */ n) => u32(n).reverse();

/**
 * @param {string} type
 * @param {...(number[] | Uint8Array | string)} parts
 */
export function box(type, ...parts) {
  const body = bytes(...parts);
  return bytes(u32(body.length + 8), type, body);
}

/** @param {string} type @param {...(number[] | Uint8Array | string)} parts */
export function full(type, ...parts) {
  return box(type, [0, 0, 0, 0], ...parts);
}

/** @param {string} type @param {number[] | Uint8Array | string} body */
export function pngChunk(type, body) {
  const content = bytes(body);
  return bytes(u32(content.length), type, content, [0, 0, 0, 0]);
}

/** @param {string} type @param {number[] | Uint8Array | string} body */
export function riffChunk(type, body) {
  const content = bytes(body);
  return bytes(type, le32(content.length), content, content.length & 1 ? [0] : []);
}

/** @param {number} marker @param {...(number[] | Uint8Array | string)} parts */
export function segment(marker, ...parts) {
  const body = bytes(...parts);
  return bytes([0xff, marker], u16(body.length + 2), body);
}

/** An Exif block that says one orientation. @param {number} orientation @param {boolean} little */
export function exif(orientation, little = false) {
  const [two, four] = little ? [le16, le32] : [u16, u32];
  const entry = [...two(0x0112), ...two(3), ...four(1), ...two(orientation), 0, 0];
  return bytes(little ? "II" : "MM", two(42), four(8), two(1), entry, four(0));
}
