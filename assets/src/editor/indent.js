// Where the next line begins: under the key of this one, or deeper if this one opens something.
import { EditorSelection } from "@codemirror/state";

/** @type {import("@codemirror/view").Command} */
export function breakLine({ state, dispatch }) {
  const change = state.changeByRange((range) => {
    const line = state.doc.lineAt(range.from);
    const insert = state.lineBreak + " ".repeat(nextColumn(line.text.slice(0, range.from - line.from)));
    return {
      changes: { from: range.from, to: range.to, insert },
      range: EditorSelection.cursor(range.from + insert.length),
    };
  });
  dispatch(state.update(change, { scrollIntoView: true, userEvent: "input" }));
  return true;
}

/** The column below a line's text, as far as it stands before the cursor. */
export function nextColumn(before) {
  const lead = /^(?:\s|-\s+)*/.exec(before)[0].length;
  const opens = /(?:^|\s|[\w"'])(?::|[|>][+-]?)\s*$/.test(before);
  return opens ? lead + 2 : lead;
}
