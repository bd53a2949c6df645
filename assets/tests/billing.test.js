// Subscribing as somebody meets it: upgrade on Stripe's page (a fake one), the new limits at once, a payment that
// fails, cancelling, resuming; what a lower tier leaves waiting.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { PHONE, assertAccessible, assertNoErrors, assertNoOverflow, launch, openPage, signUp } from "./browser.js";
import { startServer, startStripe } from "./server.js";

/** Longer than anything takes that Stripe tells of. */
const PATIENCE = 30_000;

/** In seconds. */
const DAY = 24 * 60 * 60;

const PLAN = "- get: { url: 'http://127.0.0.1:9/' }";

describe("billing", () => {
  let stripe;
  let server;
  let browser;
  let page;

  before(async () => {
    stripe = await startStripe();
    server = await startServer({ stripe });
    browser = await launch();
    page = await openPage(await browser.newContext({ viewport: { width: 1280, height: 860 } }));
    await signUp(page, server.origin);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await stripe?.stop();
  });

  const open = (path) => page.goto(`${server.origin}${path}`);
  const button = (name) => page.getByRole("button", { name });
  const text = () => page.locator("main").innerText();

  /** Reads the page again until it says so, as a webhook is on its way, and opens it then. */
  async function until(path, words) {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const html = await (await page.request.get(`${server.origin}${path}`)).text();
      if (words.test(html)) break;
      assert.ok(Date.now() < deadline, `${path} never said ${words}: ${html}`);
      await pause(100);
    }
    await open(path);
  }

  /** The fake's levers. */
  async function lever(name, form) {
    const body = new URLSearchParams(form);
    const response = await fetch(`${stripe.url}_fake/${name}`, { method: "POST", body, headers: { accept: "application/json" } });
    assert.ok(response.ok, `${name}: ${response.status} ${await response.text()}`);
  }

  /** Saves a plan as its form does; the answer is the page that comes of it. */
  function newPlan(name) {
    const headers = { "sec-fetch-site": "same-origin" };
    return page.request.post(`${server.origin}/plans`, { form: { name, text: PLAN }, headers });
  }

  it("on the free tier the page tells what is used, what is left and what more would cost", async () => {
    await open("/billing");
    assert.match(await text(), /0 of 100, 100 left/);
    assert.match(await text(), /39\.99 USD a month/);
    await assertAccessible(page, "billing, free");
  });

  it("the third plan is refused with the reason and a way out", async () => {
    assert.equal((await newPlan("Second")).status(), 200);
    assert.equal((await newPlan("Third")).status(), 402);
    await open("/plans/new");
    await page.getByText("Your tier allows 2 plans, and none is left").waitFor();
    await page.getByRole("link", { name: "Tier and limits" }).click();
    await page.getByRole("heading", { level: 1, name: "Billing" }).waitFor();
  });

  it("a card that is declined stays on Stripe's page, and nothing changes here", async () => {
    await button("Upgrade to pro").click();
    await page.getByRole("heading", { name: "Checkout" }).waitFor();
    await page.getByLabel(/Is declined/).check();
    await button(/^Pay/).click();
    await page.getByRole("heading", { name: "Checkout" }).waitFor();
    await page.getByText(/card was declined/i).waitFor();
  });

  it("whoever pays comes back with the limits of pro, at once", async () => {
    await page.getByLabel(/Pays \(/).check();
    await button(/^Pay/).click();
    await page.getByRole("heading", { level: 1, name: "Billing" }).waitFor();
    assert.match(await text(), /pro\s+39\.99 USD every month/);
    assert.match(await text(), /Next invoice: 39\.99 USD on /);
    assert.match(await text(), /0 of 100,000/);
    await page.getByRole("row", { name: /paid 39\.99 USD/ }).waitFor();
    const saved = await newPlan("Third");
    assert.equal(saved.status(), 200);
    await page.goto(saved.url());
    await page.getByRole("heading", { level: 1, name: "Third" }).waitFor();
    assert.equal(await button("Run").count(), 1);
  });

  it("the page holds in light, dark and on a phone", async () => {
    await open("/billing");
    await assertAccessible(page, "billing, pro");
    await page.emulateMedia({ colorScheme: "dark" });
    await assertAccessible(page, "billing, dark");
    await page.setViewportSize({ width: PHONE, height: 844 });
    await assertNoOverflow(page, "billing on a phone");
    await assertAccessible(page, "billing on a phone");
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.emulateMedia({ colorScheme: "light" });
  });

  it("the portal leads to Stripe and back", async () => {
    await button("Manage card and invoices").click();
    await page.getByText("fake Stripe").first().waitFor();
    await page.getByRole("link", { name: /Return|Back/ }).click();
    await page.getByRole("heading", { level: 1, name: "Billing" }).waitFor();
  });

  it("cancelling says what will change, and then when", async () => {
    await page.getByRole("link", { name: "Cancel" }).click();
    await page.getByRole("heading", { level: 1, name: "Cancel the subscription?" }).waitFor();
    assert.match(await text(), /1 plan is paused, because the free tier allows 2: Third/);
    await assertAccessible(page, "cancel");
    await button("Cancel at the end of what is paid").click();
    await page.getByText(/The subscription ends on \w+ \d+, \d{4} at/).waitFor();
    assert.match(await text(), /Until then the pro tier holds/);
    await button("Resume the subscription").click();
    await page.getByRole("link", { name: "Cancel" }).waitFor();
    assert.doesNotMatch(await text(), /The subscription ends on/);
  });

  it("a payment that fails is told on every page, with until when the tier stays", async () => {
    const customers = await fetch(`${stripe.url}v1/customers`, { headers: { authorization: `Bearer ${stripe.key}` } });
    const customer = (await customers.json()).data[0].id;
    await lever("card", { customer, card: "declines" });
    await lever("clock", { by: 32 * DAY });
    await until("/", /A payment failed and is overdue\.<\/b> The pro tier stays until/);
    await page.getByRole("link", { name: "Open billing" }).click();
    await page.getByRole("link", { name: "Pay the open invoice" }).waitFor();
    await assertAccessible(page, "billing, overdue");
  });

  it("once the subscription is over, what is beyond the free tier waits, and nothing is gone", async () => {
    await lever("clock", { by: 40 * DAY });
    await until("/billing", /<b>free<\/b>/);
    await until("/plans", /pill paused/);
    await page.getByRole("link", { name: "Third" }).click();
    await page.getByText(/so this plan is paused: it can be read and changed, but not run/).waitFor();
    assert.equal(await button("Run").count(), 0);
    await page.getByText("127.0.0.1:9").first().waitFor();
  });

  it("nothing went wrong in the browser", () => assertNoErrors(page));
});
