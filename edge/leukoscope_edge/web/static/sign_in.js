// The pad for gloved hands, and the wait after wrong PINs in the device's words.

const pin = document.querySelector("[name=pin]");
document.querySelector(".pad").addEventListener("click", (event) => {
  const digit = event.target.dataset.digit;
  if (!digit) return;
  pin.value = digit === "back" ? pin.value.slice(0, -1) : pin.value + digit;
  pin.focus();
});
