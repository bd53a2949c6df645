// Where in a YAML text a position stands: the keys that lead there. Looks at lines and their indentation
// only, so it also answers in the middle of typing; inside `{…}` and `[…]` it does not know.

/** A list item on the way. */
export const ITEM = Symbol("item");

/**
 * @param {import("@codemirror/state").Text} doc
 * @param {number} position
 * @returns {{path: (string | symbol)[], key: string | null, word: string, from: number} | null}
 *   the keys above; the key on this line if the position is in its value; what is typed of the word so far
 */
export function placeOf(doc, position) {
  const line = doc.lineAt(position);
  const before = line.text.slice(0, position - line.from);
  const match = /^((?:\s|-\s+)*)(?:([\w-]+):\s+)?([\w-]*)$/.exec(before);
  if (!match) return null;
  const [, lead, key, word] = match;
  const path = above(doc, line.number, lead);
  return { path, key: key ?? null, word, from: position - word.length };
}

/** The keys that lead to a line whose text begins after `lead` (blanks and dashes). */
function above(doc, number, lead) {
  const path = [];
  let column = lead.length;
  column = unwind(lead, column, path);
  for (let n = number - 1; n > 0 && column >= 0; n--) {
    const { text } = doc.line(n);
    const match = /^((?:\s|-\s+)*)(?:"([^"]+)"|'([^']+)'|([^\s#:"'{[][^:#]*)):(\s|$)/.exec(text);
    if (!match) {
      // A bare dash opens an item of the list its line stands in.
      const dash = /^(\s*)-\s*$/.exec(text);
      if (dash && dash[1].length < column) {
        path.unshift(ITEM);
        column = dash[1].length + 1;
      }
      continue;
    }
    const indent = match[1].length;
    const dashes = match[1].includes("-");
    if (indent < column) {
      path.unshift(match[2] ?? match[3] ?? match[4].trim());
      column = dashes ? unwind(match[1], indent, path) : indent;
    } else if (indent === column && dashes) {
      column = unwind(match[1], indent, path);
    } else if (indent === column && path[0] === ITEM) {
      // A list may stand at the column of its key: `steps:` and below it `- get:`.
      path.unshift(match[2] ?? match[3] ?? match[4].trim());
    }
  }
  return path;
}

/** Adds an item per dash; gives the column of the first dash. */
function unwind(lead, column, path) {
  const dashes = [...lead.matchAll(/-/g)];
  for (const _ of dashes) path.unshift(ITEM);
  return dashes.length > 0 ? dashes[0].index : column;
}
