/** The sizes of evidence, as in hashing/evidence/limits.py. */

const MIB = 2 ** 20;
/** Of AES-GCM. */
export const TAG_BYTES = 16;
/** Records are filled up to multiples of it. */
export const RECORD_STEP = 1024;
/** Most bytes of a record, filled up. */
export const MAX_RECORD = 64 * RECORD_STEP;
/** Commitment, nonce and tag of a stored record. */
export const RECORD_OVERHEAD = 32 + 12 + TAG_BYTES;
/** Bytes of a file that are sealed at once. */
export const CHUNK = MIB;
/** Files are filled up to multiples of it. */
export const FILE_STEP = 2 ** 16;
/** Most bytes of one file. */
export const MAX_FILE = 2 ** 31;
export const MAX_CHUNKS = MAX_FILE / CHUNK;
export const MAX_MANIFEST = 64 * MIB;

/**
 * Whether a stored record can be so long.
 * @param {number} length
 */
export function isStoredRecord(length) {
  const filled = length - RECORD_OVERHEAD;
  return filled >= RECORD_STEP && filled <= MAX_RECORD && filled % RECORD_STEP === 0;
}

/**
 * Whether a stored chunk of a file can be so long.
 * @param {number} length
 * @param {boolean} last
 */
export function isStoredChunk(length, last) {
  const filled = length - TAG_BYTES;
  if (!last) return filled === CHUNK;
  return filled >= FILE_STEP && filled <= CHUNK && filled % FILE_STEP === 0;
}
