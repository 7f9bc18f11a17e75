// A sample that was here before is asked about, not refused.

const form = document.querySelector("form.new-slide");
function ask(question, id, slides) {
  form.querySelector(`.${question}`).hidden = !slides.length;
  document.getElementById(id).textContent = slides.join(", ");
}

form.addEventListener("answered", (event) => {
  if (!event.detail.earlier) return;
  ask("second", "earlier", event.detail.earlier);
  ask("differs", "differs", event.detail.differs);
  const { is_second: second, is_right: right } = form.elements;
  (second.checked ? right : second).focus();
});
// What was said of one sample, or of one age and sex, is said of no other.
function forget(question, id, tick) {
  ask(question, id, []);
  tick.checked = false;
}
form.addEventListener("input", ({ target: { name } }) => {
  const { is_second: second, is_right: right } = form.elements;
  if (name === "sample") forget("second", "earlier", second);
  if (["sample", "age", "sex"].includes(name)) forget("differs", "differs", right);
});
// A scanner types the code and presses Enter: that means "next question", not "send".
form.elements.sample.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const open = [...form.elements].find((field) => field.willValidate && !field.validity.valid);
  (open ?? form.querySelector("button.primary")).focus();
});
