// A file that leaves: asked for by a POST, since the records keep that it left.

import { ask, sayError } from "/static/api.js";

const NAME = /filename="([^"]+)"/;

async function save(button) {
  try {
    const identified = document.getElementById("identified").checked;
    const answer = await ask(button.dataset.file, { identified });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = NAME.exec(answer.headers.get("content-disposition"))[1];
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) { sayError(error); }
}

for (const button of document.querySelectorAll("[data-file]")) {
  button.addEventListener("click", () => save(button));
}

// A call is told when it happens, mostly; whoever told it before says when. The device
// reads the time in its own zone, wherever this browser is.
for (const field of document.querySelectorAll("[data-now]")) {
  field.value ||= new Date(Date.now() + field.dataset.now * 60000).toISOString().slice(0, 16);
}
