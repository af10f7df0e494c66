// The reference for people: one page, served under its policy, that reads well everywhere and can be linked into.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { serveConsole } from "./console-stage.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe("the reference's page", () => {
  const chromium = sharedBrowser();
  const ends = [];
  let origin;
  before(async () => {
    // It asks no Worker anything.
    origin = await serveConsole({ after: (end) => ends.unshift(end) }, undefined);
  });
  after(async () => {
    for (const end of ends) await end();
  });

  async function open(t, at = "", options = {}) {
    const context = await chromium.newContext({ locale: "en-US", ...options });
    t.after(() => context.close());
    const page = await context.newPage();
    page.problems = [];
    page.asked = [];
    page.on("request", (request) => page.asked.push(new URL(request.url()).pathname));
    page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
    const answer = await page.goto(`${origin}/reference/${at}`);
    assert.match(answer.headers()["content-security-policy"], /^default-src 'none'; style-src 'self'; img-src 'self';/);
    return page;
  }

  for (const [colorScheme, width] of [
    ["light", 1280],
    ["dark", 320],
  ]) {
    test(`has nothing that axe complains of, and nothing too wide, ${colorScheme} and ${width} pixels wide`, async (t) => {
      const page = await open(t, "", { colorScheme, viewport: { width, height: 800 } });
      await page.locator("article > details").evaluateAll((all) => all.forEach((details) => (details.open = true)));
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`), []);
      assert.deepEqual(page.problems, []);
    });
  }

  test("loads nothing but its style and its icon, and leads to what exists", async (t) => {
    const page = await open(t);
    assert.deepEqual(page.asked.filter((path) => path !== "/lamp.svg"), ["/reference/", "/reference/style.css"]);
    const lost = await page.evaluate(() => [...document.links].map((link) => link.getAttribute("href")).filter((href) => href.startsWith("#") && !document.getElementById(href.slice(1))));
    assert.deepEqual(lost, []);
    const document = await page.request.get(`${origin}/reference/openapi.json`);
    assert.match((await document.json()).openapi, /^3\.1\./);
    const ids = await page.evaluate(() => [...document.querySelectorAll("[id]")].map(({ id }) => id));
    assert.equal(new Set(ids).size, ids.length, "an anchor leads to one place");
  });

  test("shows a call that is linked to, with who may make it, what it takes and answers", async (t) => {
    const page = await open(t, "#quoteUpgrade");
    const call = page.locator("#quoteUpgrade");
    await call.waitFor();
    assert.ok(await call.evaluate((call) => call.getBoundingClientRect().top < innerHeight / 2));
    assert.match(await call.innerText(), /POST\s+\/v1\/upgrade\/quotes[^]*Needs a user token of an admin\.[^]*quantity \? integer 1…1,000,000 \| null/);
    await call.getByRole("link", { name: "Quote", exact: true }).click();
    assert.match(await page.locator("article:target").innerText(), /^Quote[^]*amount_due integer\s+Charged now\./);
    await page.goBack();
    await call.locator("summary").click();
    await call.getByRole("link", { name: "several_plans" }).click();
    assert.match(await page.locator("tr:target").innerText(), /several_plans\s+409\s+The subscription holds several plans\./);
  });
});
