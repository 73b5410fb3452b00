/**
 * Leaves the page quickly: by the exit button, or by pressing Shift three times (GOV.UK, "Exit a
 * page quickly"). The page goes blank first, because the next one may load slowly, and is replaced
 * in the history, so that "Back" does not lead to it.
 */

const PRESSES = 3;
/** Milliseconds after which presses of Shift no longer count, as in GOV.UK's component. */
const RESET_AFTER = 5000;

const root = document.documentElement;
const announcement = /** @type {HTMLElement} */ (document.querySelector("[data-lights]"));
const link = /** @type {HTMLAnchorElement} */ (document.querySelector("[data-exit]"));

let pressed = 0;
let otherKey = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Leave without a question. `data-leaving` keeps other modules from asking one. */
function leave() {
  pressed = 0; // if the next page never loads, three more presses try again
  root.dataset.leaving = "";
  root.classList.add("leaving");
  document.title = "";
  location.replace(link.href);
}

/** @param {string | undefined} sentence */
function announce(sentence) {
  announcement.textContent = sentence ?? "";
  announcement.hidden = !sentence;
}

function reset() {
  if (pressed) announce(announcement.dataset.over);
  pressed = 0;
  timer = setTimeout(() => announce(undefined), RESET_AFTER);
}

function press() {
  pressed += 1;
  clearTimeout(timer);
  if (pressed === PRESSES) return leave();
  announce(pressed === 1 ? announcement.dataset.one : announcement.dataset.two);
  timer = setTimeout(reset, RESET_AFTER);
}

for (const button of document.querySelectorAll("[data-exit]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
}

// Counted on release, and only if pressed alone: Shift with another key types a capital letter.
document.addEventListener("keydown", (event) => {
  if (event.key === "Shift") otherKey = false;
  else otherKey = true;
});
document.addEventListener("keyup", (event) => {
  if (event.key === "Shift" && !otherKey) press();
  else if (event.key !== "Shift" && pressed) {
    clearTimeout(timer);
    reset();
  }
});

// A page that shows a case was posted for. The entry of the history forgets what was posted, so that
// neither "Back" nor a reload shows the case again: they lead to the page that asks for the words.
if (document.querySelector("main")?.dataset.back) history.replaceState(null, "", location.pathname);

// A page that shows a case goes blank before the browser keeps it in its back/forward cache.
addEventListener("pagehide", () => {
  if (document.querySelector("main")?.dataset.back) root.classList.add("leaving");
});

// A page that "Back" restores from that cache would still be blank. One that shows a case leads to
// the sign-in page instead: somebody else may use the device now.
addEventListener("pageshow", (event) => {
  const signIn = document.querySelector("main")?.dataset.back;
  if (/** @type {PageTransitionEvent} */ (event).persisted && signIn) return location.replace(signIn);
  delete root.dataset.leaving;
  return root.classList.remove("leaving");
});
