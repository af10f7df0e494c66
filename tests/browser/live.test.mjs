// The Worker's word over a socket: renewed before its token runs out, and never overtaken by an older answer.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, serveCustomer, settles, start, visit } from "./core-app.mjs";

const LIVE = /\/v1\/live/;
const SNAPSHOT = /\/v1\/snapshot/;
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
});
