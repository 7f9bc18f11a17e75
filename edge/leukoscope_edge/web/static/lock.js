// The page locks itself when nobody has touched it, and says so a minute before. What
// was typed and not sent is told to the device meanwhile, which gives it back to whoever
// typed it, on the same screen, after a lock and a sign-in.

import { ask, lock, post, sayError, words } from "/static/api.js";

const LOCK_AFTER_MS = 5 * 60 * 1000; // the device's own limit is the same
const WARN_MS = 60 * 1000;
const SIGN_OF_LIFE_MS = 60 * 1000;
const LOOK_MS = 1000;
const TYPING_MS = 700; // a pause so long, and what was typed is kept
const KEPT = "input:not([type=password], [type=radio], [type=checkbox], [type=hidden]), textarea";
const isSignedIn = document.body.dataset.signedIn !== undefined;
const warning = document.getElementById("locks");
const drafts = JSON.parse(document.getElementById("drafts")?.textContent ?? "{}");

// A running count counts as touch.
let lastTouch = Date.now();
let lastSign = Date.now();
export function touched() {
  lastTouch = Date.now();
  if (warning?.matches(":popover-open")) warning.hidePopover();
}
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touched);

function look() {
  const idle = Date.now() - lastTouch;
  if (idle > LOCK_AFTER_MS) lock();
  else if (idle > LOCK_AFTER_MS - WARN_MS) warn(Math.ceil((LOCK_AFTER_MS - idle) / 1000));
  else if (lastTouch > lastSign && Date.now() - lastSign > SIGN_OF_LIFE_MS) {
    lastSign = Date.now();
    post("/api/here").catch(sayError);
  }
}

// Said once to who listens, counted down for who looks.
function warn(left) {
  if (!warning.matches(":popover-open")) {
    warning.showPopover(); // above a dialog too
    warning.querySelector("[role=alert]").textContent = words.locks;
  }
  warning.querySelector("b").textContent = left;
}

// Which field of which form, such as "/api/slides/0001/sign comment".
const nameOf = (field) => `${field.form.dataset.post} ${field.name}`;

export const draftOf = (name) => drafts[name] ?? "";

let waiting = 0;
export function keep(name, text) {
  if (text) drafts[name] = text;
  else delete drafts[name];
  clearTimeout(waiting);
  waiting = setTimeout(keepNow, TYPING_MS);
}

// Where it cannot be kept the page goes on: it is told again with the next letter.
export async function keepNow() {
  if (!waiting) return;
  clearTimeout(waiting);
  waiting = 0;
  await ask("/api/drafts", { path: location.pathname, texts: drafts }, { keepalive: true }).catch(() => {});
}

// What a form has sent is no draft any more.
export function forget(form) {
  for (const name of Object.keys(drafts)) {
    if (name.startsWith(`${form.dataset.post} `)) keep(name, "");
  }
  keepNow();
}

const typed = (form) => form.querySelectorAll(KEPT);

if (isSignedIn) {
  setInterval(look, LOOK_MS);
  for (const form of document.querySelectorAll("form[data-post]")) {
    for (const field of typed(form)) {
      if (!draftOf(nameOf(field))) continue;
      field.value = draftOf(nameOf(field));
      const folded = field.closest("details");
      if (folded) folded.open = true;
    }
  }
  document.addEventListener("input", ({ target }) => {
    if (target.form?.dataset.post && target.matches(KEPT)) keep(nameOf(target), target.value);
  });
  addEventListener("pagehide", keepNow);
}
