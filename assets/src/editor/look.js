// The colors of YAML and of placeholders; the values are in styles/tokens.css, the rest of the look in styles/editor.css.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Decoration, MatchDecorator, ViewPlugin } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export const colors = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.definition(tags.propertyName), tags.propertyName], class: "s-key" },
    { tag: [tags.string, tags.content, tags.special(tags.string)], class: "s-string" },
    { tag: [tags.number, tags.bool, tags.null, tags.keyword], class: "s-literal" },
    { tag: [tags.labelName, tags.typeName, tags.meta], class: "s-variable" },
    { tag: [tags.comment, tags.lineComment], class: "s-comment" },
  ]),
);

const variables = new MatchDecorator({
  regexp: /\$?\$\{[^}\n]*\}/g,
  // `$${` is a literal `${`.
  decoration: ([text]) => (text.startsWith("$$") ? null : Decoration.mark({ class: "s-variable" })),
});

export const placeholders = ViewPlugin.define(
  (view) => ({
    decorations: variables.createDeco(view),
    update(update) {
      this.decorations = variables.updateDeco(update, this.decorations);
    },
  }),
  { decorations: (plugin) => plugin.decorations },
);
