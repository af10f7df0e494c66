// How payments at the Stripe sandbox succeed, fail and wait, and what becomes of the subscription.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { paidBy, pricesOf, subscribed } from "../support/billing.mjs";
import { ids, plain, startSandbox } from "../support/sandbox.mjs";

describe("payment methods", () => {
  test("test cards are attached, listed, made the default and detached", async (t) => {
    const { stripe } = await startSandbox(t);
    const customer = await stripe.customers.create({ name: "Ada" });
    const card = await stripe.paymentMethods.attach("pm_card_mastercard", { customer: customer.id });
    assert.match(card.id, /^pm_\w+$/);
    assert.notEqual(card.id, "pm_card_mastercard");
    assert.deepEqual([card.customer, card.card.brand, card.card.last4], [customer.id, "mastercard", "4444"]);
    assert.deepEqual(ids(await stripe.paymentMethods.list({ customer: customer.id, type: "card" })), [card.id]);
    assert.deepEqual(ids(await stripe.customers.listPaymentMethods(customer.id)), [card.id]);
    const settings = { invoice_settings: { default_payment_method: card.id } };
    const updated = await stripe.customers.update(customer.id, {
      ...settings,
      expand: ["invoice_settings.default_payment_method"],
    });
    assert.equal(updated.invoice_settings.default_payment_method.card.last4, "4444");
    const detached = await stripe.paymentMethods.detach(card.id);
    assert.equal(detached.customer, null);
    const bare = await stripe.customers.retrieve(customer.id);
    assert.equal(bare.invoice_settings.default_payment_method, null);
    await assert.rejects(stripe.customers.update(customer.id, settings), { code: "resource_missing" });
    await assert.rejects(stripe.paymentMethods.attach("pm_card_none", { customer: customer.id }), { code: "resource_missing" });
    const types = (await stripe.events.list({ type: "payment_method.*" })).data.map(({ type }) => type);
    assert.deepEqual(types, ["payment_method.detached", "payment_method.attached"]);
  });

  test("the first invoice decides how a subscription begins", async (t) => {
    const { stripe } = await startSandbox(t);
    const prices = await pricesOf(stripe, { basic: 1000, free: 0 });
    const begin = async (card, price, params = {}) => {
      const customer = await stripe.customers.create(card ? paidBy(card) : {});
      const items = [{ price: prices[price] }];
      const created = await stripe.subscriptions.create({ customer: customer.id, items, expand: ["latest_invoice"], ...params });
      return [created.status, created.latest_invoice.status, created.latest_invoice.amount_paid];
    };
    const refused = { payment_behavior: "error_if_incomplete" };
    const deferred = { payment_behavior: "default_incomplete" };
    assert.deepEqual(await begin("pm_card_visa", "basic"), ["active", "paid", 1000]);
    assert.deepEqual(await begin("pm_card_chargeDeclined", "basic"), ["incomplete", "open", 0]);
    assert.deepEqual(await begin("pm_card_visa", "basic", deferred), ["incomplete", "open", 0]);
    assert.deepEqual(await begin("pm_card_visa", "basic", { trial_period_days: 7 }), ["trialing", "paid", 0]);
    assert.deepEqual(await begin(null, "free", refused), ["active", "paid", 0]);
    // As if it had been paid out of band: demo and tests of other things need no cards.
    assert.deepEqual(await begin(null, "basic"), ["active", "paid", 0]);
    await assert.rejects(begin("pm_card_chargeDeclinedInsufficientFunds", "basic", refused), {
      type: "StripeCardError",
      decline_code: "insufficient_funds",
    });
    await assert.rejects(begin(null, "basic", refused), { statusCode: 400, code: "resource_missing" });
    assert.equal((await stripe.subscriptions.list({ status: "all" })).data.length, 6, "nothing refused is left");
  });
});

