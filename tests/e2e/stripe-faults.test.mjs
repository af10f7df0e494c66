// Shapes and events of billing at the Stripe sandbox, and the faults it plays on demand.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OLD, paidBy, pricesOf, subscribed } from "../support/billing.mjs";
import { API_KEY, ids, listen, plain, startSandbox } from "../support/sandbox.mjs";

describe("shapes and events", () => {
  test("invoices take the shape of the version", async (t) => {
    const { stripe, client, update, change, after, subscription, customer, prices } = await subscribed(t);
    await update({ ...change("pro", { proration_behavior: "always_invoice", proration_date: after(1, 2) }) });
    const [invoice] = (await stripe.invoices.list({ subscription: subscription.id, status: "paid" })).data;
    assert.equal(invoice.parent.subscription_details.subscription, subscription.id);
    for (const member of ["subscription", "payment_intent", "paid", "payments", "confirmation_secret", "charge"]) {
      assert.ok(!(member in invoice), member);
    }
    assert.ok(!("price" in invoice.lines.data[0]) && !("proration" in invoice.lines.data[0]));
    const old = client(API_KEY, OLD);
    const before = await old.invoices.retrieve(invoice.id, { expand: ["payment_intent", "subscription"] });
    assert.deepEqual([before.subscription.id, before.payment_intent.status, before.paid], [subscription.id, "succeeded", true]);
    const [credit, charge] = before.lines.data;
    assert.deepEqual([credit.proration, credit.type, charge.price.id, charge.plan.id], [true, "invoiceitem", prices.pro, prices.pro]);
    assert.ok(!("parent" in before) && !("pricing" in charge) && !("total_taxes" in before));
    const nested = await old.subscriptions.update(subscription.id, { expand: ["latest_invoice.payment_intent"] });
    assert.equal(nested.latest_invoice.payment_intent.status, "succeeded");
    const expand = ["payments.data.payment.payment_intent"];
    const { payments } = await stripe.invoices.retrieve(invoice.id, { expand });
    assert.equal(payments.data[0].payment.payment_intent.id, before.payment_intent.id);
    await assert.rejects(update({ expand: ["latest_invoice.payment_intent"] }), { param: "expand" });
    assert.equal((await stripe.invoices.listLineItems(invoice.id)).data.length, 2);
    assert.deepEqual(ids(await stripe.invoices.list({ customer: customer.id, status: "open" })), []);
    assert.match(invoice.hosted_invoice_url, /^http:\/\/127\.0\.0\.1:\d+\/i\/in_/);
  });

  test("every step has its event, in the shape of the endpoint", async (t) => {
    const { stripe, settle, update, change, after } = await subscribed(t);
    const current = await listen(t, stripe);
    const old = await listen(t, stripe, { api_version: OLD.apiVersion });
    await update(change("pro", { proration_behavior: "always_invoice", proration_date: after(1, 2) }));
    await settle();
    assert.deepEqual(current.types(), [
      "invoiceitem.created",
      "invoiceitem.created",
      "invoice.created",
      "invoice.finalized",
      "invoice.paid",
      "invoice.payment_succeeded",
      "customer.subscription.updated",
    ]);
    const [of, was] = [current, old].map(({ received }) => received.find(({ event }) => event.type === "invoice.paid").event.data.object);
    assert.deepEqual([of.id, of.parent.subscription_details.subscription], [was.id, was.subscription]);
    assert.ok(!("payments" in of));
    const { event } = current.received.at(-1);
    assert.equal(event.data.previous_attributes.items.data[0].price.unit_amount, 1000);
    assert.equal(event.data.previous_attributes.latest_invoice.startsWith("in_"), true);
  });

  test("schedules hold their subscription until they are released", async (t) => {
    const { stripe, update, change, subscription, prices } = await subscribed(t);
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    assert.deepEqual([schedule.status, schedule.subscription], ["active", subscription.id]);
    assert.equal((await stripe.subscriptions.retrieve(subscription.id)).schedule, schedule.id);
    await assert.rejects(update({ cancel_at_period_end: true }), /managed by the subscription schedule/);
    await assert.rejects(stripe.subscriptionSchedules.create({ from_subscription: subscription.id }), /already attached/);
    // Its items can be changed; the running phase follows.
    await update(change("pro", { proration_behavior: "none" }));
    assert.equal((await stripe.subscriptionSchedules.retrieve(schedule.id)).phases[0].items[0].price, prices.pro);
    const released = await stripe.subscriptionSchedules.release(schedule.id);
    assert.deepEqual([released.status, released.released_subscription], ["released", subscription.id]);
    const free = await update({ cancel_at_period_end: true });
    assert.deepEqual([free.schedule, free.cancel_at_period_end], [null, true]);
    const { data } = await stripe.events.list({ type: "subscription_schedule.*" });
    assert.deepEqual(data.map(({ type }) => type), ["subscription_schedule.released", "subscription_schedule.updated", "subscription_schedule.created"]);
  });

  test("customers have discounts too", async (t) => {
    const { stripe, client } = await startSandbox(t);
    const { basic } = await pricesOf(stripe, { basic: 1000 });
    const coupon = await stripe.coupons.create({ id: "half", percent_off: 50, duration: "forever" });
    const old = client(API_KEY, OLD);
    const ada = await old.customers.create({ ...paidBy("pm_card_visa"), coupon: coupon.id });
    assert.equal(ada.discount.coupon.percent_off, 50);
    await assert.rejects(stripe.customers.create({ coupon: coupon.id }), { code: "parameter_unknown" });
    const params = { customer: ada.id, items: [{ price: basic }], expand: ["latest_invoice"] };
    assert.equal((await stripe.subscriptions.create(params)).latest_invoice.amount_paid, 500);
    assert.equal((await stripe.coupons.retrieve("half")).times_redeemed, 1);
    await stripe.customers.deleteDiscount(ada.id);
    assert.equal((await stripe.subscriptions.create(params)).latest_invoice.amount_paid, 1000);
    for (const refused of [{ percent_off: 101 }, { percent_off: 0 }, { amount_off: 5 }, {}, { percent_off: 5, amount_off: 5, currency: "usd" }]) {
      await assert.rejects(stripe.coupons.create(refused), { statusCode: 400 }, JSON.stringify(refused));
    }
  });
});

