// The Worker's word over a socket: renewed before its token runs out, and never overtaken by an older answer.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, serveCustomer, settles, start, visit } from "./core-app.mjs";

const LIVE = /\/v1\/live/;
const SNAPSHOT = /\/v1\/snapshot/;
const EVENTS = /\/v1\/events$/;
/** How often a page looks after its socket, in milliseconds; and a little. */
const BEAT = 30_500;
/** The Worker closes a socket with this when its token has run out. */
const TOKEN_EXPIRED = 4401;

describe("the live connection", () => {
  const browser = sharedBrowser();
  const stack = sharedStack({ config: CONFIG });

  /** A page of a tenant of its own; `asked`: how often it asked for a token. */
  const arrive = async (t, tenant, { expires } = {}) => {
    const arrived = { asked: 0 };
    const token = () => {
      arrived.asked++;
      return stack.token({ tenant, ...(expires && { expires }) });
    };
    const app = await serveCustomer(t, { token });
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await visit(context, app);
    return Object.assign(arrived, { context, page, load: () => start(page, { endpoint: stack.worker.url }) });
  };
  const used = () => window.upcue.entitlement("api_calls").used;

  test("it is made anew with another token before the one it was opened with runs out", async (t) => {
    const arrived = await arrive(t, "renewed", { expires: "60s" });
    const { page, load } = arrived;
    await page.clock.install();
    const sockets = [];
    const heard = [];
    page.on("websocket", (socket) => {
      sockets.push(socket);
      socket.on("framereceived", () => heard.push(socket));
    });
    await load();
    await eventually(() => assert.ok(heard.length));
    await page.clock.fastForward(BEAT);
    await eventually(() => assert.deepEqual([sockets.length, sockets[0].isClosed(), arrived.asked], [2, true, 2]));
    // And it brings news.
    await stack.api("POST", "/v1/events", { tenant: "renewed", events: [{ type: "usage", meter: "api_calls", value: 7 }] });
    await settles(page, used, 7);
    assert.deepEqual([page.problems, await page.evaluate(() => window.errors)], [[], []]);
  });

  test("it stays as it is while its token is good", async (t) => {
    const arrived = await arrive(t, "lasting", { expires: "10m" });
    const { page, load } = arrived;
    await page.clock.install();
    const sent = [];
    const heard = [];
    page.on("websocket", (socket) => {
      socket.on("framesent", ({ payload }) => sent.push(payload));
      socket.on("framereceived", ({ payload }) => heard.push(payload));
    });
    await load();
    await eventually(() => assert.ok(heard.length));
    await page.clock.fastForward(BEAT);
    await eventually(() => assert.deepEqual([sent, arrived.asked], [["ping"], 1]));
  });

  test("when the Worker closes it for its token, it is made anew at once, with another token", async (t) => {
    const arrived = await arrive(t, "expired");
    const { page, load } = arrived;
    const sockets = [];
    await page.routeWebSocket(LIVE, (socket) => sockets.push(socket));
    await load();
    await eventually(() => assert.equal(sockets.length, 1));
    // Whatever waits in this page, waits for good.
    await page.evaluate(() => void (window.setTimeout = () => 0));
    await sockets[0].close({ code: TOKEN_EXPIRED });
    await eventually(() => assert.deepEqual([sockets.length, arrived.asked], [2, 2]));
  });

  test("an answer that took long does not undo what came over the socket meanwhile", async (t) => {
    const { page, load } = await arrive(t, "overtaken");
    let isRefused = true;
    await page.routeWebSocket(LIVE, (socket) => (isRefused ? socket.close() : socket.connectToServer()));
    await load();
    await settles(page, () => window.upcue.fresh, true);
    const held = [];
    await page.route(SNAPSHOT, async (route) => {
      if (route.request().method() === "OPTIONS") return route.continue();
      const response = await route.fetch();
      held.push(() => route.fulfill({ response }));
    });
    // A batch that was taken is a reason to ask.
    await page.evaluate(() => window.upcue.usage("api_calls", 5));
    await eventually(() => assert.ok(held.length));
    await stack.api("POST", "/v1/events", { tenant: "overtaken", events: [{ type: "usage", meter: "api_calls", value: 700 }] });
    isRefused = false;
    await page.evaluate(() => void dispatchEvent(new Event("online")));
    await settles(page, used, 705);
    for (const release of held) {
      const answered = page.waitForResponse(SNAPSHOT);
      await release();
      await (await answered).finished();
    }
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    assert.equal(await page.evaluate(used), 705);
  });

  test("a frame that cannot be read ends the socket, and all is asked for anew", async (t) => {
    const { page, load } = await arrive(t, "damaged");
    const sockets = [];
    await page.routeWebSocket(LIVE, (socket) => {
      const server = socket.connectToServer();
      sockets.push(Object.assign(socket, { closed: false }));
      socket.onClose(() => {
        socket.closed = true;
        for (const end of [server, socket]) end.close();
      });
    });
    const asked = [];
    page.on("request", (request) => SNAPSHOT.test(request.url()) && request.method() === "GET" && asked.push(request));
    await load();
    await eventually(() => assert.equal(sockets.length, 1));
    await settles(page, () => window.upcue.fresh, true);
    const before = asked.length;
    sockets[0].send(Buffer.from("U\x05 damaged"));
    await eventually(() => assert.deepEqual([sockets[0].closed, asked.length > before, sockets.length], [true, true, 2]));
    assert.deepEqual(await page.evaluate(() => [window.errors, window.upcue.fresh]), [["frame"], true]);
    await stack.api("POST", "/v1/events", { tenant: "damaged", events: [{ type: "usage", meter: "api_calls", value: 3 }] });
    await settles(page, used, 3);
  });

  test("however often a page is called back online without success, it tries again as one", async (t) => {
    const { page, load } = await arrive(t, "one-chain");
    await page.clock.install();
    let tried = 0;
    await page.route(SNAPSHOT, (route) => {
      if (route.request().method() === "GET") tried++;
      return route.abort();
    });
    await load();
    await eventually(() => assert.equal(tried, 1));
    for (let times = 2; times <= 6; times++) {
      await settles(page, () => window.errors.length, times - 1);
      await page.evaluate(() => void dispatchEvent(new Event("online")));
      await eventually(() => assert.equal(tried, times));
    }
    await settles(page, () => window.errors.length, 6);
    // The beat tries as well, so it is over before that.
    await page.clock.fastForward(BEAT - 1000);
    await settles(page, () => window.errors.length, 7);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    assert.equal(tried, 7);
  });

  test("that nothing has changed is no answer to a page that knows nothing: it asks once more, and then waits", async (t) => {
    const { page, load } = await arrive(t, "unchanged");
    await page.clock.install();
    let asked = 0;
    await page.route(SNAPSHOT, (route) => {
      if (route.request().method() !== "GET") return route.continue();
      asked++;
      return route.fulfill({ status: 304, headers: { "access-control-allow-origin": "*" } });
    });
    await load();
    await settles(page, () => window.errors, ["snapshot"]);
    assert.equal(asked, 2);
    await page.unroute(SNAPSHOT);
    await page.clock.fastForward(2000);
    await settles(page, () => window.upcue.ready, true);
  });

  test("what is no token is told, and asked for again", async (t) => {
    let isOut = true;
    const app = await serveCustomer(t, { token: () => (isOut ? "<!doctype html><title>Log in</title>" : stack.token({ tenant: "log-in" })) });
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await visit(context, app);
    await page.clock.install();
    await start(page, { endpoint: stack.worker.url });
    await settles(page, () => window.errors, ["token"]);
    isOut = false;
    await page.clock.fastForward(2000);
    await settles(page, () => window.upcue.ready, true);
    assert.deepEqual(page.problems, []);
  });

  test("a page whose token speaks for another tenant is that tenant's at once, and counts what it shows anew", async (t) => {
    const who = { tenant: "one" };
    const app = await serveCustomer(t, { token: () => stack.token(who) });
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await visit(context, app);
    const told = [];
    await page.route(EVENTS, (route) => {
      const { token, events } = route.request().postDataJSON();
      const { tenant } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
      // The token is good no longer, and the page asks for another.
      if (tenant !== who.tenant) return route.fulfill({ status: 401, headers: { "access-control-allow-origin": "*" } });
      told.push(...events.filter(({ type }) => type === "render").map(({ campaign }) => `${tenant}: ${campaign}`));
      return route.continue();
    });
    // No beat ever comes to its help.
    await page.evaluate(() => {
      const { setTimeout } = window;
      window.setTimeout = (wake, ms) => (ms < 30_000 ? setTimeout(wake, ms) : 0);
    });
    await start(page, { endpoint: stack.worker.url });
    const claims = () => window.upcue.claim(window.upcue.decide("once.0").nudge);
    assert.equal(await page.evaluate(claims), true);
    await eventually(() => assert.deepEqual(told, ["one: once-0"]));
    await stack.api("POST", "/v1/events", { tenant: "other", events: [{ type: "usage", meter: "api_calls", value: 42 }] });
    who.tenant = "other";
    await page.evaluate(() => window.upcue.usage("api_calls", 1));
    await settles(page, used, 42);
    assert.equal(await page.evaluate(claims), true);
    await eventually(() => assert.deepEqual(told, ["one: once-0", "other: once-0"]));
  });
});
