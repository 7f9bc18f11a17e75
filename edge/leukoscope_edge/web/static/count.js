// Count: numbers, state in words, map, last cells, sounds; tap a missed cell.

import { newKey, onKey, percent, post, say, sayError, svgIcon, unbroken } from "/static/api.js";
import { LiveView } from "/static/live.js";
import * as sounds from "/static/sounds.js";

const BUZZ_EVERY_MS = 1500;
const byId = (id) => document.getElementById(id);
const picture = document.querySelector(".picture");
const slide = picture.dataset.slide;
const firstLook = Number(picture.dataset.firstLook);
const phrases = byId("phrases").dataset;
const path = `/api/slides/${slide}`;
const BUSY = ["counting", "paused", "ended"];
const ending = byId("ending");
let last = null;
let lastBuzz = 0;
let asked = false;

function order(what) {
  return post(`${path}/orders`, { do: what }).catch(sayError);
}

// Before the first look the device tells how many cells there are, and no more.
function showNumbers(count, doubt) {
  byId("n-cells").textContent = count.n_cells + count.n_unclear;
  const differential = byId("n-differential");
  if (differential) differential.textContent = count.n_cells + count.n_unclear;
  const next = count.next_look;
  byId("next-look").textContent = next ? byId("next-look").dataset.text.replace("{n}", next) : "";
  byId("progress").value = next ? (100 * count.n_cells) / next : 100;
  const said = [doubt, count.advice].filter(Boolean); // it forbids a negative, no finding
  byId("advice").textContent = unbroken(said.join("\n"));
  byId("advice").classList.toggle("warning", Boolean(doubt));
  if (count.n_blast === null || !byId("n-blast")) return;
  byId("n-blast").textContent = count.n_blast;
  byId("n-unclear").textContent = count.n_unclear;
  const shows = count.n_cells >= firstLook && count.interval;
  byId("interval").textContent = shows
    ? `${percent(count.n_blast / count.n_cells, 1)} (${count.interval.map((end) => percent(end, 1)).join(" – ")})`
    : byId("interval").dataset.hidden;
}

function ring(count) {
  const now = { n: count.n_cells + count.n_unclear, suspects: count.n_blast + count.n_unclear };
  if (last) {
    if (now.suspects > last.suspects) sounds.doubleTick();
    else if (now.n > last.n) sounds.tick();
    if ([100, 200].some((k) => last.n < k && now.n >= k)) sounds.chime();
  }
  last = now;
}

function stateText(facts) {
  const lost = view.ghost ? phrases.ghost : phrases.lost;
  const tracking = { "too fast": phrases.tooFast, lost }[facts.tracking];
  switch (facts.mode) {
    case "counting": return tracking ?? facts.instruction ?? "";
    case "paused": return facts.interrupted_at ? phrases.interrupted : phrases.paused;
    case "ended": return phrases.ended;
    case "failed": return `${phrases.failed} ${facts.instruction ?? ""}`;
    case "starting": return phrases.starting;
    default: return phrases.idle;
  }
}

function showState(facts) {
  byId("found-by").hidden = !facts.found_by;
  byId("found-by").title = facts.found_by ?? "";
  byId("hint").hidden = Boolean(facts.found_by);
  const banner = byId("banner");
  const text = stateText(facts);
  banner.hidden = !text;
  banner.textContent = text;
  const isBad = facts.mode === "failed" || facts.tracking === "lost";
  banner.classList.toggle("bad", isBad);
  const buzzes = facts.mode === "counting" && text;
  if (buzzes && Date.now() - lastBuzz > BUZZ_EVERY_MS) {
    lastBuzz = Date.now();
    sounds.buzz();
  }
  const paused = facts.mode === "paused";
  byId("pause").setAttribute("aria-pressed", paused);
  const words = byId("pause").dataset;
  byId("pause").querySelector("span").textContent = paused ? words.goOn : words.pause;
  byId("pause").disabled = !["counting", "paused"].includes(facts.mode);
}

