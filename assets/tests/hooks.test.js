// The hook of a plan: its address is made, shown once, called, rotated and deleted.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PHONE, assertAccessible, assertNoErrors, assertNoOverflow, launch, openPage, signUp } from "./browser.js";
import { startServer } from "./server.js";

/** Where pictures of the pages go; none are taken without. */
const PICTURES = process.env.PICTURES;

describe("the hook of a plan", () => {
  let server;
  let browser;
  let page;
  let plan;

  before(async () => {
    server = await startServer();
    browser = await launch();
    const permissions = ["clipboard-read", "clipboard-write"];
    page = await openPage(await browser.newContext({ viewport: { width: 1280, height: 860 }, permissions }));
    await signUp(page, server.origin);
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Plans" }).click();
    await page.getByRole("link", { name: "Sample: players" }).click();
    await page.getByRole("heading", { level: 2, name: "Deployment hook" }).waitFor();
    plan = page.url();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** In all shapes: light, dark, on a phone. */
  async function look(what) {
    const picture = async (shape) => {
      const path = `${PICTURES}/${what.replaceAll(" ", "-")}-${shape}.png`;
      if (PICTURES) await page.screenshot({ path, fullPage: true });
    };
    await assertAccessible(page, what);
    await picture("light");
    await page.emulateMedia({ colorScheme: "dark" });
    await assertAccessible(page, `${what}, dark`);
    await picture("dark");
    for (const width of [PHONE, 320]) {
      await page.setViewportSize({ width, height: 844 });
      await assertNoOverflow(page, `${what} at ${width}`);
      await picture(width);
    }
    await assertAccessible(page, `${what}, on a phone`);
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.emulateMedia({ colorScheme: "light" });
  }

  const call = async (address) => {
    const response = await fetch(`${address}?wait=60`, { method: "POST" });
    return { status: response.status, ...(await response.json()) };
  };
  const shown = () => page.locator("#address").innerText();
  let address;

  it("its address is shown once, and copied with the line that calls it", async () => {
    await look("plan without a hook");
    await page.getByRole("button", { name: "Make the address" }).click();
    await page.getByRole("heading", { level: 1, name: "Keep this address" }).waitFor();
    address = await shown();
    assert.match(address, new RegExp(`^${server.origin}/api/v1/hooks/[0-9a-f]{64}$`));
    const copied = async (number) => {
      await page.getByRole("button", { name: "Copy" }).nth(number).click();
      await page.getByRole("button", { name: "Copied" }).first().waitFor();
      return page.evaluate(() => navigator.clipboard.readText());
    };
    assert.equal(await copied(0), address);
    await page.getByRole("button", { name: "Copied" }).waitFor({ state: "detached" });
    assert.equal(await copied(1), `curl --fail-with-body -X POST '${address}?wait=60'`);
    await look("a new address");
    await page.getByRole("link", { name: "I have kept it" }).click();
    await page.getByText("not used yet").waitFor();
    assert.ok(!(await page.content()).includes(address));
  });

  it("a call runs the plan and waits for it, and the page tells", async () => {
    const called = await call(address);
    assert.deepEqual([called.status, called.run.state], [200, "passed"]);
    await page.goto(called.url);
    await page.getByText("by hook").waitFor();
    await page.goto(plan);
    await page.locator("#hook").getByText("last used").waitFor();
    await look("plan with a hook");
  });

  it("rotating asks first, and is the end of the address before", async () => {
    await page.getByRole("link", { name: "Rotate" }).click();
    await page.getByRole("heading", { level: 1, name: "Make a new address?" }).waitFor();
    await look("rotating");
    await page.getByRole("link", { name: "Keep the address" }).click();
    assert.equal((await call(address)).status, 200, "it was only asked");
    await page.getByRole("link", { name: "Rotate" }).click();
    await page.getByRole("button", { name: "Make a new address" }).click();
    await page.getByText("The address before leads nowhere from now on.").waitFor();
    const former = address;
    address = await shown();
    assert.equal((await call(former)).status, 404);
    assert.equal((await call(address)).status, 200);
  });

  it("deleting asks first, and then nothing is there", async () => {
    await page.goto(plan);
    await page.getByRole("link", { name: "Delete hook" }).click();
    await look("deleting a hook");
    await page.getByRole("button", { name: "Delete hook" }).click();
    await page.getByRole("button", { name: "Make the address" }).waitFor();
    assert.equal((await call(address)).status, 404);
  });

  it("the docs tell how to use it", async () => {
    await page.locator("#hook").getByRole("link", { name: "How to use it" }).click();
    await page.getByRole("heading", { level: 2, name: "Run after a deployment" }).waitFor();
    await look("docs of hooks");
    assertNoErrors(page);
  });
});
