// Review: one key a cell. In the first look the word comes from the person first.

import { newKey, onKey, percent, post, sayError, svgIcon, unbroken } from "/static/api.js";
import { draftOf, keep, keepNow } from "/static/lock.js";

const byId = (id) => document.getElementById(id);
const root = byId("review");
const slide = root.dataset.slide;
const isBlind = root.dataset.pass === "blind";
const gallery = byId("gallery");
const phrases = byId("phrases").dataset;
const path = `/api/slides/${slide}`;
const tabs = [...document.querySelectorAll("[role=tab]")];
const WORDS = { b: "blast", o: "normal", u: "unclear", x: "not-a-cell" };
const KINDS = { // of a normal cell, by the key that names it
  n: "neutrophil", i: "immature granulocyte", e: "eosinophil", a: "basophil",
  l: "lymphocyte", m: "monocyte", r: "erythroblast",
};
const kindName = (kind) => document.querySelector(`.kinds [data-kind="${kind}"]`)?.firstChild.textContent.trim() ?? "";
const nameFor = (word, kind) => (word === "normal" && kindName(kind)) || nameOf[word];
const TAB_OF = { blast: "suspected", unclear: "unclear", normal: "others", "not-a-cell": "not-cells" };
const nameOf = { blast: phrases.blast, normal: phrases.normal, unclear: phrases.unclear, "not-a-cell": phrases.notACell };
const FRESH_MS = 350; // the second tap of a double tap must not judge an unseen cell
const loupe = byId("loupe");
let current = null;
let cooling = 0;
let sending = Promise.resolve();

const figures = () => [...gallery.querySelectorAll(".cell:not([hidden])")];
const imageOf = (figure) => figure.querySelector("img").getAttribute("src");

function select(figure) {
  current?.removeAttribute("aria-current");
  current = figure ?? null;
  byId("loupe").hidden = !current;
  byId("bar-um").hidden = !current || !phrases.viewUm; // no bar where the scale is not known
  for (const button of document.querySelectorAll("[data-word]:not(.cell), .kinds button, #note, #known, #compare")) button.disabled = !current;
  if (!current) return;
  current.setAttribute("aria-current", "true");
  current.scrollIntoView({ block: "nearest" });
  root.dataset.fresh = "";
  loupe.src = imageOf(current);
  announce(current);
}

// What an eye sees by the frame around it, an ear hears: which cell, and what it is called.
function announce(figure) {
  const all = figures();
  const called = figure.querySelector(".word")?.textContent.trim() ?? "";
  const place = `${all.indexOf(figure) + 1} / ${all.length}`;
  byId("chosen").textContent = [`${phrases.cellWord} ${figure.dataset.cell}`, called, place].filter(Boolean).join(", ");
}

// Words count from a moment after the picture is there.
function cool() {
  clearTimeout(cooling);
  cooling = setTimeout(() => { delete root.dataset.fresh; }, FRESH_MS);
}
for (const kind of ["load", "error"]) loupe.addEventListener(kind, cool);

// Steps go to the device in the order in which they were made.
function send(act) {
  sending = sending.then(act).catch((error) => {
    sayError(error);
    setTimeout(() => location.reload(), 2500); // show what the device knows
  });
  return sending;
}

function showLeft(n) {
  if (!isBlind) return;
  byId("n-left").textContent = n;
  byId("progress").value = byId("progress").max - n;
  byId("to-result").hidden = n > 0;
  byId("done").hidden = n > 0;
  if (n === 0) byId("to-result").focus();
}

function judge(word, kind = "") {
  if (!current || root.dataset.fresh !== undefined) return;
  const figure = current;
  const all = figures();
  const next = all[all.indexOf(figure) + 1] ?? all[all.indexOf(figure) - 1];
  if (isBlind) {
    figure.hidden = true; // judged: the next one takes its place
    select(next === figure ? null : next);
  } else {
    mark(figure, word, kind);
    select(next ?? figure);
  }
  const body = { cell: figure.dataset.cell, word, kind, key: newKey() };
  send(async () => {
    const answer = await post(`${path}/judge`, { ...body, seen: Number(figure.dataset.seen) });
    figure.dataset.seen = answer.seen;
    const model = answer.said ? ` · ${unbroken(answer.said)}` : "";
    const told = document.createElement("span");
    told.append(svgIcon(answer.word), ` ${phrases.you}: ${nameFor(answer.word, kind)}${model}`);
    byId("said").replaceChildren(smallOf(figure), told);
    showLeft(answer.n_left);
  });
}

// Of which cell something is said: the next one stands above already.
function smallOf(figure) {
  const image = document.createElement("img");
  image.src = imageOf(figure);
  image.alt = `${phrases.cellWord} ${figure.dataset.cell},`;
  return image;
}

