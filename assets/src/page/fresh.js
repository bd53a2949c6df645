// Fetches a page of ours again, and takes over what it says.
import { morph } from "./morph.js";

/** Sent on the document after parts of it were replaced. */
export const CHANGED = "smokex:changed";

/**
 * The document at an address, or null if it is not to be had now.
 * @param {string} address
 */
export async function fetchPage(address, signal) {
  const response = await fetch(address, { headers: { accept: "text/html" }, signal });
  if (!response.ok || !response.headers.get("content-type")?.startsWith("text/html")) return null;
  // Signed out meanwhile: the address led to another page.
  if (response.redirected && new URL(response.url).pathname !== new URL(address, location.href).pathname) return null;
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Replaces the parts of this page that `selector` finds by those of the same id in `page`. */
export function takeOver(page, selector) {
  for (const part of document.querySelectorAll(selector)) {
    const fresh = part.id ? page.getElementById(part.id) : page.querySelector(selector);
    if (fresh) morph(part, fresh);
  }
  const title = page.querySelector("title");
  if (title) document.title = title.textContent;
  const icon = document.querySelector("link[rel=icon]");
  const freshIcon = page.querySelector("link[rel=icon]");
  if (icon && freshIcon && icon.getAttribute("href") !== freshIcon.getAttribute("href")) {
    icon.setAttribute("href", freshIcon.getAttribute("href"));
  }
  document.dispatchEvent(new Event(CHANGED));
}
