// An update under way: show its steps, and load the page again when it needs somebody.
// So where the device opens anew or looks its records through: it is asked until it has.

const POLL_MS = 500;
const session = document.getElementById("update");
const steps = [...session.querySelectorAll("[data-step]")];
const { stage, serves } = session.dataset;
const ending = session.dataset.ending !== undefined;

function show({ step, fraction }) {
  const now = steps.findIndex((item) => item.dataset.step === step);
  steps.forEach((item, i) => {
    item.classList.toggle("done", i < now);
    if (i === now) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
  document.getElementById("read").value = fraction;
}

// A server that opens anew with the new model is away for a moment; that is no error.
async function look() {
  try {
    const answer = await fetch("/api/update");
    if (answer.ok) {
      const news = await answer.json();
      if (news.stage !== stage || news.serves !== serves || (ending && !news.is_ending)) return location.reload();
      if (steps.length) show(news);
    } else if (answer.status === 401) return location.reload();
  } catch { /* asked again */ }
  return setTimeout(look, POLL_MS);
}

if (stage === "running" || stage === "asking" || ending) look();
