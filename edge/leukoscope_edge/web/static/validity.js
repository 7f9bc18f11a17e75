// What a field lacks, in the page's own language and beside the field. The browser's
// bubbles speak the browser's language, which nobody at a shared device has chosen.

import { words } from "/static/api.js";

const filled = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name]);

function lacks(field) {
  const { validity, min, max, minLength } = field;
  const isChosen = ["radio", "checkbox"].includes(field.type) || field.matches("select");
  if (validity.valueMissing) return isChosen ? words.v_choose : words.v_missing;
  if (validity.rangeUnderflow || validity.rangeOverflow) return filled(words.v_range, { low: min, high: max });
  if (validity.tooShort) return filled(words.v_short, { n: minLength });
  if (validity.badInput && field.type === "number") return words.v_number;
  return words.v_other;
}

// Beside a field, or at the end of a group of choices: once for all of them.
const placeOf = (field) => field.closest("fieldset") ?? field.closest("label");

function showLack(field) {
  const place = placeOf(field);
  let line = place.querySelector(".wrong");
  if (!line) {
    line = document.createElement("small");
    line.className = "wrong";
    line.id = `wrong-${field.form.dataset.post}-${field.name}`;
    place.append(line);
  }
  line.textContent = lacks(field);
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", line.id);
}

function hideLack(field) {
  placeOf(field)?.querySelector(".wrong")?.remove();
  for (const one of field.form.querySelectorAll(`[name="${CSS.escape(field.name)}"]`)) {
    one.removeAttribute("aria-invalid");
    one.removeAttribute("aria-describedby");
  }
}

document.addEventListener("invalid", (event) => {
  const field = event.target;
  event.preventDefault(); // no bubble
  showLack(field);
  if (field.form.querySelector(":invalid:not(fieldset)") === field) field.focus();
}, true);
document.addEventListener("input", ({ target }) => {
  if (target.form && target.name) hideLack(target);
});
