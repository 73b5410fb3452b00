/**
 * What a luma is, and how a luma is resampled: in two passes, rows first, then columns, each in
 * fixed point and rounded to 8 bits. The same as Pillow (its src/libImaging/Resample.c, described
 * in docs/signals.md).
 */

/**
 * Grey of a picture, row by row from the top, one byte a pixel.
 * @typedef {{data: Uint8Array, rows: number, columns: number}} Luma
 */
/**
 * `support`: half the width within which `weight` is not zero, in output pixels.
 * @typedef {{support: number, weight: (x: number) => number}} Filter
 */
/**
 * Output pixel x is the sum of counts[x] input pixels, from low[x] on, each times its weight: those
 * begin at weights[x * taps].
 * @typedef {{low: Int32Array, counts: Int32Array, weights: Int32Array, taps: number}} Weights
 */

const PRECISION = 22;
const ONE = 2 ** PRECISION;
const HALF = 2 ** (PRECISION - 1);

/**
 * Every input pixel whose centre is within the output pixel has the same weight.
 * @type {Filter}
 */
export const BOX = { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };

/**
 * A sinc of three lobes, windowed by the middle lobe of a sinc three times as wide. For all sizes
 * from 16 … 1280 pixels to 64, no weight is nearer than 3·10⁻⁷ of its last bit to a tie, so that
 * the sine of every engine gives the same weights.
 * @type {Filter}
 */
export const LANCZOS = {
  support: 3,
  weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0),
};

/**
 * Return `luma` at another size. A direction whose length stays is left as it is.
 * @param {Luma} luma
 * @param {number} rows
 * @param {number} columns
 * @param {Filter} filter
 * @returns {Luma}
 */
export function resample(luma, rows, columns, filter) {
  let resampled = luma;
  // Always in this order: Pillow 13 begins with the columns of tall pictures, 12 never does.
  if (columns !== luma.columns) {
    resampled = alongRows(resampled, weightsOf(luma.columns, columns, filter));
  }
  if (rows !== luma.rows) resampled = alongColumns(resampled, weightsOf(luma.rows, rows, filter));
  return resampled;
}

/**
 * The weights that resample a line of `length` pixels to `size` pixels, in 22-bit fixed point.
 * @param {number} length
 * @param {number} size
 * @param {Filter} filter
 * @returns {Weights}
 */
export function weightsOf(length, size, filter) {
  const scale = length / size;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  const taps = Math.ceil(support) * 2 + 1;
  const all = {
    low: new Int32Array(size),
    counts: new Int32Array(size),
    weights: new Int32Array(size * taps),
    taps,
  };
  for (let x = 0; x < size; x += 1) {
    const centre = (x + 0.5) * scale;
    const low = Math.max(Math.trunc(centre - support + 0.5), 0);
    const high = Math.min(Math.trunc(centre + support + 0.5), length);
    all.low[x] = low;
    all.counts[x] = high - low;
    // Pillow multiplies by 1 / stretch, which does not always round to the same as dividing.
    const real = realWeights(low - centre + 0.5, high - low, 1 / stretch, filter.weight);
    all.weights.set(real.map(fixed), x * taps);
  }
  return all;
}

/**
 * @param {number} first offset of the first input pixel from the centre
 * @param {number} count
 * @param {number} step
 * @param {(x: number) => number} weight
 * @returns {Float64Array} their sum is 1
 */
function realWeights(first, count, step, weight) {
  const weights = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i += 1) {
    weights[i] = weight((i + first) * step);
    sum += weights[i];
  }
  if (sum !== 0) for (let i = 0; i < count; i += 1) weights[i] /= sum;
  return weights;
}

/** @param {number} weight */
function fixed(weight) {
  return Math.trunc(weight < 0 ? weight * ONE - 0.5 : weight * ONE + 0.5);
}

/** @param {number} x */
function sinc(x) {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}

/**
 * @param {Luma} luma
 * @param {Weights} weights
 * @returns {Luma}
 */
function alongRows({ data, rows, columns }, { low, counts, weights, taps }) {
  const size = low.length;
  const out = new Uint8Array(rows * size);
  for (let row = 0; row < rows; row += 1) {
    const from = row * columns;
    const to = row * size;
    for (let x = 0; x < size; x += 1) {
      // The sum of the weights is about 2²², so that 32 bits hold this sum, as in Pillow.
      let sum = HALF;
      let pixel = from + low[x];
      const end = x * taps + counts[x];
      for (let k = x * taps; k < end; k += 1) {
        sum = (sum + Math.imul(data[pixel], weights[k])) | 0;
        pixel += 1;
      }
      out[to + x] = clipped(sum);
    }
  }
  return { data: out, rows, columns: size };
}

/**
 * Whole input rows are added to a row of totals, so that memory is read in order.
 * @param {Luma} luma
 * @param {Weights} weights
 * @returns {Luma}
 */
function alongColumns({ data, columns }, { low, counts, weights, taps }) {
  const size = low.length;
  const out = new Uint8Array(size * columns);
  const totals = new Int32Array(columns);
  for (let y = 0; y < size; y += 1) {
    totals.fill(HALF);
    for (let i = 0; i < counts[y]; i += 1) {
      const weight = weights[y * taps + i];
      if (weight === 0) continue;
      const line = (low[y] + i) * columns;
      for (let x = 0; x < columns; x += 1) {
        totals[x] = (totals[x] + Math.imul(data[line + x], weight)) | 0;
      }
    }
    const to = y * columns;
    for (let x = 0; x < columns; x += 1) out[to + x] = clipped(totals[x]);
  }
  return { data: out, rows: size, columns };
}

/** @param {number} sum */
function clipped(sum) {
  const level = sum >> PRECISION;
  return level < 0 ? 0 : level > 255 ? 255 : level;
}
