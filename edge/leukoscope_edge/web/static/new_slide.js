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
// A scanner types the code and presses Enter: that means "next question", not "send".
form.elements.sample.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const open = [...form.elements].find((field) => field.willValidate && !field.validity.valid);
  (open ?? form.querySelector("button.primary")).focus();
});
