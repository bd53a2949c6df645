// Two people in one organization: an invitation by mail, joining with a new account, roles at once, changing between
// organizations, API tokens, the audit log.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { PHONE, assertAccessible, assertNoErrors, assertNoOverflow, confirmAddress, launch, openPage, signUp } from "./browser.js";
import { startServer } from "./server.js";

describe("organizations", () => {
  let server;
  let browser;
  let ada;
  let bob;

  before(async () => {
    server = await startServer();
    browser = await launch();
    const open = async () => openPage(await browser.newContext({ viewport: { width: 1280, height: 860 } }));
    [ada, bob] = await Promise.all([open(), open()]);
    await signUp(ada, server.origin);
    await confirmAddress(ada, server.origin);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** In all shapes: light, dark, on a phone. */
  async function look(page, what) {
    await assertAccessible(page, what);
    await page.emulateMedia({ colorScheme: "dark" });
    await assertAccessible(page, `${what}, dark`);
    for (const width of [PHONE, 320]) {
      await page.setViewportSize({ width, height: 844 });
      await assertNoOverflow(page, `${what} at ${width}`);
    }
    await assertAccessible(page, `${what}, on a phone`);
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.emulateMedia({ colorScheme: "light" });
  }

  let link;

  it("somebody is invited, and gets a mail with a link", async () => {
    await ada.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Organization", exact: true }).click();
    await ada.getByLabel("E-mail").fill("bob@acme.example");
    await ada.getByRole("radio", { name: /^operator/ }).check();
    await ada.getByRole("button", { name: "Send the invitation" }).click();
    await ada.getByRole("heading", { name: "Invited", exact: true }).waitFor();
    await ada.getByRole("row", { name: /bob@acme\.example/ }).waitFor();
    await look(ada, "members with an invitation");
    link = await linkTo(server.mail, "bob@acme.example");
    assert.ok(link.startsWith(`${server.origin}/invitations?token=`), link);
  });

  it("a mistake stands at its field and what was typed is kept", async () => {
    await ada.getByLabel("E-mail").fill("bob@acme.example");
    await ada.getByRole("button", { name: "Send the invitation" }).click();
    await ada.locator("#email-error", { hasText: "is invited already" }).waitFor();
    assert.equal(await ada.getByLabel("E-mail").inputValue(), "bob@acme.example");
    await assertAccessible(ada, "an invitation with a mistake");
    ada.errors = ada.errors.filter((error) => !error.includes("422"));
  });

  it("who is new signs up with the link and is in", async () => {
    await bob.goto(link);
    await bob.getByRole("heading", { level: 1, name: "Join Acme Shop" }).waitFor();
    await look(bob, "an invitation");
    assert.equal(await bob.getByLabel("E-mail").inputValue(), "bob@acme.example");
    await bob.getByLabel("Password").fill("correct horse battery staple");
    await bob.getByRole("button", { name: "Sign up and join" }).click();
    await bob.getByRole("heading", { level: 1, name: "Home" }).waitFor();
    await bob.getByRole("navigation", { name: "Main" }).getByText("Acme Shop").waitFor();
  });

  it("an operator runs plans and is offered nothing else", async () => {
    await bob.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Plans" }).click();
    assert.equal(await bob.getByRole("link", { name: "New plan" }).count(), 0);
    await bob.getByRole("link", { name: "Sample: players" }).click();
    await bob.getByRole("button", { name: "Run" }).waitFor();
    assert.equal(await bob.getByRole("link", { name: "Edit" }).count(), 0);
    assert.equal(await bob.getByRole("link", { name: "Delete plan" }).count(), 0);
  });

  it("another role holds at once", async () => {
    await ada.goto(`${server.origin}/members`);
    await ada.getByLabel("Role of bob@acme.example").selectOption("editor");
    await ada.getByRole("button", { name: "Change the role of bob@acme.example" }).click();
    await ada.getByRole("heading", { level: 1, name: "Members" }).waitFor();
    await look(ada, "members");
    await bob.reload();
    await bob.getByRole("link", { name: "Edit" }).waitFor();
  });

  it("a link that was used opens nothing", async () => {
    await bob.goto(link);
    await bob.getByRole("heading", { level: 1, name: "This invitation does not hold" }).waitFor();
    bob.errors = bob.errors.filter((error) => !error.includes("404"));
  });

  it("one makes another organization, and changes between them", async () => {
    await bob.goto(server.origin);
    await bob.getByRole("link", { name: "Switch to another organization" }).click();
    await bob.getByRole("heading", { level: 1, name: "Organizations" }).waitFor();
    await bob.getByLabel("A new organization").fill("Bob's own");
    await bob.getByRole("button", { name: "Make it" }).click();
    await bob.getByRole("navigation", { name: "Main" }).getByText("Bob's own").waitFor();
    await bob.getByRole("link", { name: "Switch to another organization" }).click();
    await look(bob, "organizations");
    await bob.getByRole("button", { name: "Switch to Acme Shop" }).click();
    await bob.getByRole("navigation", { name: "Main" }).getByText("Acme Shop").waitFor();
  });

  it("a token is made, copied, used and revoked", async () => {
    await ada.goto(`${server.origin}/members`);
    await ada.getByRole("link", { name: "API tokens" }).click();
    await ada.getByRole("heading", { name: "No tokens yet" }).waitFor();
    await look(ada, "no tokens");
    await ada.getByLabel("Name").fill("deployments");
    await ada.getByRole("radio", { name: /^run/ }).check();
    await ada.getByRole("radio", { name: "After 30 days" }).check();
    await ada.getByRole("button", { name: "Make the token" }).click();
    await ada.getByText("It will not be shown again.").waitFor();
    await look(ada, "a token that was just made");
    await ada.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.origin });
    await ada.getByRole("button", { name: "Copy", exact: true }).click();
    await ada.getByRole("button", { name: "Copied" }).waitFor();
    const token = await ada.evaluate(() => navigator.clipboard.readText());
    assert.match(token, /^smx_[0-9a-f]{64}$/);
    const call = async () => fetch(`${server.origin}/api/v1/plans`, { headers: { Authorization: `Bearer ${token}` } });
    const answer = await call();
    assert.equal(answer.status, 200);
    assert.equal((await answer.json()).items[0].name, "Sample: players");

    await ada.getByRole("link", { name: "I have kept it" }).click();
    const row = ada.getByRole("row", { name: /deployments/ });
    await row.getByText("by ada@acme.example").waitFor();
    assert.ok(!(await ada.content()).includes(token), "it is not shown again");
    await look(ada, "tokens");
    await row.getByRole("link", { name: "Revoke deployments" }).click();
    await look(ada, "revoking a token");
    await ada.getByRole("button", { name: "Revoke token" }).click();
    await ada.getByRole("heading", { name: "No tokens yet" }).waitFor();
    assert.equal((await call()).status, 401);
  });

  it("the audit log tells who did it", async () => {
    await ada.goto(`${server.origin}/members`);
    await ada.getByRole("link", { name: "Audit log" }).click();
    await ada.getByRole("row", { name: /member joined.*bob@acme\.example/ }).waitFor();
    await look(ada, "the audit log");
    await ada.getByLabel("Action").selectOption("member_role_changed");
    await ada.getByRole("button", { name: "Filter" }).click();
    await ada.locator("tbody tr").nth(1).waitFor({ state: "detached" });
    await ada.getByText("after: editor").waitFor();
    assert.equal(await ada.locator("tbody tr").count(), 1);
  });

  it("who is removed is out, and lands in their other organization after signing in", async () => {
    await ada.goto(`${server.origin}/members`);
    await ada.getByRole("link", { name: "Remove bob@acme.example" }).click();
    await look(ada, "removing somebody");
    await ada.getByRole("button", { name: "Remove" }).click();
    await ada.getByRole("heading", { level: 1, name: "Members" }).waitFor();
    await bob.goto(`${server.origin}/plans`);
    await bob.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    await bob.getByLabel("E-mail").fill("bob@acme.example");
    await bob.getByLabel("Password").fill("correct horse battery staple");
    await bob.getByRole("button", { name: "Sign in" }).click();
    await bob.getByRole("navigation", { name: "Main" }).getByText("Bob's own").waitFor();
  });

  it("an organization is deleted after its name was typed, and another one is made", async () => {
    await bob.goto(`${server.origin}/organization`);
    await look(bob, "settings");
    await bob.getByRole("link", { name: "Delete the organization" }).click();
    await look(bob, "deleting an organization");
    await bob.getByLabel("Name of the organization").fill("Bob's own");
    await bob.getByRole("button", { name: "Delete everything" }).click();
    await bob.getByText("You belong to no organization.").waitFor();
    await look(bob, "no organization");
    await bob.getByLabel("A new organization").fill("Anew");
    await bob.getByRole("button", { name: "Make it" }).click();
    await bob.getByRole("navigation", { name: "Main" }).getByText("Anew").waitFor();
  });

  it("had no errors on the way", () => {
    assertNoErrors(ada);
    assertNoErrors(bob);
  });
});

/** The first link in the mail to an address, once it is there. */
async function linkTo(folder, address) {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((name) => name.endsWith(".eml"))) {
      const mail = await readFile(join(folder, name), "utf8");
      if (!mail.includes(`To: ${address}`)) continue;
      // Quoted-printable: soft ends of lines, and signs as numbers.
      const text = mail
        .replace(/=\r?\n/g, "")
        .replace(/=([0-9A-F]{2})/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
      return text.match(/https?:\/\/\S+/)[0];
    }
    await pause(50);
  }
  throw new Error(`no mail to ${address} in ${folder}`);
}
