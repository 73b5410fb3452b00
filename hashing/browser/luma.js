/**
 * Pillow's two-pass resampling of grey pixels in 8-bit fixed point (its src/libImaging/Resample.c,
 * described in docs/signals.md): rows first, then columns, each rounded to 8 bits.
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
 * Of output pixel x: the input pixels from low[x] on, times weights[x * taps …], counts[x] many.
 * @typedef {{low: Int32Array, counts: Int32Array, weights: Int32Array, taps: number}} Weights
 */

const PRECISION = 22;
const ONE = 2 ** PRECISION;
const HALF = 2 ** (PRECISION - 1);

/**
 * Every pixel whose centre falls into the output pixel counts the same.
 * @type {Filter}
 */
export const BOX = { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };

/**
 * A sinc of three lobes under the middle one of a sinc three times as wide. Of all weights from
 * 16 … 1280 pixels to 64, none is within 3·10⁻⁷ of its last bit from a tie, so that any engine's
 * sine gives the same.
 * @type {Filter}
 */
export const LANCZOS = {
  support: 3,
  weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0),
};

/**
 * Return `luma` at another size. A direction that keeps its length is left as it is.
 * @param {Luma} luma
 * @param {number} rows
 * @param {number} columns
 * @param {Filter} filter
 * @returns {Luma}
 */
export function resample(luma, rows, columns, filter) {
  let made = luma;
  // Always in this order: Pillow 13 takes the columns of tall pictures first, 12 never does.
  if (columns !== luma.columns) made = alongRows(made, weightsOf(luma.columns, columns, filter));
  if (rows !== luma.rows) made = alongColumns(made, weightsOf(luma.rows, rows, filter));
  return made;
}

/**
 * The weights of one line of `length` pixels made `wanted` long, in 22-bit fixed point.
 * @param {number} length
 * @param {number} wanted
 * @param {Filter} filter
 * @returns {Weights}
 */
export function weightsOf(length, wanted, filter) {
  const scale = length / wanted;
  const wide = Math.max(scale, 1);
  const reach = filter.support * wide;
  const taps = Math.ceil(reach) * 2 + 1;
  const found = {
    low: new Int32Array(wanted),
    counts: new Int32Array(wanted),
    weights: new Int32Array(wanted * taps),
    taps,
  };
  for (let x = 0; x < wanted; x += 1) {
    const centre = (x + 0.5) * scale;
    const low = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const high = Math.min(Math.trunc(centre + reach + 0.5), length);
    found.low[x] = low;
    found.counts[x] = high - low;
    // Pillow multiplies by 1 / wide, which is not always what dividing by it rounds to.
    const real = realWeights(low - centre + 0.5, high - low, 1 / wide, filter.weight);
    found.weights.set(real.map(fixed), x * taps);
  }
  return found;
}

/**
 * @param {number} first offset of the first input pixel from the centre
 * @param {number} count
 * @param {number} step
 * @param {(x: number) => number} weight
 * @returns {Float64Array} of sum 1
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
  const wanted = low.length;
  const out = new Uint8Array(rows * wanted);
  for (let row = 0; row < rows; row += 1) {
    const from = row * columns;
    const to = row * wanted;
    for (let x = 0; x < wanted; x += 1) {
      // The weights sum to about 2²², so that 32 bits hold the sum: the same as in Pillow.
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
  return { data: out, rows, columns: wanted };
}

/**
 * Whole input rows are added to one row of totals, so that memory is read in its order.
 * @param {Luma} luma
 * @param {Weights} weights
 * @returns {Luma}
 */
function alongColumns({ data, columns }, { low, counts, weights, taps }) {
  const wanted = low.length;
  const out = new Uint8Array(wanted * columns);
  const totals = new Int32Array(columns);
  for (let y = 0; y < wanted; y += 1) {
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
  return { data: out, rows: wanted, columns };
}

/** @param {number} sum */
function clipped(sum) {
  const level = sum >> PRECISION;
  return level < 0 ? 0 : level > 255 ? 255 : level;
}
