// Outbound webhooks when things go wrong: hours of failing, a process that dies, an endpoint that never answers.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { startReceiver, verified } from "../support/hook-receiver.mjs";
import { ownStack } from "../support/own-stack.mjs";
import { CONFIG, openLive } from "../support/stack.mjs";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SIGNALS = {
  ...CONFIG,
  plans: { source: "inline", default: "free", list: [{ id: "free", rank: 0, limits: { api_calls: 1_000 } }] },
  signals: [{ id: "api_quota_80", when: "usage.api_calls.ratio >= 0.8", weight: 60, half_life: "7d" }],
};

/** A stack with a receiver, and what its tests do. */
async function setUp(t, options = {}) {
  const stack = await ownStack(t, { dev: true, config: SIGNALS, ...options });
  const receiver = await startReceiver(stack);
  const register = async (path, body = {}) => {
    const made = await stack.api("POST", "/v1/webhooks", { url: receiver.url + path, ...body });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return made.body;
  };
  // A panic answers 500 to whoever asks at that moment.
  const list = async (route) => {
    const answer = await stack.api("GET", route);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const deliveries = async (id, query = "") => (await list(`/v1/webhooks/${id}/deliveries${query}`)).deliveries;
  const endpoint = async (id) => (await list("/v1/webhooks")).endpoints.find((endpoint) => endpoint.id === id);
  const use = (tenant) => stack.api("POST", "/v1/events", { tenant, events: [{ type: "usage", meter: "api_calls", value: 900 }] });
  /** Moves the Worker's clock to `at`; alarms go by the machine's, so the app is made to look when its next one is due. */
  const goTo = async (at) => {
    const { body } = await stack.operator("POST", "/dev/clock", { offset: at - Date.now() });
    assert.ok(body.now >= at - 1_000);
    assert.equal((await stack.operator("PATCH", `/v1/apps/${stack.app}`, {})).status, 200);
  };
  return { stack, receiver, register, deliveries, endpoint, use, goTo };
}

describe("outbound webhooks, interrupted", () => {
  test("a message is tried ten times in three days, under one id, and then shown as failed", { timeout: 120_000 }, async (t) => {
    const { receiver, register, deliveries, endpoint, goTo, stack } = await setUp(t);
    receiver.answer = () => 503;
    const { id, secret } = await register("/down");
    await stack.api("POST", `/v1/webhooks/${id}/test`);
    const began = Date.now();
    for (let tried = 1; tried < 10; tried++) {
      const [{ next_attempt: next }] = await eventually(async () => {
        const found = await deliveries(id);
        assert.equal(found[0].attempts.length, tried);
        return found;
      });
      await goTo(next);
    }
    const [delivery] = await eventually(async () => {
      const found = await deliveries(id, "?state=failed");
      assert.equal(found.length, 1);
      return found;
    });
    assert.deepEqual([delivery.attempts.length, delivery.next_attempt, delivery.attempts.at(-1).error], [10, null, "answered 503"]);
    const took = delivery.attempts.at(-1).at - began;
    assert.ok(took > 2.8 * DAY && took < 3.6 * DAY, `${took / DAY} days`);
    assert.equal(new Set(receiver.at("/down").map((told) => told.id)).size, 1);
    for (const told of receiver.at("/down")) verified(told, secret);
    const { state, failing_since: since } = await endpoint(id);
    assert.deepEqual([state, Math.abs(since - began) < 60_000], ["enabled", true], "three days are no reason to give an endpoint up");

    // Two days later whatever comes is the last straw.
    await goTo(since + 5 * DAY + HOUR);
    await stack.api("POST", `/v1/webhooks/${id}/test`);
    const disabled = await eventually(async () => {
      const found = await endpoint(id);
      assert.equal(found.state, "disabled");
      return found;
    });
    assert.equal(disabled.disabled_reason, "every attempt of the last 5 days failed; the last one: answered 503");
    const [last] = await deliveries(id);
    assert.deepEqual([last.state, last.reason], ["failed", `the endpoint was disabled: ${disabled.disabled_reason}`]);
  });

  test("an endpoint that asks for time is left alone for so long", async (t) => {
    const { receiver, register, deliveries, stack } = await setUp(t);
    receiver.answer = ({ path }) => ({ status: 429, headers: { "retry-after": path === "/seconds" ? "7200" : new Date(Date.now() + 2 * HOUR).toUTCString() } });
    for (const path of ["/seconds", "/date"]) {
      const { id } = await register(path);
      await stack.api("POST", `/v1/webhooks/${id}/test`);
      const [{ attempts, next_attempt: next }] = await eventually(async () => {
        const found = await deliveries(id);
        assert.equal(found[0].attempts.length, 1);
        return found;
      });
      assert.ok(Math.abs(next - attempts[0].at - 2 * HOUR) < 30_000, `${path}: ${next - attempts[0].at}`);
    }
  });

  test("who never answers holds up nobody else, and is told from who answers badly", { timeout: 120_000 }, async (t) => {
    const { receiver, register, deliveries, use, stack } = await setUp(t);
    await use("acme");
    await eventually(async () => assert.equal((await stack.api("GET", "/v1/tenants")).body.tenants.length, 1));
    receiver.answer = ({ path }) => (path === "/silent" ? { hold: true } : 204);
    const silent = await register("/silent");
    const quick = await register("/quick");
    for (let i = 0; i < 3; i++) await stack.api("POST", `/v1/webhooks/${silent.id}/test`);
    const live = await openLive(stack, stack.worker, await stack.token());
    await eventually(() => assert.ok(receiver.at("/silent").length > 0));
    const told = live.next();
    assert.equal((await stack.publish({ ...SIGNALS, signals: [] })).status, 200);
    await told; // open pages hear of a new configuration meanwhile
    assert.deepEqual((await deliveries(silent.id)).flatMap(({ attempts }) => attempts), []);
    for (let i = 0; i < 20; i++) await stack.api("POST", `/v1/webhooks/${quick.id}/test`);
    await eventually(async () => assert.equal((await deliveries(quick.id, "?state=delivered")).length, 20));
    const [{ attempts }] = await eventually(async () => {
      const found = (await deliveries(silent.id)).filter((delivery) => delivery.attempts.length > 0);
      assert.ok(found.length > 0);
      return found;
    });
    assert.deepEqual([attempts[0].status, attempts[0].error], [null, "no answer within 15 s"]);
    assert.ok(attempts[0].duration_ms >= 14_000);
    const ended = attempts[0].at + attempts[0].duration_ms;
    assert.ok((await deliveries(quick.id)).every((delivery) => delivery.attempts[0].at < ended), "nobody waited for the silent one");
  });

  test("whatever an address looks like, the network refuses what is private", async (t) => {
    // This Worker thinks it may call this machine, as it would of a name that leads there; the network it calls by knows better.
    const { receiver, register, deliveries, stack } = await setUp(t, { publicHooks: true });
    const { id } = await register("/private");
    await stack.api("POST", `/v1/webhooks/${id}/test`);
    const [{ attempts }] = await eventually(async () => {
      const found = await deliveries(id);
      assert.equal(found[0].attempts.length, 1);
      return found;
    });
    assert.deepEqual([attempts[0].status, attempts[0].error], [null, "could not be reached"]);
    assert.deepEqual(receiver.received, []);
  });

  test("kill -9 while deliveries are under way loses none; what comes twice has the same id", { timeout: 120_000 }, async (t) => {
    const { receiver, register, deliveries, use, stack } = await setUp(t);
    let killed = false;
    // The first ones are taken, and nobody hears of it.
    receiver.answer = () => (killed ? 204 : { hold: true });
    const { id, secret } = await register("/killed", { events: ["signal.detected"] });
    const tenants = Array.from({ length: 20 }, (_, i) => `killed-${i}`);
    for (const tenant of tenants) assert.equal((await use(tenant)).status, 202);
    await eventually(() => assert.ok(receiver.at("/killed").length > 0));
    await stack.worker.stop("SIGKILL");
    killed = true;
    await stack.worker.start();
    await eventually(async () => assert.equal((await deliveries(id, "?state=delivered")).length, 20));
    const found = receiver.at("/killed");
    const ids = new Map();
    for (const told of found) {
      const { data } = verified(told, secret);
      ids.set(data.tenant, new Set([...(ids.get(data.tenant) ?? []), told.id]));
    }
    assert.deepEqual([...ids.keys()].toSorted(), tenants.toSorted());
    assert.ok([...ids.values()].every((of) => of.size === 1), "one id for each event");
    assert.ok(found.length > 20, "those under way were sent once more");
  });

  for (const at of ["hook.before_sent", "hook.after_sent"]) {
    for (const kind of ["panic", "error"]) {
      test(`${kind} at ${at} loses nothing and makes nothing new`, { timeout: 120_000 }, async (t) => {
        const { receiver, register, deliveries, use, stack } = await setUp(t);
        const { id } = await register("/fault", { events: ["signal.detected"] });
        await stack.operator("POST", "/dev/fault", { at, kind });
        await use("acme");
        await eventually(async () => assert.equal((await deliveries(id, "?state=delivered")).length, 1));
        const found = receiver.at("/fault");
        assert.equal(found.length, at === "hook.after_sent" ? 2 : 1);
        assert.equal(new Set(found.map((told) => told.id)).size, 1);
      });
    }
  }
});

test("in a deployed build this machine is as private as any other", async (t) => {
  const stack = await ownStack(t, { config: SIGNALS });
  for (const url of ["http://127.0.0.1:8080/", "https://127.0.0.1/", "https://localhost/", "https://[::1]/"]) {
    const { status, body } = await stack.api("POST", "/v1/webhooks", { url });
    assert.deepEqual([status, body.code], [422, "url_refused"], url);
  }
});
