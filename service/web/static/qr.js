/**
 * QR codes (ISO/IEC 18004): byte mode, level M, versions 1 to 6, so up to 106 bytes.
 * Made here because the words must not leave the page, and pages load no third-party scripts.
 */

/** Level M, by version: total codewords, error correction codewords per block, blocks. */
const VERSIONS = [
  [26, 10, 1], [44, 16, 1], [70, 26, 1], [100, 18, 2], [134, 24, 2], [172, 16, 4],
];
/** Most bytes of a code. */
export const MOST_BYTES = 106;
/** Width of the quiet zone, in modules. */
const QUIET = 4;
/** Format bits of level M, for masks 0 to 7, with their BCH code and mask (table C.1). */
const FORMATS = [0x5412, 0x5125, 0x5e7c, 0x5b4b, 0x45f9, 0x40ce, 0x4f97, 0x4aa0];
/** @type {((r: number, c: number) => boolean)[]} */
const MASKS = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => ((r >> 1) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

/** Powers of 2 in GF(256) with the polynomial 0x11d, and their logarithms. */
const POWERS = new Uint8Array(255);
const LOGS = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power += 1) {
  POWERS[power] = value;
  LOGS[value] = power;
  value = (value << 1) ^ (value & 0x80 ? 0x11d : 0);
}

/**
 * @param {number} a
 * @param {number} b
 */
function multiply(a, b) {
  return a && b ? POWERS[(LOGS[a] + LOGS[b]) % 255] : 0;
}

/**
 * Return the error correction codewords of one block (Reed–Solomon).
 * @param {Uint8Array} block
 * @param {number} count
 */
function correction(block, count) {
  const divisor = new Uint8Array(count);
  divisor[count - 1] = 1;
  for (let power = 0; power < count; power += 1) {
    for (let i = 0; i < count; i += 1) {
      divisor[i] = multiply(divisor[i], POWERS[power]) ^ (divisor[i + 1] ?? 0);
    }
  }
  const rest = new Uint8Array(count);
  for (const codeword of block) {
    const factor = codeword ^ rest[0];
    rest.copyWithin(0, 1);
    rest[count - 1] = 0;
    for (let i = 0; i < count; i += 1) rest[i] ^= multiply(divisor[i], factor);
  }
  return rest;
}

/**
 * Return the data codewords: mode, length, bytes, padding.
 * @param {Uint8Array} bytes
 * @param {number} capacity in codewords
 */
function padded(bytes, capacity) {
  const out = new Uint8Array(capacity);
  out[0] = 0x40 | (bytes.length >> 4);
  out[1] = (bytes.length << 4) & 0xff;
  bytes.forEach((byte, i) => {
    out[i + 1] |= byte >> 4;
    out[i + 2] = (byte << 4) & 0xff;
  });
  for (let i = bytes.length + 2, pad = 0xec; i < capacity; i += 1, pad ^= 0xec ^ 0x11) out[i] = pad;
  return out;
}

/**
 * Return all codewords in the order in which they are placed: blocks interleaved.
 * @param {Uint8Array} bytes
 * @param {number[]} version
 */
function codewords(bytes, [all, correcting, blocks]) {
  const data = padded(bytes, all - correcting * blocks);
  const short = Math.floor(data.length / blocks);
  const longer = data.length % blocks;
  const parts = [];
  for (let i = 0, at = 0; i < blocks; i += 1) {
    const length = short + (i >= blocks - longer ? 1 : 0);
    parts.push(data.subarray(at, at + length));
    at += length;
  }
  const corrections = parts.map((part) => correction(part, correcting));
  return [...interleaved(parts, short + 1), ...interleaved(corrections, correcting)];
}

/**
 * @param {Uint8Array[]} parts
 * @param {number} length
 */
function interleaved(parts, length) {
  return Array.from({ length }, (_, i) => parts.filter((part) => i < part.length).map((p) => p[i])).flat();
}

/**
 * Return the function patterns; modules that are free for data are `undefined`.
 * @param {number} size
 * @returns {(boolean | undefined)[][]}
 */
function frame(size) {
  const grid = Array.from({ length: size }, () => Array(size).fill(undefined));
  /** @type {(top: number, left: number, radius: number) => void} */
  const finder = (row, column, radius) => {
    for (let r = -radius; r <= radius; r += 1) {
      for (let c = -radius; c <= radius; c += 1) {
        if (grid[row + r]?.[column + c] === undefined && column + c >= 0 && row + r >= 0 &&
          row + r < size && column + c < size) {
          const ring = Math.max(Math.abs(r), Math.abs(c));
          grid[row + r][column + c] = radius === 2 ? ring !== 1 : ring !== 2 && ring !== 4;
        }
      }
    }
  };
  for (const [r, c] of [[3, 3], [3, size - 4], [size - 4, 3]]) finder(r, c, 4);
  if (size > 21) finder(size - 7, size - 7, 2);
  for (let i = 8; i < size - 8; i += 1) grid[6][i] = grid[i][6] = i % 2 === 0;
  for (const [r, c] of formatPositions(size).flat()) grid[r][c] = false;
  grid[size - 8][8] = true;
  return grid;
}