function mark(figure, word, kind) {
  figure.dataset.word = word;
  figure.dataset.kind = kind;
  figure.dataset.tab = (word === "normal" && kind) || TAB_OF[word];
  const shown = figure.querySelector(".word");
  shown.className = `word ${word}`;
  shown.replaceChildren(svgIcon(word), ` ${nameFor(word, kind)}`);
  countTabs();
}

function undo() {
  send(async () => {
    const answer = await post(`${path}/undo`, { key: newKey() });
    const figure = byId(`cell-${answer.cell}`);
    if (!isBlind || !figure?.hidden) { location.reload(); return; }
    figure.hidden = false;
    figure.dataset.seen = answer.seen;
    select(figure);
    byId("said").textContent = phrases.undone;
    showLeft(answer.n_left);
  });
}

function countTabs() {
  for (const tab of tabs) {
    const n = gallery.querySelectorAll(`.cell[data-tab="${tab.dataset.tab}"]`).length;
    tab.querySelector("b").textContent = n;
    tab.hidden = n === 0 && kindName(tab.dataset.tab) !== "" && tab.getAttribute("aria-selected") !== "true";
  }
}

function showTab(name) {
  for (const tab of tabs) {
    const isShown = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", isShown);
    tab.tabIndex = isShown ? 0 : -1;
  }
  for (const figure of gallery.querySelectorAll(".cell")) figure.hidden = figure.dataset.tab !== name;
  gallery.scrollTop = 0;
  select(figures()[0]);
}

function move(key) {
  const all = figures();
  if (!all.length) return;
  const columns = Math.max(1, all.filter((f) => f.offsetTop === all[0].offsetTop).length);
  const forward = document.dir === "rtl" ? -1 : 1;
  const by = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: columns, ArrowUp: -columns }[key];
  const at = Math.min(Math.max(all.indexOf(current) + by, 0), all.length - 1);
  select(all[at]);
}

// The cell where it lay, in its field; where no field was kept, the cell alone.
function zoom() {
  if (!current) return;
  const field = current.dataset.field;
  const image = byId("zoomed");
  byId("ring").hidden = true;
  byId("no-field").hidden = Boolean(field);
  image.onload = () => { if (field) ring(image, field.split(" ").map(Number)); };
  image.src = field ? `${path}/cells/${current.dataset.cell}/field.jpg` : imageOf(current);
  byId("zoom").showModal();
}

function ring(image, [x0, y0, x1, y1]) {
  const style = byId("ring").style;
  const margin = 0.35 * Math.max(x1 - x0, y1 - y0); // the ring must not touch the cell
  const share = (length, whole) => `${(100 * length) / whole}%`;
  style.left = share(x0 - margin, image.naturalWidth);
  style.top = share(y0 - margin, image.naturalHeight);
  style.width = share(x1 - x0 + 2 * margin, image.naturalWidth);
  style.height = share(y1 - y0 + 2 * margin, image.naturalHeight);
  byId("ring").hidden = false;
}
byId("zoom").addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  const word = WORDS[key] ?? (KINDS[key] && "normal");
  if (event.key !== " " && !word) return;
  event.preventDefault();
  event.stopPropagation(); // or the page would open it again
  byId("zoom").close();
  if (word) judge(word, KINDS[key]);
});

function row(name, value) {
  const line = document.createElement("div");
  const term = document.createElement("dt");
  const number = document.createElement("dd");
  term.textContent = name;
  number.textContent = value;
  line.append(term, number);
  return line;
}

function alike({ golden, call }) {
  const item = document.createElement("li");
  const image = document.createElement("img");
  image.src = `/api/golden/${golden}.png`;
  image.alt = nameOf[call];
  const name = document.createElement("div");
  name.append(svgIcon(call), ` ${nameOf[call]}`);
  item.append(image, name);
  return item;
}

async function why() {
  if (!current || isBlind) return;
  const cell = current.dataset.cell;
  const answer = await fetch(`${path}/cells/${cell}`);
  if (!answer.ok) return;
  const facts = await answer.json();
  const rows = [row(phrases.call, unbroken(facts.said) || "–"), row(phrases.sightings, facts.n_sightings)];
  const f = facts.features;
  if (f) {
    rows.push(
      row(phrases.cellUm, f.cell_um.toFixed(1)), row(phrases.nucleusUm, f.nucleus_um.toFixed(1)),
      row(phrases.share, percent(f.nucleus_share, 0)),
      row(phrases.roundness, f.roundness.toFixed(2)), row(phrases.texture, f.texture.toFixed(2)),
    );
  }
  byId("features").replaceChildren(...rows);
  byId("alike").replaceChildren(...facts.alike.map(alike));
  byId("heat").src = f ? `${path}/cells/${cell}/heat.png` : imageOf(current);
  byId("crop").parentElement.hidden = !f;
  if (f) byId("crop").src = `${path}/cells/${cell}/crop.png`;
  byId("explanation").showModal();
}

