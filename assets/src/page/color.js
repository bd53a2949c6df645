// Colors for YAML and JSON in `<code data-language="yaml|json">`, without touching the document: the ranges are
// registered with the browser, the colors stand in styles/detail.css. A browser that cannot do it shows plain text.
import { CHANGED } from "./fresh.js";

/** Longer texts stay plain, in characters. */
const MOST = 100_000;

const NAMES = ["key", "string", "literal", "variable", "comment"];

const PATTERNS = {
  json: /(?<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?<string>"(?:[^"\\]|\\.)*")|(?<literal>\b(?:true|false|null)\b|-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)/g,
  yaml: /(?<comment>(?<=^|\s)#.*)|(?<key>(?<=^[ \t]*(?:-[ \t]+)*|[{,][ \t]*)(?:[\w$.[\]-]+|"[^"\n]*"|'[^'\n]*')(?=:(?:\s|$)))|(?<string>"(?:[^"\\\n]|\\.)*"|'[^'\n]*')|(?<literal>(?<=[:-]\s+|,\s*|(?:^|[\s[])\[\s*)(?:true|false|null|-?\d+(?:\.\d+)?)(?=\s*(?:[,\]}]|\s#|$)))/gm,
};

/** Also inside of strings, whose color they cover. `$${` is a literal `${`. */
const VARIABLE = /(?<!\$)(?<variable>\$\{[^}\n]*\})/g;

export function colorCode() {
  if (!globalThis.CSS?.highlights) return;
  color();
  document.addEventListener(CHANGED, color);
}

function color() {
  const found = Object.fromEntries(NAMES.map((name) => [name, new Highlight()]));
  for (const code of document.querySelectorAll("code[data-language]")) {
    const text = code.firstChild;
    const pattern = PATTERNS[code.dataset.language];
    if (!pattern || code.childNodes.length !== 1 || text.nodeType !== Node.TEXT_NODE) continue;
    if (!isHarmless(text.data, code.dataset.language)) continue;
    const variables = code.dataset.language === "yaml" ? text.data.matchAll(VARIABLE) : [];
    for (const match of [...text.data.matchAll(pattern), ...variables]) {
      const name = NAMES.find((one) => match.groups[one] !== undefined);
      const range = new StaticRange({
        startContainer: text,
        startOffset: match.index,
        endContainer: text,
        endOffset: match.index + match[0].length,
      });
      found[name].add(range);
    }
  }
  found.variable.priority = 1;
  for (const name of NAMES) CSS.highlights.set(name, found[name]);
}

/** Whether the patterns are done with a text in no time: what comes from elsewhere may be made to take long. */
function isHarmless(text, language) {
  if (text.length > MOST) return false;
  if (language === "yaml") return !/[^\n]{2000}/.test(text);
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