describe("faults", () => {
  const fault = (control, details) => control("POST", "/_sandbox/faults", { method: "POST", path_prefix: "/v1/subscriptions/", ...details });

  test("that are answered have Stripe's type, code and headers, and no effect", async (t) => {
    const { control, update, change, subscription, stripe } = await subscribed(t);
    const cases = [
      [{ play: "lock_timeout" }, { rawType: "invalid_request_error", statusCode: 429, code: "lock_timeout" }],
      [{ play: "rate_limit", retry_after: 7 }, { statusCode: 429, code: "rate_limit" }, { "retry-after": "7" }],
      [{ play: "idempotency_key_in_use" }, { rawType: "idempotency_error", statusCode: 409, code: "idempotency_key_in_use" }],
      [{ play: "insufficient_funds" }, { type: "StripeCardError", statusCode: 402, decline_code: "insufficient_funds" }],
      [{ status: 500, should_retry: false }, { type: "StripeAPIError", statusCode: 500 }, { "stripe-should-retry": "false" }],
      [{ status: 502 }, { statusCode: 502 }],
      [{ status: 503, should_retry: true }, { statusCode: 503 }, { "stripe-should-retry": "true" }],
    ];
    for (const [details, expected, headers = {}] of cases) {
      assert.equal((await fault(control, details)).status, 200);
      await assert.rejects(update(change("pro")), (error) => {
        for (const [name, value] of Object.entries(expected)) assert.equal(error[name], value, `${name} of ${JSON.stringify(details)}`);
        for (const [name, value] of Object.entries(headers)) assert.equal(error.headers[name], value);
        return true;
      });
    }
    assert.deepEqual(plain(await stripe.subscriptions.retrieve(subscription.id)), plain(subscription));
    assert.equal((await fault(control, { play: "earthquake" })).status, 400);
  });

  test("before or after the effect, without any answer", async (t) => {
    const { control, update, change, subscription, item, prices, stripe, url } = await subscribed(t);
    const changes = async () => (await control("GET", `/_sandbox/changes?subscription=${subscription.id}`)).body.changes;
    const hasty = { timeout: 200 };
    const key = (idempotencyKey) => ({ idempotencyKey });
    await fault(control, { play: "timeout_before" });
    await assert.rejects(update(change("pro"), { ...hasty, ...key("a") }), { type: "StripeConnectionError" });
    assert.deepEqual(await changes(), []);
    // Stripe's client tries once more by itself when a connection is reset, so this is asked without it.
    const bare = (price, idempotencyKey) =>
      fetch(`${url}/v1/subscriptions/${subscription.id}`, {
        method: "POST",
        headers: { authorization: `Bearer ${API_KEY}`, "idempotency-key": idempotencyKey },
        body: new URLSearchParams({ "items[0][id]": item.id, "items[0][price]": prices[price] }),
      });
    await fault(control, { play: "reset_before" });
    await assert.rejects(bare("pro", "a"), { name: "TypeError" });
    assert.deepEqual(await changes(), []);
    await fault(control, { play: "timeout_after" });
    await assert.rejects(update(change("pro"), { ...hasty, ...key("a") }), { type: "StripeConnectionError" });
    assert.equal((await changes()).length, 1);
    // The same key gets the answer that was lost, and no second change.
    const replayed = await update(change("pro"), key("a"));
    assert.equal(replayed.lastResponse.headers["idempotent-replayed"], "true");
    assert.equal(replayed.items.data[0].price.id, prices.pro);
    await fault(control, { play: "reset_after" });
    await assert.rejects(bare("basic", "b"), { name: "TypeError" });
    const [first, second, ...more] = await changes();
    assert.deepEqual([first.idempotency_key, second.idempotency_key, more], ["a", "b", []]);
    assert.deepEqual([first.before[0].price, first.after[0].price], [prices.basic, prices.pro]);
    await assert.rejects(update(change("pro"), key("b")), { type: "StripeIdempotencyError", statusCode: 400 });
    assert.equal((await stripe.subscriptions.retrieve(subscription.id)).items.data[0].price.id, prices.basic);
  });

  test("can wait for the n-th call, and are replayed by their key", async (t) => {
    const { control, update, change } = await subscribed(t);
    await fault(control, { status: 500, skip: 1 });
    await update(change("pro"), { idempotencyKey: "first" });
    await assert.rejects(update(change("basic"), { idempotencyKey: "second" }), { statusCode: 500 });
    await assert.rejects(update(change("basic"), { idempotencyKey: "second" }), { statusCode: 500 });
    await update(change("basic"), { idempotencyKey: "third" });
  });

  test("latency holds every call, side by side", async (t) => {
    const { control, stripe } = await startSandbox(t);
    assert.deepEqual((await control("PUT", "/_sandbox/latency", { ms: 300 })).body, { ms: 300 });
    const start = performance.now();
    await Promise.all(Array.from({ length: 50 }, () => stripe.products.list()));
    const took = performance.now() - start;
    assert.ok(took >= 300 && took < 3000, `50 calls of 300 ms took ${took} ms`);
    await control("PUT", "/_sandbox/latency", { ms: 0 });
    assert.deepEqual((await control("GET", "/_sandbox/latency")).body, { ms: 0 });
  });

  test("a subscription gets ten new invoices in a minute, unless the limit is lifted", async (t) => {
    const { control, update, item, after } = await subscribed(t);
    const grow = (quantity) => update({ items: [{ id: item.id, quantity }], proration_behavior: "always_invoice", proration_date: after(1, 2) });
    for (let quantity = 2; quantity <= 10; quantity += 1) await grow(quantity);
    await assert.rejects(grow(11), { statusCode: 429, code: "rate_limit" });
    assert.deepEqual((await control("PUT", "/_sandbox/limits", { invoices: false })).body, { invoices: false });
    await grow(11);
    const free = await subscribed(t, { args: ["--no-invoice-limits"] });
    assert.deepEqual((await free.control("GET", "/_sandbox/limits")).body, { invoices: false });
  });
});
