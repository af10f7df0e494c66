// What was decided can be decided again, from what came in.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { looks } from "../support/eventually.mjs";
import { ownStack } from "../support/own-stack.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { call, seedStripe } from "../support/stack.mjs";

const DAY = 86_400_000;

const CONFIG = {
  meters: { api_calls: { kind: "counter", period: "day" }, seats: { kind: "gauge" } },
  features: { sso: {} },
  traits: { tenant: { industry: { type: "string" } } },
  plans: {
    source: "inline", default: "small",
    list: [
      { id: "small", rank: 0, limits: { api_calls: 1000, seats: 5 } },
      { id: "large", rank: 1, limits: { api_calls: "unlimited", seats: "unlimited" }, features: ["sso"] },
    ],
  },
  signals: [
    { id: "near", when: "usage.api_calls.ratio >= 0.8", weight: 60, half_life: "1d" },
    { id: "keen", when: "events.export.count_7d >= 2", weight: 20, half_life: "1d" },
  ],
  segments: { ready: { enter: "score >= 60", exit: "score < 40" } },
  campaigns: [
    {
      id: "quota", placement: "app.header", audience: "signal.near.active && user.age >= duration('0s')",
      nudge: { title: "{{usage.api_calls.percent}} used" }, cap: [{ max: 2, window: "7d", scope: "user" }],
    },
  ],
};

/** The same with another threshold and without one of the signals. */
const OTHER = { ...CONFIG, signals: [{ ...CONFIG.signals[0], when: "usage.api_calls.ratio >= 0.5" }] };

const calls = (value, more) => ({ type: "usage", meter: "api_calls", value, ...more });
const exported = { type: "track", name: "export" };
const seen = (more) => ({ type: "exposure", campaign: "quota", ...more });

/** What tests do with a stack. */
function on(stack) {
  const answered = (expected) => ({ status, body }) => {
    assert.equal(status, expected, JSON.stringify(body));
    return body;
  };
  const send = (tenant, ...events) => stack.api("POST", "/v1/events", { tenant, events }).then(answered(202));
  const replay = (tenant) => stack.api("GET", `/v1/tenants/${tenant}/replay`).then(answered(200));
  const page = async (tenant, user, ...events) => {
    const key = await stack.token({ tenant, user });
    await stack.snapshot(key);
    return call(`${stack.worker.url}/v1/events`, { method: "POST", key, body: { events } }).then(answered(202));
  };
  const moveClock = (offset) => call(`${stack.worker.url}/dev/clock`, { method: "POST", key: stack.operatorKey, body: { offset } }).then(answered(200));
  return { send, replay, page, moveClock };
}

describe("a replay", () => {
  const stack = sharedStack({ dev: true, config: CONFIG });

  test("makes every recorded decision again, across users, doubles, rules and time", async () => {
    const { send, replay, page, moveClock } = on(stack);
    assert.equal((await stack.publish(CONFIG)).status, 200);
    await send("acme", calls(500, { id: "a" }), calls(500, { id: "a" }), calls(7, { at: 1 }), { type: "usage", meter: "seats", set: 3 });
    await send("acme", calls(300), exported, exported, { type: "identify", traits: { industry: "retail" } });
    await page("acme", "ada", seen({ id: "b" }), seen({ id: "b" }), { type: "click", campaign: "quota" });
    await page("acme", "ada", seen(), seen({ at: Date.now() - 5_000 }));
    await page("acme", "bob", { type: "dismiss", campaign: "quota" }, seen({ at: Date.now() + 1_000 }));
    const before = await replay("acme");
    assert.deepEqual([before.matches, before.decisions, before.transitions], [true, 4, 3], JSON.stringify(before));
    await moveClock(2 * DAY);
    await send("acme", calls(1)); // a new day: nothing of the quota is used
    assert.equal((await stack.publish(OTHER)).status, 200);
    await send("acme", calls(600));
    const { matches, transitions, first_difference } = await replay("acme");
    assert.deepEqual([matches, first_difference], [true, undefined]);
    assert.ok(transitions > before.transitions, `${transitions} transitions`);
    await moveClock(0);
  });

  test("knows what Stripe has told", async () => {
    const { send, replay } = on(stack);
    const stripe = { ...CONFIG, plans: { source: "stripe" }, signals: [{ id: "payer", when: "plan.rank > 1" }], campaigns: [], segments: {} };
    assert.equal((await stack.publish(stripe)).status, 200);
    const { subscription, prices } = await seedStripe(stack.stripe, { tenant: "payer" });
    await send("payer", calls(1));
    await stack.stripe.client.subscriptions.update(subscription.id, { items: [{ id: subscription.items.data[0].id, price: prices.Team.id }] });
    await stack.stripe.control("POST", "/_sandbox/settle");
    await send("payer", calls(1));
    const found = await replay("payer");
    assert.deepEqual([found.matches, found.transitions], [true, 1], JSON.stringify(found));
  });

  test("of a tenant that nobody has heard of has nothing to say", async () => {
    const found = await on(stack).replay("nobody");
    assert.deepEqual([found.matches, found.decisions, found.transitions], [true, 0, 0]);
  });

  test("is for back ends", async () => {
    const answer = await call(`${stack.worker.url}/v1/tenants/acme/replay`, { key: await stack.token() });
    assert.deepEqual([answer.status, answer.body.code], [403, "forbidden_credential"]);
  });
});

test("a history survives a kill, and what is too old of it is dropped without a difference", async (t) => {
  const stack = await ownStack(t, { dev: true, config: CONFIG });
  const { send, replay, page, moveClock } = on(stack);
  await send("acme", calls(900));
  await page("acme", "ada", seen());
  await stack.worker.stop("SIGKILL");
  await stack.worker.start();
  assert.deepEqual([(await replay("acme")).matches, (await replay("acme")).decisions], [true, 1]);
  let offset = 0;
  const month = async () => {
    offset += 31 * DAY;
    await moveClock(offset);
    await send("acme", calls(900), seen({ user: "bob" }));
  };
  for (let n = 0; n < 3; n++) await month();
  assert.equal((await stack.publish(OTHER)).status, 200);
  for (let n = 0; n < 3; n++) await month();
  // Of the months before the last three nothing is left but the state: as soon as the alarm has come round.
  for await (const _ of looks()) {
    const { matches, decisions } = await replay("acme");
    assert.ok(matches);
    if (decisions <= 4) break;
  }
  await stack.worker.stop("SIGKILL");
  await stack.worker.start();
  await moveClock(offset);
  await send("acme", calls(900), seen({ user: "bob" }));
  const { matches, decisions } = await replay("acme");
  assert.ok(matches && decisions <= 5, `${decisions} decisions`);
});
