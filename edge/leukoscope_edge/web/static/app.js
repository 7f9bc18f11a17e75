// On every screen: forms and buttons that post, the list of keys.

import { newKey, onKey, post, say, sayError } from "/static/api.js";
import { forget, keepNow } from "/static/lock.js";
import "/static/pictures.js";
import "/static/validity.js";

const FRESH_MS = 350; // a tap meant for the page before must not judge on this one
const shownAt = performance.now();
const CAME_ANEW = "leukoscope-anew"; // in this window
const main = document.querySelector("main");

function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.dataset.sameAs || (field.type === "radio" && !field.checked)) continue;
    if (field.dataset.list !== undefined) {
      body[field.name] ??= [];
      if (field.checked) body[field.name].push(field.value);
    } else if (field.type === "checkbox") body[field.name] = field.checked;
    else if (field.dataset.number !== undefined) body[field.name] = field.value === "" ? null : Number(field.value);
    else body[field.name] = field.value;
  }
  if (form.dataset.keyed !== undefined) {
    form.dataset.keyed ||= newKey(); // the same key if it is sent again
    body.key = form.dataset.keyed;
  }
  return body;
}

function isSame(form) {
  for (const field of form.querySelectorAll("[data-same-as]")) {
    if (field.value === form.elements[field.dataset.sameAs].value) continue;
    field.value = "";
    field.focus();
    say(field.dataset.differs);
    return false;
  }
  return true;
}

// A page that comes anew by itself comes where it was, and says that something is kept.
function reload(said = "") {
  sessionStorage.setItem(CAME_ANEW, JSON.stringify({ top: main.scrollTop, said }));
  location.reload();
}

function comeAnew() {
  const { top, said } = JSON.parse(sessionStorage.getItem(CAME_ANEW) ?? "{}");
  sessionStorage.removeItem(CAME_ANEW);
  const isTold = main.querySelector(".notices[data-ending], .notices [role=status]");
  if (top && !isTold) main.scrollTop = top;
  if (said) say(said, { good: true });
}

function goOn(element, answer) {
  const wanted = new URL(new URLSearchParams(location.search).get("next") || "/", location.origin);
  const isOurs = wanted.origin === location.origin;
  if (element.dataset.next !== undefined && isOurs) location.assign(wanted.pathname);
  else if (element.dataset.done) say(element.dataset.done, { good: true });
  else if (element.dataset.reload !== undefined || answer.next === location.pathname) reload(element.dataset.reload);
  else if (answer.next) location.assign(answer.next);
  element.dispatchEvent(new CustomEvent("answered", { detail: answer }));
}

async function send(element, body) {
  if (element.dataset.busy) return;
  element.dataset.busy = "1";
  try {
    const answer = await post(element.dataset.post, body);
    forget(element);
    goOn(element, answer);
  } catch (error) {
    sayError(error);
    const pin = element.querySelector("[name=pin]");
    if (pin) { pin.value = ""; pin.focus(); }
  } finally {
    delete element.dataset.busy;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.post) return;
  event.preventDefault();
  const isFresh = form.dataset.judges !== undefined && performance.now() - shownAt < FRESH_MS;
  if (!isFresh && isSame(form)) send(form, bodyOf(form));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-post]");
  if (button) keepNow().then(() => send(button, JSON.parse(button.dataset.body || "{}")));
});

// Before this, a form would be sent by the browser itself, its fields in the address.
main.inert = false;
// What is above a field is read first; without a field the keys scroll what is read.
(main.querySelector("[autofocus]") ?? main).focus({ preventScroll: true });
comeAnew();
openNamed();

// A list leads to a part of a slide's screen that is folded away.
function openNamed() {
  const named = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!(named instanceof HTMLDetailsElement)) return;
  named.open = true;
  named.scrollIntoView();
  named.querySelector("input:not([type=hidden]), select")?.focus();
}

function showKeys() {
  document.getElementById("keys")?.showModal();
  return true;
}
document.getElementById("keys-button")?.addEventListener("click", showKeys);
onKey((event) => {
  if (event.key === "?") return showKeys();
  const link = document.querySelector(`a[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (link) link.click();
  return Boolean(link);
});
