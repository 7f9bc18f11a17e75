// A keyboard and a PIN pad on the screen, for a device that has none of its own.
//
// They come up at a tap on a field, on the device's own screen where it knows only
// fingers, or where somebody switched them on. Keys of a real keyboard go on working:
// the field keeps the focus, and Enter here is Enter there.

import { layouts, PAD, SIGNS } from "/static/layouts.js";
import { words } from "/static/api.js";

const CHOICE = "leukoscope_keyboard"; // "on" or "off"; unset: as the screen is
const TYPED = "input:not([type]), input[type=text], input[type=search], input[type=password], input[type=number]";
const OWN_NAMES = ["localhost", "127.0.0.1", "[::1]"];
const page = document.documentElement.lang;
let field = null; // the one that is typed into
let layout = layouts[page] ? page : "en";
let layer = "plain";
let box = null;

export function isOn() {
  const chosen = localStorage.getItem(CHOICE);
  if (chosen) return chosen === "on";
  const knowsFingersAlone = matchMedia("(pointer: coarse) and (hover: none)").matches;
  return knowsFingersAlone && OWN_NAMES.includes(location.hostname);
}

const isDigits = () => field.inputMode === "numeric" || field.dataset.digits !== undefined || field.type === "number";

function key(label, { name = "", act, wide = 1, pressed } = {}) {
  const button = document.createElement("button");
  button.type = "button";
  button.tabIndex = -1;
  button.textContent = label;
  button.style.flexGrow = wide;
  if (name) button.setAttribute("aria-label", name);
  if (pressed !== undefined) button.setAttribute("aria-pressed", pressed);
  button.addEventListener("click", () => { field?.focus({ preventScroll: true }); act(); });
  return button;
}

// As if typed on real keys: the browser itself minds the caret, the room that is left, a
// point that no digit follows yet, and letters of several signs.
const put = (text) => document.execCommand("insertText", false, text);
const remove = () => document.execCommand("delete");

function enter() {
  const pressed = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
  if (!field.dispatchEvent(pressed) || !field.form) return;
  const form = field.form;
  hide();
  form.requestSubmit();
}

function change(what) { layer = what; draw(); }

function letter(text) {
  const label = /^\p{M}/u.test(text) ? `◌${text}` : text; // a mark needs a letter to stand on
  return key(label, { act: () => { put(text); if (layer === "shift") change("plain"); } });
}

function row(...keys) {
  const line = document.createElement("div");
  line.append(...keys);
  return line;
}

const DELETE = () => key("⌫", { name: words.kb_delete, act: remove, wide: 1.5 });
const ENTER = () => key("✓", { name: words.kb_enter, act: enter, wide: 1.5 });
const HIDE = () => key("▼", { name: words.kb_hide, act: hide, wide: 1 });

function padRows() {
  const lines = PAD.map((line) => row(...[...line].map(letter)));
  const dot = field.type === "number" ? [letter(".")] : [];
  lines.at(-1).append(...dot, DELETE(), ENTER(), HIDE());
  if (field.type !== "number") lines.at(-1).append(key("abc", { name: words.kb_letters, act: () => change("plain") }));
  return lines;
}

function letterRows() {
  const shown = layer === "signs" ? SIGNS : layouts[layout][layer === "shift" ? 1 : 0];
  const lines = shown.map((line) => row(...line.split(" ").map(letter)));
  const others = Object.keys(layouts).filter((l) => l === "en" || l === page);
  const next = others[(others.indexOf(layout) + 1) % others.length];
  const last = row(
    key("▲", { name: words.kb_shift, pressed: layer === "shift", act: () => change(layer === "shift" ? "plain" : "shift"), wide: 1.5 }),
    key(layer === "signs" ? "abc" : "-_.,", { name: layer === "signs" ? words.kb_letters : words.kb_signs, act: () => change(layer === "signs" ? "plain" : "signs"), wide: 1.5 }),
  );
  if (others.length > 1) last.append(key(next, { name: `${words.kb_letters}: ${next}`, act: () => { layout = next; change("plain"); } }));
  last.append(key(words.kb_space, { act: () => put(" "), wide: 5 }), DELETE(), ENTER(), HIDE());
  return [...lines, last];
}

function draw() {
  box.classList.toggle("digits", layer === "pad");
  box.replaceChildren(...(layer === "pad" ? padRows() : letterRows()));
  document.body.classList.add("has-keyboard");
  document.body.style.paddingBottom = `${box.offsetHeight}px`;
}

function newBox() {
  box = document.createElement("div");
  box.id = "keyboard";
  box.dir = "ltr"; // as the keys of every keyboard lie
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", words.kb_name);
  // The field keeps focus and selection while keys are tapped.
  for (const kind of ["pointerdown", "mousedown"]) box.addEventListener(kind, (event) => event.preventDefault());
  box.addEventListener("click", (event) => event.stopPropagation()); // no tap beside it
}

function show(wanted) {
  if (wanted !== field || !box) layer = "";
  field = wanted;
  if (field.inputMode === "numeric") field.dataset.digits = "";
  field.inputMode = "none"; // the system's own keyboard stays away
  layer ||= isDigits() ? "pad" : "plain";
  if (!box) newBox();
  const home = field.closest("dialog") ?? document.body; // nothing else lies above a dialog
  if (box.parentElement !== home) home.append(box);
  draw();
  field.scrollIntoView({ block: "nearest" });
}

function hide() {
  box?.remove();
  box = null;
  document.body.classList.remove("has-keyboard");
  document.body.style.paddingBottom = "";
}

function fieldOf(target) {
  const found = target.closest?.(TYPED) ?? target.closest?.("label.field")?.querySelector(TYPED);
  const hasOwnPad = found?.name === "pin" && found.form?.querySelector(".pad");
  return hasOwnPad ? null : found;
}

document.addEventListener("click", (event) => {
  if (box?.contains(event.target)) return;
  const wanted = fieldOf(event.target);
  if (wanted && isOn()) show(wanted);
  else if (box && document.activeElement !== field) hide();
});
document.addEventListener("focusin", (event) => {
  if (!box || event.target === field) return;
  const wanted = fieldOf(event.target);
  if (wanted) show(wanted);
});

for (const button of document.querySelectorAll("[data-keyboard]")) {
  button.setAttribute("aria-pressed", isOn());
  button.addEventListener("click", () => {
    localStorage.setItem(CHOICE, isOn() ? "off" : "on");
    button.setAttribute("aria-pressed", isOn());
    if (!isOn()) hide();
  });
}
