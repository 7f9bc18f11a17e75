// The calibration wizard: hold the picture, tap both ends of a line of known length.

import { LiveView } from "/static/live.js";

const form = document.getElementById("calibrate");
if (form) {
  const hold = document.getElementById("hold");
  const keep = form.querySelector("button.primary");
  const ends = [];
  let view = null;
  hold.addEventListener("click", () => {
    view ??= new LiveView(document.getElementById("live"), document.getElementById("fallback"), () => {});
    view.held = Boolean(view.shown);
  });
  document.getElementById("live").addEventListener("click", (event) => {
    const place = view?.place(event);
    if (!place) return;
    view.held = true;
    if (ends.length === 2) ends.length = 0;
    ends.push(place);
    const pen = view.canvas.getContext("2d");
    const [x, y] = [place.x * view.canvas.width, place.y * view.canvas.height];
    pen.strokeStyle = "#1467c8";
    pen.lineWidth = 3;
    pen.strokeRect(x - 8, y - 8, 16, 16);
    ends.forEach((end, i) => {
      form.elements[`x${i}`].value = end.x * view.canvas.width;
      form.elements[`y${i}`].value = end.y * view.canvas.height;
    });
    keep.disabled = ends.length !== 2;
  });
}