/**
 * Return both positions of the 15 format bits, the lowest first.
 * @param {number} size
 * @returns {number[][][]}
 */
function formatPositions(size) {
  const rows = [0, 1, 2, 3, 4, 5, 7, 8];
  const columns = [7, 5, 4, 3, 2, 1, 0];
  const around = [...rows.map((r) => [r, 8]), ...columns.map((c) => [8, c])];
  const apart = [
    ...Array.from({ length: 8 }, (_, i) => [8, size - 1 - i]),
    ...Array.from({ length: 7 }, (_, i) => [size - 7 + i, 8]),
  ];
  return [around, apart];
}

/**
 * Yield the free modules in placement order: pairs of columns from the right, alternately up and down.
 * @param {(boolean | undefined)[][]} grid
 */
function* freeModules(grid) {
  const size = grid.length;
  let up = true;
  for (let right = size - 1; right > 0; right -= 2, up = !up) {
    if (right === 6) right = 5;
    for (let i = 0; i < size; i += 1) {
      const row = up ? size - 1 - i : i;
      for (const column of [right, right - 1]) {
        if (grid[row][column] === undefined) yield [row, column];
      }
    }
  }
}

/**
 * @param {(boolean | undefined)[][]} blank
 * @param {number[]} data
 * @param {number} mask
 * @returns {boolean[][]}
 */
function filled(blank, data, mask) {
  const grid = blank.map((row) => row.map(Boolean));
  let at = 0;
  for (const [r, c] of freeModules(blank)) {
    const bit = ((data[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
    grid[r][c] = Boolean(bit) !== MASKS[mask](r, c);
    at += 1;
  }
  for (const positions of formatPositions(grid.length)) {
    positions.forEach(([r, c], bit) => {
      grid[r][c] = Boolean((FORMATS[mask] >> bit) & 1);
    });
  }
  return grid;
}

/**
 * Return the penalty of a mask (7.8.3): runs, 2 × 2 blocks, finder-like patterns, imbalance.
 * @param {boolean[][]} grid
 */
function penalty(grid) {
  const columns = grid.map((_, c) => grid.map((row) => row[c]));
  const lines = [...grid, ...columns].map((line) => line.map((dark) => (dark ? "1" : "0")).join(""));
  let total = 0;
  for (const line of lines) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) total += run.length - 2;
    total += 40 * [...line.matchAll(/(?=10111010000|00001011101)/g)].length;
  }
  for (let r = 1; r < grid.length; r += 1) {
    for (let c = 1; c < grid.length; c += 1) {
      const same = grid[r][c] === grid[r - 1][c] && grid[r][c] === grid[r][c - 1] &&
        grid[r][c] === grid[r - 1][c - 1];
      if (same) total += 3;
    }
  }
  const dark = lines.slice(0, grid.length).join("").replaceAll("0", "").length;
  return total + 10 * Math.floor(Math.abs((20 * dark) / grid.length ** 2 - 10));
}

/**
 * Return the modules of a QR code, dark ones true, without the quiet zone.
 * @param {string} content
 * @returns {boolean[][]}
 * @throws {RangeError} more than 106 bytes
 */
export function qrModules(content) {
  const bytes = new TextEncoder().encode(content);
  const at = VERSIONS.findIndex(([all, correcting, n]) => bytes.length + 2 <= all - correcting * n);
  if (at < 0) throw new RangeError("more than 106 bytes");
  const blank = frame(21 + 4 * at);
  const data = codewords(bytes, VERSIONS[at]);
  const masked = MASKS.map((_, mask) => filled(blank, data, mask));
  const scores = masked.map(penalty);
  return masked[scores.indexOf(Math.min(...scores))];
}

/**
 * Return a QR code as an SVG image.
 * @param {string} content
 * @param {string} label text alternative
 * @returns {SVGSVGElement}
 */
export function qrCode(content, label) {
  const grid = qrModules(content);
  const side = grid.length + 2 * QUIET;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const dark = grid.flatMap((row, r) => row.map((on, c) => (on ? `M${c + QUIET} ${r + QUIET}h1v1h-1z` : "")));
  path.setAttribute("d", dark.join(""));
  path.setAttribute("fill", "#000000");
  svg.append(path);
  return svg;
}
