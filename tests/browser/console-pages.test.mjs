// Every page of the console: with its figures and without, refused, with hostile names, without a mouse. The Worker is real; the reports
// that come from its facts are answered by console-reports.mjs, so that their figures are known.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { before, describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { createApp } from "../support/stack.mjs";
import { consoleHouse } from "./console-house.mjs";
import { HOSTILE, doubleReports } from "./console-reports.mjs";
import { settled, signIn } from "./console-stage.mjs";
import { HOSTILE_TENANTS, RULES, seedTenants } from "./console-tenants.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const of = (tenant) => `tenants/${encodeURIComponent(tenant)}`;
const PAGES = [
  "overview",
  "overview?step=exposed&show=prompts",
  "campaigns",
  "campaigns/api_quota",
  "signals",
  "conversions?by=signal&is.signal=api_quota_80",
  "tenants",
  of(HOSTILE),
  `${of(HOSTILE)}?tab=timeline`,
  `${of(HOSTILE)}?tab=decisions`,
  `${of(HOSTILE)}?tab=letters`,
  "segments/ready",
  "letters",
  "configuration",
  "configuration?tab=backtest",
  "configuration?tab=versions",
  "stripe",
  "webhooks",
  "activity",
];
/** The pages, each once, by the calls they begin with. */
const ROOMS = [
  "overview",
  "campaigns",
  "campaigns/api_quota",
  "signals",
  "conversions",
  "tenants",
  of("acme"),
  `${of("acme")}?tab=timeline`,
  `${of("acme")}?tab=decisions`,
  `${of("acme")}?tab=letters`,
  "segments",
  "letters",
  "configuration",
  "configuration?tab=versions",
  "stripe",
  "webhooks",
  "activity",
];

