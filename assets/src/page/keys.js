// One key does what a button or link with `data-key` does; `?` lists them; `j` and `k` go through the steps.

const ALWAYS = [
  ["j", "Next step"],
  ["k", "Previous step"],
];

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable], dialog")) return;
    if (event.key === "?") {
      event.preventDefault();
      showHelp();
      return;
    }
    const target = keyed().find((element) => element.dataset.key === event.key) ?? neighbor(event.key);
    if (!target) return;
    event.preventDefault();
    if (target.matches("input, select, textarea")) {
      target.focus();
      target.select?.();
    } else {
      target.click();
    }
  });
}

/** What can be reached by a key now. */
function keyed() {
  return [...document.querySelectorAll("[data-key]")].filter((element) => element.checkVisibility());
}

/** The step before or after the one that is shown. */
function neighbor(key) {
  if (key !== "j" && key !== "k") return null;
  const steps = [...document.querySelectorAll(".steps a.step")];
  const now = steps.findIndex((step) => step.hasAttribute("aria-current"));
  return steps[key === "j" ? now + 1 : now - 1] ?? null;
}

function showHelp() {
  const keys = keyed().map((element) => [element.dataset.key, label(element)]);
  if (document.querySelector(".steps a.step")) keys.push(...ALWAYS);
  keys.push(["?", "This list"]);

  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "keys-title");
  dialog.innerHTML = `<h2 id="keys-title">Keys</h2><dl class="keys"></dl>
    <form method="dialog" class="actions"><button class="btn">Close</button></form>`;
  const list = dialog.querySelector("dl");
  for (const [key, text] of keys) {
    const term = document.createElement("dt");
    term.textContent = text;
    const value = document.createElement("dd");
    value.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    list.append(term, value);
  }
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** The words on a button, without its key. */
function label(element) {
  if (element.dataset.keyLabel) return element.dataset.keyLabel;
  const copy = element.cloneNode(true);
  for (const key of copy.querySelectorAll("kbd")) key.remove();
  return copy.textContent.trim() || element.getAttribute("aria-label") || element.labels?.[0]?.textContent.trim() || "";
}
