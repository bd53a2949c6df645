// Completion of keys and values, and what a key means on hover, from the language's own JSON Schema.
import { yamlLanguage } from "@codemirror/lang-yaml";
import { hoverTooltip } from "@codemirror/view";
import { placeOf } from "./place.js";
import { describe, keysOf, schemasAt, valuesOf } from "./schema.js";

const loaded = new Map();

/** The schema at an address, fetched when it is first needed; null if it is not to be had. */
function load(address) {
  if (!loaded.has(address)) {
    const answer = fetch(address).then((response) => (response.ok ? response.json() : null));
    loaded.set(address, answer.catch(() => null));
  }
  return loaded.get(address);
}

/** @param {string | undefined} address  of the schema */
export function completeFrom(address) {
  if (!address) return [];
  return yamlLanguage.data.of({
    async autocomplete(context) {
      const place = placeOf(context.state.doc, context.pos);
      if (!place || (place.word === "" && !context.explicit)) return null;
      const root = await load(address);
      if (!root) return null;
      return { from: place.from, options: options(root, place), validFor: /^[\w-]*$/ };
    },
  });
}

function options(root, { path, key }) {
  if (key !== null) {
    return [...valuesOf(schemasAt(root, [...path, key]))].map((value) => ({ label: `${value}`, type: "constant" }));
  }
  return [...keysOf(root, schemasAt(root, path))].map(([name, info]) => ({
    label: name,
    apply: `${name}: `,
    type: "property",
    info: info || undefined,
  }));
}

/** @param {string | undefined} address  of the schema */
export function explainFrom(address) {
  if (!address) return [];
  return hoverTooltip(async (view, position) => {
    const line = view.state.doc.lineAt(position);
    const match = /^((?:\s|-\s+)*)([\w-]+):/.exec(line.text);
    if (!match) return null;
    const from = line.from + match[1].length;
    const to = from + match[2].length;
    if (position < from || position > to) return null;
    const place = placeOf(view.state.doc, from);
    const root = place && (await load(address));
    if (!root) return null;
    const text = schemasAt(root, [...place.path, match[2]])
      .map((schema) => describe(root, schema))
      .find(Boolean);
    if (!text) return null;
    return {
      pos: from,
      end: to,
      above: true,
      create: () => ({ dom: Object.assign(document.createElement("div"), { className: "explained", textContent: text }) }),
    };
  });
}
