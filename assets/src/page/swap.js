// Links with `data-swap` and filter forms are followed without loading the page anew: `main` is replaced in place.
import { fetchPage, takeOver } from "./fresh.js";

let under = null;

export function followLinksInPlace() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-swap]");
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.target) return;
    event.preventDefault();
    go(link.href).then(() => showTarget(link));
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-swap]");
    if (form) form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-swap]") || event.defaultPrevented) return;
    event.preventDefault();
    const address = new URL(form.action);
    address.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== "")).toString();
    go(address.href);
  });
  addEventListener("popstate", () => {
    if (history.state?.swapped) go(location.href, { push: false });
  });
}

/** Shows another page's `main` here; loads it the usual way if that does not work. */
export async function go(address, { push = true } = {}) {
  under?.abort();
  under = new AbortController();
  try {
    const page = await fetchPage(address, under.signal);
    if (!page?.querySelector("main")) {
      location.href = address;
      return;
    }
    if (push) {
      // So that going back to where one came from also works in place.
      history.replaceState({ swapped: true }, "");
      history.pushState({ swapped: true }, "", address);
    }
    takeOver(page, "main");
  } catch (error) {
    if (error.name !== "AbortError") location.href = address;
  }
}

/** What a link shows (`data-shows`) may stand far above or below it: beside a long list, or on a narrow page. */
function showTarget(link) {
  const target = document.getElementById(link.dataset.shows);
  if (!target) return;
  const { top } = target.getBoundingClientRect();
  target.scrollTop = 0;
  if (top < 0 || top > innerHeight * 0.7) {
    target.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }
}
