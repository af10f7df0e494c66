// Reconciliation: what no webhook told is found and mended, what cannot be mended now is told, and every shape of Stripe's
// events leads to the same mirror.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import Stripe from "stripe";
import { eventually } from "../support/eventually.mjs";
import { ownStack } from "../support/own-stack.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { changePlan } from "../support/stack.mjs";
import { UPGRADE_CONFIG, addCustomer, addTenant, buyer, openShop } from "../support/upgrading.mjs";

const deliver = (stack, mode) => stack.stripe.control("PUT", "/_sandbox/delivery", { mode });
const settle = (stack) => stack.stripe.control("POST", "/_sandbox/settle");
const fault = (stack, what) => stack.stripe.control("POST", "/_sandbox/faults", what);

async function reconcile(stack) {
  const { status, body } = await stack.api("POST", "/v1/stripe/reconcile", {});
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const mirror = async (stack, tenant) => (await stack.api("GET", `/v1/subscription?tenant=${tenant}`)).body;
const types = async (stack, tenant) => (await buyer(stack, { tenant }).timeline()).map(({ type }) => type);

describe("comparing with Stripe", () => {
  const stack = sharedStack({ config: UPGRADE_CONFIG });
  let shop;
  /** The shop, with every webhook delivered; what happens after `unheard()` is told to nobody. */
  const open = async () => {
    await deliver(stack, "deliver");
    shop ??= await openShop(stack);
    await settle(stack);
  };
  const unheard = () => deliver(stack, "drop");

  test("nothing is found where every webhook came", async () => {
    await open();
    const { subscription } = await addTenant(stack, "well", shop.prices.Pro, { quantity: 2 });
    await changePlan(stack.stripe, subscription, shop.prices.Scale);
    await stack.stripe.client.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    await settle(stack);
    const page = buyer(stack, await addTenant(stack, "bought", shop.prices.Pro));
    assert.equal((await page.buy({ plan: shop.products.Scale.id })).answer.body.status, "upgraded");
    await settle(stack);
    const { drifted, failed } = await reconcile(stack);
    assert.deepEqual([drifted, failed], [[], []]);
    assert.ok(!(await types(stack, "bought")).includes("MirrorDrift"));
  });

  test("a change that no webhook told is found, mended and told once", async () => {
    await open();
    const { subscription } = await addTenant(stack, "missed", shop.prices.Pro);
    await unheard();
    await changePlan(stack.stripe, subscription, shop.prices.Scale);
    assert.equal((await mirror(stack, "missed")).plan.name, "Pro");

    const found = await reconcile(stack);
    assert.deepEqual([found.drifted, found.failed], [[{ tenant: "missed", subscription: subscription.id }], []]);
    assert.ok(found.checked >= 1);
    const { plan, features } = await mirror(stack, "missed");
    assert.deepEqual([plan.name, features.sso], ["Scale", true]);
    const told = (await buyer(stack, { tenant: "missed" }).timeline()).slice(1);
    assert.deepEqual(told.map(({ type }) => type).sort(), ["MirrorDrift", "SubscriptionChanged"]);
    assert.equal(told.find(({ type }) => type === "MirrorDrift").subscription, subscription.id);
    const { before, after, features_gained } = told.find(({ type }) => type === "SubscriptionChanged");
    assert.deepEqual([before.plan, after.plan, features_gained], [shop.products.Pro.id, shop.products.Scale.id, ["sso"]]);

    assert.deepEqual((await reconcile(stack)).drifted, [], "the second run finds nothing");
    assert.equal((await types(stack, "missed")).filter((type) => type === "MirrorDrift").length, 1);
    // The webhook that comes days later finds nothing to do.
    await deliver(stack, "deliver");
    const { data } = await stack.stripe.client.events.list({ type: "customer.subscription.updated", limit: 1 });
    await stack.stripe.control("POST", `/_sandbox/events/${data[0].id}/resend`);
    assert.equal((await types(stack, "missed")).length, 3);
  });

  test("what changes no plan is mended, too", async () => {
    await open();
    const { subscription } = await addTenant(stack, "seats", shop.prices.Pro, { quantity: 1 });
    await unheard();
    const [item] = subscription.items.data;
    await stack.stripe.client.subscriptions.update(subscription.id, { items: [{ id: item.id, quantity: 5 }], cancel_at_period_end: true });
    assert.deepEqual((await reconcile(stack)).drifted.map(({ tenant }) => tenant), ["seats"]);
    const { subscription: held } = await mirror(stack, "seats");
    assert.deepEqual([held.items[0].quantity, held.cancel_at_period_end], [5, true]);
  });

  test("a subscription that ended unheard ends here, too", async () => {
    await open();
    const { subscription } = await addTenant(stack, "gone", shop.prices.Scale);
    await unheard();
    await stack.stripe.client.subscriptions.cancel(subscription.id);
    const { drifted } = await reconcile(stack);
    assert.deepEqual((await mirror(stack, "gone")).plan.name, "Free", "back on the plan of those without a subscription");
    assert.deepEqual(drifted, [{ tenant: "gone", subscription: subscription.id }]);
  });

  test("of two subscriptions the one that ended unheard ends here, too", async () => {
    await open();
    const { customer } = await addTenant(stack, "both", shop.prices.Pro);
    const newer = await stack.stripe.client.subscriptions.create({ customer: customer.id, items: [{ price: shop.prices.Scale.id }] });
    await settle(stack);
    // Of two that began in the same second either may count.
    const counts = (await mirror(stack, "both")).subscription.id;
    const other = { [newer.id]: "Pro" }[counts] ?? "Scale";
    await unheard();
    await stack.stripe.client.subscriptions.cancel(counts);
    const { drifted } = await reconcile(stack);
    assert.equal((await mirror(stack, "both")).plan.name, other);
    assert.deepEqual(drifted, [{ tenant: "both", subscription: counts }]);
  });

  test("a customer who names a tenant is that tenant's, though no webhook said so", async () => {
    await open();
    await unheard();
    const customer = await addCustomer(stack, "newcomer");
    await stack.stripe.client.subscriptions.create({ customer: customer.id, items: [{ price: shop.prices.Pro.id }] });
    await reconcile(stack);
    assert.equal((await mirror(stack, "newcomer")).plan.name, "Pro");
  });

  test("a subscription of nobody's is counted, and compared once somebody says whose", async () => {
    await open();
    await unheard();
    const before = (await reconcile(stack)).unmatched;
    const stranger = await stack.stripe.client.customers.create({ name: "Who?" });
    await stack.stripe.client.subscriptions.create({ customer: stranger.id, items: [{ price: shop.prices.Pro.id }] });
    const found = await reconcile(stack);
    assert.deepEqual([found.unmatched, found.drifted, found.failed], [before + 1, [], []]);
    const nobody = await stack.api("PUT", "/v1/tenants/stranger/customer", { customer: "cus_nobody" });
    assert.deepEqual([nobody.status, nobody.body.code], [422, "invalid_request"], "whom Stripe does not know");
    assert.equal((await stack.api("PUT", "/v1/tenants/stranger/customer", { customer: stranger.id })).status, 200);
    assert.equal((await reconcile(stack)).unmatched, before);
    assert.equal((await mirror(stack, "stranger")).plan.name, "Pro");
  });

  test("what cannot be read now is told and found by the next run", async () => {
    await open();
    const one = await addTenant(stack, "first", shop.prices.Pro);
    const two = await addTenant(stack, "second", shop.prices.Pro);
    await unheard();
    for (const { subscription } of [one, two]) await changePlan(stack.stripe, subscription, shop.prices.Scale);
    await fault(stack, { method: "GET", path_prefix: `/v1/subscriptions/${one.subscription.id}`, status: 503, times: 20 });
    const found = await reconcile(stack);
    assert.deepEqual(found.drifted.map(({ tenant }) => tenant), ["second"], "the others are mended all the same");
    assert.deepEqual(found.failed.map(({ subscription }) => subscription), [one.subscription.id]);
    assert.match(found.failed[0].detail, /503/);
    assert.equal((await mirror(stack, "first")).plan.name, "Pro");
    await stack.stripe.control("DELETE", "/_sandbox/faults");
    assert.deepEqual((await reconcile(stack)).drifted.map(({ tenant }) => tenant), ["first"]);
    assert.equal((await mirror(stack, "first")).plan.name, "Scale");
  });

  test("while Stripe is down the call says so and changes nothing", async () => {
    await open();
    const { subscription } = await addTenant(stack, "patient", shop.prices.Pro);
    await unheard();
    await changePlan(stack.stripe, subscription, shop.prices.Scale);
    for (const path_prefix of ["/v1/products", "/v1/subscriptions"]) {
      await fault(stack, { method: "GET", path_prefix, status: 500, times: 20 });
      const { status, body } = await stack.api("POST", "/v1/stripe/reconcile", {});
      assert.deepEqual([status, body.code], [502, "stripe_unavailable"], path_prefix);
      await stack.stripe.control("DELETE", "/_sandbox/faults");
      assert.equal((await mirror(stack, "patient")).plan.name, "Pro");
    }
    assert.deepEqual((await reconcile(stack)).drifted.map(({ tenant }) => tenant), ["patient"]);
  });

  test("more subscriptions than fit on one page are all compared", async () => {
    await open();
    await unheard();
    const customer = await addCustomer(stack, "many");
    await stack.api("PUT", "/v1/tenants/many/customer", { customer: customer.id });
    const last = await addTenant(stack, "last", shop.prices.Pro);
    await stack.api("PUT", "/v1/tenants/last/customer", { customer: last.customer.id });
    const create = () => stack.stripe.client.subscriptions.create({ customer: customer.id, items: [{ price: shop.prices.Free.id }] });
    await Promise.all(Array.from({ length: 105 }, create));
    await changePlan(stack.stripe, last.subscription, shop.prices.Scale);
    const { checked, drifted } = await reconcile(stack);
    assert.ok(checked > 105, `${checked}`);
    assert.equal(drifted.filter(({ tenant }) => tenant === "many").length, 105);
    assert.equal((await mirror(stack, "last")).plan.name, "Scale");
    assert.deepEqual((await reconcile(stack)).drifted, []);
  });

  test("only the back end may ask for it", async () => {
    const { status, body } = await stack.api("POST", "/v1/stripe/reconcile", {}, { key: await stack.token() });
    assert.deepEqual([status, body.code], [403, "forbidden_credential"]);
  });
});

describe("an invoice that asks for something else than the quote", () => {
  test("is told with the difference to the cent, and counted", async (t) => {
    const stack = await ownStack(t, { config: UPGRADE_CONFIG });
    const shop = await openShop(stack);
    const tenant = await addTenant(stack, "acme", shop.prices.Pro);
    const exact = await addTenant(stack, "exact", shop.prices.Pro);
    const page = buyer(stack, tenant);
    const { body: quote } = await page.quote({ plan: shop.products.Scale.id });

    // Stripe's answer to the change, with an invoice over a cent more; at Stripe nothing happens, as nobody can play that.
    const { client } = stack.stripe;
    const now = await client.subscriptions.retrieve(tenant.subscription.id, { expand: ["latest_invoice"] });
    const body = JSON.parse(JSON.stringify(now));
    Object.assign(body.items.data[0], { price: JSON.parse(JSON.stringify(shop.prices.Scale)) });
    Object.assign(body.latest_invoice, { id: "in_a_cent_more", amount_due: quote.amount_due + 1 });
    await fault(stack, { method: "POST", path_prefix: `/v1/subscriptions/${tenant.subscription.id}`, status: 200, body });
    const answer = await page.upgrade(quote.token);
    assert.deepEqual([answer.status, answer.body.status, answer.body.amount_charged], [200, "upgraded", quote.amount_due + 1]);

    const told = await page.timeline();
    assert.deepEqual(told.slice(-2).map(({ type }) => type), ["SubscriptionUpgraded", "ProrationDrift"]);
    const { quoted, invoiced, drift, upgrade, actor } = told.at(-1);
    assert.deepEqual([quoted, invoiced, drift, upgrade, actor.kind], [quote.amount_due, quote.amount_due + 1, 1, answer.body.upgrade, "upcue"]);

    const other = buyer(stack, exact);
    assert.equal((await other.buy({ plan: shop.products.Scale.id })).answer.body.status, "upgraded");
    assert.ok(!(await types(stack, "exact")).includes("ProrationDrift"));
    const report = async () => (await stack.api("GET", "/v1/reports/upgrades")).body;
    // The facts travel from the tenants' objects to the app's by themselves.
    await eventually(async () => assert.deepEqual((await report()).proration.quote, { compared: 2, exact: 1, p50: 0, p95: 1, max: 1 }));
  });
});

describe("every shape of event", () => {
  /** What a tenant's mirror holds, without the ids that differ by tenant. */
  const held = async (stack, tenant) => {
    const { plan, status, meters, features, subscription } = await mirror(stack, tenant);
    const items = subscription?.items.map(({ price, quantity }) => [price, quantity]);
    const length = subscription && subscription.current_period_end - subscription.current_period_start;
    const limits = meters.map(({ limit }) => limit);
    return { plan: plan?.name, status, limits, features, items, length, cancels: subscription?.cancel_at_period_end };
  };

  /** Stripe tells of everything by events of `api_version`, or by thin ones, and by nothing else. */
  async function toldBy(t, shape) {
    const stack = await ownStack(t, { config: UPGRADE_CONFIG });
    const { client } = stack.stripe;
    const url = `${stack.worker.url}/webhooks/stripe/demo`;
    for (const { id } of (await client.webhookEndpoints.list()).data) await client.webhookEndpoints.del(id);
    let secret;
    if (shape === "thin") {
      const created = await client.v2.core.eventDestinations.create({
        name: "thin",
        type: "webhook_endpoint",
        event_payload: "thin",
        enabled_events: ["*"],
        webhook_endpoint: { url },
        include: ["webhook_endpoint.signing_secret"],
      });
      secret = created.webhook_endpoint.signing_secret;
    } else {
      secret = (await client.webhookEndpoints.create({ url, enabled_events: ["*"], api_version: shape })).secret;
    }
    await stack.operator("PATCH", "/v1/apps/demo", { stripe: { webhook_secrets: [secret] } });
    const product = async (name, metadata, amount) => {
      const product = await client.products.create({ name, metadata });
      return client.prices.create({ product: product.id, currency: "usd", unit_amount: amount, recurring: { interval: "month" } });
    };
    const prices = {
      Free: await product("Free", { upcue_rank: "0", upcue_limit_api_calls: "1000" }, 0),
      Pro: await product("Pro", { upcue_rank: "1", upcue_limit_api_calls: "50000", upcue_feature_sso: "true" }, 2_900),
    };
    return { stack, prices };
  }

  const shapes = ["2020-08-27", "2024-06-20", "2025-03-31.basil", "2026-10-28.endive", "thin"];

  for (const shape of shapes) {
    test(`${shape} leads to the same mirror`, async (t) => {
      const { stack, prices } = await toldBy(t, shape);
      const { client } = stack.stripe;
      const { subscription } = await addTenant(stack, "acme", prices.Free);
      const first = { plan: "Free", status: "active", limits: [1_000, null], features: { sso: false, audit_log: false }, cancels: false };
      const start = await held(stack, "acme");
      assert.deepEqual(start, { ...first, items: [[prices.Free.id, 1]], length: start.length });
      assert.ok(start.length >= 28 * 86_400_000, "a month");

      const [item] = subscription.items.data;
      await client.subscriptions.update(subscription.id, { items: [{ id: item.id, price: prices.Pro.id, quantity: 3 }], cancel_at_period_end: true });
      await settle(stack);
      const { length, ...changed } = await held(stack, "acme");
      assert.deepEqual(changed, {
        plan: "Pro", status: "active", limits: [50_000, null], features: { sso: true, audit_log: false }, items: [[prices.Pro.id, 3]], cancels: true,
      });
      assert.ok(length >= 28 * 86_400_000);

      await client.subscriptions.cancel(subscription.id);
      await settle(stack);
      const ended = await held(stack, "acme");
      assert.deepEqual([ended.plan, ended.items, ended.limits], ["Free", undefined, [1_000, null]]);
    });

    test(`${shape} links the tenant that a Checkout session names`, async (t) => {
      const { stack, prices } = await toldBy(t, shape);
      const session = await stack.stripe.client.checkout.sessions.create({
        mode: "subscription",
        client_reference_id: "acme",
        line_items: [{ price: prices.Pro.id, quantity: 2 }],
        success_url: "https://app.example/done",
      });
      const paid = await stack.stripe.control("POST", `/_sandbox/checkout/${session.id}/complete`, { email: "ada@example.com" });
      assert.equal(paid.status, 200, JSON.stringify(paid.body));
      await settle(stack);
      const { plan, items } = await held(stack, "acme");
      assert.deepEqual([plan, items], ["Pro", [[prices.Pro.id, 2]]]);
    });
  }

  test("events that came before the session was completed are acted upon with it", async (t) => {
    const { stack, prices } = await toldBy(t, "2026-10-28.endive");
    const session = await stack.stripe.client.checkout.sessions.create({
      mode: "subscription",
      client_reference_id: "acme",
      line_items: [{ price: prices.Pro.id, quantity: 2 }],
      success_url: "https://app.example/done",
    });
    await stack.stripe.control("POST", `/_sandbox/checkout/${session.id}/complete`, { email: "ada@example.com" });
    await settle(stack);
    assert.equal((await mirror(stack, "acme")).plan.name, "Pro");
    assert.deepEqual((await stack.api("GET", "/v1/stripe/events?state=unmatched")).body.events, []);
  });

  test("the old shape of a subscription is read as the new one", async (t) => {
    const stack = await ownStack(t, { config: UPGRADE_CONFIG });
    const shop = await openShop(stack);
    const tenant = await addTenant(stack, "acme", shop.prices.Pro, { quantity: 2 });
    const before = await mirror(stack, "acme");
    // Stripe answers in the old shape, whatever is asked for, as an account that is pinned behind a proxy does.
    const { hostname, port } = new URL(stack.stripe.url);
    const old = new Stripe("sk_test_e2e", { host: hostname, port, protocol: "http", apiVersion: "2020-08-27", telemetry: false });
    const body = JSON.parse(JSON.stringify(await old.subscriptions.retrieve(tenant.subscription.id, { expand: ["latest_invoice"] })));
    assert.ok(body.current_period_end && !body.items.data[0].current_period_end, "an old shape indeed");
    await fault(stack, { method: "GET", path_prefix: `/v1/subscriptions/${tenant.subscription.id}`, status: 200, body, times: 5 });
    const { data } = await stack.stripe.client.events.list({ type: "customer.subscription.created", limit: 1 });
    await stack.stripe.control("POST", `/_sandbox/events/${data[0].id}/resend`);
    assert.deepEqual(await mirror(stack, "acme"), before);
    assert.deepEqual((await stack.api("GET", "/v1/tenants/acme/timeline")).body.entries.length, 1);
  });
});
