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
  [-47 * HOUR, "1 d ago"],
  [-400 * 24 * HOUR, "400 d ago"],
]) {
  it(`${distance} ms is "${text}"`, () => assert.equal(relative(distance), text));
}
