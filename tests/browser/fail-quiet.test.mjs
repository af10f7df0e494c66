// Whatever goes wrong: the app keeps working, nothing flashes, nothing is wrongly blocked, and nobody has to catch anything.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startChromium } from "../support/browser.mjs";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, POLICY, serveCustomer, settles, start, visit } from "./core-app.mjs";

const SNAPSHOT = /\/v1\/snapshot/;
const WASM = "/sdk/upcue_core_bg.wasm";
const CORS = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };

const REFUSED = `
  for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
    Object.defineProperty(window, name, { get() { throw new DOMException("refused", "SecurityError"); } });
  }`;
const FULL = `
  Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
  IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };`;
const HOSTILE_CSS = "* { display: block !important; position: fixed !important; inset: 0 !important; animation: none !important; }";

/** Changes the bytes of the Worker's snapshot. */
const frames = (change) => (context) =>
  context.route(SNAPSHOT, async (route) => {
    if (route.request().method() === "OPTIONS") return route.continue();
    const response = await route.fetch();
    return route.fulfill({ response, body: change(await response.body()) });
  });
const format = (number) => frames((bytes) => Buffer.concat([bytes.subarray(0, 1), Buffer.from([number]), bytes.subarray(2)]));

/** What the app does with the package, in every row; answers what it was told, and never throws. */
async function exercise() {
  const { upcue } = window;
  upcue.usage("api_calls", 1);
  upcue.usage("seats", { set: 2 });
  upcue.track("clicked", { feature: "sso" });
  const decision = upcue.decide("once.0");
  const nudge = decision.nudge ?? { campaign: "once-0", variant: null, kind: "badge", title: "", body: "", cta: null, snooze: null, decision: "d" };
  const claimed = await upcue.claim(nudge);
  upcue.exposure(nudge);
  upcue.click(nudge);
  upcue.hidden(nudge);
  const explained = await upcue.explain("once.0");
  return {
    reason: decision.reason,
    traced: Array.isArray(decision.trace()),
    claimed,
    granted: upcue.entitlement("api_calls").granted && upcue.entitlement("nobody knows").granted,
    explained: explained.placement,
    ghosts: upcue.ghosts("once.0").length,
    fresh: upcue.fresh,
    meter: upcue.meter("nobody knows"),
  };
}

