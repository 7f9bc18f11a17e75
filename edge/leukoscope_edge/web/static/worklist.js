// The list of slides: what is searched for goes in a request's body, never in an address.
// The kind of slides and the page stay in the address's end, which no server hears of.

import { ask, onKey, sayError } from "/static/api.js";

const form = document.getElementById("search");
const rows = document.getElementById("rows");
let newest = 0; // of two answers only the one that was asked for last is shown

function wanted(page) {
  const { show, sample, since, until } = form.elements;
  const body = { show: show.value, sample: sample.value, page };
  if (since.value) body.since = since.value;
  if (until.value) body.until = until.value;
  return body;
}

async function list(page = 1) {
  const number = ++newest;
  const body = wanted(page);
  try {
    const html = await (await ask("/api/worklist", body)).text();
    if (number !== newest) return;
    rows.innerHTML = html; // of the device itself, which escapes what people typed
    history.replaceState(null, "", `#${new URLSearchParams({ show: body.show, page })}`);
    rows.scrollTop = 0;
  } catch (error) { sayError(error); }
}

form.addEventListener("submit", (event) => { event.preventDefault(); list(); });
form.addEventListener("reset", () => setTimeout(list));
form.addEventListener("change", (event) => { if (event.target.name !== "sample") list(); });
rows.addEventListener("click", (event) => {
  const page = event.target.closest("[data-page]")?.dataset.page;
  if (page) list(Number(page)).then(() => rows.focus());
});
onKey((event) => {
  if (event.key === "/") form.elements.sample.focus();
  return event.key === "/";
});

const kept = new URLSearchParams(location.hash.slice(1));
const chip = form.querySelector(`[name=show][value="${CSS.escape(kept.get("show") ?? "")}"]`);
if (chip) {
  chip.checked = true;
  list(Number(kept.get("page")) || 1);
}
