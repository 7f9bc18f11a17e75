// A sample that was here before is asked about, not refused.

const form = document.querySelector("form.new-slide");
form.addEventListener("answered", (event) => {
  if (!event.detail.earlier) return;
  form.querySelector(".second").hidden = false;
  document.getElementById("earlier").textContent = event.detail.earlier.join(", ");
  form.elements.is_second.focus();
});
// A scanner types the code and presses Enter: that means "next question", not "send".
form.elements.sample.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const open = [...form.elements].find((field) => field.willValidate && !field.validity.valid);
  (open ?? form.querySelector("button.primary")).focus();
});
