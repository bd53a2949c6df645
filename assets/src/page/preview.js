// A form with `data-preview="/address"` shows what it would come to while it is filled in: the address gets what was
// typed and answers with the part `#preview`, in which problems name their fields: `<li data-field="cron">…</li>`.
// `<a data-fill href="?kind=cron&cron=…">` beside it fills fields in.
import { CHANGED } from "./fresh.js";
import { morph } from "./morph.js";

/** After how long without typing the preview is asked for, in milliseconds. */
const QUIET = 250;

export function previewWhileTyping() {
  const form = document.querySelector("form[data-preview]");
  if (!form) return;
  /** Fields that were typed into: only these are told of while one types. */
  const touched = new Set([...form.querySelectorAll("[aria-invalid]")].map((field) => field.name));
  let timer = 0;
  let under = null;

  async function look() {
    under?.abort();
    under = new AbortController();
    const typed = new URLSearchParams(new FormData(form));
    typed.set("part", "preview");
    try {
      const response = await fetch(form.dataset.preview, { method: "POST", body: typed, signal: under.signal });
      if (!response.ok) return;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.getElementById("preview");
      if (!fresh) return;
      morph(document.getElementById("preview"), fresh);
      mark(form, touched, fresh);
      document.dispatchEvent(new Event(CHANGED));
    } catch {
      // No connection, or something newer was typed: what is there stays until the next answer.
    }
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(look, QUIET);
  }

  form.addEventListener("input", (event) => {
    if (event.target.name) touched.add(event.target.name);
    soon();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-fill]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    fill(form, new URL(link.href).searchParams);
    soon();
  });
  look();
}

/** Sets fields as if they had been typed into. */
function fill(form, values) {
  for (const [name, value] of values) {
    const field = form.elements.namedItem(name);
    if (field) field.value = value;
  }
}

/** Puts each problem at its field, and takes away those that are mended. */
function mark(form, touched, fresh) {
  // Where there are several at a field, the first one is enough.
  const all = [...fresh.querySelectorAll("[data-field]")].reverse();
  const problems = new Map(all.map((item) => [item.dataset.field, item.textContent.trim()]));
  for (const field of form.querySelectorAll("input[id][name], select[id][name], textarea[id][name]")) {
    if (field.type === "radio") continue;
    const message = touched.has(field.name) ? problems.get(field.name) : undefined;
    const id = `${field.id}-error`;
    const described = new Set((field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
    let error = document.getElementById(id);
    if (!message) {
      error?.remove();
      described.delete(id);
      field.removeAttribute("aria-invalid");
    } else {
      if (!error) {
        error = Object.assign(document.createElement("p"), { className: "error", id });
        field.after(error);
      }
      if (error.textContent !== message) error.textContent = message;
      described.add(id);
      field.setAttribute("aria-invalid", "true");
    }
    if (described.size) field.setAttribute("aria-describedby", [...described].join(" "));
    else field.removeAttribute("aria-describedby");
  }
}
