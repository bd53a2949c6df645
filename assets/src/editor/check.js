// Asks the server what is wrong with the text, a moment after the last change, and shows it at its line.
import { linter } from "@codemirror/lint";

/** How long after the last change the text is sent, in milliseconds. */
const DELAY = 300;

/** @param {HTMLTextAreaElement} textarea */
export function checking(textarea, problems) {
  let under = null;
  let known = parse(textarea.dataset.diagnostics);

  return linter(
    async (view) => {
      const { doc } = view.state;
      if (doc.length === 0) {
        problems.show([], doc);
        return [];
      }
      under?.abort();
      under = new AbortController();
      try {
        const response = await fetch(textarea.dataset.check, {
          method: "POST",
          headers: { "content-type": "text/plain; charset=utf-8" },
          body: doc.toString(),
          signal: under.signal,
        });
        if (!response.ok) throw new Error(`${response.status}`);
        known = (await response.json()).diagnostics;
        problems.show(known.map((one) => located(one, doc)), doc);
      } catch (error) {
        if (error.name !== "AbortError") problems.unchecked();
      }
      return known.map((one) => located(one, doc));
    },
    { delay: DELAY },
  );
}

function parse(text) {
  try {
    return JSON.parse(text ?? "[]");
  } catch {
    return [];
  }
}

/** A diagnostic of the server as CodeMirror wants it: offsets instead of lines and columns. */
function located(diagnostic, doc) {
  const from = offset(doc, diagnostic.line, diagnostic.column);
  const to = Math.max(from, offset(doc, diagnostic.end_line, diagnostic.end_column));
  return {
    from,
    to,
    line: diagnostic.line,
    column: diagnostic.column,
    severity: diagnostic.severity,
    text: diagnostic.message,
    hint: diagnostic.hint,
    message: [diagnostic.message, diagnostic.hint].filter(Boolean).join(" "),
  };
}

/** Lines and columns count from one, columns in characters; a text that changed meanwhile may be shorter. */
function offset(doc, line, column) {
  if (!line || line > doc.lines) return doc.length;
  const { from, text } = doc.line(line);
  let units = 0;
  let left = (column || 1) - 1;
  for (const character of text) {
    if (left-- <= 0) break;
    units += character.length;
  }
  return from + units;
}