describe("failing payments", () => {
  const upgrade = { proration_behavior: "always_invoice" };

  test("error_if_incomplete answers 402 and changes nothing", async (t) => {
    for (const [card, expected] of [
      ["pm_card_chargeDeclined", { code: "card_declined", decline_code: "generic_decline" }],
      ["pm_card_chargeCustomerFail", { code: "card_declined", decline_code: "generic_decline" }],
      ["pm_card_chargeDeclinedInsufficientFunds", { code: "card_declined", decline_code: "insufficient_funds", message: "Your card has insufficient funds." }],
      ["pm_card_chargeDeclinedLostCard", { code: "card_declined", decline_code: "lost_card" }],
      ["pm_card_chargeDeclinedExpiredCard", { code: "expired_card", decline_code: "expired_card" }],
      ["pm_card_authenticationRequired", { code: "subscription_payment_intent_requires_action" }],
    ]) {
      const { stripe, update, change, subscription, control, after } = await subscribed(t, { card });
      const before = [plain(await stripe.subscriptions.retrieve(subscription.id)), (await stripe.events.list({ limit: 100 })).data.length];
      const params = { ...change("pro", upgrade), proration_date: after(1, 2), payment_behavior: "error_if_incomplete", metadata: { a: "1" } };
      await assert.rejects(update(params, { idempotencyKey: "k" }), { type: "StripeCardError", statusCode: 402, ...expected });
      assert.deepEqual([plain(await stripe.subscriptions.retrieve(subscription.id)), (await stripe.events.list({ limit: 100 })).data.length], before, card);
      assert.deepEqual((await control("GET", `/_sandbox/changes?subscription=${subscription.id}`)).body.changes, []);
      // The decline is stored under its key, even when there is a good card by now.
      await stripe.subscriptions.update(subscription.id, { default_payment_method: (await stripe.paymentMethods.attach("pm_card_visa", { customer: subscription.customer })).id });
      await assert.rejects(update(params, { idempotencyKey: "k" }), { statusCode: 402, ...expected });
      assert.equal((await update(params, { idempotencyKey: "k2" })).latest_invoice.status, "paid");
    }
  });

  test("without anything to charge, every update that bills is refused", async (t) => {
    const { update, change, preview, subscription } = await subscribed(t, { card: null });
    assert.equal(subscription.status, "active");
    for (const payment_behavior of ["allow_incomplete", "error_if_incomplete", "pending_if_incomplete"]) {
      const refused = { statusCode: 400, code: "resource_missing", message: /no attached payment source or default payment method/ };
      await assert.rejects(update({ ...change("pro", upgrade), payment_behavior }), refused);
    }
    assert.ok((await preview(change("pro", upgrade))).amount_due > 0);
    await update(change("pro"));
  });

  test("allow_incomplete changes the plan and is past_due until somebody pays", async (t) => {
    const { stripe, update, change, after, prices, customer } = await subscribed(t, { card: "pm_card_chargeDeclined" });
    const failed = await update({ ...change("pro", upgrade), proration_date: after(1, 2) });
    assert.deepEqual([failed.status, failed.items.data[0].price.id, failed.latest_invoice.status], ["past_due", prices.pro, "open"]);
    assert.deepEqual([failed.latest_invoice.attempt_count, failed.latest_invoice.amount_remaining], [1, 500]);
    const { id } = failed.latest_invoice;
    await assert.rejects(stripe.invoices.pay(id), { statusCode: 402, code: "card_declined" });
    assert.equal((await stripe.invoices.retrieve(id)).attempt_count, 2);
    const { id: good } = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    const paid = await stripe.invoices.pay(id, { payment_method: good });
    assert.deepEqual([paid.status, paid.amount_paid, paid.amount_remaining], ["paid", 500, 0]);
    assert.equal((await stripe.subscriptions.retrieve(failed.id)).status, "active");
    await assert.rejects(stripe.invoices.pay(id), /already paid/);
  });

  test("a subscription that begins incomplete is active once its invoice is paid", async (t) => {
    const { stripe } = await startSandbox(t);
    const { basic } = await pricesOf(stripe, { basic: 1000 });
    const customer = await stripe.customers.create(paidBy("pm_card_authenticationRequired"));
    const created = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: basic }] });
    assert.equal(created.status, "incomplete");
    await assert.rejects(stripe.invoices.pay(created.latest_invoice), { code: "invoice_payment_intent_requires_action" });
    await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
    await stripe.invoices.pay(created.latest_invoice, { payment_method: "pm_card_visa" });
    assert.equal((await stripe.subscriptions.retrieve(created.id)).status, "active");
  });

  test("default_incomplete waits for the payment to be confirmed", async (t) => {
    const { control, stripe, update, change, after } = await subscribed(t);
    const params = { ...change("pro", upgrade), proration_date: after(1, 2), payment_behavior: "default_incomplete", expand: ["latest_invoice.confirmation_secret"] };
    const waiting = await update(params);
    assert.deepEqual([waiting.status, waiting.latest_invoice.status], ["past_due", "open"]);
    assert.match(waiting.latest_invoice.confirmation_secret.client_secret, /^pi_\w+_secret_\w+$/);
    const paid = await control("POST", `/_sandbox/invoices/${waiting.latest_invoice.id}/pay`);
    assert.equal(paid.body.status, "paid");
    assert.equal((await stripe.subscriptions.retrieve(waiting.id)).status, "active");
  });

  test("pending_if_incomplete keeps the old items until the invoice is paid", async (t) => {
    for (const card of ["pm_card_chargeDeclined", "pm_card_authenticationRequired"]) {
      const { stripe, control, update, change, after, prices, subscription } = await subscribed(t, { card });
      const params = { ...change("pro", upgrade), proration_date: after(1, 2), payment_behavior: "pending_if_incomplete" };
      const held = await update(params);
      assert.deepEqual([held.status, held.items.data[0].price.id, held.latest_invoice.status], ["active", prices.basic, "open"], card);
      const { expires_at, subscription_items } = held.pending_update;
      assert.ok(expires_at - Math.floor(Date.now() / 1000) <= 23 * 3600);
      assert.equal(subscription_items[0].price.id, prices.pro);
      const changes = async () => (await control("GET", `/_sandbox/changes?subscription=${subscription.id}`)).body.changes;
      assert.deepEqual(await changes(), []);
      const paid = await control("POST", `/_sandbox/invoices/${held.latest_invoice.id}/pay`, { payment_method: "pm_card_visa" });
      assert.deepEqual([paid.status, paid.body.status], [200, "paid"]);
      const applied = await stripe.subscriptions.retrieve(subscription.id);
      assert.deepEqual([applied.pending_update, applied.items.data[0].price.id], [null, prices.pro]);
      const [change_] = await changes();
      assert.deepEqual([change_.invoice, change_.after[0].price], [held.latest_invoice.id, prices.pro]);
      const types = (await stripe.events.list({ limit: 100 })).data.map(({ type }) => type);
      assert.ok(types.includes("customer.subscription.pending_update_applied"));
      assert.equal(types.includes("invoice.payment_action_required"), card === "pm_card_authenticationRequired");
      assert.ok(types.includes("invoice.payment_failed"));
      await assert.rejects(update({ ...params, description: "x" }), { param: "description" });
    }
  });

  test("pending updates expire, and make way for the next", async (t) => {
    const { stripe, control, update, change, after, prices, subscription } = await subscribed(t, { card: "pm_card_chargeDeclined" });
    const params = { ...change("pro", upgrade), proration_date: after(1, 2), payment_behavior: "pending_if_incomplete" };
    const first = await update(params);
    const second = await update(params);
    assert.equal((await stripe.invoices.retrieve(first.latest_invoice.id)).status, "void");
    assert.notEqual(second.pending_update, null);
    const expired = await control("POST", `/_sandbox/subscriptions/${subscription.id}`, { pending_update: "expire" });
    assert.deepEqual([expired.status, expired.body.pending_update, expired.body.items.data[0].price.id], [200, null, prices.basic]);
    assert.equal((await stripe.invoices.retrieve(second.latest_invoice.id)).status, "void");
    assert.deepEqual((await stripe.invoiceItems.list()).data, [], "its prorations never were");
    const [last] = (await stripe.events.list({ type: "customer.subscription.pending_update_expired" })).data;
    assert.equal(last.data.object.id, subscription.id);
    // What had been waiting before a pending update goes on waiting after it.
    await update({ items: [{ id: subscription.items.data[0].id, quantity: 2 }], proration_date: after(1, 2) });
    const waiting = async () => (await stripe.invoiceItems.list({ pending: true })).data.map(({ amount }) => amount);
    assert.deepEqual(await waiting(), [1000, -500]);
    await update(params);
    assert.deepEqual(await waiting(), []);
    await control("POST", `/_sandbox/subscriptions/${subscription.id}`, { pending_update: "expire" });
    assert.deepEqual(await waiting(), [1000, -500]);
    const fourth = async () => {
      const { latest_invoice: invoice } = await update(params);
      await stripe.subscriptions.cancel(subscription.id);
      return (await stripe.invoices.retrieve(invoice.id)).status;
    };
    const third = await update(params);
    await stripe.invoices.voidInvoice(third.latest_invoice.id);
    assert.equal((await stripe.subscriptions.retrieve(subscription.id)).pending_update, null);
    assert.equal(await fourth(), "void", "ending the subscription drops it too");
  });

  test("invoices that are sent, and collection that is paused", async (t) => {
    const sent = await subscribed(t, { collection_method: "send_invoice", days_until_due: 7 });
    const { status, latest_invoice } = await sent.update({ ...sent.change("pro", upgrade), proration_date: sent.after(1, 2) });
    assert.deepEqual([status, latest_invoice.status, latest_invoice.due_date - latest_invoice.created], ["active", "open", 7 * 86_400]);
    for (const [behavior, expected] of [["keep_as_draft", "draft"], ["void", "void"], ["mark_uncollectible", "uncollectible"]]) {
      const paused = await subscribed(t);
      await paused.update({ pause_collection: { behavior } });
      const updated = await paused.update({ ...paused.change("pro", upgrade), proration_date: paused.after(1, 2) });
      assert.deepEqual([updated.status, updated.latest_invoice.status], ["active", expected]);
    }
  });
});
