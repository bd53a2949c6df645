// How a page follows what happens on the server, against a server that does exactly what the test says.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { assertNoErrors, launch, openPage } from "./browser.js";

const script = await readFile(new URL("../dist/app.js", import.meta.url));

describe("a page that follows events", () => {
  let browser;
  let page;
  let server;
  let origin;
  /** What the server has: the state on the page, the open streams, how often each path was asked for. */
  let world;

  before(async () => {
    browser = await launch();
    server = createServer(answer);
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${server.address().port}`;
  });
  after(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(async () => {
    world = { state: "running", streams: [], asked: {}, waiting: [], eventsStatus: 200, partStatus: 200 };
    page = await openPage(await browser.newContext());
  });
  afterEach(() => page.context().close());

  function answer(request, response) {
    const { pathname, search } = new URL(request.url, origin);
    world.asked[pathname] = (world.asked[pathname] ?? 0) + 1;
    world.waiting = world.waiting.filter(([path, count, resolve]) => {
      if (path !== pathname || world.asked[path] < count) return true;
      resolve();
      return false;
    });
    if (pathname === "/app.js") return response.setHeader("content-type", "text/javascript").end(script);
    if (pathname === "/events") {
      if (world.eventsStatus !== 200) return response.writeHead(world.eventsStatus).end();
      response.writeHead(200, { "content-type": "text/event-stream" }).write("retry: 50\n\n");
      world.streams.push(response);
      return undefined;
    }
    response.setHeader("content-type", "text/html");
    const over = world.state !== "running";
    const part = `<title>${world.state}</title><div id="part" data-live ${
      over ? "" : `data-events="/events" data-fragment="/part${search}"`
    }><p class="state">${world.state}</p><p class="view">${search}</p><a href="/?step=2" data-swap>Step 2</a><button id="b">Button</button></div>`;
    if (pathname === "/part") {
      const send = () => response.writeHead(world.partStatus).end(part);
      return world.held && !search ? world.held.then(send) : send();
    }
    return response.end(`<!doctype html><link rel="icon" href="data:,"><script type="module" src="/app.js"></script><main>${part}</main>`);
  }

  /** Resolves once a path was asked for so often. */
  function asked(path, count) {
    if ((world.asked[path] ?? 0) >= count) return Promise.resolve();
    return new Promise((resolve) => world.waiting.push([path, count, resolve]));
  }

  const shown = (state) => page.locator(".state", { hasText: state }).waitFor();

  it("reads itself again when the stream opens, for what happened before", async () => {
    await page.goto(origin);
    await asked("/part", 1);
    assertNoErrors(page);
  });

  it("takes over its parts and the title at each event, and keeps the focus", async () => {
    await page.goto(origin);
    await page.locator("#b").focus();
    await asked("/part", 1);
    world.state = "passed";
    world.streams[0].write("data: change\n\n");
    await shown("passed");
    assert.equal(await page.title(), "passed");
    assert.equal(await page.evaluate(() => document.activeElement.id), "b");
  });

  it("does not go back to a view that was left while it was read", async () => {
    await page.goto(origin);
    await asked("/part", 1);
    let release;
    world.held = new Promise((resolve) => (release = resolve));
    world.streams[0].write("data: change\n\n");
    await asked("/part", 2);
    await page.getByRole("link", { name: "Step 2" }).click();
    await page.locator(".view", { hasText: "?step=2" }).waitFor();
    release();
    // What came late was for the view before: the one that is looked at is read instead.
    await asked("/part", 3);
    assert.equal(await page.locator(".view").innerText(), "?step=2");
    world.state = "passed";
    world.streams[0].write("data: change\n\n");
    await shown("passed");
    assert.equal(await page.locator(".view").innerText(), "?step=2");
  });

  it("gives the stream back when there is nothing more to come", async () => {
    await page.goto(origin);
    await asked("/events", 1);
    const closed = new Promise((resolve) => world.streams[0].on("close", resolve));
    world.state = "failed";
    world.streams[0].write("data: change\n\n");
    await closed;
    await shown("failed");
    assert.equal(world.asked["/events"], 1);
  });

  it("sees how it ended if it ended before the stream could open", async () => {
    world.eventsStatus = 204;
    const going = page.goto(origin);
    await asked("/events", 1).then(() => (world.state = "passed"));
    await going;
    await shown("passed");
  });

  it("comes back after the connection was lost, and catches up", async () => {
    await page.goto(origin);
    await asked("/part", 1);
    world.state = "failed";
    world.streams[0].destroy();
    await shown("failed");
    // The lost connection is the browser's to report.
    page.errors = page.errors.filter((error) => !error.includes("ERR_INCOMPLETE_CHUNKED_ENCODING"));
    assertNoErrors(page);
  });

  it("leaves the page as it is while the server cannot answer", async () => {
    await page.goto(origin);
    await asked("/part", 1);
    world.partStatus = 503;
    world.streams[0].write("data: change\n\n");
    await asked("/part", 2);
    world.partStatus = 200;
    world.state = "passed";
    assert.equal(await page.locator(".state").innerText(), "running");
    world.streams[0].write("data: change\n\n");
    await shown("passed");
  });
});