// The map: every place of the lens, islands in their own shade, the lens as a frame.
const visited = [];
function showMap(place) {
  const [x, y, island] = place;
  const near = visited.at(-1);
  if (!near || near[2] !== island || Math.hypot(near[0] - x, near[1] - y) > 40) visited.push(place);
  const map = byId("map");
  const pen = map.getContext("2d");
  const xs = visited.map((p) => p[0]);
  const ys = visited.map((p) => p[1]);
  const [x0, y0] = [Math.min(...xs, x), Math.min(...ys, y)];
  const [x1, y1] = [Math.max(...xs, x) + 640, Math.max(...ys, y) + 480];
  const scale = Math.min(map.width / (x1 - x0), map.height / (y1 - y0), 0.06);
  pen.clearRect(0, 0, map.width, map.height);
  const draw = (p) => [(p[0] - x0) * scale, (p[1] - y0) * scale, 640 * scale, 480 * scale];
  for (const p of visited) {
    pen.fillStyle = p[2] % 2 ? "#b58bd0" : "#8fb9c4";
    pen.fillRect(...draw(p));
  }
  pen.strokeStyle = "#16242e";
  pen.lineWidth = 2;
  pen.strokeRect(...draw(place));
}

const tiles = new Map();
function showLast(cells) {
  const items = cells.slice(0, 6).map(([id, call]) => {
    const known = tiles.get(id);
    const item = known ?? document.createElement("li");
    if (!known) {
      const image = document.createElement("img");
      image.src = `${path}/cells/${id}/view.png`;
      image.alt = id;
      item.append(image);
      tiles.set(id, item);
    }
    if (item.dataset.call !== call) {
      item.dataset.call = call;
      item.className = call;
      item.querySelector("svg")?.remove();
      if (!["normal", "seen"].includes(call)) item.append(svgIcon(call === "new" ? "eye" : call));
    }
    return item;
  });
  byId("last").replaceChildren(...items);
}

// A count that was cut off goes on; a new one begins where its lights are shown.
function goOn() {
  if (asked) return;
  asked = true;
  if (picture.dataset.begun !== undefined) order("count");
  else location.replace(`/slides/${slide}/ready`);
}

function show(facts) {
  const isOurs = facts.slide === slide;
  if (!isOurs && BUSY.includes(facts.mode)) return;
  if (isOurs && facts.mode === "finished") location.assign(`/slides/${slide}/review`);
  if (["idle", "preview"].includes(facts.mode) || (!isOurs && facts.mode === "finished")) goOn();
  if (!isOurs) { showState(facts); return; }
  if (facts.count) { ring(facts.count); showNumbers(facts.count, facts.doubt); }
  if (facts.place) showMap(facts.place);
  if (facts.last) showLast(facts.last);
  showState(facts);
}

const view = new LiveView(byId("live"), byId("fallback"), show, slide);

function boxAt(x, y) {
  const [px, py] = [x * view.canvas.width, y * view.canvas.height];
  return (view.shown.boxes ?? []).find(({ box }) => px >= box[0] && px <= box[2] && py >= box[1] && py <= box[3]);
}

view.canvas.addEventListener("click", async (event) => {
  const place = view.place(event);
  if (!place || !view.shown?.frame || boxAt(place.x, place.y)) return;
  try {
    const { frame } = view.shown;
    const { cell, box } = await post(`${path}/missed`, { ...place, frame, key: newKey() });
    view.mark(frame, box);
    added.push(cell);
    showAdded();
  } catch (error) { sayError(error); }
});

// What was added in this page can be taken back here, the last one first.
const added = [];
function showAdded() {
  byId("added").hidden = !added.length;
  byId("added-n").textContent = added.length;
}
byId("take-back").addEventListener("click", async () => {
  try {
    const { cell } = await post(`${path}/undo`, { key: newKey() });
    if (added.at(-1) === cell) { added.pop(); view.unmark(); }
    showAdded();
  } catch (error) { sayError(error); }
});

const actions = {
  pause: () => order(view.facts.mode === "paused" ? "go-on" : "pause"),
  "new-area": () => order("new-area"),
  finish: () => {
    byId("ending-n").textContent = byId("n-cells").textContent;
    byId("ending-advice").textContent = byId("advice").textContent;
    ending.showModal();
  },
  sound: () => sounds.press(),
};
sounds.watch((state) => {
  const button = byId("sound");
  button.setAttribute("aria-pressed", state !== "off");
  button.dataset.state = state;
  button.querySelector("span").textContent = button.dataset[state];
});
for (const [id, act] of Object.entries(actions)) byId(id).addEventListener("click", act);
byId("end").addEventListener("click", () => { ending.close(); order("finish"); });
const keys = { p: "pause", a: "new-area", f: "finish", s: "sound" };
onKey((event) => {
  const id = keys[event.key.toLowerCase()];
  if (!id || byId(id).disabled) return false;
  actions[id]();
  return true;
});
