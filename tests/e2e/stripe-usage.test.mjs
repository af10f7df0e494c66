// Usage that Stripe knows: billing meters' event summaries, and the seats that a subscription pays for.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownStack } from "../support/own-stack.mjs";
import { openLive } from "../support/stack.mjs";
import { UPGRADE_CONFIG, addTenant, buyer, openShop } from "../support/upgrading.mjs";

const CONFIG = {
  ...UPGRADE_CONFIG,
  meters: {
    api_calls: { kind: "counter", period: "billing", label: "API calls", unit: "calls", source: "stripe_meter", stripe_meter: "api_requests" },
    exports: { kind: "counter", period: "month", label: "Exports" },
    seats: { kind: "gauge", label: "Team members", source: "subscription_quantity" },
  },
  campaigns: [
    { ...UPGRADE_CONFIG.campaigns[0] },
    {
      id: "team", placement: "app.team", audience: "usage.seats.value >= 3",
      nudge: { kind: "inline", title: "{{usage.seats.value}} of you", cta: { label: "Compare plans", action: "compare_plans" } },
    },
  ],
};

const PLANS = {
  Free: { metadata: { upcue_rank: "0", upcue_limit_api_calls: "1000", upcue_limit_seats: "3" }, month: 0 },
  Pro: { metadata: { upcue_rank: "1", upcue_limit_api_calls: "50000", upcue_limit_seats: "10" }, month: 2_900 },
};

const settle = (stack) => stack.stripe.control("POST", "/_sandbox/settle");
const meterNamed = (stack, event_name, formula = "sum") =>
  stack.stripe.client.billing.meters.create({ display_name: "API calls", event_name, default_aggregation: { formula } });
const report = (stack, customer, value, event_name = "api_requests") =>
  stack.stripe.client.billing.meterEvents.create({ event_name, payload: { stripe_customer_id: customer.id, value: `${value}` } });
/** Says at Stripe that something changed, so that its webhook has us look. */
const touch = async (stack, subscription, n) => {
  await stack.stripe.client.subscriptions.update(subscription.id, { metadata: { touched: `${n}` } });
  await settle(stack);
};

async function opened(t, options = {}) {
  const stack = await ownStack(t, { config: CONFIG, ...options });
  await meterNamed(stack, "api_requests");
  const shop = await openShop(stack, PLANS);
  await settle(stack);
  return { stack, shop, tenant: await addTenant(stack, "acme", shop.prices.Free) };
}

const reconcile = async (stack) => {
  const { status, body } = await stack.api("POST", "/v1/stripe/reconcile", {});
  assert.deepEqual([status, body.failed], [200, []], JSON.stringify(body));
  return body;
};

