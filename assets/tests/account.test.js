// A person's own account in a browser: its links by mail, its second factor, its end.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { PHONE, assertAccessible, assertNoErrors, assertNoOverflow, launch, openPage, signUp } from "./browser.js";
import { startServer } from "./server.js";

const EMAIL = "ada@acme.example";
const PASSWORD = "correct horse battery staple";
const NEW = "staple battery horse correct";

describe("an account", () => {
  let server;
  let browser;
  let context;
  let page;
  let codes;

  before(async () => {
    server = await startServer();
    browser = await launch();
    context = await browser.newContext();
    page = await openPage(context);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Looks at the page where it is, wide and narrow, light and dark. */
  async function look(what) {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await assertAccessible(page, `${what}, ${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: PHONE, height: 800 });
    await assertNoOverflow(page, what);
    await page.setViewportSize({ width: 1280, height: 860 });
  }

  /** The link in the newest mail, as the operator's page shows it. */
  async function newestLink() {
    const reader = await context.newPage();
    await reader.goto(`${server.origin}/mail`);
    const link = await reader.locator("pre a").first().getAttribute("href");
    await reader.close();
    return new URL(link, server.origin).href;
  }

  function forgiven(status) {
    page.errors = page.errors.filter((error) => !error.includes(String(status)));
  }

  it("asks for its address to be confirmed until the link is followed", async () => {
    await signUp(page, server.origin);
    await page.getByText("Confirm your e-mail address.").waitFor();
    await look("home with the banner");
    await page.goto(await newestLink());
    await look("the page of the link");
    await page.getByRole("button", { name: "This address is mine" }).click();
    await page.getByText("Your e-mail address is confirmed.").waitFor();
    assert.equal(await page.getByText("Confirm your e-mail address.").count(), 0);
    assertNoErrors(page);
  });

  it("changes its password and says at the field what is wrong", async () => {
    await page.getByLabel("Current password").fill("something else");
    await page.getByLabel("New password").fill(NEW);
    await page.getByRole("button", { name: "Change password" }).click();
    await page.locator("#current-password-error").waitFor();
    await look("the account with a mistake");
    forgiven(422);
    await page.getByLabel("Current password").fill(PASSWORD);
    await page.getByLabel("New password").fill(NEW);
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("Your password is changed").waitFor();
    assertNoErrors(page);
  });

  it("takes a second factor", async () => {
    await page.locator("#factor-password").fill(NEW);
    await page.getByRole("button", { name: "Set it up" }).click();
    await page.getByRole("img", { name: "QR code of the secret below" }).waitFor();
    await look("the page of the secret");
    const secret = (await page.locator("main code").innerText()).replaceAll(" ", "");
    await page.getByRole("textbox", { name: "Code" }).fill(code(secret));
    await page.getByRole("button", { name: "Turn it on" }).click();
    await page.getByRole("heading", { name: "Keep these recovery codes" }).waitFor();
    await look("the recovery codes");
    codes = (await page.locator("#codes").innerText()).trim().split("\n");
    assert.equal(codes.length, 10);
    assertNoErrors(page);
  });

  it("asks for a code at the next sign-in", async () => {
    await page.getByRole("link", { name: "I have kept them" }).click();
    await page.getByRole("navigation").getByRole("button", { name: "Sign out" }).click();
    await page.goto(`${server.origin}/sign-in`);
    await page.getByLabel("E-mail").fill(EMAIL);
    await page.getByLabel("Password").fill(NEW);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Second factor" }).waitFor();
    await look("the second step");
    await page.getByRole("textbox", { name: "Code" }).fill("000000");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#code-error").waitFor();
    forgiven(422);
    await page.getByRole("textbox", { name: "Code" }).fill(codes[0]);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Home", level: 1 }).waitFor();
    await page.getByRole("link", { name: "Account" }).click();
    await page.getByText("9 recovery codes are left.").waitFor();
    await look("the account with a second factor");
    assertNoErrors(page);
  });

  it("is taken along as one file", async () => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Export everything" }).click(),
    ]);
    const file = JSON.parse(await readFile(await download.path(), "utf8"));
    assert.equal(file.account.email, EMAIL);
    assert.equal(file.organizations[0].name, "Acme Shop");
    assert.equal(file.organizations[0].plans.length, 1);
  });

  it("gets another password without the old one, in a browser without scripts", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const other = await openPage(plain);
    await other.goto(`${server.origin}/sign-in`);
    await other.getByRole("link", { name: "Forgotten your password?" }).click();
    await other.getByLabel("E-mail").fill(EMAIL);
    await other.getByRole("button", { name: "Send a link" }).click();
    await other.getByRole("heading", { name: "Look into your mailbox" }).waitFor();
    await other.goto(await newestLink());
    await other.getByLabel("New password").fill(PASSWORD);
    await other.getByRole("button", { name: "Change password" }).click();
    await other.getByText("Your password is changed. Sign in with the new one.").waitFor();
    await other.getByLabel("E-mail").fill(EMAIL);
    await other.getByLabel("Password").fill(PASSWORD);
    await other.getByRole("button", { name: "Sign in" }).click();
    await other.getByRole("textbox", { name: "Code" }).fill(codes[1]);
    await other.getByRole("button", { name: "Sign in" }).click();
    await other.getByRole("heading", { name: "Home", level: 1 }).waitFor();
    await page.goto(`${server.origin}/account`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await other.getByRole("link", { name: "Account" }).click();
    await other.getByRole("link", { name: "Delete account" }).click();
    await other.getByLabel("Password").fill(PASSWORD);
    await other.getByRole("button", { name: "Delete my account" }).click();
    await other.getByText("Your account is deleted.").waitFor();
    await plain.close();
    assertNoErrors(page);
  });
});

/** What an authenticator app shows for a secret in base32 (RFC 6238). */
function code(secret) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"));
  const key = Buffer.from(bits.join("").match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac("sha1", key).update(counter).digest();
  const place = hash.at(-1) & 15;
  return String((hash.readUInt32BE(place) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}