// Two cells side by side: the first is remembered until the second is chosen.
let pinned = null;
function compare() {
  if (!current) return;
  if (!pinned || pinned === current) {
    pinned = current;
    byId("said").textContent = phrases.compareWith;
    return;
  }
  for (const [place, figure] of [["first", pinned], ["second", current]]) {
    byId(place).src = imageOf(figure);
    byId(place).alt = byId(`${place}-name`).textContent = `${phrases.cellWord} ${figure.dataset.cell}`;
  }
  pinned = null;
  byId("beside").showModal();
}

// Known cells of a kind beside this one: of its own kind first, where that may be told.
function known() {
  if (!current) return;
  const own = isBlind ? "" : current.dataset.kind;
  const buttons = [...document.querySelectorAll("[data-known]")];
  byId("asked").src = imageOf(current);
  showKnown(buttons.find((b) => b.dataset.known === own) ?? buttons[0]);
  byId("references").showModal();
}

function showKnown(chosen) {
  for (const button of document.querySelectorAll("[data-known]")) button.setAttribute("aria-pressed", button === chosen);
  const pictures = chosen.dataset.numbers.split(" ").map((number) => {
    const image = document.createElement("img");
    image.src = `/api/references/${number}.jpg`;
    image.alt = chosen.textContent;
    return image;
  });
  byId("known-cells").replaceChildren(...pictures);
}
for (const button of document.querySelectorAll("[data-known]")) button.addEventListener("click", () => showKnown(button));

let noted = "";
async function note() {
  if (!current) return;
  noted = current.dataset.cell;
  const answer = await fetch(`${path}/cells/${noted}/remarks`);
  const said = answer.ok ? await answer.json() : [];
  byId("said-notes").replaceChildren(...said.map(({ by, text }) => {
    const line = document.createElement("li");
    const words = document.createElement("bdi");
    words.textContent = text;
    line.append(`${by}: `, words);
    return line;
  }));
  byId("note-text").value = draftOf(`note ${noted}`);
  byId("notes").returnValue = "";
  byId("notes").showModal();
}
byId("note-text").addEventListener("input", ({ target }) => keep(`note ${noted}`, target.value));
byId("notes").addEventListener("close", () => {
  const text = byId("note-text").value.trim();
  if (byId("notes").returnValue !== "keep" || !text) return;
  keep(`note ${noted}`, "");
  keepNow();
  send(() => post(`${path}/cells/${noted}/remarks`, { text, key: newKey() }));
});

gallery.addEventListener("click", (event) => {
  const figure = event.target.closest(".cell");
  if (figure) select(figure);
});
gallery.addEventListener("dblclick", zoom);
byId("loupe").addEventListener("click", zoom);
byId("undo").addEventListener("click", undo);
byId("why")?.addEventListener("click", why);
byId("compare").addEventListener("click", compare);
byId("known").addEventListener("click", known);
byId("note").addEventListener("click", note);
for (const button of document.querySelectorAll(".kinds [data-kind]")) button.addEventListener("click", () => judge("normal", button.dataset.kind));
for (const button of document.querySelectorAll(".judge [data-word]")) button.addEventListener("click", () => judge(button.dataset.word));
for (const tab of tabs) tab.addEventListener("click", () => showTab(tab.dataset.tab));

// Arrow keys, Home and End go from tab to tab, as the pattern of tabs asks.
document.querySelector("[role=tablist]")?.addEventListener("keydown", (event) => {
  const there = tabs.filter((tab) => !tab.hidden);
  const at = there.indexOf(event.target.closest("[role=tab]"));
  const forward = document.dir === "rtl" ? -1 : 1;
  const to = { ArrowRight: at + forward, ArrowLeft: at - forward, Home: 0, End: there.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  event.stopPropagation(); // else the page takes it for another cell
  const tab = there[(to + there.length) % there.length];
  showTab(tab.dataset.tab);
  tab.focus();
});

onKey((event) => {
  const key = event.key.toLowerCase();
  if (WORDS[key]) judge(WORDS[key]);
  else if (KINDS[key]) judge("normal", KINDS[key]);
  else if (key === "c") compare();
  else if (key === "k") known();
  else if (key === "t") note();
  else if (key === "z") undo();
  else if (key === "w") why();
  else if (key === " ") zoom();
  else if (event.key.startsWith("Arrow")) move(event.key);
  else if (event.key === "Enter" && !byId("to-result").hidden && !event.target.closest("a, button")) byId("to-result").click();
  else return false;
  return true;
});

const barShare = 10 / Number(phrases.viewUm);
byId("bar-um").style.width = `${100 * barShare}%`;
if (isBlind) select(figures()[0]);
else {
  countTabs();
  const filled = tabs.find((t) => t.querySelector("b").textContent !== "0");
  showTab((filled ?? tabs[0])?.dataset.tab);
}