describe("the pages of the console", () => {
  const house = consoleHouse({ config: RULES });
  const { stack, open, enter, visit } = house;
  before(() => seedTenants(stack));

  for (const [colorScheme, width] of [
    ["light", 1360],
    ["dark", 320],
  ]) {
    test(`has nothing that axe complains of, and nothing too wide, ${colorScheme} and ${width} pixels wide`, async (t) => {
      const page = await enter(t, { colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
      // Evaluated by the debugger, which no policy keeps out; the pages after it are the same document.
      await page.evaluate(AXE);
      for (const at of PAGES) {
        await visit(page, at);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${at} scrolls sideways`);
        const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
        assert.deepEqual(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`),
          [],
          at,
        );
      }
      assert.deepEqual(page.problems, []);
    });
  }

  test("shows names as text, whatever is in them", async (t) => {
    const page = await enter(t);
    for (const at of PAGES) {
      await visit(page, at);
      assert.equal(await page.evaluate(() => window.harmed), undefined, at);
      assert.equal(await page.locator("#main :is(img, script, iframe, object)").count(), 0, at);
    }
    for (const tenant of HOSTILE_TENANTS) {
      await visit(page, "tenants");
      await page.getByRole("link", { name: tenant, exact: true }).click();
      await page.getByRole("heading", { name: tenant, level: 1, exact: true }).waitFor();
      await settled(page);
      assert.equal(await page.getByRole("alert").count(), 0, tenant);
      await page.getByText("2, unlimited").waitFor();
    }
    assert.equal(await page.evaluate(() => window.harmed), undefined);
    assert.deepEqual(page.problems, []);
  });

  test("can be used without a mouse", async (t) => {
    const page = await enter(t);
    await visit(page, "overview");
    await page.reload();
    await settled(page);
    const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.id);
    await page.keyboard.press("Tab");
    assert.equal((await focused()).trim(), "Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search");
    await page.keyboard.type("/acm");
    assert.equal(await page.locator("#search").inputValue(), "/acm", "a slash is a letter where letters are written");
    await page.keyboard.press("Home");
    await page.keyboard.press("Delete");
    await page.keyboard.press("Enter");
    await page.getByText("1 tenant of 7 has “acm” in the name.").waitFor();
    assert.equal(await focused(), "Tenants", "the focus is on the new page's heading");
    await page.getByRole("link", { name: "acme", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "acme", level: 1 }).waitFor();
    await eventually(async () => assert.equal(await focused(), "acme"));
    const outlined = await page
      .getByRole("link", { name: "Timeline" })
      .evaluate((link) => (link.focus({ focusVisible: true }), getComputedStyle(link).outlineStyle));
    assert.equal(outlined, "solid", "what has the focus can be seen");
  });

  test("says in the Worker's words why something is not there, and asks again", async (t) => {
    const page = await enter(t);
    const detail = "the app's object did not answer; ask again";
    for (const at of ROOMS) {
      const down = (route) =>
        route.fulfill({ status: 503, contentType: "application/problem+json", json: { status: 503, code: "internal", detail } });
      await page.route(/\/v1\//, down);
      await page.goto(`${house.origin}/console/#/${at}`);
      await page.getByRole("alert").filter({ hasText: detail }).first().waitFor();
      await page.unroute(/\/v1\//, down);
      await eventually(async () => {
        // All at once: each answer may bring parts that ask for themselves.
        await page.getByRole("button", { name: "Try again" }).evaluateAll((buttons) => buttons.forEach((button) => button.click()));
        assert.equal(await page.getByText(detail).count(), 0, at);
      });
    }
    assert.deepEqual(
      page.problems.filter((problem) => !/503/.test(problem)),
      [],
    );
  });

  test("says so where the Worker is older than the page", async (t) => {
    const page = await open(t);
    await page.route(/\/v1\/(reports|activity|webhooks)/, (route) =>
      route.fulfill({
        status: 404,
        contentType: "application/problem+json",
        json: { status: 404, code: "not_found", detail: "no such path; see the reference for what there is" },
      }),
    );
    await signIn(page, house.origin, stack.secretKey);
    for (const at of ["overview", "conversions", "webhooks", "activity"]) {
      await visit(page, at);
      await page.getByText("it is older than the console").first().waitFor();
    }
    for (const at of ["campaigns", "signals"]) {
      await visit(page, at);
      await page.getByText("api_quota").first().waitFor();
    }
  });

  test("loses one part alone to an answer that is not what it expects", async (t) => {
    const page = await enter(t);
    await page.route(/\/v1\/reports\/lift/, (route) => route.fulfill({ json: { summary: 7 } }));
    await visit(page, "overview");
    await page.getByRole("alert").getByText("is not what this console expects").waitFor();
    await page.getByText("MRR won by prompts").waitFor();
    await page.unroute(/\/v1\/reports\/lift/);
    await doubleReports(page);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("Prompting changes the share").waitFor();
  });

  test("says what an app that has nothing yet can do", async (t) => {
    const app = await createApp({ ...stack, id: "empty", origins: [] });
    const page = await open(t);
    await page.route(/\/v1\/(reports\/(funnel|conversions|trend|lift)|activity|webhooks)/, (route) =>
      route.fulfill({
        status: 404,
        contentType: "application/problem+json",
        json: { status: 404, code: "not_found", detail: "no such path" },
      }),
    );
    await signIn(page, house.origin, app.secretKey);
    for (const [at, words] of [
      ["campaigns", "There are no campaigns yet."],
      ["signals", "There are no signals yet."],
      ["tenants", "No tenant is known that fits."],
      ["segments", "There are no segments yet."],
      ["letters", "There are no sequences yet."],
      ["letters", "There is no such letter."],
      ["configuration?tab=versions", "Nothing was published yet."],
      ["stripe", "Every customer is known."],
    ]) {
      await visit(page, at);
      await page.getByText(words).waitFor();
      assert.equal(await page.getByRole("alert").count(), 0, at);
    }
  });

  test("does not jump when answers come late", async (t) => {
    const page = await enter(t, { viewport: { width: 1360, height: 900 } });
    await page.addInitScript(() => {
      window.shift = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shift += entry.value))).observe({
        type: "layout-shift",
        buffered: true,
      });
    });
    for (const at of ["overview", "tenants", of("acme"), "stripe"]) {
      // Late enough that the skeleton is drawn; released, not timed.
      const held = [];
      const hold = (route) => new Promise((resolve) => held.push(resolve)).then(() => route.fallback());
      await page.route(/\/v1\//, hold);
      await page.goto(`${house.origin}/console/?${encodeURIComponent(at)}#/${at}`);
      await page.locator(".bone").first().waitFor();
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      await page.unroute(/\/v1\//, hold);
      for (const release of held) release();
      await settled(page);
      const shift = await page.evaluate(
        () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(window.shift)))),
      );
      assert.ok(shift < 0.1, `${at} shifts by ${shift}`);
    }
  });
});
