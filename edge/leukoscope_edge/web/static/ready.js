// Get ready: the picture, the lights, one instruction; start when all are good.

import { onKey, post, sayError, svgIcon } from "/static/api.js";
import { LiveView } from "/static/live.js";

const HOLD_MS = 2000;
const AGAIN_MS = 3000;
const FIRST_NEWS_MS = 300;
const GIVE_UP_MS = 8000;
const BUSY = ["counting", "paused", "ended"];
const picture = document.querySelector(".picture");
const toCount = `/slides/${picture.dataset.slide}/count`;
const path = `/api/slides/${picture.dataset.slide}/orders`;
const lights = document.getElementById("lights");
const names = JSON.parse(lights.dataset.names);
const start = document.getElementById("start");
const instruction = document.getElementById("instruction");
const waiting = instruction.textContent;

function bar(light) {
  const meter = document.createElement("meter");
  const low = light.low ?? 0;
  const high = light.high ?? Math.max(2 * low, light.value, 1);
  meter.min = 0;
  meter.max = Math.max(high * 1.25, light.value);
  meter.low = low;
  meter.high = high;
  meter.optimum = (low + high) / 2;
  meter.value = light.value;
  meter.textContent = light.value.toFixed(2);
  meter.setAttribute("aria-label", names[light.name] ?? light.name);
  return meter;
}

function showLights(all) {
  const rows = all.filter((l) => names[l.name]).map((light) => {
    const row = document.createElement("li");
    row.className = light.is_good ? "good" : "bad";
    const name = document.createElement("span");
    name.textContent = names[light.name];
    row.append(svgIcon(light.is_good ? "check" : "not-a-cell"), name, bar(light));
    return row;
  });
  lights.replaceChildren(...rows);
}

function isUnderWay(facts) { return BUSY.includes(facts.mode) && facts.slide === picture.dataset.slide; }

function show(facts) {
  if (isUnderWay(facts)) { location.replace(toCount); return; }
  if (facts.mode !== "preview" || facts.slide !== picture.dataset.slide) {
    start.disabled = true;
    if (facts.instruction) instruction.textContent = facts.instruction;
    return;
  }
  const all = facts.lights ?? [];
  const worst = all.find((l) => !l.is_good);
  if (all.length) showLights(all);
  start.disabled = isOrdered || Boolean(worst) || !all.length;
  const good = isOrdered ? start.dataset.starting : lights.dataset.good;
  instruction.textContent = facts.instruction || worst?.instruction || (all.length ? good : waiting);
  instruction.classList.toggle("bad", Boolean(worst || facts.instruction));
}

// The news of the count leads on to its screen, not the answer: the lights stay until
// the count is there.
let isOrdered = false;
async function count(anyway) {
  isOrdered = start.disabled = true;
  instruction.textContent = start.dataset.starting; // a cold device loads its model first
  try {
    await post(path, { do: "count", anyway });
    setTimeout(() => { isOrdered = false; }, GIVE_UP_MS);
  } catch (error) {
    isOrdered = false;
    sayError(error);
  }
}

start.addEventListener("click", () => count(false));
onKey((event) => {
  if (event.key !== "Enter" || start.disabled || event.target.closest("a, button")) return false;
  count(false);
  return true;
});
let holding = 0;
const anyway = document.getElementById("anyway");
function hold() { clearTimeout(holding); holding = setTimeout(() => count(true), HOLD_MS); }
function letGo() { clearTimeout(holding); }
for (const kind of ["pointerdown", "keydown"]) anyway.addEventListener(kind, (e) => { if (!e.repeat) hold(); });
for (const kind of ["pointerup", "pointerleave", "keyup", "blur"]) anyway.addEventListener(kind, letGo);

const view = new LiveView(document.getElementById("live"), document.getElementById("fallback"), show, picture.dataset.slide);
async function preview() {
  if (isOrdered || isUnderWay(view.facts)) return;
  if (view.facts.mode === "preview" && view.facts.slide === picture.dataset.slide) return;
  try { await post(path, { do: "preview" }); } catch (error) { sayError(error); }
}
setTimeout(preview, FIRST_NEWS_MS); // by then it is known whether a count is under way
setInterval(preview, AGAIN_MS);
