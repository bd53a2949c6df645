// Every page that links lead to, in every state we can bring about: accessible in light, dark and on a phone,
// never wider than the window, without errors in the console.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PHONE, assertAccessible, assertNoErrors, assertNoOverflow, launch, openPage, signUp, writePlan } from "./browser.js";
import { startServer } from "./server.js";
import { startTarget } from "./target.js";

/** What a page may weigh with all that belongs to it, compressed, in bytes; and a page with the editor. */
const MOST = 150_000;
const EDITOR = 300_000;

/** The narrowest window that WCAG asks for (1.4.10). */
const NARROWEST = 320;

describe("every page", () => {
  let target;
  let server;
  let browser;
  let page;
  /** Kinds that were looked at and stay as they are. */
  const seen = new Set();

  before(async () => {
    target = await startTarget();
    server = await startServer({ allow: [target.address] });
    browser = await launch();
    // Not the zone of what is looked at: times stand there twice.
    page = await openPage(await browser.newContext({ timezoneId: "America/Argentina/ComodRivadavia" }));
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await target?.stop();
  });

  /** Looks at a page in all its shapes. */
  async function look(path, what = path) {
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.emulateMedia({ colorScheme: "light" });
    const response = await page.goto(new URL(path, server.origin).href);
    await page.evaluate(() => document.fonts.ready);
    await assertAccessible(page, `${what}, light`);
    await assertNoOverflow(page, what);
    await page.emulateMedia({ colorScheme: "dark" });
    await assertAccessible(page, `${what}, dark`);
    for (const width of [PHONE, NARROWEST]) {
      await page.setViewportSize({ width, height: 844 });
      await assertNoOverflow(page, `${what} at ${width}`);
    }
    await assertAccessible(page, `${what}, on a phone`);
    return response.status();
  }

  /** How many bytes come over the wire for a page that the browser has nothing of yet. */
  async function weight(path) {
    const context = await browser.newContext({ storageState: await page.context().storageState() });
    try {
      const fresh = await context.newPage();
      const sizes = [];
      fresh.on("requestfinished", (request) => sizes.push(request.sizes().catch(() => ({ responseBodySize: 0 }))));
      await fresh.goto(new URL(path, server.origin).href);
      await fresh.evaluate(() => document.fonts.ready);
      return (await Promise.all(sizes)).reduce((sum, { responseBodySize }) => sum + responseBodySize, 0);
    } finally {
      await context.close();
    }
  }

  /** Follows links from where the page is; one address per kind of page. Gives the kinds. */
  async function lookAtAll(start) {
    const kinds = new Map([[kind(start), start]]);
    for (const [key, path] of kinds) {
      if (seen.has(key)) continue;
      if (!changes(key)) seen.add(key);
      await look(path);
      const most = path.endsWith("/edit") || path.startsWith("/plans/new") ? EDITOR : MOST;
      const bytes = await weight(path);
      assert.ok(bytes > 0 && bytes <= most, `${path} weighs ${bytes} bytes`);
      const links = await page.$$eval("a[href]", (all) => all.map((link) => link.getAttribute("href")));
      for (const link of links) {
        const { pathname, search, origin } = new URL(link, page.url());
        if (origin !== server.origin || pathname.startsWith("/schema/") || pathname.startsWith("/assets/")) continue;
        // No page: a file to keep.
        if (pathname === "/account/export") continue;
        // Files, not pages.
        if (pathname.startsWith("/audit.") || pathname.startsWith("/api/")) continue;
        const key = kind(pathname + search);
        if (!kinds.has(key)) kinds.set(key, pathname + search);
      }
    }
    return [...kinds.keys()].sort();
  }

  it("is in good order in front of the door", async () => {
    const kinds = await lookAtAll("/");
    for (const known of ["/", "/docs", "/sign-in", "/sign-up"]) assert.ok(kinds.includes(known), `${known} of ${kinds}`);
  });

  it("is in good order when fields were filled in wrong", async () => {
    await page.goto(`${server.origin}/sign-up`);
    await page.getByLabel("E-mail").fill("ada@localhost");
    await page.getByLabel("Password").fill("password");
    await page.getByRole("button", { name: "Sign up" }).click();
    await page.locator(".field .error").waitFor();
    await assertAccessible(page, "sign-up with mistakes");
    await assertNoOverflow(page, "sign-up with mistakes");
    page.errors = page.errors.filter((error) => !error.includes("422"));
  });

  it("is in good order when nothing is there", async () => {
    assert.equal(await look("/nothing/here"), 404);
    page.errors = page.errors.filter((error) => !error.includes("404"));
  });

  it("is in good order for a new member", async () => {
    await signUp(page, server.origin);
    const kinds = await lookAtAll("/");
    const members = ["/", "/plans", "/plans/new", "/plans/:id", "/plans/:id/edit", "/runs", "/schedules", "/account"];
    for (const known of [...members, "/account/delete", "/clock", "/mail"]) {
      assert.ok(kinds.includes(known), `${known} of ${kinds}`);
    }
  });

  it("is in good order with runs that passed, failed, and go on", async () => {
    await run(page, server, `name: Passes\nsteps:\n  - get: { url: "${server.demo}/demo/best/red" }\n`, "passed");
    await run(
      page,
      server,
      `name: Fails, with a name that is long enough to need more than one line on a phone, and then some
steps:
  - name: Log in
    post: { url: "${server.demo}/demo/login", body: { user: ada, password: demo } }
    save_from_response: [{ variable_name: token, json_path: $.token, secret: true }]
  - name: A step whose name is long as well, because somebody describes in it what the step is for
    get:
      url: "${server.demo}/demo/players?with=${"a_very_long_query_".repeat(12)}"
      auth: { bearer: "\${token}" }
    expect:
      json: { name: Grace, list: [1, 2, { deep: "${"unbroken".repeat(30)}" }] }
      headers: { x-missing: { exists: true } }
      json_path: { "$.players": { length: 7 } }
    save_from_response: { nothing: $.nothing }
  - name: Not run
    get: { url: "${server.demo}/demo/best/blue" }
`,
      "failed",
    );
    const failed = page.url();
    await run(page, server, `name: Goes on\nsteps:\n  - get: { url: "http://${target.address}/held" }\n`, "running");
    const running = page.url();
    await look(running, "a run that goes on");

    await page.goto(failed);
    const steps = await page.$$eval("main .steps a, main .tabs a", (all) => all.map((link) => link.getAttribute("href")));
    for (const link of new Set(steps)) await look(new URL(link, failed).href, `the failed run, ${link}`);

    const kinds = await lookAtAll("/");
    assert.ok(kinds.includes("/runs/:id"), `${kinds}`);
    target.release();
  });

  it("is in good order with schedules that fire, are paused, are over, and are filled in wrong", async () => {
    const plan = await page.goto(`${server.origin}/plans`).then(() => page.locator("tbody a").first().getAttribute("href"));
    const schedule = async (fields) => {
      const response = await page.request.post(`${server.origin}${plan}/schedules`, {
        form: fields,
        headers: { origin: server.origin },
      });
      return new URL(response.url()).pathname;
    };
    const long = "A name that is long enough to need more than one line on a phone, and then some: " + "x".repeat(39);
    const tags = Array.from({ length: 20 }, (_, index) => `${"tag-that-is-long".repeat(2)}-${index}`).join(" ");
    const often = await schedule({ name: long, kind: "every", interval: "1s", tags, overlap: "queue" });
    const once = await schedule({ name: "Once", kind: "every", interval: "1s", repeats: "1" });
    const paused = await schedule({ name: "Paused", kind: "cron", cron: "*/7 1-5,9 1 * mon", zone: "America/North_Dakota/New_Salem" });
    await page.goto(server.origin + paused);
    await page.getByLabel("Reason").fill("Because of something " + "unbroken".repeat(20));
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator(".why.paused").waitFor();
    await page.goto(server.origin + once);
    await page.locator(".head .pill.over").waitFor();
    await page.goto(server.origin + often);
    await page.locator("#history tbody tr").first().waitFor();
    const lists = ["/", plan, `${plan}/schedules`, "/schedules", "/schedules?tag=eu&state=active"];
    const asking = [`${often}/edit`, `${often}/delete`, "/schedules/clear?tag=eu"];
    for (const path of [often, once, paused, ...lists, ...asking]) await look(path);
    const bytes = await weight(often);
    assert.ok(bytes > 0 && bytes <= MOST, `${often} weighs ${bytes} bytes`);
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.goto(`${server.origin}${plan}/schedules/new?kind=cron&cron=0+0+30+2+*&zone=Europe/Berln&tags=a%25b`);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").waitFor();
    await assertAccessible(page, "a schedule with mistakes");
    await page.setViewportSize({ width: NARROWEST, height: 844 });
    await assertNoOverflow(page, "a schedule with mistakes");
    page.errors = page.errors.filter((error) => !error.includes("422"));
  });

  it("is in good order when a filter finds nothing", async () => {
    await look("/plans?q=nothing-is-called-this");
    await look("/runs?state=cancelled");
    await look("/schedules?tag=no-such-tag");
  });

  it("is in good order whatever of the style guide it shows", async () => {
    const guide = new URL("../styleguide.html", import.meta.url).href;
    await look(guide, "the style guide");
  });

  it("is in good order while a plan is written with a mistake in it", async () => {
    await page.goto(`${server.origin}/plans/new`);
    await writePlan(page, "- gett: { url: x }\n");
    await page.locator(".problems .problem").waitFor();
    await assertAccessible(page, "the editor with a problem");
    await page.setViewportSize({ width: NARROWEST, height: 844 });
    await assertNoOverflow(page, "the editor with a problem");
  });

  it("had no errors in its console", () => assertNoErrors(page));
});

/** Whether a page of this kind looks different once there are runs. */
function changes(kind) {
  return /^\/(plans|runs)?(\/:id)?$/.test(kind);
}

/** Addresses that differ only in ids and values are of one kind. */
function kind(address) {
  const { pathname, searchParams } = new URL(address, "http://x");
  const path = pathname
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, ":id")
    .replace(/\/[0-9a-f]{64}$/, "/:token")
    .replace(/\/\d+(?=\/|$)/g, "/:number");
  const names = [...new Set(searchParams.keys())].sort().join("&");
  return names ? `${path}?${names}` : path;
}

/** Saves and runs a plan, and waits until its page shows the state. */
async function run(page, server, text, state) {
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.goto(`${server.origin}/plans/new`);
  await writePlan(page, text);
  await page.getByRole("button", { name: "Save and run" }).click();
  await page.locator(`.head .pill.${state}`).waitFor();
}
