// The parts of the editor that know YAML: where a line goes on, where a position stands, what may stand there.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Text } from "@codemirror/state";
import { nextColumn } from "../src/editor/indent.js";
import { ITEM, placeOf } from "../src/editor/place.js";
import { keysOf, schemasAt, valuesOf } from "../src/editor/schema.js";

describe("a new line", () => {
  for (const [before, column] of [
    ["", 0],
    ["- get:", 4],
    ["  - get: ", 6],
    ["- name: Log in", 2],
    ["    url: https://example.com", 4],
    ["    body: |", 6],
    ["    body: >-", 6],
    ["- { get: { url: x } }", 2],
    ["    ", 4],
  ]) {
    it(`begins in column ${column} below ${JSON.stringify(before)}`, () => assert.equal(nextColumn(before), column));
  }
});

/** The place of `|` in a text. */
function place(text) {
  const position = text.indexOf("|");
  const doc = Text.of(text.replace("|", "").split("\n"));
  const found = placeOf(doc, position);
  return found && { path: found.path.map((step) => (step === ITEM ? "-" : step)).join(" "), key: found.key, word: found.word };
}

describe("the place of a position", () => {
  for (const [text, path, key, word] of [
    ["na|", "", null, "na"],
    ["- ge|", "-", null, "ge"],
    ["- name: x\n  ge|", "-", null, "ge"],
    ["- get:\n    ur|", "- get", null, "ur"],
    ["- get:\n    url: x\n    expect:\n      st|", "- get expect", null, "st"],
    ["- get:\n    url: x\n- post:\n    |", "- post", null, ""],
    ["steps:\n  - get:\n      url: x\n  - na|", "steps -", null, "na"],
    ["steps:\n- get:\n    url: x\n- na|", "steps -", null, "na"],
    ["name: x\nsteps:\n  - name: y\n    get:\n      options:\n        follow_redirects: tr|", "steps - get options", "follow_redirects", "tr"],
    ["- get:\n    save_from_response:\n      - variable_name: a\n        js|", "- get save_from_response -", null, "js"],
    ["- get:\n    # a comment: with a colon\n    ur|", "- get", null, "ur"],
    ['- get:\n    headers:\n      "x-a": b\n      ac|', "- get headers", null, "ac"],
  ]) {
    it(`of ${JSON.stringify(text)} is ${JSON.stringify(path)}`, () => assert.deepEqual(place(text), { path, key, word }));
  }

  it("is not known inside braces", () => {
    assert.equal(place("- get: { ur|"), null);
  });
});

describe("the schema", () => {
  const schema = {
    anyOf: [
      { type: "array", items: { $ref: "#/$defs/Step" } },
      { type: "object", properties: { steps: { type: "array", items: { $ref: "#/$defs/Step" } } } },
    ],
    $defs: {
      Step: { properties: { get: { $ref: "#/$defs/Request", description: "A GET." }, on_failure: { enum: ["stop", "continue"] } } },
      Request: { description: "A request.", properties: { url: {}, headers: { additionalProperties: { type: "boolean" } } } },
    },
  };

  it("offers the keys of a step in both forms", () => {
    for (const path of [[ITEM], ["steps", ITEM]]) {
      assert.deepEqual([...keysOf(schema, schemasAt(schema, path))], [["get", "A GET."], ["on_failure", ""]]);
    }
  });

  it("follows references on the way", () => {
    assert.deepEqual([...keysOf(schema, schemasAt(schema, [ITEM, "get"])).keys()], ["url", "headers"]);
  });

  it("offers values that are spelled out", () => {
    assert.deepEqual([...valuesOf(schemasAt(schema, [ITEM, "on_failure"]))], ["stop", "continue"]);
    assert.deepEqual([...valuesOf(schemasAt(schema, [ITEM, "get", "headers", "x"]))], [true, false]);
  });

  it("offers nothing where nothing is known", () => {
    assert.deepEqual(schemasAt(schema, ["nowhere", ITEM]), []);
  });
});
