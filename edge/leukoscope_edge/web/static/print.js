// The report for a printer. That it left is kept first; then the system prints.

const button = document.getElementById("print");
button.addEventListener("answered", () => window.print());
