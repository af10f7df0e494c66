// Snapshots and live connections: what a page is told, and when.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, call, openLive, seedStripe } from "../support/stack.mjs";

const BINARY = "application/vnd.upcue.snapshot";

describe("live", () => {
  const stack = sharedStack({ config: CONFIG });
  const use = (value, tenant = "acme") => stack.api("POST", "/v1/events", { tenant, events: [{ type: "usage", meter: "api_calls", value }] });
  const snapshot = (key, headers) => call(`${stack.worker.url}/v1/snapshot`, { key, headers });

  test("a snapshot that has not changed is not sent again", async () => {
    await seedStripe(stack.stripe);
    const token = await stack.token();
    for (const accept of ["application/json", BINARY]) {
      const first = await snapshot(token, { accept });
      assert.deepEqual([first.status, first.headers.get("content-type")], [200, accept]);
      const etag = first.headers.get("etag");
      const again = await snapshot(token, { accept, "if-none-match": etag });
      assert.deepEqual([again.status, again.body], [304, ""]);
      await use(1);
      assert.equal((await snapshot(token, { accept, "if-none-match": etag })).status, 200);
    }
  });

  test("admins and members are told what is for them", async () => {
    await use(900);
    const labels = {};
    for (const role of ["admin", "member"]) {
      const { campaigns } = await stack.snapshot(await stack.token({ role }));
      labels[role] = campaigns[0].cta;
    }
    assert.deepEqual(labels, {
      admin: { label: "Compare plans", action: "compare_plans" },
      member: { label: "Ask your admin", action: "request_upgrade" },
    });
  });

  test("every open page of a tenant hears of a change, and no page of another", async (t) => {
    const pages = await Promise.all(["ada", "bob", "eve"].map(async (user) => openLive(t, stack.worker, await stack.token({ user }))));
    const stranger = await openLive(t, stack.worker, await stack.token({ tenant: "rival" }));
    const heard = pages.map((page) => page.next());
    await use(1);
    await Promise.all(heard);
    const answered = stranger.next();
    await use(1, "rival");
    await answered;
    assert.equal(stranger.frames.length, 2, "its own first frame and its own change");
  });

  test("a burst of changes ends with the last one told", async (t) => {
    const live = await openLive(t, stack.worker, await stack.token({ tenant: "burst" }), "?client=page");
    await Promise.all(Array.from({ length: 50 }, () => use(1, "burst")));
    // Frames carry no more than the state, so the page is done when a frame was sent after the last change.
    const { body } = await stack.api("GET", "/v1/tenants/burst");
    assert.equal(body.meters[0].value, 50);
    const last = live.next();
    await use(1, "burst");
    await last;
    assert.ok(live.frames.length < 50, `${live.frames.length} frames for 51 changes`);
  });

  test("a connection without a good token is refused", async () => {
    for (const protocols of [["upcue.v1"], ["upcue.v1", "rubbish"], ["other"]]) {
      const socket = new WebSocket(`${stack.worker.url.replace("http", "ws")}/v1/live`, protocols);
      const [event] = await once(socket, "error");
      assert.ok(event);
    }
    const plain = await call(`${stack.worker.url}/v1/live`, { key: await stack.token() });
    assert.deepEqual([plain.status, plain.body.code], [426, "upgrade_required"]);
  });

  test("a token in the address opens nothing", async () => {
    const socket = new WebSocket(`${stack.worker.url.replace("http", "ws")}/v1/live?token=${await stack.token()}`);
    await once(socket, "error");
  });
});

describe("a live connection that cannot go on", () => {
  const stack = sharedStack({ dev: true, config: CONFIG });
  const HOUR = 3_600_000;
  const use = async (value, tenant) => {
    const { status } = await stack.api("POST", "/v1/events", { tenant, events: [{ type: "usage", meter: "api_calls", value }] });
    assert.equal(status, 202);
  };
  const closed = async ({ socket }) => (await once(socket, "close"))[0].code;
  const value = async (user, tenant, expires) => (await stack.snapshot(await stack.token({ user, tenant, expires }))).meters[0].value;

  test("asks for a fresh token when the old one has run out, and then hears everything", async (t) => {
    const [ada, bob] = await Promise.all(
      [["ada", "1h"], ["bob", "12h"]].map(async ([user, expires]) => openLive(t, stack.worker, await stack.token({ user, tenant: "late", expires }))),
    );
    await stack.operator("POST", "/dev/clock", { offset: 2 * HOUR });
    const [code, heard] = [closed(ada), bob.next()];
    await use(7, "late");
    assert.equal(await code, 4401);
    await heard;
    assert.equal(ada.frames.length, 1, "nothing is told to a token that has run out");
    const again = await openLive(t, stack.worker, await stack.token({ user: "ada", tenant: "late", expires: "12h" }));
    assert.equal(Buffer.from(again.frames[0])[2], 0, "everything");
    assert.equal(await value("ada", "late", "12h"), 7);
    await stack.operator("POST", "/dev/clock", { offset: 0 });
  });

  test("is closed when something could not be sent, so that nothing is missed unnoticed", async (t) => {
    const open = async (user) => openLive(t, stack.worker, await stack.token({ user, tenant: "odd" }));
    const pages = await Promise.all([open("ada"), open("bob")]);
    await stack.operator("POST", "/dev/fault", { at: "live.send", kind: "error" });
    const heard = pages.map((page) => Promise.race([closed(page), page.next().then(() => "told")]));
    await use(1, "odd");
    assert.deepEqual((await Promise.all(heard)).toSorted(), [1011, "told"]);
  });
});