describe("billing meters", () => {
  test("are read with a webhook, and react in the open page", async (t) => {
    const { stack, tenant } = await opened(t);
    const token = await stack.token();
    const read = async () => (await stack.snapshot(token)).meters.find(({ meter }) => meter === "api_calls");
    assert.deepEqual([(await read()).value, (await read()).granted], [0, true]);
    const decision = async () => (await stack.api("GET", "/v1/tenants/acme/decisions?user=ada&placement=app.header")).body.decisions[0];
    assert.equal((await decision()).campaign, null);

    await report(stack, tenant.customer, 600);
    await report(stack, tenant.customer, 250);
    const live = await openLive(stack, stack.worker, token);
    const pushed = live.next();
    await touch(stack, tenant.subscription, 1);
    await pushed;
    const { value, limit, percent, remaining } = await read();
    assert.deepEqual([value, limit, percent, remaining], [850, 1_000, 85, 150]);
    const { campaign, title } = await decision();
    assert.deepEqual([campaign, title], ["api_quota", "You’ve used 85% of your API quota"]);

    await report(stack, tenant.customer, 150);
    await touch(stack, tenant.subscription, 2);
    assert.deepEqual([(await read()).value, (await read()).granted], [1_000, false], "the limit is reached");
    const { reason, fit } = (await buyer(stack, tenant).plans()).body;
    assert.deepEqual([reason.kind, reason.meter, reason.used, reason.reached], ["limit", "api_calls", 1_000, true]);
    assert.equal(fit.outcome, "upgrade");
  });

  test("are read when everything is compared with Stripe", async (t) => {
    const { stack, tenant } = await opened(t);
    await report(stack, tenant.customer, 42);
    assert.equal(await stack.meter("acme", "api_calls"), 0);
    assert.deepEqual((await reconcile(stack)).drifted, [], "usage is no drift");
    assert.equal(await stack.meter("acme", "api_calls"), 42);
    await report(stack, tenant.customer, 8);
    await reconcile(stack);
    assert.equal(await stack.meter("acme", "api_calls"), 50);
    assert.deepEqual((await buyer(stack, tenant).timeline()).map(({ type }) => type), ["SubscriptionChanged"], "and no news for the timeline");
  });

  test("count each customer apart", async (t) => {
    const { stack, shop, tenant } = await opened(t);
    const other = await addTenant(stack, "other", shop.prices.Free);
    await report(stack, tenant.customer, 5);
    await report(stack, other.customer, 70);
    await reconcile(stack);
    assert.deepEqual([await stack.meter("acme", "api_calls"), await stack.meter("other", "api_calls")], [5, 70]);
  });

  test("keep what they read while Stripe cannot be asked", async (t) => {
    const { stack, tenant } = await opened(t);
    await report(stack, tenant.customer, 42);
    await reconcile(stack);
    await report(stack, tenant.customer, 1);
    await stack.stripe.control("POST", "/_sandbox/faults", { method: "GET", path_prefix: "/v1/billing/meters/", status: 503, times: 20 });
    const { failed } = (await stack.api("POST", "/v1/stripe/reconcile", {})).body;
    assert.deepEqual(failed.map(({ subscription }) => subscription), [tenant.subscription.id]);
    assert.equal(await stack.meter("acme", "api_calls"), 42);
    await stack.stripe.control("DELETE", "/_sandbox/faults");
    await reconcile(stack);
    assert.equal(await stack.meter("acme", "api_calls"), 43);
  });

  test("take no events of ours, and the meters beside them do", async (t) => {
    const { stack } = await opened(t);
    const post = (events) => stack.api("POST", "/v1/events", { tenant: "acme", events });
    const call = { type: "usage", meter: "api_calls", value: 1 };
    const seats = { type: "usage", meter: "seats", set: 2 };
    const refused = await post([call]);
    assert.deepEqual([refused.status, refused.body.rejected.map(({ code }) => code)], [422, ["wrong_source"]]);
    assert.match(refused.body.rejected[0].detail, /Stripe/);
    const some = await post([call, seats, { type: "usage", meter: "exports", value: 3 }]);
    assert.deepEqual([some.status, some.body.accepted, some.body.rejected.map(({ index, code }) => [index, code])], [202, 1, [[0, "wrong_source"], [1, "wrong_source"]]]);
    assert.deepEqual([await stack.meter("acme", "api_calls"), await stack.meter("acme", "exports")], [0, 3]);
  });

  test("that Stripe has not are told, and read once they are there", async (t) => {
    const stack = await ownStack(t, { config: CONFIG });
    const { client } = stack.stripe;
    const free = await client.products.create({ name: "Free", metadata: PLANS.Free.metadata });
    const price = await client.prices.create({ product: free.id, currency: "usd", unit_amount: 0, recurring: { interval: "month" } });
    const tenant = await addTenant(stack, "acme", price);
    const problems = async () => (await stack.api("GET", "/v1/catalog")).body.problems;
    const [problem, ...others] = await problems();
    assert.deepEqual([problem.key, others], ["stripe_meter", []]);
    assert.match(problem.detail, /`api_requests`/);
    assert.equal((await stack.api("GET", "/v1/subscription?tenant=acme")).body.plan.name, "Free", "the plans are in force all the same");

    await meterNamed(stack, "api_requests");
    await report(stack, tenant.customer, 7);
    await reconcile(stack);
    assert.deepEqual([await problems(), await stack.meter("acme", "api_calls")], [[], 7]);
  });

  test("that were replaced by others of the same event are read from those", async (t) => {
    const stack = await ownStack(t, { config: CONFIG });
    const old = await meterNamed(stack, "api_requests");
    await stack.stripe.client.billing.meters.deactivate(old.id);
    await meterNamed(stack, "api_requests");
    const shop = await openShop(stack, PLANS);
    await settle(stack);
    const { customer } = await addTenant(stack, "acme", shop.prices.Free);
    await report(stack, customer, 9);
    await reconcile(stack);
    assert.equal(await stack.meter("acme", "api_calls"), 9);
  });

  test("start at zero in the next period", async (t) => {
    const { stack, tenant } = await opened(t, { dev: true });
    await report(stack, tenant.customer, 42);
    await reconcile(stack);
    const { current_period_end: end } = (await stack.api("GET", "/v1/subscription?tenant=acme")).body.subscription;
    await stack.operator("POST", "/dev/clock", { offset: end - Date.now() + 60_000 });
    stack.after(() => stack.operator("POST", "/dev/clock", { offset: 0 }));
    assert.equal(await stack.meter("acme", "api_calls"), 0);
  });
});

describe("seats", () => {
  test("are those that the subscription pays for", async (t) => {
    const { stack, tenant } = await opened(t);
    const token = await stack.token();
    const read = async () => (await stack.snapshot(token)).meters.find(({ meter }) => meter === "seats");
    assert.deepEqual([(await read()).value, (await read()).kind], [1, "gauge"]);
    const decision = async () => (await stack.api("GET", "/v1/tenants/acme/decisions?user=ada&placement=app.team")).body.decisions[0];
    assert.equal((await decision()).campaign, null);

    const live = await openLive(stack, stack.worker, token);
    const pushed = live.next();
    const [item] = tenant.subscription.items.data;
    await stack.stripe.client.subscriptions.update(tenant.subscription.id, { items: [{ id: item.id, quantity: 3 }] });
    await pushed;
    const { value, limit, granted } = await read();
    assert.deepEqual([value, limit, granted], [3, 3, false]);
    assert.deepEqual([(await decision()).campaign, (await decision()).title], ["team", "3 of you"]);

    await stack.stripe.client.subscriptions.cancel(tenant.subscription.id);
    await settle(stack);
    assert.equal((await read()).value, 0, "nobody without a subscription");
  });

  test("need no reading of Stripe's meters, and none of a tenant without a subscription", async (t) => {
    const { stack } = await opened(t);
    assert.equal(await stack.meter("nobody-yet", "seats"), 0);
    assert.equal(await stack.meter("nobody-yet", "api_calls"), 0);
  });
});
