/**
 * Leaves the page in a hurry: by the button, or by Shift three times (GOV.UK, "Exit a page
 * quickly"). The page goes blank first, because the next one may be slow to come, and is
 * replaced, so that "Back" does not lead here.
 */

const PRESSES = 3;
/** Milliseconds after which a press of Shift is forgotten, as in GOV.UK's component. */
const FORGOTTEN = 5000;

const root = document.documentElement;
const lights = /** @type {HTMLElement} */ (document.querySelector("[data-lights]"));
const link = /** @type {HTMLAnchorElement} */ (document.querySelector("[data-exit]"));

let pressed = 0;
let otherKey = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Go, without asking. `leaving` tells the other modules not to ask either. */
function leave() {
  pressed = 0; // should the next page never come, three presses ask for it again
  root.dataset.leaving = "";
  root.classList.add("leaving");
  document.title = "";
  location.replace(link.href);
}

/** @param {string | undefined} words */
function tell(words) {
  lights.textContent = words ?? "";
  lights.hidden = !words;
}

function forget() {
  if (pressed) tell(lights.dataset.over);
  pressed = 0;
  timer = setTimeout(() => tell(undefined), FORGOTTEN);
}

function press() {
  pressed += 1;
  clearTimeout(timer);
  if (pressed === PRESSES) return leave();
  tell(pressed === 1 ? lights.dataset.one : lights.dataset.two);
  timer = setTimeout(forget, FORGOTTEN);
}

for (const each of document.querySelectorAll("[data-exit]")) {
  each.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
}

// Counted when released, and only alone: Shift with another key writes a capital letter.
document.addEventListener("keydown", (event) => {
  if (event.key === "Shift") otherKey = false;
  else otherKey = true;
});
document.addEventListener("keyup", (event) => {
  if (event.key === "Shift" && !otherKey) press();
  else if (event.key !== "Shift" && pressed) {
    clearTimeout(timer);
    forget();
  }
});

// What the browser's memory keeps of a page that shows a case is blank.
addEventListener("pagehide", () => {
  if (document.querySelector("main")?.dataset.back) root.classList.add("leaving");
});

// Come back by "Back" out of the browser's memory, the page would still be blank; and one that
// shows a case opens to whoever is there now: its words are asked for again.
addEventListener("pageshow", (event) => {
  const asks = document.querySelector("main")?.dataset.back;
  if (/** @type {PageTransitionEvent} */ (event).persisted && asks) return location.replace(asks);
  delete root.dataset.leaving;
  return root.classList.remove("leaving");
});
