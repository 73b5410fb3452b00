/**
 * Y, U and V of limited range to luma, as libwebp makes it for Pillow: chroma interpolated, then
 * RGB in its integers (libwebp, src/dsp/yuv.h and upsampling.c), each channel clipped to 0…255,
 * then grey.
 */

/** @typedef {import("../luma.js").Luma} Luma */

/**
 * @param {Luma} luma which is Y, and becomes luma
 * @param {import("./planes.js").Planes} planes 4:2:0, 8 bits
 * @returns {Luma}
 */
export function lumaOfWebp(luma, { bytes, layout }) {
  const { data, rows, columns } = luma;
  const [us, vs] = [new Uint8Array(columns), new Uint8Array(columns)];
  for (let row = 0, to = 0; row < rows; row += 1) {
    interpolate(us, bytes, layout[1], row, rows);
    interpolate(vs, bytes, layout[2], row, rows);
    for (let column = 0; column < columns; column += 1, to += 1) {
      const [y, u, v] = [(data[to] * 19077) >> 8, us[column], vs[column]];
      const red = clipped(y + ((v * 26149) >> 8) - 14234);
      const green = clipped(y - ((u * 6419) >> 8) - ((v * 13320) >> 8) + 8708);
      const blue = clipped(y + ((u * 33050) >> 8) - 17685);
      data[to] = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
    }
  }
  return luma;
}

/** @param {number} level in 1/64 */
function clipped(level) {
  return level < 0 ? 0 : Math.min(level >> 6, 255);
}

/**
 * One row of chroma at full width: 9, 3, 3 and 1 parts of the four samples around each pixel.
 * @param {Uint8Array} into
 * @param {Uint8Array} bytes
 * @param {PlaneLayout} plane
 * @param {number} row
 * @param {number} rows
 */
function interpolate(into, bytes, { offset, stride }, row, rows) {
  const last = ((rows + 1) >> 1) - 1;
  const near = row >> 1;
  const far = Math.max(0, Math.min(last, row & 1 ? near + 1 : near - 1));
  const [a, b] = [offset + near * stride, offset + far * stride];
  const end = ((into.length + 1) >> 1) - 1;
  for (let column = 0; column < into.length; column += 1) {
    const own = column >> 1;
    const beside = Math.max(0, Math.min(end, column & 1 ? own + 1 : own - 1));
    into[column] = mixed(bytes[a + own], bytes[a + beside], bytes[b + own], bytes[b + beside]);
  }
}

/**
 * @param {number} own
 * @param {number} beside
 * @param {number} above
 * @param {number} across
 */
function mixed(own, beside, above, across) {
  const diagonal = (own + beside + above + across + 8 + 2 * (beside + above)) >> 3;
  return (diagonal + own) >> 1;
}
