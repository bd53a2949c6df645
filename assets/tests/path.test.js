// The whole path of somebody new: sign up, run the sample, write a plan, mend a mistake, run it, read why it failed,
// delete it, sign out.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertNoErrors, launch, openPage, signUp, writePlan } from "./browser.js";
import { startServer } from "./server.js";
import { startTarget } from "./target.js";

describe("the path from signing up to reading a failure", () => {
  let target;
  let server;
  let browser;
  let page;

  before(async () => {
    target = await startTarget();
    server = await startServer({ allow: [target.address] });
    browser = await launch();
    page = await openPage(await browser.newContext({ viewport: { width: 1280, height: 860 } }));
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await target?.stop();
  });

  let promised;

  it("signs up from the front page and finds a sample plan", async () => {
    await page.goto(server.origin);
    promised = await story(page);
    await page.getByRole("main").getByRole("link", { name: "Sign up" }).click();
    await signUp(page, server.origin);
    await page.getByRole("heading", { name: "Sample: players is ready" }).waitFor();
  });

  it("runs the sample and sees it pass", async () => {
    await page.getByRole("button", { name: "Run" }).click();
    await page.getByRole("heading", { level: 1, name: "Sample: players" }).waitFor();
    await page.locator(".head .pill.passed").waitFor();
    assert.equal(await page.locator(".steps .mark.passed").count(), 4);
  });

  it("shows the steps as they come in, without loading the page again", async () => {
    await page.goto(`${server.origin}/plans/new`);
    await writePlan(
      page,
      `name: One step waits
steps:
  - name: At once
    get: { url: "http://${target.address}/now" }
  - name: Held
    get: { url: "http://${target.address}/held", options: { timeout: 30s } }
`,
    );
    await page.getByRole("button", { name: "Save and run" }).click();
    await page.getByRole("heading", { level: 1, name: "One step waits" }).waitFor();
    await page.evaluate(() => (globalThis.stayed = true));
    await target.asked;
    await page.locator(".step.passed", { hasText: "At once" }).waitFor();
    await page.locator(".head .pill.running").waitFor();
    assert.equal(await page.locator(".step.passed", { hasText: "Held" }).count(), 0);

    target.release();
    await page.locator(".step.passed", { hasText: "Held" }).waitFor();
    await page.locator(".head .pill.passed").waitFor();
    assert.match(await page.title(), /passed/);
    assert.equal(await page.evaluate(() => globalThis.stayed), true);
  });

  it("shows a mistake at its line while it is typed, and keeps what was typed when saving is refused", async () => {
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Plans" }).click();
    await page.getByRole("link", { name: "New plan" }).click();
    await writePlan(
      page,
      `name: Best of the blue team
steps:
  - name: Best of the blue team
    get: { url: "${server.demo}/demo/best/blue" }
    expect:
      satus_code: 200
      json: { name: Grace }
`,
    );
    const problem = page.locator(".problems .problem");
    await problem.waitFor();
    assert.match(await problem.innerText(), /6:7[\s\S]*satus_code[\s\S]*status_code/);
    const line = page.locator(".cm-line", { has: page.locator(".cm-lintRange-error") });
    assert.match(await line.innerText(), /satus_code/);

    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("alert").getByText("Nothing was saved").waitFor();
    await page.locator(".cm-line", { hasText: "satus_code" }).waitFor();
    // Refused on purpose: the browser reports the status as an error.
    page.errors = page.errors.filter((error) => !error.includes("422"));
  });

  it("goes to the mistake, and takes the plan once it is mended", async () => {
    await page.locator(".problems button").click();
    await page.keyboard.type("status_code");
    await page.getByRole("status").getByText("No problems").waitFor();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Best of the blue team" }).waitFor();
  });

  it("says in one sentence at the top why a run failed, and shows expected and received", async () => {
    await page.getByRole("button", { name: "Run" }).click();
    await page.locator(".head .pill.failed").waitFor();
    const why = await page.locator(".why p").first().innerText();
    assert.match(why, /Best of the blue team/);
    assert.match(why, /Grace/);
    const failed = page.locator(".exp", { has: page.locator(".mark.failed") });
    assert.match(await failed.locator("dd").first().innerText(), /Grace/);
    assert.match(await failed.locator("dd.got").innerText(), /Barbara/);
    assert.match(await page.title(), /failed/);
    assert.match(await page.locator("link[rel=icon]").getAttribute("href"), /favicon-failed/);
  });

  it("shows the response beside it", async () => {
    await page.locator(".tabs").getByRole("link", { name: "Response" }).click();
    await page.locator("pre.code", { hasText: '"Barbara"' }).waitFor();
  });

  it("shows just what the front page promised", async () => {
    const here = page.url();
    await page.goto(`${server.origin}/plans/new?sample=failure`);
    await page.getByRole("button", { name: "Save and run" }).click();
    await page.locator(".head .pill.failed").waitFor();
    assert.deepEqual(await story(page), promised);
    await page.goto(here);
  });

  it("deletes a plan with its runs, after asking", async () => {
    const run = page.url();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Plans" }).click();
    await page.getByRole("link", { name: "Best of the blue team" }).first().click();
    await page.getByRole("link", { name: "Delete plan" }).click();
    await page.getByRole("link", { name: "Keep it" }).click();
    await page.getByRole("link", { name: "Delete plan" }).click();
    await page.getByRole("button", { name: "Delete plan and runs" }).click();
    await page.getByRole("heading", { level: 1, name: "Plans" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Best of the blue team" }).count(), 0);
    assert.equal((await page.request.get(run)).status(), 404);
  });

  it("signs out", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("main").getByRole("link", { name: "Sign up" }).waitFor();
    assert.equal((await page.request.get(`${server.origin}/plans`, { maxRedirects: 0 })).status(), 303);
  });

  it("had no errors on the way", () => assertNoErrors(page));
});

/** What a page tells of a failure: its sentences and every expectation. */
function story(page) {
  return page.locator(".why p, .exp").allInnerTexts();
}
