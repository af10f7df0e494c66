// Events on their way from a page to the Worker: whatever the network, the page or the clock does, they count, and count once.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, cutOff, serveCustomer, settles, start, visit } from "./core-app.mjs";

const EVENTS = /\/v1\/events$/;

describe("the transport", () => {
  const browser = sharedBrowser();
  const stack = sharedStack({ config: CONFIG });

  const arrive = async (t, tenant, { claims } = {}) => {
    const app = await serveCustomer(t, { token: () => stack.token({ tenant, ...claims }) });
    const context = await browser.newContext();
    t.after(() => context.close());
    const open = async (options) => {
      const page = await visit(context, app);
      await start(page, { endpoint: stack.worker.url, ...options });
      return page;
    };
    return { app, context, open };
  };
  /** What the Worker has counted, once it has. */
  const counts = (tenant, expected) => eventually(async () => assert.equal(await stack.meter(tenant, "api_calls"), expected));
  const posts = (page) => {
    const seen = [];
    page.on("request", (request) => {
      if (EVENTS.test(request.url())) seen.push(request);
    });
    return seen;
  };
  const bodyOf = (request) => JSON.parse(request.postData());
  const use = (page, ...amounts) => page.evaluate((given) => given.forEach((n) => window.upcue.usage("api_calls", n)), amounts);

  test("events go as one batch without a preflight; use of one moment is told as one, and order is kept", async (t) => {
    const { open } = await arrive(t, "batch");
    const page = await open();
    const sent = posts(page);
    await page.evaluate(() => {
      const { upcue } = window;
      const { now } = Date;
      Date.now = () => 1_800_000_000_500; // all of it in the same second
      upcue.usage("api_calls", 1);
      upcue.usage("api_calls", 2);
      upcue.track("clicked", { feature: "sso", at: 5, type: "usage" });
      upcue.usage("api_calls", 4);
      upcue.usage("seats", { set: 3 });
      Date.now = now;
    });
    await counts("batch", 7);
    assert.deepEqual(sent.map((request) => request.method()), ["POST"]);
    assert.match(sent[0].headers()["content-type"], /^text\/plain/);
    const { seq, client, events } = bodyOf(sent[0]);
    assert.equal(seq, 1);
    assert.match(client, /^\d{12,30}$/);
    assert.deepEqual(events.map(({ type, value, set, feature }) => [type, value ?? set ?? feature]), [
      ["usage", 3],
      ["track", "sso"],
      ["usage", 4],
      ["usage", 3],
    ]);
  });

  test("a device whose clock is wrong books at the Worker's time", async (t) => {
    const { context, open } = await arrive(t, "skewed");
    await context.addInitScript("{ const { now } = Date; Date.now = () => now() - 40 * 86_400_000; }");
    const page = await open();
    const sent = posts(page);
    await use(page, 5);
    await counts("skewed", 5);
    const { at } = bodyOf(sent[0]).events[0];
    assert.ok(Math.abs(at - Date.now()) < 60_000, `booked ${at - Date.now()} ms off`);
  });

  test("an answer that is lost on the way does not make it count twice", async (t) => {
    const { context, open } = await arrive(t, "lost-answer");
    let tries = 0;
    await context.route(EVENTS, async (route) => {
      if (tries++) return route.continue();
      await route.fetch();
      return route.abort();
    });
    const page = await open();
    await use(page, 5);
    await settles(page, () => window.upcue.entitlement("api_calls").used, 5);
    await page.waitForRequest(EVENTS);
    await use(page, 1);
    await counts("lost-answer", 6);
  });

  test("what waits without a network survives a reload, and is sent as it was", async (t) => {
    const { context, open } = await arrive(t, "offline");
    const page = await open();
    await context.route(EVENTS, (route) => route.abort());
    await use(page, 5);
    await page.evaluate(() => window.upcue.track("clicked", { note: "kept" }));
    await page.goto("about:blank");
    await context.unroute(EVENTS);
    const next = await open();
    const sent = posts(next);
    await counts("offline", 5);
    await settles(next, () => Object.keys(localStorage).filter((name) => name.includes("queue")), []);
    await use(next, 1);
    await counts("offline", 6);
    const [first, second] = sent.map(bodyOf);
    assert.deepEqual([first.seq, second.seq, sent.length], [1, 1, 2]);
    assert.notEqual(first.client, second.client, "what was left is told under the name of the page it happened in");
  });

  test("use just before the page goes away counts, and once, with the page after it", async (t) => {
    const { app, context, open } = await arrive(t, "leaving");
    const page = await open();
    await page.evaluate((url) => {
      window.upcue.usage("api_calls", 5);
      location.href = url;
    }, `${app.url}elsewhere`);
    await page.waitForURL(/elsewhere/);
    await counts("leaving", 5);
    const next = await open();
    await use(next, 1);
    await counts("leaving", 6);
    await settles(next, () => Object.keys(localStorage).filter((name) => name.includes("queue")), []);
    assert.equal(await stack.meter("leaving", "api_calls"), 6);
    assert.equal(context.pages().length, 2);
  });

  test("a later batch that overtakes an earlier one takes nothing of it away", async (t) => {
    const { app, context, open } = await arrive(t, "overtaken");
    let held;
    const holding = new Promise((done) => (held = done));
    let first = true;
    await context.route(EVENTS, async (route) => {
      if (!first) return route.continue();
      first = false;
      held(route);
    });
    const page = await open();
    await use(page, 1);
    const route = await holding;
    await use(page, 10);
    await page.evaluate((url) => void (location.href = url), `${app.url}elsewhere`);
    await page.waitForURL(/elsewhere/);
    await route.abort().catch(() => {});
    const next = await open();
    await counts("overtaken", 11);
    await settles(next, () => Object.keys(localStorage).filter((name) => name.includes("queue")), []);
    assert.equal(await stack.meter("overtaken", "api_calls"), 11);
  });

  test("a token that has run out is asked for again, and nothing is lost", async (t) => {
    const { app, context, open } = await arrive(t, "renewed");
    const page = await open();
    let tokens = 0;
    const mint = app.token;
    app.token = () => (tokens++, mint());
    let refused = 0;
    await context.route(EVENTS, (route) =>
      refused++ ? route.continue() : route.fulfill({ status: 401, headers: { "access-control-allow-origin": "*" }, json: {} }),
    );
    await use(page, 3);
    await counts("renewed", 3);
    assert.equal(tokens, 1);
  });

  test("a Worker that is busy is asked again later; what it will never take is given up, and no longer counted here", async (t) => {
    const { context, open } = await arrive(t, "busy");
    const page = await open();
    const answers = [503, 400];
    const headers = { "access-control-allow-origin": "*" };
    await context.route(EVENTS, (route) => route.fulfill({ status: answers.shift() ?? 202, headers, json: { rejected: [] } }));
    await use(page, 3);
    await settles(page, () => [window.errors, window.upcue.entitlement("api_calls").used], [["events"], 0]);
    assert.deepEqual(answers, []);
  });

  test("the queue is bounded in what it keeps, and says what it gives up", async (t) => {
    const { context, open } = await arrive(t, "bounded");
    const page = await open();
    await context.route(EVENTS, (route) => route.abort());
    const kept = await page.evaluate(() => {
      const { upcue } = window;
      for (let i = 0; i < 20_000; i++) upcue.track("clicked", { feature: "x".repeat(1000) });
      upcue.track("too long", { feature: "x".repeat(10_000) });
      const cycle = {};
      cycle.cycle = cycle;
      upcue.track("not to be written", cycle);
      dispatchEvent(new PageTransitionEvent("pagehide"));
      return Object.keys(localStorage).reduce((sum, name) => sum + (name.includes("queue") ? localStorage[name].length : 0), 0);
    });
    assert.ok(kept > 100_000 && kept < 1_000_000, `${kept} characters`);
    assert.ok((await page.evaluate(() => window.errors)).every((code) => code === "events"));
    assert.deepEqual(page.problems, []);
  });

  test("what waits is found by its own user alone, whatever the names of others", async (t) => {
    const { app, open } = await arrive(t, "alike", { claims: { user: "ada:x" } });
    const page = await open();
    await cutOff(page);
    await use(page, 5);
    await page.goto("about:blank");
    const mint = app.token;
    app.token = () => stack.token({ tenant: "alike", user: "ada" });
    const other = await open();
    await use(other, 1);
    await counts("alike", 1);
    await other.close();
    app.token = mint;
    await open();
    await counts("alike", 6);
  });

  test("with `storage: false` nothing is kept in the browser", async (t) => {
    const { context, open } = await arrive(t, "unkept");
    const page = await open({ storage: false });
    await context.route(EVENTS, (route) => route.abort());
    await use(page, 3);
    await page.evaluate(() => window.upcue.claim(window.upcue.decide("once.0").nudge));
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
    const kept = await page.evaluate(async () => [localStorage.length, (await indexedDB.databases()).length]);
    assert.deepEqual(kept, [0, 0]);
  });
});
