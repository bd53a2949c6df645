import assert from "node:assert/strict";
import { it } from "node:test";
import { clockIn, here } from "../src/page/zone.js";

for (const [zone, time, text] of [
  ["UTC", "2026-11-23T09:00:00Z", "Mon 2026-11-23 09:00"],
  ["America/New_York", "2026-11-23T02:30:10.4Z", "Sun 2026-11-22 21:30:10"],
  ["Asia/Kathmandu", "2026-01-01T00:00:00Z", "Thu 2026-01-01 05:45"],
  ["Europe/Berlin", "2026-10-24T22:00:00Z", "Sun 2026-10-25 00:00"],
]) {
  it(`a clock in ${zone} shows ${text}`, () => assert.equal(here(new Date(time), clockIn(zone)), text));
}
