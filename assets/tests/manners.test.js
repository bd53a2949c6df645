// What pages do beside showing things: keys, asking before something is lost, copying, times that go on.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { assertAccessible, assertNoErrors, launch, openPage, signUp, writePlan } from "./browser.js";
import { startServer } from "./server.js";

describe("pages", () => {
  let server;
  let browser;
  let page;

  before(async () => {
    server = await startServer();
    browser = await launch();
    page = await openPage(await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] }));
    await signUp(page, server.origin);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(() => page.goto(`${server.origin}/plans`));

  it("list their keys on a question mark", async () => {
    await page.keyboard.press("?");
    const dialog = page.getByRole("dialog", { name: "Keys" });
    assert.match(await dialog.innerText(), /New plan\s+n[\s\S]*Search\s+\//);
    await assertAccessible(page, "the list of keys");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  it("obey their keys", async () => {
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.type), "search");
    // While one types, letters are letters.
    await page.keyboard.type("never");
    assert.equal(await page.getByLabel("Search").inputValue(), "never");
    await page.getByRole("heading", { level: 1 }).click();
    await page.keyboard.press("n");
    await page.getByRole("heading", { level: 1, name: "New plan" }).waitFor();
  });

  it("go through the steps of a run with j and k", async () => {
    await page.getByRole("link", { name: "Sample: players" }).click();
    await page.getByRole("heading", { level: 1, name: "Sample: players" }).waitFor();
    await page.keyboard.press("r");
    await page.locator(".head .pill.passed").waitFor();
    await page.locator(".steps a.step").first().click();
    await page.locator(".steps li:nth-child(1) a[aria-current]").waitFor();
    await page.evaluate(() => (globalThis.stayed = true));
    await page.keyboard.press("j");
    await page.locator(".steps li:nth-child(2) a[aria-current]").waitFor();
    await page.keyboard.press("k");
    await page.locator(".steps li:nth-child(1) a[aria-current]").waitFor();
    assert.equal(await page.evaluate(() => globalThis.stayed), true);

    await page.goBack();
    await page.locator(".steps li:nth-child(2) a[aria-current]").waitFor();
  });

  it("ask before unsaved changes are lost, and only then", async () => {
    const asked = [];
    page.on("dialog", (dialog) => {
      asked.push(dialog.type());
      dialog.accept();
    });
    await page.goto(`${server.origin}/plans/new`);
    await page.goto(`${server.origin}/plans/new`);
    assert.deepEqual(asked, []);
    await writePlan(page, "- get: { url: http://example.com }\n");
    await page.getByRole("link", { name: "Cancel" }).click();
    await page.getByRole("heading", { level: 1, name: "Plans" }).waitFor();
    assert.deepEqual(asked, ["beforeunload"]);

    // What was refused is still not saved.
    await page.goto(`${server.origin}/plans/new`);
    await writePlan(page, "- gett: { url: http://example.com }\n");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("alert").waitFor();
    await page.getByRole("link", { name: "Cancel" }).click();
    await page.getByRole("heading", { level: 1, name: "Plans" }).waitFor();
    assert.deepEqual(asked, ["beforeunload", "beforeunload"]);
    page.errors = page.errors.filter((error) => !error.includes("422"));
  });

  it("copy a plan's text", async () => {
    await page.getByRole("link", { name: "Sample: players" }).click();
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(text, /^name: "Sample: players"\n/);
  });

  it("save with the keyboard alone", async () => {
    await page.keyboard.press("n");
    await page.getByRole("heading", { level: 1, name: "New plan" }).waitFor();
    await writePlan(page, `name: Typed\nsteps:\n  - get: { url: "${server.demo}/demo" }\n`);
    await page.keyboard.press("Control+s");
    await page.getByRole("heading", { level: 1, name: "Typed" }).waitFor();
    await page.keyboard.press("e");
    await page.locator(".cm-content").press("Control+Enter");
    await page.locator(".head .pill.passed").waitFor();
  });

  it("offer the language's own keys while one writes", async () => {
    await page.goto(`${server.origin}/plans/new`);
    await page.locator(".cm-content").click();
    await page.keyboard.type("- ge");
    await page.locator(".cm-tooltip-autocomplete li", { hasText: "get" }).click();
    await page.keyboard.press("Enter");
    await page.keyboard.type("expe");
    await page.locator(".cm-tooltip-autocomplete li", { hasText: "expect" }).waitFor();
  });

  it("had no errors in their console", () => assertNoErrors(page));
});
