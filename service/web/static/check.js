/**
 * Asks the service, in a frame, whether a form opens a case. So the page stays, with what was typed.
 * Each question has a frame of its own, which goes again: "Back" leads to no earlier answer.
 */

/** Milliseconds to wait for an answer. Not every browser reports that a frame could not be loaded. */
const TIMEOUT = 30_000;
/** Milliseconds between checks of the frame meanwhile (sender.js says why). */
const POLL_EVERY = 500;
const NAME = "answer";

/**
 * What the service answered: `opens`, `wrong`, `late`, `error`, or what was done; and then the entry.
 * @typedef {{answer: string, stamp: string, words: string, entry: HTMLElement | null}} Answer
 */

/**
 * Post a form into a frame.
 * @param {HTMLFormElement} form with `data-check`, where it is posted to, and `data-title` of the frame
 * @returns {Promise<Answer | undefined>} nothing if the service could not be reached
 */
export async function check(form) {
  const frame = document.createElement("iframe");
  frame.name = NAME;
  frame.hidden = true;
  frame.title = form.dataset.title ?? "";
  document.body.append(frame);
  const { action } = form;
  try {
    form.action = form.dataset.check ?? "";
    form.target = NAME;
    const loaded = settled(frame);
    form.submit();
    await loaded;
    return read(frame);
  } finally {
    form.action = action;
    form.removeAttribute("target");
    frame.remove();
  }
}

/**
 * Wait until the frame has loaded something else than the empty page, or shows an error of the browser.
 * @param {HTMLIFrameElement} frame
 * @returns {Promise<void>}
 */
function settled(frame) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timeout);
      clearInterval(poll);
      resolve();
    };
    const timeout = setTimeout(end, TIMEOUT);
    const poll = setInterval(() => {
      if (!frame.contentDocument) end();
    }, POLL_EVERY);
    frame.addEventListener("load", () => {
      if (frame.contentDocument?.location.href !== "about:blank") end();
    });
  });
}

/**
 * @param {HTMLIFrameElement} frame
 * @returns {Answer | undefined}
 */
function read(frame) {
  const found = frame.contentDocument?.querySelector("[data-answer]");
  if (!found) return undefined;
  const { answer = "", stamp = "" } = /** @type {HTMLElement} */ (found).dataset;
  const item = frame.contentDocument?.querySelector("li.entry");
  const entry = item ? /** @type {HTMLElement} */ (document.importNode(item, true)) : null;
  return { answer, stamp, words: found.textContent?.trim() ?? "", entry };
}
