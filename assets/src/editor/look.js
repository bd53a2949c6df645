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

/** Numbers, booleans and null, which the grammar does not tell from other unquoted text. */
const literals = new MatchDecorator({
  regexp: /(?<=[:-]\s+|,\s*|(?:^|[\s[])\[\s*)(?:true|false|null|~|-?\d+(?:\.\d+)?)(?=\s*(?:[,\]}]|\s#|$))/g,
  decoration: Decoration.mark({ class: "s-literal" }),
});

const variables = new MatchDecorator({
  regexp: /\$?\$\{[^}\n]*\}/g,
  // `$${` is a literal `${`.
  decoration: ([text]) => (text.startsWith("$$") ? null : Decoration.mark({ class: "s-variable" })),
});

/** What stands inside of text; comes before the colors of YAML, which would cover it. */
export const inside = [marking(variables), marking(literals)];

function marking(matcher) {
  return ViewPlugin.define(
    (view) => ({
      decorations: matcher.createDeco(view),
      update(update) {
        this.decorations = matcher.updateDeco(update, this.decorations);
      },
    }),
    { decorations: (plugin) => plugin.decorations },
  );
}
