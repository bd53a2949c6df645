// The main path in a browser that runs no scripts: plainer, and whole.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch, openPage, signUp } from "./browser.js";
import { startServer } from "./server.js";
import { startTarget } from "./target.js";

describe("without scripts", () => {
  let target;
  let server;
  let browser;
  let page;

  before(async () => {
    target = await startTarget();
    server = await startServer({ allow: [target.address] });
    browser = await launch();
    page = await openPage(await browser.newContext({ javaScriptEnabled: false }));
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await target?.stop();
  });

  it("a plan is written, its mistakes are shown, and it is saved once they are mended", async () => {
    await signUp(page, server.origin);
    await page.getByRole("link", { name: "New plan" }).click();
    const text = page.getByLabel("Text of the plan");
    const plan = `name: Waits\nsteps:\n  - get: { url: "http://${target.address}/held", options: { timeout: 30s } }\n`;
    await text.fill(plan.replace("get:", "gett:"));
    await page.getByRole("button", { name: "Save and run" }).click();
    assert.match(await page.locator(".problems").innerText(), /3:5[\s\S]*gett/);
    assert.match(await text.inputValue(), /gett/);
    await text.fill(plan);
    await page.getByRole("button", { name: "Save and run" }).click();
    await page.getByRole("heading", { level: 1, name: "Waits" }).waitFor();
  });

  it("the page of a run comes again by itself until the run is over", async () => {
    await target.asked;
    target.release();
    await page.locator(".head .pill.passed").waitFor();
    await page.getByRole("link", { name: "Response" }).click();
    await page.locator("pre.code", { hasText: '"items"' }).waitFor();
  });

  it("a schedule is looked at before it is saved, then paused", async () => {
    await page.getByRole("link", { name: "Waits" }).click();
    await page.getByRole("link", { name: "Schedule", exact: true }).click();
    await page.getByRole("link", { name: "New schedule" }).click();
    const cron = page.getByRole("textbox", { name: "Cron expression" });
    assert.equal(await cron.isVisible(), true);
    await page.getByLabel("Again and again").check();
    assert.equal(await cron.isVisible(), false);
    await page.getByLabel("Every", { exact: true }).fill("2h");
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByText("360 runs in the next 30 days").waitFor();
    assert.equal(await page.getByLabel("Every", { exact: true }).inputValue(), "2h");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { level: 1, name: "Every 2 hours" }).waitFor();
    await page.getByLabel("Reason").fill("Not today");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator(".why.paused").getByText("Not today").waitFor();
  });

  it("a plan is deleted", async () => {
    await page.getByRole("link", { name: "Waits" }).click();
    await page.getByRole("link", { name: "Delete plan" }).click();
    await page.getByRole("button", { name: "Delete plan and runs" }).click();
    await page.getByRole("heading", { level: 1, name: "Plans" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Waits" }).count(), 0);
  });
});
