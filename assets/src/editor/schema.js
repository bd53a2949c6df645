// Walks a JSON Schema along the keys of a text: what may stand there.
import { ITEM } from "./place.js";

/**
 * The schemas that may describe what `path` leads to.
 * @param {object} root
 * @param {(string | symbol)[]} path
 */
export function schemasAt(root, path) {
  let schemas = alternatives(root, root);
  for (const step of path) {
    const next = schemas.flatMap((schema) => children(schema, step));
    schemas = next.flatMap((schema) => alternatives(root, schema));
  }
  return schemas;
}

/** The keys that may stand in what these schemas describe: name → description. */
export function keysOf(root, schemas) {
  const keys = new Map();
  for (const schema of schemas) {
    for (const [name, value] of Object.entries(schema.properties ?? {})) {
      if (!keys.has(name)) keys.set(name, describe(root, value));
    }
  }
  return keys;
}

/** The values that are spelled out. */
export function valuesOf(schemas) {
  return new Set(
    schemas.flatMap((schema) => {
      if (schema.enum) return schema.enum;
      if ("const" in schema) return [schema.const];
      return schema.type === "boolean" ? [true, false] : [];
    }),
  );
}

/** What the schema says about something, from itself or what it refers to. */
export function describe(root, schema) {
  return schema.description ?? alternatives(root, schema).find((one) => one.description)?.description ?? "";
}

function children(schema, step) {
  if (step === ITEM) return schema.items && typeof schema.items === "object" ? [schema.items] : [];
  const named = schema.properties?.[step];
  if (named) return [named];
  const patterns = Object.entries(schema.patternProperties ?? {}).filter(([pattern]) => new RegExp(pattern, "u").test(step));
  if (patterns.length > 0) return patterns.map(([, value]) => value);
  return typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [];
}

/** A schema with its references followed and its choices laid side by side. */
function alternatives(root, schema, depth = 0) {
  if (typeof schema !== "object" || schema === null || depth > 12) return [];
  const found = [schema];
  if (schema.$ref) found.push(...alternatives(root, lookUp(root, schema.$ref), depth + 1));
  for (const part of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]) {
    found.push(...alternatives(root, part, depth + 1));
  }
  return found;
}

function lookUp(root, reference) {
  if (!reference.startsWith("#")) return null;
  return reference
    .slice(2)
    .split("/")
    .filter(Boolean)
    .reduce((schema, name) => schema?.[decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~")], root);
}
