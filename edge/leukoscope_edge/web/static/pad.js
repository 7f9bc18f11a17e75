// The pad of digits beside a PIN field, where the page has one.

const pin = document.querySelector("[name=pin]");
document.querySelector(".pad")?.addEventListener("click", (event) => {
  const digit = event.target.dataset.digit;
  if (!digit) return;
  pin.value = digit === "back" ? pin.value.slice(0, -1) : pin.value + digit;
  pin.focus();
});
// Whoever taps a name types the PIN next; with arrow keys the choice goes on.
for (const choice of document.querySelectorAll(".people [name=name]")) {
  choice.addEventListener("click", (event) => { if (event.detail > 0) pin.focus(); });
}
