// A picture that does not come leaves a quiet place, not the browser's broken one; it is
// asked for again once the device answers, and then once more at most.

import { lockIfSignedOut } from "/static/api.js";

const AGAIN_MS = 2000;
const isPicture = (target) => target instanceof HTMLImageElement && target.hasAttribute("src");
const waiting = new Set();
const askedAgain = new WeakMap(); // a picture, and for what address it was
let timer = 0;

function miss(target) {
  if (!isPicture(target)) return;
  target.dataset.away = "";
  if (askedAgain.get(target) === target.src) return; // the device has none
  waiting.add(target);
  timer ||= setTimeout(look, AGAIN_MS);
}

document.addEventListener("error", ({ target }) => miss(target), true);
for (const picture of document.images) {
  if (picture.complete && !picture.naturalWidth) miss(picture); // before this listened
}

document.addEventListener("load", ({ target }) => {
  if (!isPicture(target)) return;
  delete target.dataset.away;
  askedAgain.delete(target);
  waiting.delete(target);
}, true);

async function look() {
  const answer = await fetch("/static/icons.svg", { cache: "no-store" }).catch(() => null);
  timer = answer ? 0 : setTimeout(look, AGAIN_MS);
  if (!answer) return;
  await lockIfSignedOut();
  const all = [...waiting].filter(isPicture);
  waiting.clear();
  for (const picture of all) {
    askedAgain.set(picture, picture.src);
    picture.setAttribute("src", picture.getAttribute("src"));
  }
}