describe("whatever goes wrong", () => {
  const browser = sharedBrowser();
  const stack = sharedStack({ config: CONFIG });

  let tenants = 0;
  const arrive = async (t, { files, headers, token, context: prepare, script, options } = {}) => {
    const tenant = `quiet-${++tenants}`;
    const app = await serveCustomer(t, { token: token ?? (() => stack.token({ tenant })), files, headers });
    const context = await browser.newContext();
    t.after(() => context.close());
    if (script) await context.addInitScript(script);
    await prepare?.(context);
    const page = await visit(context, app);
    return { app, context, page, tenant, load: () => start(page, { endpoint: stack.worker.url, ...options }) };
  };

  const fine = async (page) => {
    await page.getByRole("button", { name: "Work" }).click();
    assert.equal(await page.title(), "worked");
    assert.deepEqual(page.problems, []);
  };

  const DARK = { reason: "not_ready", claimed: false, fresh: false };
  const LIGHT = { reason: "match", claimed: true, fresh: true };

  for (const [what, how, expected] of [
    ["wasm blocked by the page's policy", { headers: { "content-security-policy": "default-src 'self'; connect-src *" } }, { ...DARK, errors: ["wasm"] }],
    ["wasm not there", { files: { [WASM]: ["", {}, 404] } }, { ...DARK, errors: ["wasm"] }],
    ["wasm corrupt", { files: { [WASM]: ["\0asm rubbish", { "content-type": "application/wasm" }] } }, { ...DARK, errors: ["wasm"] }],
    ["wasm is some other module", { files: { [WASM]: [Buffer.from("0061736d01000000", "hex"), { "content-type": "application/wasm" }] } }, { ...DARK, errors: ["wasm"] }],
    ["wasm too old for the Worker", { context: format(99) }, { ...DARK, errors: ["format"] }],
    ["wasm too new for the Worker", { context: format(3) }, { ...DARK, errors: ["format"] }],
    ["the snapshot cut off", { context: frames((bytes) => bytes.subarray(0, bytes.length / 2)) }, { ...DARK, errors: ["frame"] }],
    ["the snapshot's numbers damaged", { context: frames((bytes) => bytes.fill(255, 6, 60)) }, { ...DARK, errors: ["frame"] }],
    ["the snapshot's words damaged", { context: frames((bytes) => bytes.fill(34, bytes.length - 40)) }, { ...DARK, errors: ["frame"] }],
    ["a page of some proxy instead of the snapshot", { context: frames(() => Buffer.from("<!doctype html><title>Log in</title>")) }, { ...DARK, errors: ["frame"] }],
    ["nothing instead of the snapshot", { context: frames(() => Buffer.alloc(0)) }, { ...DARK, errors: ["frame"] }],
    ["storage refused", { script: REFUSED }, LIGHT],
    ["storage full", { script: FULL }, LIGHT],
    ["messages between tabs refused", { script: "BroadcastChannel = class { constructor() { throw new Error('refused'); } };" }, LIGHT],
    ["the socket refused", { context: (context) => context.routeWebSocket(/\/v1\/live/, (socket) => socket.close()) }, LIGHT],
    ["sockets that cannot be made", { script: "WebSocket = class { constructor() { throw new DOMException('refused', 'SecurityError'); } };" }, LIGHT],
    ["a socket that talks rubbish", { context: (context) => context.routeWebSocket(/\/v1\/live/, (socket) => socket.send(Buffer.from("rubbish"))) }, LIGHT],
    ["a socket that speaks a newer version", { context: (context) => context.routeWebSocket(/\/v1\/live/, (socket) => socket.send(Buffer.from("U\x63 newer"))) }, { ...DARK, fresh: true, errors: ["format"] }],
    ["a token callback that rejects", { token: () => Promise.reject(new Error("down")) }, { ...DARK, errors: ["token"] }],
    ["a token that is none", { token: async () => "rubbish" }, { ...DARK, errors: ["token"] }],
    ["the Worker not there", { options: { endpoint: "http://127.0.0.1:9" } }, { ...DARK, errors: ["snapshot"] }],
    ["a Worker that fails", { context: (context) => context.route(SNAPSHOT, (route) => route.fulfill({ status: 500, headers: CORS })) }, { ...DARK, errors: ["snapshot"] }],
    ["nothing at all (but it works)", {}, LIGHT],
  ]) {
    test(`${what}: the app goes on`, async (t) => {
      const { page, load } = await arrive(t, how);
      await load();
      const { errors, ...answers } = expected;
      // What fails may fail after there was something to decide from.
      if (errors) await settles(page, () => [...new Set(window.errors)], errors);
      const told = await page.evaluate(exercise);
      assert.deepEqual(told, { ...told, ...answers, traced: true, granted: true, explained: "once.0", ghosts: 0, meter: null });
      if (errors) assert.deepEqual(await page.evaluate(() => [...new Set(window.errors)]), errors);
      assert.equal(await page.evaluate(() => document.body.children.length), 1, "nothing is drawn that nobody asked for");
      await fine(page);
    });
  }

  test("a page in a sandboxed frame of no origin", async (t) => {
    const { app, context, tenant } = await arrive(t, { headers: { "access-control-allow-origin": "*" } });
    app.files["/frame"] = [`<!doctype html><iframe sandbox="allow-scripts" src="/"></iframe>`, { "content-type": "text/html" }];
    const page = await context.newPage();
    const problems = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(`${app.url}frame`);
    const frame = page.frames()[1];
    await frame.waitForFunction(() => window.start);
    assert.equal(await frame.evaluate(() => window.origin), "null");
    await frame.evaluate((options) => window.start(options), { endpoint: stack.worker.url, token: await stack.token({ tenant }) });
    const told = await frame.evaluate(exercise);
    assert.deepEqual([told.granted, told.explained], [true, "once.0"]);
    await frame.getByRole("button", { name: "Work" }).click();
    assert.deepEqual(problems, []);
  });

  test("a page that is put by and comes back hears what it missed", async (t) => {
    const { app, context, page, load } = await arrive(t);
    await load();
    await settles(page, () => window.upcue.fresh, true);
    await page.evaluate(() => {
      window.upcue.usage("api_calls", 5);
      dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
      // Put by, a page hears nothing.
      BroadcastChannel.prototype.dispatchEvent = () => false;
    });
    const other = await visit(context, app);
    await start(other, { endpoint: stack.worker.url });
    await other.evaluate(() => window.upcue.dismiss(window.upcue.decide("once.3").nudge));
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
    await settles(page, () => window.upcue.decide("once.3").reason, "dismissed");
    await settles(page, () => window.upcue.entitlement("api_calls").used, 5);
    await fine(page);
  });

  test("the browser's own cache of pages takes it, and brings it back to life", async (t) => {
    const chromium = await startChromium(t, { ignoreDefaultArgs: ["--disable-back-forward-cache"] });
    // Such a page may be kept.
    const headers = { "cache-control": "no-cache" };
    const tenant = `quiet-${++tenants}`;
    const app = await serveCustomer(t, { token: () => stack.token({ tenant }), headers });
    const context = await chromium.newContext();
    t.after(() => context.close());
    const page = await visit(context, app);
    await start(page, { endpoint: stack.worker.url });
    await page.evaluate(() => {
      window.before = "it is the same page";
      addEventListener("pageshow", ({ persisted }) => (window.persisted = persisted));
      window.upcue.usage("api_calls", 5);
    });
    await settles(page, () => window.upcue.fresh, true);
    await page.goto(`${app.url}elsewhere`);
    await stack.api("POST", "/v1/events", { tenant, events: [{ type: "usage", meter: "api_calls", value: 700 }] });
    await page.evaluate(() => void setTimeout(() => history.back()));
    await page.waitForURL(app.url, { waitUntil: "commit" });
    await settles(page, () => [window.before, window.persisted], ["it is the same page", true]);
    await settles(page, () => window.upcue.entitlement("api_calls").used, 705);
    await fine(page);
  });

  test("elements that are there before they are defined, in a page of hostile styles, draw nothing of their own accord", async (t) => {
    const { app, context } = await arrive(t);
    app.files["/early"] = [
      `<!doctype html><html lang="en"><title>Early</title><link rel="stylesheet" href="/hostile.css"><script type="module" src="/app.js"></script>
       <upcue-nudge placement="app.header"></upcue-nudge><upcue-meter meter="nobody knows"></upcue-meter></html>`,
      { "content-type": "text/html" },
    ];
    app.files["/hostile.css"] = [HOSTILE_CSS, { "content-type": "text/css" }];
    const page = await visit(context, app, "early");
    await page.evaluate(() => (document.querySelector("upcue-nudge").upcue = undefined));
    await start(page, { endpoint: stack.worker.url });
    await page.evaluate(() => import("/sdk/define.js"));
    await page.evaluate(() => customElements.whenDefined("upcue-nudge").then(() => undefined));
    const texts = await page.evaluate(() => [...document.querySelectorAll("upcue-nudge, upcue-meter")].map((e) => e.innerText.trim()));
    assert.deepEqual([texts, page.problems], [["", ""], []]);
  });

  const THROWS = "() => { throw new Error('hostile'); }";
  for (const [what, patch] of [
    ["Array.prototype.map", `Array.prototype.map = ${THROWS}`],
    ["Array.prototype's iterator", `Array.prototype[Symbol.iterator] = ${THROWS}`],
    ["Array.prototype.push", `Array.prototype.push = ${THROWS}`],
    ["Array.prototype.toJSON", "Array.prototype.toJSON = function () { return this.join(); }"],
    ["Object.prototype", "Object.prototype.hostile = 'hostile'; Object.prototype.toJSON = () => 'hostile'"],
    ["Object.entries and keys", `Object.entries = Object.keys = Object.assign = ${THROWS}`],
    ["JSON.parse", `JSON.parse = ${THROWS}`],
    ["JSON.stringify", `JSON.stringify = ${THROWS}`],
    ["Map and Set", `Map.prototype.get = Map.prototype.set = Set.prototype.add = ${THROWS}`],
    ["fetch", `window.fetch = ${THROWS}`],
    ["fetch that answers nothing", "window.fetch = async () => undefined"],
    ["Promise", `window.Promise = class { constructor() { throw new Error('hostile'); } }`],
    ["Date.now", "Date.now = () => NaN"],
    ["timers", `window.setTimeout = window.clearTimeout = ${THROWS}`],
    ["queueMicrotask", `window.queueMicrotask = ${THROWS}`],
    ["Intl", "window.Intl = undefined"],
    ["TextEncoder", "window.TextEncoder = window.TextDecoder = undefined"],
    ["Math", `Math.max = Math.min = Math.floor = Math.imul = ${THROWS}`],
    ["Number", `Number.isSafeInteger = ${THROWS}`],
    ["crypto", `Crypto.prototype.getRandomValues = ${THROWS}`],
  ]) {
    test(`a page that breaks ${what} after loading breaks nothing but that`, async (t) => {
      const { page, load } = await arrive(t);
      await load();
      const told = await page.evaluate(
        async ({ patch, exercise }) => {
          const { parse, stringify } = JSON;
          const { assign, entries, keys } = Object;
          const { map, [Symbol.iterator]: iterator } = Array.prototype;
          const run = (0, Function)(`return (${exercise})`)();
          (0, Function)(patch)();
          try {
            const { granted } = await run();
            dispatchEvent(new PageTransitionEvent("pagehide"));
            return granted ? "granted" : "blocked";
          } catch (error) {
            return String(error);
          } finally {
            // What it takes to tell the answer.
            Array.prototype.map = map;
            Array.prototype[Symbol.iterator] = iterator;
            assign(JSON, { parse, stringify });
            assign(Object, { assign, entries, keys });
          }
        },
        { patch, exercise: exercise.toString() },
      );
      assert.equal(told, "granted");
      assert.deepEqual(page.problems, []);
    });
  }
});
