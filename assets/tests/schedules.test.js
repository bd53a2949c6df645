// Schedules as somebody meets them: one click, the form that tells what it comes to, the history that fills by itself,
// pausing with a reason, the operator's clock.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertAccessible, assertNoErrors, launch, openPage, signUp } from "./browser.js";
import { startServer } from "./server.js";

const ZONE = "America/New_York";

describe("schedules", () => {
  let server;
  let browser;
  let page;

  before(async () => {
    server = await startServer();
    browser = await launch();
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, timezoneId: ZONE });
    page = await openPage(context);
    await signUp(page, server.origin);
    await page.goto(`${server.origin}/plans`);
    await page.getByRole("link", { name: "Sample: players" }).click();
    await page.getByRole("heading", { level: 1, name: "Sample: players" }).waitFor();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  const tabs = () => page.getByRole("navigation", { name: "Parts of the plan" });
  const cron = () => page.getByRole("textbox", { name: "Cron expression" });
  const zone = () => page.getByRole("combobox", { name: "Time zone" });
  const preview = () => page.getByRole("region", { name: "What this comes to" });

  it("one click on the plan's page schedules it, in the zone of whoever clicks", async () => {
    await page.getByRole("button", { name: "Every day at 09:00" }).click();
    await page.getByRole("heading", { level: 1, name: "Every day at 09:00" }).waitFor();
    await page.getByRole("columnheader", { name: ZONE, exact: true }).waitFor();
    const times = await page.locator(".times tbody tr").allInnerTexts();
    assert.equal(times.length, 5);
    // It is the viewer's zone: one column says it all.
    for (const line of times) assert.match(line, /^\w{3} \d{4}-\d\d-\d\d 09:00\s*$/);
  });

  it("the form begins in the viewer's zone and shows only the fields of the chosen kind", async () => {
    await page.locator(".crumbs").getByRole("link", { name: "Schedules" }).click();
    await page.getByRole("link", { name: "New schedule" }).click();
    assert.equal(await zone().inputValue(), ZONE);
    await page.getByLabel("At given moments").check();
    await page.getByLabel("Moments", { exact: true }).waitFor();
    assert.equal(await cron().isVisible(), false);
    await page.getByLabel("Again and again").check();
    assert.equal(await page.getByLabel("Moments", { exact: true }).isVisible(), false);
    await page.getByLabel("Every", { exact: true }).waitFor();
    await page.getByLabel("At times of day").check();
    await cron().waitFor();
  });

  it("the preview follows what is typed: the times in both zones, what a clock change does, the cost", async () => {
    await cron().fill("30 2 * * *");
    await zone().fill("Europe/Berlin");
    await preview().getByRole("columnheader", { name: "Europe/Berlin" }).waitFor();
    await preview().getByRole("columnheader", { name: `Here, ${ZONE}` }).waitFor();
    await preview().getByRole("cell", { name: /02:30/ }).nth(4).waitFor();
    const there = await preview().locator("tbody td:first-child").allInnerTexts();
    const here = await preview().locator("tbody time").allInnerTexts();
    assert.equal(there.length, 5);
    for (const line of here) assert.match(line, /\d\d:30$/);
    assert.notDeepEqual(here, there);
    assert.match(await preview().innerText(), /in the next 30 days/);
    assert.match(await preview().locator(".note").innerText(), /Europe\/Berlin|clock/);
  });

  it("a mistake stands at its field while it is typed, and goes away once it is mended", async () => {
    const field = cron();
    await field.fill("0 0 30 2 *");
    await page.locator("#cron-error").waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.match(await field.getAttribute("aria-describedby"), /cron-error/);
    await assertAccessible(page, "the form with a mistake");
    await field.fill("0 9 * * *");
    await page.locator("#cron-error").waitFor({ state: "detached" });
    assert.equal(await field.getAttribute("aria-invalid"), null);
    assert.equal(await field.getAttribute("aria-describedby"), "cron-hint");
  });

  it("a preset fills the fields in and keeps the rest", async () => {
    await page.getByLabel("Tags").fill("often");
    await page.getByRole("link", { name: "Every 5 minutes" }).click();
    assert.equal(await page.getByLabel("Every", { exact: true }).inputValue(), "5m");
    assert.equal(await page.getByLabel("Again and again").isChecked(), true);
    assert.equal(await page.getByLabel("Tags").inputValue(), "often");
    await preview().getByText("8,640 runs in the next 30 days").waitFor();
  });

  it("it fires, and its history fills while one looks", async () => {
    await page.getByLabel("Every", { exact: true }).fill("1s");
    await page.getByLabel("Name", { exact: true }).fill("Each second");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { level: 1, name: "Each second" }).waitFor();
    await page.evaluate(() => (globalThis.stayed = true));
    await page.locator("#history tbody tr").nth(2).waitFor();
    await page.locator("#history .pill.passed").first().waitFor();
    assert.equal(await page.evaluate(() => globalThis.stayed), true);
    const late = await page.locator('#history td[data-label="Late"]').first().innerText();
    assert.match(late, /^[\d.]+ (µs|ms|s)$/);
  });

  it("a run it made tells that it did, when it was due and how late it was", async () => {
    await page.locator("#history tbody tr", { has: page.locator(".pill.passed") }).first().getByRole("link").click();
    const meta = page.locator(".meta");
    await meta.getByRole("link", { name: "Each second" }).waitFor();
    assert.match(await meta.innerText(), /due[\s\S]*late/);
    await meta.getByRole("link", { name: "Each second" }).click();
    await page.getByRole("heading", { level: 1, name: "Each second" }).waitFor();
  });

  it("it is paused with a reason, then makes no run, and is resumed", async () => {
    await page.getByLabel("Reason").fill("Maintenance until noon");
    await page.getByRole("button", { name: "Pause" }).click();
    const why = page.locator(".why.paused");
    await why.getByText("Maintenance until noon").waitFor();
    assert.match(await why.innerText(), /ada@acme\.example/);
    await page.locator(".head .pill.paused").waitFor();
    await page.goto(`${server.origin}/schedules?tag=often`);
    await page.locator("tbody .pill.paused").waitFor();
    assert.equal(await page.locator("tbody tr").count(), 1);
    await page.getByRole("link", { name: "Each second" }).click();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.locator(".head .pill.active").waitFor();
  });

  it("home and the plan tell what comes next", async () => {
    await page.goto(server.origin);
    await page.getByRole("heading", { name: "What comes next" }).waitFor();
    await page.getByRole("row", { name: /Each second/ }).getByRole("link", { name: "Sample: players" }).click();
    await page.locator(".meta").getByText("next run").waitFor();
    await tabs().getByRole("link", { name: "Schedule" }).click();
    await page.getByRole("row", { name: /Each second/ }).waitFor();
  });

  it("all with a tag are deleted, after asking", async () => {
    await page.goto(`${server.origin}/schedules?tag=often`);
    await page.getByRole("link", { name: "Delete these" }).click();
    await page.getByRole("link", { name: "Keep them" }).click();
    await page.getByRole("link", { name: "Delete these" }).click();
    await page.getByRole("button", { name: "Delete these schedules" }).click();
    await page.getByRole("heading", { level: 1, name: "Schedules" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Each second" }).count(), 0);
    await page.getByRole("link", { name: "Every day at 09:00" }).first().waitFor();
  });

  it("the operator's clock ticks while one looks, and is paused and resumed", async () => {
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Clock" }).click();
    await page.getByText("The clock ticks.").waitFor();
    const ticks = page.locator('td[data-label="Ticks"]');
    const first = await ticks.innerText();
    await page.waitForFunction((before) => document.querySelector('td[data-label="Ticks"]').innerText !== before, first);
    await page.getByLabel("Reason").fill("The disk is full");
    await page.getByRole("button", { name: "Pause the clock" }).click();
    await page.getByText("Paused: The disk is full").waitFor();
    await page.getByRole("button", { name: "Resume the clock" }).click();
    await page.getByText("The clock ticks.").waitFor();
  });

  it("had no errors on the way", () => assertNoErrors(page));
});
