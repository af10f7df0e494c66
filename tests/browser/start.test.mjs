// How a page starts: from the snapshot of the last visit, for the same user only, until the Worker has answered.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, serveCustomer, settles, start, visit } from "./core-app.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const SNAPSHOT = /\/v1\/snapshot/;
const FRAME = "upcue:frame";

describe("the start", () => {
  const browser = sharedBrowser();
  const stack = sharedStack({ config: CONFIG });

  /** A browser that has been here before, as ada of a tenant. */
  const returning = async (t, tenant, options) => {
    const who = { tenant, user: "ada" };
    const app = await serveCustomer(t, { token: () => stack.token(who) });
    const context = await browser.newContext();
    t.after(() => context.close());
    const load = async (page, more) => start(page, { endpoint: stack.worker.url, ...options, ...more });
    const page = await visit(context, app);
    await load(page);
    await page.waitForFunction((name) => localStorage.getItem(name), FRAME);
    await page.close();
    return { app, context, load, who };
  };
  const said = () => {
    const { upcue } = window;
    const { ready, fresh } = upcue;
    return { ready, fresh, reason: upcue.decide("once.0").reason, plan: upcue.plan()?.id, granted: upcue.entitlement("sso").granted };
  };
  const KNOWN = { ready: true, reason: "match", plan: "free", granted: false };
  const NOTHING = { ready: false, fresh: false, reason: "not_ready", plan: undefined, granted: true };

  test("the first decision does not wait for the network; the Worker's word that nothing changed makes it fresh", async (t) => {
    const { app, context, load } = await returning(t, "kept", { user: "ada" });
    let release;
    const held = new Promise((done) => (release = done));
    const answers = [];
    await context.route(SNAPSHOT, async (route) => {
      await held;
      const answer = await route.fetch();
      answers.push(answer.status());
      return route.fulfill({ response: answer });
    });
    // The token comes late, too: the user's name is enough.
    const mint = app.token;
    app.token = async () => (await held, mint());
    const page = await visit(context, app);
    await load(page);
    assert.deepEqual(await page.evaluate(said), { ...KNOWN, fresh: false });
    await page.evaluate(() => window.upcue.usage("api_calls", 900));
    assert.equal(await page.evaluate(() => window.upcue.decide("app.header").nudge.title), "You’ve used 90%");
    release();
    await settles(page, said, { ...KNOWN, fresh: true });
    assert.deepEqual(answers, [304]);
    await settles(page, async () => window.upcue.entitlement("api_calls").used, 900);
    assert.deepEqual([page.problems, await page.evaluate(() => window.errors)], [[], []]);
  });

  test("without the option `user`, the token says whose snapshot it is", async (t) => {
    const { app, context, load } = await returning(t, "unnamed");
    await context.route(SNAPSHOT, (route) => route.abort());
    const page = await visit(context, app);
    await load(page);
    assert.deepEqual(await page.evaluate(said), { ...KNOWN, fresh: false });
  });

  for (const [what, spoil, options] of [
    ["another user's, by the token", ({ who }) => (who.user = "eve")],
    ["another user's, by the option", ({ who }) => (who.user = "eve"), { user: "eve" }],
    ["older than a day", ({ context }) => context.addInitScript("{ const { now } = Date; Date.now = () => now() + 25 * 3600_000; }")],
    ["damaged", ({ context }) => context.addInitScript(`localStorage["${FRAME}"] = localStorage["${FRAME}"].slice(0, 300)`)],
    ["not one at all", ({ context }) => context.addInitScript(`localStorage["${FRAME}"] = "[]\\nrubbish"`)],
    // The frame in base64: its format, 4, becomes 99.
    ["of another format", ({ context }) => context.addInitScript(`localStorage["${FRAME}"] = localStorage["${FRAME}"].replace(',"VQQ', ',"VWM')`)],
  ]) {
    test(`a kept snapshot that is ${what} is not used`, async (t) => {
      const arrived = await returning(t, `unused-${what.replaceAll(/\W+/g, "-")}`, options && { user: "ada" });
      await spoil(arrived);
      const { app, context, load } = arrived;
      await context.route(SNAPSHOT, (route) => route.abort());
      const page = await visit(context, app);
      await load(page, options);
      assert.deepEqual(await page.evaluate(said), NOTHING);
      assert.deepEqual(page.problems, []);
      await page.close();
      // And it is in nobody's way.
      await context.unroute(SNAPSHOT);
      const second = await visit(context, app);
      await load(second, options);
      assert.deepEqual(await second.evaluate(said), { ...KNOWN, fresh: true });
    });
  }

  test("a user who comes back for another tenant sees nothing of the first once the token says so", async (t) => {
    const { app, context, load, who } = await returning(t, "first-tenant", { user: "ada" });
    await stack.api("POST", "/v1/events", { tenant: "first-tenant", events: [{ type: "usage", meter: "api_calls", value: 700 }] });
    who.tenant = "second-tenant";
    const page = await visit(context, app);
    await load(page);
    await settles(page, () => [window.upcue.fresh, window.upcue.entitlement("api_calls").used], [true, 0]);
    await page.evaluate(() => window.upcue.usage("api_calls", 5));
    await settles(page, () => window.upcue.entitlement("api_calls").used, 5);
    await eventually(async () => assert.equal(await stack.meter("second-tenant", "api_calls"), 5));
    assert.equal(await stack.meter("first-tenant", "api_calls"), 700);
  });

  for (const [what, address, options] of [
    ["the option `debug`", "", { debug: true }],
    ["the page's address", "?upcue-debug", {}],
  ]) {
    test(`debug mode by ${what} tells every decision on the console and in an overlay that closes`, async (t) => {
      const { app, context, load } = await returning(t, `debug-${address.length}`);
      const page = await visit(context, app, address);
      const told = [];
      page.on("console", (message) => told.push(message.text()));
      await load(page, options);
      const overlay = page.getByRole("region", { name: "Upcue decisions" });
      await overlay.waitFor();
      await page.evaluate(() => window.upcue.decide("once.0"));
      await overlay.getByText("once.0", { exact: true }).waitFor();
      await overlay.getByText("once-0 (match)").waitFor();
      assert.ok(told.some((text) => text.startsWith("upcue: once.0 → once-0 (match)")), told.join("\n"));
      await page.evaluate(await readFile(AXE, "utf8"));
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(violations.map(({ id }) => id), []);
      await overlay.getByRole("button", { name: "Close" }).focus();
      await page.keyboard.press("Escape");
      await overlay.waitFor({ state: "detached" });
      assert.deepEqual(told.filter((text) => /Content Security Policy/.test(text)), []);
      assert.deepEqual(page.problems, []);
    });
  }

  test("without debug mode nothing of it is loaded", async (t) => {
    const { app, context, load } = await returning(t, "no-debug");
    const page = await visit(context, app);
    const loaded = [];
    page.on("request", (request) => loaded.push(request.url()));
    await load(page);
    await settles(page, () => window.upcue.fresh, true);
    assert.deepEqual(loaded.filter((url) => url.includes("debug")), []);
  });
});
