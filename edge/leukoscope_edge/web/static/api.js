// How every script talks to the device: JSON, the page's token, one error line.

const token = document.querySelector("meta[name=token]").content;
export const words = JSON.parse(document.getElementById("words").textContent);

// Once-only steps carry a key; crypto.randomUUID needs a secure context, this does not.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

// No line ends between a figure and its "%", as on every page (`i18n.unbroken`).
export const unbroken = (text) => text.replace(/(\d) %/g, "$1\u00a0%");
export const percent = (fraction, digits) => unbroken(`${(100 * fraction).toFixed(digits)} %`);

export class Refused extends Error {}

// Post to the API and return the response; throws Refused with the device's own words.
// With `keepalive` it is sent even where the page is being left.
export async function ask(path, body = {}, { keepalive = false } = {}) {
  const headers = { "content-type": "application/json", "x-leukoscope-token": token };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body), keepalive });
  if (answer.status === 401 && answer.headers.has("x-leukoscope-sign-in")) lock();
  if (answer.status === 403) await lockIfSignedOut();
  if (answer.ok) return answer;
  const { detail } = await answer.json().catch(() => ({}));
  throw new Refused(sayWhy(detail));
}

// Post to the API and return what it says.
export async function post(path, body = {}) {
  return (await ask(path, body)).json();
}

// What a person reads beside a field, or its name where there is none.
function labelOf(name) {
  const field = document.querySelector(`[name="${CSS.escape(name)}"]`);
  return field?.closest("label")?.querySelector("span")?.textContent.trim() || name;
}

function sayWhy(detail) {
  if (Array.isArray(detail)) {
    const labels = detail.map((d) => labelOf(String(d.loc.at(-1))));
    const isHidden = detail.some((d) => d.type === "hidden_signs");
    return (isHidden ? words.hidden : words.field).replace("{field}", [...new Set(labels)].join(", "));
  }
  return words[detail] || detail || words.again;
}

// Once: on a slow device each further call would begin the way to the sign-in anew.
let isLocking = false;
addEventListener("pageshow", () => { isLocking = false; });
export function lock() {
  if (isLocking) return;
  isLocking = true;
  if (location.pathname === "/sign-in") { location.reload(); return; }
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
}

// Where the device was started anew it knows no session any longer: to the sign-in, and
// back here from there. The still picture is asked, since looking is no sign of life.
export async function lockIfSignedOut() {
  const answer = await fetch("/live.jpg").catch(() => null);
  if (answer?.status === 401) lock();
}

let hiding = 0;
export function say(text, { good = false } = {}) {
  const line = document.getElementById("alert");
  line.textContent = text;
  line.classList.toggle("good", good);
  line.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { line.hidden = true; }, 8000);
}

document.getElementById("alert").addEventListener("click", ({ currentTarget }) => { currentTarget.hidden = true; });

export function sayError(error) {
  say(error instanceof Refused ? error.message : words.again);
}

export function svgIcon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

// Keys act on the page only where nobody is writing and no dialog is open. Space and
// Enter press what has the focus; a button that was tapped gives its focus up, so that
// the next space is the page's again.
const PRESSED = "a, button, summary, [role=tab], input";
document.addEventListener("click", (event) => {
  const button = event.target.closest("main button:not([role=tab])");
  if (button && event.detail > 0 && !button.closest("dialog, form")) button.blur();
});
export function onKey(act) {
  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea");
    const modified = event.ctrlKey || event.altKey || event.metaKey;
    const presses = [" ", "Enter"].includes(event.key) && event.target.closest(PRESSED);
    if (writing || modified || event.repeat || presses || document.querySelector("dialog[open]")) return;
    if (act(event)) event.preventDefault();
  });
}
