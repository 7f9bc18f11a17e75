// What ears at the eyepieces need: a tick a cell, a double tick a suspect, a buzz when
// something is wrong, a chime at round numbers. Made here, no file.

const KEPT = "leukoscope-sound"; // in this browser: off stays off
const JUST_NOW_MS = 700;
let context = null;
let on = localStorage.getItem(KEPT) !== "off";
let tell = () => {};
let wokeAt = -Infinity;

// "on", "off", or "silent": wanted, and the browser waits for somebody to touch the page.
export function state() {
  if (!on) return "off";
  return context?.state === "running" ? "on" : "silent";
}

// Tell whenever the state changes; asked for at once, since some browsers allow sound at
// load (the device's own screen does). Where this one does not, any touch or key wakes it.
export function watch(told) {
  tell = () => told(state());
  wake();
  tell();
}

export function wake() {
  if (!on) return;
  context ??= Object.assign(new AudioContext(), { onstatechange });
  if (context.state !== "running") context.resume().catch(() => {});
}

function onstatechange() {
  if (context.state === "running") wokeAt = performance.now();
  tell();
}
// A finger's pointerdown is no permission yet, its pointerup and click are.
for (const kind of ["pointerdown", "pointerup", "click", "keydown"]) addEventListener(kind, wake);

// The button: a silent one is woken, not switched off by the very touch that woke it.
export function press() {
  const hasJustWoken = performance.now() - wokeAt < JUST_NOW_MS;
  if (on && (state() === "silent" || hasJustWoken)) { wake(); return; }
  on = !on;
  localStorage.setItem(KEPT, on ? "on" : "off");
  wake();
  tell();
}

function tone(frequency, start, length, { type = "sine", loud = 0.2 } = {}) {
  if (!on || context?.state !== "running") return;
  const at = context.currentTime + start;
  const tone = context.createOscillator();
  const gain = context.createGain();
  tone.type = type;
  tone.frequency.value = frequency;
  gain.gain.setValueAtTime(loud, at);
  gain.gain.exponentialRampToValueAtTime(0.001, at + length);
  tone.connect(gain).connect(context.destination);
  tone.start(at);
  tone.stop(at + length);
}

export function tick() { tone(1200, 0, 0.04); }
export function doubleTick() { tone(1700, 0, 0.05, { loud: 0.3 }); tone(1700, 0.11, 0.05, { loud: 0.3 }); }
export function buzz() { tone(110, 0, 0.35, { type: "sawtooth", loud: 0.15 }); }
export function chime() { tone(660, 0, 0.5); tone(880, 0.18, 0.6); tone(1320, 0.36, 0.9); }
