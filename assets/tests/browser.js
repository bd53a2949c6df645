// Chromium for the tests, and pages that remember everything that went wrong in them.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A phone's width in CSS pixels. */
export const PHONE = 390;

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * A page that collects errors: exceptions, refused content, whatever the console calls an error.
 * @returns {Promise<import("playwright-core").Page & {errors: string[]}>}
 */
export async function openPage(context) {
  const page = await context.newPage();
  page.errors = [];
  page.on("console", (message) => {
    if (message.type() === "error") page.errors.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => page.errors.push(`${page.url()}: ${error.stack}`));
  return page;
}

/** Nothing went wrong in the page so far. */
export function assertNoErrors(page) {
  assert.deepEqual(page.errors, []);
}

/** WCAG 2.2 A and AA, and axe's own good practice. */
export async function assertAccessible(page, what) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const result = await globalThis.axe.run({ runOnly: tags, preload: false });
    return result.violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary}`),
    }));
  });
  assert.deepEqual(violations, [], `axe on ${what}`);
}

/** Nothing is wider than the window, and no card cuts off what it holds. */
export async function assertNoOverflow(page, what) {
  const wide = await page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    // What ends in an ellipsis says that there is more; what is a pixel wide is for screen readers; fields scroll,
    // and the word of a mark is drawn as a shape.
    const cuts = (element) => {
      if (element.matches("input, .mark")) return false;
      const { overflowX, textOverflow } = getComputedStyle(element);
      const isCut = element.clientWidth > 1 && element.scrollWidth > element.clientWidth + 1;
      return isCut && ["hidden", "clip"].includes(overflowX) && textOverflow !== "ellipsis";
    };
    const cut = [...document.querySelectorAll(".card, .card *")].filter(cuts);
    if (scrollWidth <= clientWidth) return cut.map((element) => `cut off: ${element.outerHTML.slice(0, 120)}`);
    const elements = [...document.body.querySelectorAll("*")]
      .filter((element) => element.getBoundingClientRect().right > clientWidth + 0.5)
      .map((element) => element.outerHTML.slice(0, 120));
    return [`${scrollWidth} of ${clientWidth}`, ...elements];
  });
  assert.deepEqual(wide, [], `wider than the window: ${what}`);
}

/** A new account, signed in; one per server. */
export async function signUp(page, origin) {
  await page.goto(`${origin}/sign-up`);
  await page.getByLabel("E-mail").fill("ada@acme.example");
  await page.getByLabel("Organization").fill("Acme Shop");
  await page.getByLabel("Password").fill("correct horse battery staple");
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByRole("heading", { name: "Home", level: 1 }).waitFor();
}

/** Follows the link to confirm the address, as the operator's page of mail shows it. */
export async function confirmAddress(page, origin) {
  await page.goto(`${origin}/mail`);
  const link = await page.locator('pre a[href^="/confirm/"]').first().getAttribute("href");
  await page.goto(new URL(link, origin).href);
  await page.getByRole("button", { name: "This address is mine" }).click();
  await page.getByText("Your e-mail address is confirmed.").waitFor();
}

/** Replaces the text in the editor, as by pasting. */
export async function writePlan(page, text) {
  const editor = page.locator(".cm-content");
  await editor.press("ControlOrMeta+a");
  await editor.evaluate((element, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}
