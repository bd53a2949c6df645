// Replacing parts of a page in place must not disturb whoever is reading it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { launch } from "./browser.js";

const source = await readFile(new URL("../src/page/morph.js", import.meta.url), "utf8");

describe("a part that is replaced in place", () => {
  let browser;
  let page;

  before(async () => {
    browser = await launch();
    page = await browser.newPage();
  });
  after(() => browser.close());

  /** Shows `from`, lets `prepare` act on it, makes it look like `to`, and gives the result. */
  async function morphed(from, to, prepare = () => {}) {
    await page.setContent(`<div id="part">${from}</div>`);
    await page.evaluate(prepare);
    return page.evaluate(
      async ([code, html]) => {
        const { morph } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
        const fresh = new DOMParser().parseFromString(`<div id="part">${html}</div>`, "text/html");
        const part = document.getElementById("part");
        morph(part, fresh.getElementById("part"));
        return part.innerHTML;
      },
      [source, to],
    );
  }

  it("ends up as the server says", async () => {
    const wanted = '<ol><li id="a" class="passed">A</li><li id="c">C</li><li id="b">B</li></ol><svg><rect width="5"></rect></svg>';
    assert.equal(await morphed('<p>old</p><ol><li id="a" title="x">a</li><li id="b">B</li></ol>', wanted), wanted);
  });

  it("draws shapes, not unknown elements", async () => {
    await morphed("", '<svg viewBox="0 0 9 9"><rect width="5"></rect></svg>');
    const namespace = await page.evaluate(() => document.querySelector("rect").namespaceURI);
    assert.equal(namespace, "http://www.w3.org/2000/svg");
  });

  it("keeps the elements with their focus", async () => {
    await morphed('<a id="x" href="/">old</a>', '<p>new above</p><a id="x" href="/y">new</a>', () => {
      document.querySelector("a").focus();
    });
    assert.deepEqual(await page.evaluate(() => [document.activeElement.id, document.activeElement.textContent]), ["x", "new"]);
  });

  it("leaves open what was opened and closed what was closed", async () => {
    const result = await morphed(
      "<details id=a><summary>A</summary></details><details id=b open><summary>B</summary></details>",
      "<details id=a><summary>A2</summary></details><details id=b open><summary>B2</summary></details>",
      () => {
        for (const element of document.querySelectorAll("details")) element.open = !element.open;
      },
    );
    assert.match(result, /id="a" open.*A2/);
    assert.doesNotMatch(result, /id="b" open/);
  });

  it("leaves alone what is being typed", async () => {
    await morphed('<input id="q" value="">', '<input id="q" value="">', () => {
      document.querySelector("input").focus();
      document.querySelector("input").value = "checkout";
    });
    assert.equal(await page.evaluate(() => document.querySelector("input").value), "checkout");
  });
});
