// Forms with `data-confirm` are sent only after their question was answered.

export function askBeforeDeleting() {
  const answered = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
    if (!question || answered.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = event.submitter;
    ask(question, submitter?.dataset.confirmLabel ?? submitter?.textContent.trim() ?? "Go on").then((yes) => {
      if (!yes) return;
      answered.add(form);
      form.requestSubmit(submitter);
    });
  });
}

/** Resolves to whether the question was answered with `yes`. */
function ask(question, yes) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "question");
  dialog.innerHTML = `<form method="dialog"><p id="question"></p><div class="actions">
    <button class="btn" value="no" autofocus>Cancel</button><button class="btn danger" value="yes"></button></div></form>`;
  dialog.querySelector("p").textContent = question;
  dialog.querySelector("[value=yes]").textContent = yes;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
