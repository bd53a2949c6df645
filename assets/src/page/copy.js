// Buttons with `data-copy="id"` put the text of that element on the clipboard.

export function copyOnClick() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    const source = button && document.getElementById(button.dataset.copy);
    if (!source) return;
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied: the browser refused";
    }
    button.setAttribute("aria-live", "polite");
    setTimeout(() => (button.textContent = before), 2000);
  });
}
