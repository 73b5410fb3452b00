/**
 * pHash of 256 bits: the value of `imagehash.phash(picture, hash_size=16)`, with a quality.
 *
 * Where coefficients tie with their median, rounding decides the bit. So this DCT does exactly the
 * operations of SciPy's, in binary64 and in the same order: a real FFT of 64 in three stages of
 * radix 4 (pocketfft, Martin Reinecke; after FFTPACK, Paul Swarztrauber 1982). SciPy's builds for
 * x86-64 round after each operation. A build that fuses multiplication and addition may differ from
 * both, where a coefficient is within a rounding error of the median (docs/signals.md, phash).
 */

import { LANCZOS, resample } from "../luma.js";
import { hexOfBits } from "../signals.js";

/** @typedef {import("../luma.js").Luma} Luma */
/** @typedef {import("../signals.js").Hashed} Hashed */

/** Below this quality no signal is made. */
export const QUALITY_BAR = 60;

const SIDE = 64;
const FREQUENCIES = 16;
/** How far noise of one grey level, one sigma, moves a coefficient. */
const CLEAR = 128;

/**
 * cos(π·k/128) for k = 1 … 63, as SciPy rounds them. Written out, as the cosines of engines differ.
 */
const COSINES = Float64Array.of(
  0.9996988186962042, 0.9987954562051724, 0.9972904566786902, 0.9951847266721969, 0.99247953459871,
  0.989176509964781, 0.9852776423889412, 0.9807852804032304, 0.9757021300385286, 0.970031253194544,
  0.9637760657954398, 0.9569403357322088, 0.9495281805930367, 0.9415440651830208, 0.932992798834739,
  0.9238795325112867, 0.9142097557035307, 0.9039892931234433, 0.8932243011955152, 0.881921264348355,
  0.8700869911087113, 0.8577286100002721, 0.844853565249707, 0.8314696123025451, 0.8175848131515837,
  0.8032075314806448, 0.7883464276266062, 0.773010453362737, 0.7572088465064846, 0.740951125354959,
  0.724247082951467, 0.7071067811865475, 0.6895405447370668, 0.6715589548470183, 0.6531728429537768,
  0.6343932841636455, 0.6152315905806268, 0.5956993044924332, 0.5758081914178452,
  0.5555702330196022, 0.5349976198870972, 0.5141027441932217, 0.49289819222978404,
  0.47139673682599753, 0.4496113296546066, 0.42755509343028203, 0.40524131400498986,
  0.3826834323650898, 0.35989503653498817, 0.33688985339222005, 0.3136817403988915,
  0.2902846772544624, 0.2667127574748984, 0.24298017990326393, 0.2191012401568698,
  0.19509032201612828, 0.17096188876030127, 0.14673047445536175, 0.12241067519921622,
  0.0980171403295606, 0.0735645635996674, 0.04906767432741804, 0.02454122852291235
);

/**
 * Cosine and sine of 2π·k/64, as SciPy rounds them, by k.
 * @type {Record<number, [number, number]>}
 */
const ROOTS = {
  1: [0.9951847266721969, 0.0980171403295606],
  2: [0.9807852804032304, 0.19509032201612825],
  3: [0.9569403357322088, 0.29028467725446233],
  4: [0.9238795325112867, 0.3826834323650898],
  5: [0.881921264348355, 0.47139673682599764],
  6: [0.8314696123025452, 0.5555702330196022],
  7: [0.773010453362737, 0.6343932841636455],
  8: [0.7071067811865475, 0.7071067811865476],
  9: [0.6343932841636455, 0.773010453362737],
  10: [0.5555702330196022, 0.8314696123025452],
  12: [0.38268343236508967, 0.9238795325112867],
  14: [0.19509032201612825, 0.9807852804032304],
  15: [0.09801714032956049, 0.9951847266721969],
  18: [-0.19509032201612825, 0.9807852804032304],
  21: [-0.47139673682599764, 0.881921264348355],
};

/**
 * @param {Luma} luma upright
 * @returns {Hashed}
 */
export function compute(luma) {
  const coefficients = spectrum(resample(luma, SIDE, SIDE, LANCZOS).data);
  const sorted = coefficients.slice().sort();
  const median = (sorted[127] + sorted[128]) / 2;
  const clear = coefficients.filter((one) => Math.abs(one - median) >= CLEAR).length;
  return {
    value: hexOfBits((position) => coefficients[position] > median),
    quality: Math.floor((100 * clear) / coefficients.length),
  };
}

/**
 * The signal of what `compute` returned, if its quality is not below the bar.
 * @param {Hashed} hashed
 * @returns {{type: "phash"} & Hashed | undefined}
 */
export function aboveBar(hashed) {
  return hashed.quality >= QUALITY_BAR ? { type: "phash", ...hashed } : undefined;
}

/**
 * The lowest frequencies, 16 × 16 with the constant: DCT-II of the columns, then of the rows.
 * @param {Uint8Array} small 64 × 64
 * @returns {Float64Array}
 */
