// The calibration wizard: show the picture, hold it, tap both ends of a line of known
// length; and the red cells, once blood is under the lens.

import { ask, post, say, sayError } from "/static/api.js";
import { LiveView } from "/static/live.js";

const SHOWN_MS = 4 * 60 * 1000; // less than until the page locks: the camera goes back
const PICTURE = "/api/device/picture";

// The line that is measured, blue in white: seen on glass and on cells.
function drawLine(canvas, ends) {
  const pen = canvas.getContext("2d");
  for (const [colour, width] of [["#fff", 7], ["#1467c8", 3]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    for (const [x, y] of ends) pen.strokeRect(x - 8, y - 8, 16, 16);
    pen.beginPath();
    for (const [x, y] of ends) pen.lineTo(x, y);
    pen.stroke();
  }
}

const form = document.getElementById("calibrate");
if (form) {
  const keep = form.querySelector("button.primary");
  const ends = [];
  let view = null;
  let isOn = false;
  let ending = 0;
  const giveBack = () => {
    clearTimeout(ending);
    if (!isOn) return;
    isOn = false;
    view.held = true;
    ask(PICTURE, { on: false }, { keepalive: true }).catch(() => {});
  };
  const onFacts = (facts) => {
    if (facts.mode === "failed" && facts.instruction) say(facts.instruction);
  };
  const show = async () => {
    try { await post(PICTURE, { on: true }); } catch (error) { sayError(error); return; }
    isOn = true;
    ending = setTimeout(giveBack, SHOWN_MS);
    view ??= new LiveView(document.getElementById("live"), document.getElementById("fallback"), onFacts);
    view.held = false;
  };
  document.getElementById("hold").addEventListener("click", () => {
    if (isOn && view.shown) view.held = !view.held;
    else if (!isOn) show();
  });
  addEventListener("pagehide", giveBack);
  document.getElementById("live").addEventListener("click", (event) => {
    const place = view?.shown && view.place(event);
    if (!place) return;
    view.held = true;
    if (ends.length === 2) ends.length = 0;
    ends.push(place);
    const { canvas } = view;
    drawLine(canvas, ends.map((end) => [end.x * canvas.width, end.y * canvas.height]));
    ends.forEach((end, i) => {
      form.elements[`x${i}`].value = end.x * canvas.width;
      form.elements[`y${i}`].value = end.y * canvas.height;
    });
    form.elements.width_px.value = canvas.width;
    form.elements.height_px.value = canvas.height;
    keep.disabled = ends.length !== 2;
  });
  const redCells = document.getElementById("red-cells");
  redCells.addEventListener("click", async () => {
    try {
      const body = { objective: form.elements.objective.value };
      const { warning } = await post("/api/device/red-cells", body);
      say(warning || redCells.dataset.good, { good: !warning });
    } catch (error) { sayError(error); }
  });
}
