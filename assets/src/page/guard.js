// A form with `data-guard` does not lose what was typed: leaving the page with unsaved changes is asked about.

export function askBeforeLeaving() {
  for (const form of document.querySelectorAll("form[data-guard]")) {
    const begun = contents(form);
    // A form that came back with errors was never saved, so it counts as changed.
    const unsaved = form.dataset.guard === "changed";
    let sent = false;
    form.addEventListener("submit", () => (sent = true));
    addEventListener("pageshow", () => (sent = false));
    addEventListener("beforeunload", (event) => {
      if (!sent && (unsaved || contents(form) !== begun)) event.preventDefault();
    });
  }
}

function contents(form) {
  return JSON.stringify([...new FormData(form)].filter(([, value]) => typeof value === "string"));
}
