import assert from "node:assert/strict";
import { it } from "node:test";
import { relative } from "../src/page/times.js";

const HOUR = 3_600_000;

for (const [distance, text] of [
  [-400, "just now"],
  [400, "now"],
  [-59_999, "59 s ago"],
  [-60_000, "1 min ago"],
  [-HOUR + 1, "59 min ago"],
  [2 * HOUR, "in 2 h"],
  [-47 * HOUR, "1 day ago"],
  [-29 * 24 * HOUR, "29 days ago"],
  [-30 * 24 * HOUR, null],
]) {
  it(`${distance} ms is "${text}"`, () => assert.equal(relative(distance), text));
}
