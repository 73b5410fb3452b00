/**
 * What can go wrong in the page. Texts are the page's: here is only the name of what happened.
 */

/**
 * Names of the leaves of ContentError in hashing/errors.py, then three that only a browser has:
 * "Unsupported": this browser cannot open this format or codec. "Falsified": it alters the pixels
 * that scripts read, so every value would be wrong. "Cancelled": the owner stopped it.
 * @typedef {"Unreadable" | "EmptyFile" | "UnknownFormat" | "TooManyBytes" | "TooManyPixels"
 *   | "TooSmall" | "TooNarrow" | "TooLong" | "Damaged" | "TooPlain" | "DecoderCrashed"
 *   | "Unsupported" | "Falsified" | "Cancelled"} ContentCode
 */

/** This one file was not hashed; the others go on. */
export class ContentError extends Error {
  /**
   * @param {ContentCode} code
   * @param {ErrorOptions} [options] `cause`: what a decoder threw
   */
  constructor(code, options) {
    super(code, options);
    this.name = "ContentError";
    /** @type {ContentCode} */
    this.code = code;
  }
}

/** A word that is not on the list, or too few or too many of them. Never holds a word. */
export class InvalidPassphrase extends Error {
  /**
   * @param {number} place of the first wrong word, from 1; 0 where the number of words is wrong
   * @param {number} count how many words were typed
   */
  constructor(place, count) {
    super("InvalidPassphrase");
    this.name = "InvalidPassphrase";
    /** @type {"InvalidPassphrase"} */
    this.code = "InvalidPassphrase";
    this.place = place;
    this.count = count;
  }
}

/** More entries, or a longer note, than a case may hold. */
export class InvalidSubmission extends Error {
  /** @param {"entries" | "note"} part what does not fit */
  constructor(part) {
    super("InvalidSubmission");
    this.name = "InvalidSubmission";
    /** @type {"InvalidSubmission"} */
    this.code = "InvalidSubmission";
    this.part = part;
  }
}
