// Takes run.png, the picture in the README, from the product itself: `SMOKEX=../target/debug/smokex node readme/take.js`.
import { launch, openPage, signUp, writePlan } from "../tests/browser.js";
import { startServer } from "../tests/server.js";

const server = await startServer();
const browser = await launch();
try {
  const context = await browser.newContext({ viewport: { width: 1240, height: 800 }, deviceScaleFactor: 2 });
  const page = await openPage(context);
  await signUp(page, server.origin);
  await page.goto(`${server.origin}/plans/new`);
  await writePlan(
    page,
    `name: Season opening
variables: { base: "${server.demo}" }
steps:
  - name: Log in
    post: { url: "\${base}/demo/login", body: { user: ada, password: demo } }
    save_from_response: [{ variable_name: token, json_path: $.token, secret: true }]
  - name: All players are there
    get: { url: "\${base}/demo/players", auth: { bearer: "\${token}" } }
    expect: { json_path: { "$.players": { length: 6 } } }
  - name: Grace leads the blue team
    get: { url: "\${base}/demo/best/blue", auth: { bearer: "\${token}" } }
    expect:
      status_code: 200
      headers: { content-type: { contains: application/json } }
      json: { name: Grace, team: blue }
      json_path: { $.score: { lt: 90 } }
      response_time: 500
  - name: Announce it
    post: { url: "\${base}/demo/message", body: { text: Grace leads } }
finally:
  - name: Say goodbye
    post: { url: "\${base}/demo/message", body: { text: bye } }
    expect: { status_code: 201 }
`,
  );
  await page.getByRole("button", { name: "Save and run" }).click();
  await page.locator(".head .pill.failed").waitFor();
  // The first run of a fresh process is not a typical one.
  await page.getByRole("button", { name: "Run again" }).click();
  await page.locator("h1", { hasText: "#2" }).waitFor();
  await page.locator(".head .pill.failed").waitFor();
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: new URL("run.png", import.meta.url).pathname });
} finally {
  await browser.close();
  await server.stop();
}