export function spectrum(small) {
  const half = new Float64Array(FREQUENCIES * SIDE);
  for (let column = 0; column < SIDE; column += 1) {
    const line = dct(Float64Array.from({ length: SIDE }, (_, row) => small[row * SIDE + column]));
    for (let k = 0; k < FREQUENCIES; k += 1) half[k * SIDE + column] = line[k];
  }
  const full = new Float64Array(FREQUENCIES * FREQUENCIES);
  for (let row = 0; row < FREQUENCIES; row += 1) {
    const line = dct(half.slice(row * SIDE, (row + 1) * SIDE));
    full.set(line.subarray(0, FREQUENCIES), row * FREQUENCIES);
  }
  return full;
}

/**
 * y[k] = 2·Σ x[n]·cos(π·k·(2n + 1)/128), through a real FFT (Makhoul 1980; Swarztrauber's COSQB).
 * @param {Float64Array} line 64 numbers, which are overwritten
 * @returns {Float64Array}
 */
function dct(line) {
  line[0] *= 2;
  line[63] *= 2;
  for (let n = 1; n < 63; n += 2) {
    const [a, b] = [line[n], line[n + 1]];
    line[n] = b + a;
    line[n + 1] = b - a;
  }
  const out = quartered(quartered(quartered(line, 16), 4), 1);
  for (let k = 1; k < 32; k += 1) {
    const [a, b] = [out[k], out[64 - k]];
    const [cosine, sine] = [COSINES[k - 1], COSINES[63 - k]];
    const sum = cosine * b + sine * a;
    const difference = cosine * a - sine * b;
    out[k] = 0.5 * (sum + difference);
    out[64 - k] = 0.5 * (sum - difference);
  }
  out[32] *= COSINES[31];
  return out;
}

/**
 * One stage of the real FFT from spectrum to samples: each of `groups` = 16 / length groups of
 * 4 · length numbers becomes four lines of `length` numbers, `groups` · length apart.
 * @param {Float64Array} from 64 numbers
 * @param {number} length 16, 4 or 1
 * @returns {Float64Array}
 */
function quartered(from, length) {
  const out = new Float64Array(SIDE);
  const groups = 16 / length;
  for (let group = 0; group < groups; group += 1) {
    const [at, to] = [4 * length * group, length * group];
    first(from, at, out, to, length);
    if (length === 1) continue;
    last(from, at, out, to, length);
    for (let i = 2; i < length; i += 2) between(from, at, out, to, length, i);
  }
  return out;
}

/**
 * Frequency 0 of each line, which is real.
 * @param {Float64Array} from
 * @param {number} at
 * @param {Float64Array} out
 * @param {number} to
 * @param {number} length
 */
function first(from, at, out, to, length) {
  const [a, b] = [from[at], from[at + 4 * length - 1]];
  const [sum, difference] = [a + b, a - b];
  const middle = 2 * from[at + 2 * length - 1];
  const imaginary = 2 * from[at + 2 * length];
  out[to] = sum + middle;
  out[to + 32] = sum - middle;
  out[to + 48] = difference + imaginary;
  out[to + 16] = difference - imaginary;
}

/**
 * The highest frequency of each line, whose root of unity is at 45°.
 * @param {Float64Array} from
 * @param {number} at
 * @param {Float64Array} out
 * @param {number} to
 * @param {number} length
 */
function last(from, at, out, to, length) {
  const [a, b] = [from[at + 3 * length], from[at + length]];
  const [c, d] = [from[at + length - 1], from[at + 3 * length - 1]];
  const [imaginary, turned, sum, difference] = [a + b, a - b, c + d, c - d];
  const end = to + length - 1;
  out[end] = sum + sum;
  out[end + 16] = Math.SQRT2 * (difference - imaginary);
  out[end + 32] = turned + turned;
  out[end + 48] = -Math.SQRT2 * (difference + imaginary);
}

/**
 * A frequency between those: sums and differences of four complex numbers, each rotated back.
 * @param {Float64Array} from
 * @param {number} at
 * @param {Float64Array} out
 * @param {number} to
 * @param {number} length
 * @param {number} i even: the real part is at i − 1, the imaginary part at i
 */
function between(from, at, out, to, length, i) {
  const mirrored = length - i;
  const [near, far] = [at + i, at + mirrored];
  const [a, b, c, d] = [near, far + 3 * length, near + 2 * length, far + length];
  const sumR = from[a - 1] + from[b - 1];
  const differenceR = from[a - 1] - from[b - 1];
  const sumI = from[a] - from[b];
  const differenceI = from[a] + from[b];
  const middleR = from[c - 1] + from[d - 1];
  const turnedI = from[c - 1] - from[d - 1];
  const turnedR = from[c] + from[d];
  const middleI = from[c] - from[d];
  out[to + i - 1] = sumR + middleR;
  out[to + i] = sumI + middleI;
  const step = ((16 / length) * i) / 2;
  turn(out, to + 16 + i, step, differenceR - turnedR, differenceI + turnedI);
  turn(out, to + 32 + i, 2 * step, sumR - middleR, sumI - middleI);
  turn(out, to + 48 + i, 3 * step, differenceR + turnedR, differenceI - turnedI);
}

/**
 * @param {Float64Array} out
 * @param {number} to index of the imaginary part; the real part is before it
 * @param {number} root the power of the 64th root of unity to multiply by
 * @param {number} real
 * @param {number} imaginary
 */
function turn(out, to, root, real, imaginary) {
  const [cosine, sine] = ROOTS[root];
  out[to] = cosine * imaginary + sine * real;
  out[to - 1] = cosine * real - sine * imaginary;
}
