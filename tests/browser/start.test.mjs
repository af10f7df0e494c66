// How a page starts: from the snapshot of the last visit, for the same user only, until the Worker has answered.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, cutOff, serveCustomer, settles, start, visit } from "./core-app.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const SNAPSHOT = /\/v1\/snapshot/;
const EVENTS = /\/v1\/events$/;
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
    // What is used comes after that word, or it would no longer be true.
    let send;
    const sending = new Promise((done) => (send = done));
    await context.route(EVENTS, async (route) => (await sending, route.continue()));
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
    send();
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

  test("what was kept of one endpoint is not taken for another's", async (t) => {
    const { app, context, load } = await returning(t, "two-endpoints");
    await context.route(SNAPSHOT, (route) => route.abort());
    const page = await visit(context, app);
    await load(page, { endpoint: stack.worker.url.replace("127.0.0.1", "localhost") });
    assert.deepEqual(await page.evaluate(said), NOTHING);
  });

  for (const [what, spoil, options] of [
    ["another user's, by the token", ({ who }) => (who.user = "eve")],
    ["another user's, by the option", ({ who }) => (who.user = "eve"), { user: "eve" }],
    ["older than a day", ({ context }) => context.addInitScript("{ const { now } = Date; Date.now = () => now() + 25 * 3600_000; }")],
    ["damaged", ({ context }) => context.addInitScript(`localStorage["${FRAME}"] = localStorage["${FRAME}"].slice(0, 300)`)],
    ["not one at all", ({ context }) => context.addInitScript(`localStorage["${FRAME}"] = "[]\\nrubbish"`)],
    // The frame in base64: its format, 5, becomes 99.
    ["of another format", ({ context }) => context.addInitScript(`localStorage["${FRAME}"] = localStorage["${FRAME}"].replace(',"VQU', ',"VWM')`)],
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

  test("what an earlier page of the first tenant could not send is not told for the other, and is told when the user is back", async (t) => {
    const { app, context, load, who } = await returning(t, "first-queue", { user: "ada" });
    const offline = await visit(context, app);
    await load(offline);
    await cutOff(offline);
    await offline.evaluate(() => window.upcue.usage("api_calls", 5));
    await offline.goto("about:blank");
    await offline.close();
    who.tenant = "second-queue";
    const other = await visit(context, app);
    await load(other);
    await settles(other, () => window.upcue.fresh, true);
    await other.evaluate(() => window.upcue.usage("api_calls", 1));
    await eventually(async () => assert.equal(await stack.meter("second-queue", "api_calls"), 1));
    await other.close();
    assert.equal(await stack.meter("first-queue", "api_calls"), 0);
    who.tenant = "first-queue";
    await load(await visit(context, app));
    await eventually(async () => assert.equal(await stack.meter("first-queue", "api_calls"), 5));
    assert.equal(await stack.meter("second-queue", "api_calls"), 1);
  });

  test("what is used before the token has said whose page it is, is told for the tenant that it says", async (t) => {
    const { app, context, load, who } = await returning(t, "first-use", { user: "ada" });
    who.tenant = "second-use";
    let release;
    const held = new Promise((done) => (release = done));
    const mint = app.token;
    app.token = async () => (await held, mint());
    const page = await visit(context, app);
    await load(page);
    await page.evaluate(() => window.upcue.usage("api_calls", 5));
    release();
    await eventually(async () => assert.equal(await stack.meter("second-use", "api_calls"), 5));
    assert.equal((await stack.api("GET", "/v1/tenants/first-use")).body.meters[0].value, 0);
  });

  test("a plan that came over the socket is what the next page begins with, and what changes by the moment is not kept each time", async (t) => {
    const { app, context, load } = await returning(t, "upgraded");
    const page = await visit(context, app);
    await load(page);
    await settles(page, () => window.upcue.fresh, true);
    const [free, pro] = CONFIG.plans.list;
    const named = { ...CONFIG, plans: { ...CONFIG.plans, list: [{ ...free, name: "Gratis" }, pro] } };
    t.after(() => stack.publish(CONFIG));
    assert.equal((await stack.publish(named)).status, 200);
    await stack.api("POST", "/v1/events", { tenant: "upgraded", events: [{ type: "usage", meter: "seats", set: 1 }] });
    await settles(page, () => window.upcue.plan().name, "Gratis");
    await page.goto("about:blank");
    await context.route(SNAPSHOT, (route) => route.abort());
    const next = await visit(context, app);
    await next.evaluate((name) => {
      window.kept = 0;
      const { setItem } = Storage.prototype;
      Storage.prototype.setItem = function (key, value) {
        if (key === name) window.kept++;
        return setItem.call(this, key, value);
      };
    }, FRAME);
    await load(next);
    assert.deepEqual(await next.evaluate(() => [window.upcue.plan().name, window.upcue.fresh]), ["Gratis", false]);
    await context.unroute(SNAPSHOT);
    await next.evaluate(() => void dispatchEvent(new Event("online")));
    await settles(next, () => [window.upcue.fresh, window.kept > 0], [true, true]);
    const before = await next.evaluate(() => window.kept);
    for (let used = 1; used <= 5; used++) {
      await stack.api("POST", "/v1/events", { tenant: "upgraded", events: [{ type: "usage", meter: "api_calls", value: 1 }] });
      await settles(next, () => window.upcue.entitlement("api_calls").used, used);
    }
    await next.evaluate(() => void dispatchEvent(new PageTransitionEvent("pagehide")));
    assert.equal(await next.evaluate(() => window.kept), before);
  });

  test("a clock that was set since the last visit is set right by the word that nothing has changed", async (t) => {
    const { app, context, load } = await returning(t, "set-clock");
    await context.addInitScript("{ const { now } = Date; Date.now = () => now() - 3 * 3600_000; }");
    await context.routeWebSocket(/\/v1\/live/, (socket) => socket.close());
    const page = await visit(context, app);
    const answered = page.waitForResponse(SNAPSHOT);
    await load(page);
    assert.equal((await answered).status(), 304);
    await settles(page, () => window.upcue.fresh, true);
    const sent = page.waitForRequest(EVENTS);
    await page.evaluate(() => window.upcue.usage("api_calls", 5));
    const { at } = JSON.parse((await sent).postData()).events[0];
    assert.ok(Math.abs(at - Date.now()) < 60_000, `booked ${at - Date.now()} ms off`);
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
