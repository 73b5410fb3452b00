/**
 * What can go wrong in the page. An error has a code; the page has the text for it.
 */

/**
 * The names of the subclasses of ContentError in hashing/errors.py, then three of the browser's
 * own ("Unsupported" says what UnknownCodec says there). "Unsupported": this browser cannot open this format or codec. "Falsified": it alters the
 * pixels that scripts read, so that every value would be wrong. "Cancelled": the owner stopped it.
 * @typedef {"Unreadable" | "EmptyFile" | "UnknownFormat" | "TooManyBytes" | "TooManyPixels"
 *   | "TooSmall" | "TooNarrow" | "TooLong" | "Damaged" | "SoundAlone" | "Encrypted" | "TooPlain"
 *   | "DecoderCrashed" | "Unsupported" | "Falsified" | "Cancelled"} ContentCode
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

/** A word that is not on the list, or too few or too many words. It never contains a word. */
export class InvalidPassphrase extends Error {
  /**
   * @param {number} position of the first wrong word, from 1; 0 if the number of words is wrong
   * @param {number} count how many words were typed
   */
  constructor(position, count) {
    super("InvalidPassphrase");
    this.name = "InvalidPassphrase";
    /** @type {"InvalidPassphrase"} */
    this.code = "InvalidPassphrase";
    this.position = position;
    this.count = count;
  }
}

/** A label that is too long, or empty. */
export class InvalidLabel extends Error {
  constructor() {
    super("InvalidLabel");
    this.name = "InvalidLabel";
    /** @type {"InvalidLabel"} */
    this.code = "InvalidLabel";
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

/** A record, a chain or a pack that is not in the form of evidence. */
export class InvalidEvidence extends Error {
  /** @param {string} part what is wrong: the name of a field, or of a rule */
  constructor(part) {
    super(part);
    this.name = "InvalidEvidence";
    /** @type {"InvalidEvidence"} */
    this.code = "InvalidEvidence";
    this.part = part;
  }
}

/** Sealed with another key, or changed since. */
export class NotOpened extends Error {
  constructor() {
    super("NotOpened");
    this.name = "NotOpened";
    /** @type {"NotOpened"} */
    this.code = "NotOpened";
  }
}

/** A file that is no pack of evidence. */
export class NoPack extends Error {
  constructor() {
    super("NoPack");
    this.name = "NoPack";
    /** @type {"NoPack"} */
    this.code = "NoPack";
  }
}
