// What ears at the eyepieces need: a tick a cell, a double tick a suspect, a buzz when
// something is wrong, a chime at round numbers. Made here, no file.

let context = null;
let on = true;

// Browsers allow sound only after somebody touched the page.
export function setSound(wanted) { on = wanted; wake(); }
export function wake() { context ??= new AudioContext(); context.resume(); }
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, wake, { once: true });

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
