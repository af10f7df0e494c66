// Stripe's webhooks: signed by Stripe's own library, delivered twice, late and in every order; the mirror ends the same.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import Stripe from "stripe";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, call, changePlan, openLive, seedStripe } from "../support/stack.mjs";

const signer = new Stripe("sk_test_signer").webhooks;

function permutations(items) {
  if (items.length < 2) return [items];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

describe("webhooks", () => {
  const stack = sharedStack({ config: CONFIG });
  const post = (payload, header) =>
    call(`${stack.worker.url}/webhooks/stripe/demo`, { method: "POST", raw: payload, headers: header ? { "stripe-signature": header } : {} });
  const sign = (payload, options = {}) => signer.generateTestHeaderString({ payload, secret: stack.webhookSecret, ...options });
  const deliver = (event) => {
    const payload = JSON.stringify(event);
    return post(payload, sign(payload));
  };
  const subscriptionOf = async (tenant) => (await stack.api("GET", `/v1/subscription?tenant=${tenant}`)).body;
  const events = async (query = "") => (await stack.api("GET", `/v1/stripe/events${query}`)).body.events;
  const eventOf = (id, type, object) => ({ id, object: "event", api_version: "2026-10-28.endive", type, created: 1, livemode: false, data: { object } });

  test("what does not prove to be Stripe's is refused and changes nothing", async () => {
    const payload = JSON.stringify(eventOf("evt_forged", "customer.subscription.deleted", { id: "sub_x", object: "subscription", customer: "cus_x" }));
    const now = Math.floor(Date.now() / 1000);
    const good = sign(payload);
    for (const [body, header, status, code] of [
      [payload, undefined, 400, "missing_signature"],
      [payload, sign(payload, { secret: "whsec_of_somebody_else" }), 400, "invalid_signature"],
      [payload.replace("deleted", "updated"), good, 400, "invalid_signature"],
      [payload, "t=1,v1=", 400, "invalid_signature"],
      [payload, good.replace("v1=", "v0="), 400, "invalid_signature"],
      [payload, sign(payload, { timestamp: now - 400 }), 400, "signature_expired"],
      ["{", sign("{"), 400, "malformed_json"],
      ["{}", sign("{}"), 422, "invalid_request"],
      ["x".repeat(600_000), good, 413, "payload_too_large"],
    ]) {
      const answer = await post(body, header);
      assert.deepEqual([answer.status, answer.body.code], [status, code], `${header}`);
    }
    const elsewhere = await call(`${stack.worker.url}/webhooks/stripe/nobody`, { method: "POST", raw: payload, headers: { "stripe-signature": good } });
    assert.deepEqual([elsewhere.status, elsewhere.body.code], [404, "unknown_app"]);
    assert.deepEqual(await events(), []);
  });

  test("a secret that is being rotated works beside the new one", async () => {
    const both = [stack.webhookSecret, "whsec_the_next_one"];
    await stack.operator("PATCH", "/v1/apps/demo", { stripe: { webhook_secrets: both } });
    for (const secret of both) {
      const payload = JSON.stringify(eventOf(`evt_${secret}`, "charge.succeeded", { id: "ch_1", object: "charge" }));
      const answer = await post(payload, sign(payload, { secret }));
      assert.deepEqual([answer.status, answer.body.state], [200, "ignored"], "unknown types are acknowledged");
    }
    await stack.operator("PATCH", "/v1/apps/demo", { stripe: { webhook_secrets: [stack.webhookSecret] } });
  });

  test("an upgrade at Stripe reaches the open page and the API", async (t) => {
    const { subscription, prices } = await seedStripe(stack.stripe, { tenant: "acme" });
    assert.equal((await subscriptionOf("acme")).plan.name, "Starter");
    await stack.api("POST", "/v1/events", { tenant: "acme", events: [{ type: "usage", meter: "api_calls", value: 900 }] });
    const decision = async () => (await stack.api("GET", "/v1/tenants/acme/decisions?user=ada&placement=app.header")).body.decisions[0];
    assert.equal((await decision()).campaign, "api_quota");

    const live = await openLive(t, stack.worker, await stack.token());
    const pushed = live.next();
    await changePlan(stack.stripe, subscription, prices.Team);
    await pushed;
    const { plan, status, meters } = await subscriptionOf("acme");
    assert.deepEqual([plan.name, status, meters[0].limit], ["Team", "active", 50_000]);
    assert.deepEqual([(await decision()).campaign, (await decision()).reason], [null, "audience_false"]);
  });

  test("every order of the same events, each twice and one stale again, ends in the same state", async () => {
    await stack.stripe.control("PUT", "/_sandbox/delivery", { mode: "hold" });
    const orders = permutations([0, 1, 2, 3]);
    for (const [n, order] of orders.entries()) {
      const tenant = `perm-${n}`;
      const { subscription, prices } = await seedStripe(stack.stripe, { tenant });
      await changePlan(stack.stripe, subscription, prices.Team);
      await changePlan(stack.stripe, subscription, prices.Starter);
      await changePlan(stack.stripe, subscription, prices.Team);
      const { data } = await stack.stripe.client.events.list({ limit: 20 });
      const about = data.filter((event) => event.data.object.id === subscription.id).reverse();
      assert.equal(about.length, 4);
      for (const i of order) {
        assert.equal((await deliver(about[i])).status, 200);
        assert.equal((await deliver(about[i])).status, 200);
      }
      assert.equal((await deliver(about[0])).status, 200, "the first one, stale by now");
      const { plan, status } = await subscriptionOf(tenant);
      assert.deepEqual([plan.name, status], ["Team", "active"], order.join());
    }
    await stack.stripe.control("PUT", "/_sandbox/delivery", { mode: "deliver" });
  });

  test("an ended subscription stays ended, whatever comes late", async () => {
    const { subscription } = await seedStripe(stack.stripe, { tenant: "left" });
    const { data } = await stack.stripe.client.events.list({ type: "customer.subscription.created", limit: 1 });
    await stack.stripe.client.subscriptions.cancel(subscription.id);
    await stack.stripe.control("POST", "/_sandbox/settle");
    assert.equal((await subscriptionOf("left")).plan, null);
    await deliver({ ...data[0], id: "evt_late_twin" });
    assert.equal((await subscriptionOf("left")).plan, null);
  });

  test("old and thin events say the same as new ones", async () => {
    const { subscription, prices, customer } = await seedStripe(stack.stripe, { tenant: "shapes" });
    await stack.stripe.control("PUT", "/_sandbox/delivery", { mode: "drop" });
    await changePlan(stack.stripe, subscription, prices.Team);
    const thin = {
      id: "evt_thin",
      object: "v2.core.event",
      type: "v1.customer.subscription.updated",
      created: "2026-11-22T10:00:00.000Z",
      livemode: false,
      related_object: { id: subscription.id, type: "subscription", url: `/v1/subscriptions/${subscription.id}` },
    };
    assert.equal((await deliver(thin)).body.state, "done");
    assert.equal((await subscriptionOf("shapes")).plan.name, "Team");
    await changePlan(stack.stripe, subscription, prices.Starter);
    const old = eventOf("evt_old", "invoice.paid", { id: "in_1", object: "invoice", customer: customer.id, subscription: subscription.id });
    assert.equal((await deliver({ ...old, api_version: "2020-08-27" })).body.state, "done");
    assert.equal((await subscriptionOf("shapes")).plan.name, "Starter");
    await stack.stripe.control("PUT", "/_sandbox/delivery", { mode: "deliver" });
  });

  test("an event about nobody's customer is kept, shown, and acted upon once somebody says whose", async () => {
    const price = (await seedStripe(stack.stripe, { tenant: "known" })).prices.Team;
    const stranger = await stack.stripe.client.customers.create({ name: "Who?" });
    await stack.stripe.client.subscriptions.create({ customer: stranger.id, items: [{ price: price.id }] });
    await stack.stripe.control("POST", "/_sandbox/settle");
    const waiting = await events("?state=unmatched");
    assert.ok(waiting.some(({ type }) => type === "customer.subscription.created"));
    assert.ok(waiting.every(({ customer }) => customer === stranger.id), "its first invoice is about nobody, too");
    const linked = await stack.api("PUT", "/v1/tenants/stranger/customer", { customer: stranger.id });
    assert.equal(linked.status, 200);
    assert.equal((await subscriptionOf("stranger")).plan.name, "Team");
    assert.deepEqual(await events("?state=unmatched"), []);
  });

  test("while Stripe cannot be read an event waits; it is acknowledged, never lost, and done later", async (t) => {
    const { subscription, prices } = await seedStripe(stack.stripe, { tenant: "patient" });
    const live = await openLive(t, stack.worker, await stack.token({ tenant: "patient" }));
    await stack.stripe.control("POST", "/_sandbox/faults", { method: "GET", path_prefix: "/v1/subscriptions", status: 503, times: 1 });
    const pushed = live.next();
    await changePlan(stack.stripe, subscription, prices.Team);
    await stack.stripe.control("POST", "/_sandbox/settle");
    const [waiting] = await events("?state=pending");
    assert.deepEqual([waiting.type, waiting.attempts], ["customer.subscription.updated", 1]);
    assert.match(waiting.detail, /503/);
    await pushed; // the object's alarm tries again by itself
    assert.equal((await subscriptionOf("patient")).plan.name, "Team");
  });
});
