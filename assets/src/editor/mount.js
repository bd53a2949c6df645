// Puts the editor in the textarea's place. The textarea stays in the form and always has the whole text.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, Prec } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { checking } from "./check.js";
import { completeFrom, explainFrom } from "./complete.js";
import { breakLine } from "./indent.js";
import { colors, inside } from "./look.js";
import { problemList } from "./problems.js";

/** @param {HTMLTextAreaElement} textarea */
export function mount(textarea) {
  const { form } = textarea;
  const label = textarea.labels[0]?.textContent.trim() ?? "Plan";
  const problems = problemList(textarea, (from, to) => {
    view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    view.focus();
  });

  const keys = keyHelp(`${textarea.id}-keys`);
  const send = (button) => () => {
    form.requestSubmit(button);
    return true;
  };

  const view = new EditorView({
    doc: textarea.value,
    extensions: [
      EditorView.cspNonce.of(document.querySelector("script[nonce]")?.nonce ?? ""),
      Prec.highest(
        keymap.of([
          { key: "Mod-Enter", run: send(form.querySelector(".btn.primary")) },
          { key: "Mod-s", run: send(null), preventDefault: true },
        ]),
      ),
      lineNumbers(),
      highlightActiveLineGutter(),
      foldGutter(),
      lintGutter(),
      history(),
      drawSelection(),
      EditorState.allowMultipleSelections.of(true),
      EditorState.tabSize.of(2),
      indentUnit.of("  "),
      bracketMatching(),
      closeBrackets(),
      autocompletion({ icons: false }),
      highlightActiveLine(),
      highlightSelectionMatches(),
      keymap.of([
        { key: "Enter", run: breakLine },
        ...closeBracketsKeymap,
        ...defaultKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...foldKeymap,
        ...completionKeymap,
        ...lintKeymap,
        indentWithTab,
      ]),
      placeholder(() => example()),
      yaml(),
      Prec.highest(inside),
      colors,
      completeFrom(textarea.dataset.schema),
      explainFrom(textarea.dataset.schema),
      checking(textarea, problems),
      EditorView.editorAttributes.of({ class: "editor" }),
      EditorView.contentAttributes.of({
        tabindex: "0",
        "aria-label": label,
        "aria-describedby": `${problems.id} ${keys.id}`,
        spellcheck: "false",
        autocapitalize: "off",
        autocorrect: "off",
      }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) textarea.value = view.state.doc.toString();
      }),
    ],
  });
  textarea.after(view.dom);
  problems.element.after(keys);
  textarea.hidden = true;
  // A hidden field that is required could not be pointed at; the server says the same.
  textarea.required = false;
  for (const element of textarea.labels) element.addEventListener("click", () => view.focus());
  if (textarea.autofocus) view.focus();
}

/** What the editor does with keys that elsewhere do something else. */
function keyHelp(id) {
  const control = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";
  const line = Object.assign(document.createElement("p"), { id, className: "hint keys" });
  const pairs = [
    [`${control} S`, "saves"],
    [`${control} Enter`, "saves and runs"],
    ["Esc, then Tab", "leaves the editor"],
  ];
  for (const [key, text] of pairs) {
    const part = document.createElement("span");
    part.append(Object.assign(document.createElement("kbd"), { textContent: key }), ` ${text}`);
    line.append(part, " ");
  }
  return line;
}

/** What an empty editor shows, to begin from. */
function example() {
  const text = "- get:\n    url: https://example.com\n    expect: { status_code: 200 }";
  return Object.assign(document.createElement("pre"), { className: "begin", textContent: text });
}
