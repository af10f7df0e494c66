// The money side of the Stripe sandbox: cards, prorations, invoices, payments, faults; driven by Stripe's own client.
//
// A `proration_date` stands for the passing of time, so nothing here waits.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { API_KEY, ids, listen, plain, startSandbox } from "../support/sandbox.mjs";

const OLD = { apiVersion: "2024-06-20" };

/** Prices by name, `{basic: 1000, yearly: [10000, "year"]}`, of a product each. */
async function pricesOf(stripe, amounts, currency = "usd") {
  const prices = {};
  for (const [name, amount] of Object.entries(amounts)) {
    const [unit_amount, interval] = [amount, "month"].flat();
    const every = Array.isArray(amount) ? amount[1] : interval;
    const price = { product_data: { name }, currency, unit_amount, recurring: { interval: every } };
    prices[name] = (await stripe.prices.create(price)).id;
  }
  return prices;
}

const paidBy = (card) => ({ payment_method: card, invoice_settings: { default_payment_method: card } });

/** A customer who pays with a card for the first of these prices, or for these items. */
async function subscribed(t, { card = "pm_card_visa", mode = "flexible", amounts = { basic: 1000, pro: 2000 }, currency, items, args = [], ...params } = {}) {
  const sandbox = await startSandbox(t, ...args);
  const { stripe } = sandbox;
  const prices = await pricesOf(stripe, amounts, currency);
  const customer = await stripe.customers.create(card ? paidBy("pm_card_visa") : {});
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: (items ?? [{ price: Object.keys(amounts)[0] }]).map((item) => ({ ...item, price: prices[item.price] })),
    billing_mode: { type: mode },
    ...params,
  });
  // A card that fails comes later: the first invoice is paid.
  if (card && card !== "pm_card_visa") {
    const { id } = await stripe.paymentMethods.attach(card, { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: id } });
  }
  const [item] = subscription.items.data;
  /** A time within the period: so many parts of the whole have passed. */
  const after = (part, whole) => {
    const { current_period_start: start, current_period_end: end } = item;
    return start + Math.round(((end - start) * part) / whole);
  };
  const change = (price, rest = {}) => ({ items: [{ id: item.id, price: prices[price], quantity: item.quantity }], ...rest });
  const preview = (details) =>
    stripe.invoices.createPreview({ subscription: subscription.id, subscription_details: details });
  const update = (params, options) =>
    stripe.subscriptions.update(subscription.id, { expand: ["latest_invoice"], ...params }, options);
  return { ...sandbox, prices, customer, subscription, item, after, change, preview, update };
}

const amounts = ({ lines }) => lines.data.map(({ amount }) => amount);

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

describe("prorations", () => {
  test("give back unused time and charge the rest, to the cent of the preview", async (t) => {
    for (const mode of ["classic", "flexible"]) {
      const { preview, update, change, after, prices } = await subscribed(t, { mode });
      const details = change("pro", { proration_behavior: "always_invoice", proration_date: after(2, 3) });
      const previewed = await preview(details);
      const { latest_invoice: invoice, items } = await update(details);
      assert.deepEqual(amounts(invoice), [-333, 667], mode);
      assert.deepEqual(amounts(previewed), amounts(invoice));
      assert.deepEqual([previewed.amount_due, invoice.amount_due, invoice.status], [334, 334, "paid"]);
      assert.equal(items.data[0].price.id, prices.pro);
      assert.match(previewed.id, /^upcoming_in_/);
      const [credit, charge] = invoice.lines.data;
      assert.match(credit.description, /^Unused time on basic after \d\d \w{3} \d{4}$/);
      assert.match(charge.description, /^Remaining time on pro after/);
      assert.equal(charge.pricing.price_details.price, prices.pro);
      const { subscription_item_details: parent } = credit.parent;
      assert.deepEqual([parent.proration, parent.subscription_item], [true, items.data[0].id]);
      assert.match(parent.invoice_item, /^ii_/);
      assert.match(parent.proration_details.credited_items.invoice, /^in_/);
      assert.equal(invoice.billing_reason, "subscription_update");
      assert.equal(previewed.billing_reason, "upcoming");
    }
  });

  test("classic credits today's price, flexible what was billed", async (t) => {
    for (const [mode, lines, total] of [
      ["classic", [-667, 333], -334],
      ["flexible", [-333, 333], 0],
    ]) {
      const { stripe, update, change, after, customer } = await subscribed(t, { mode });
      const quiet = await update(change("pro", { proration_behavior: "none" }));
      assert.equal(quiet.latest_invoice.billing_reason, "subscription_create");
      const details = change("basic", { proration_behavior: "always_invoice", proration_date: after(2, 3) });
      const { latest_invoice: invoice } = await update(details);
      assert.deepEqual([amounts(invoice), invoice.total, invoice.amount_due], [lines, total, 0], mode);
      // What is owed to the customer is credited to the next invoice.
      assert.deepEqual([invoice.status, invoice.ending_balance], ["paid", total]);
      assert.equal((await stripe.customers.retrieve(customer.id)).balance, total);
    }
  });

  test("coupons are in the amounts: proportionally in flexible, whole in classic billing", async (t) => {
    for (const [mode, expected] of [
      ["classic", -250],
      ["flexible", -417],
    ]) {
      const { stripe, after, ...sandbox } = await subscribed(t, { mode, items: [{ price: "basic" }, { price: "pro" }] });
      const coupon = await stripe.coupons.create({ amount_off: 500, currency: "usd", duration: "forever" });
      const created = await stripe.subscriptions.create({
        customer: sandbox.customer.id,
        items: [{ price: sandbox.prices.basic }, { price: sandbox.prices.pro }],
        discounts: [{ coupon: coupon.id }],
        billing_mode: { type: mode },
        expand: ["latest_invoice", "discounts"],
      });
      const { latest_invoice: first } = created;
      assert.deepEqual([first.subtotal, first.total, first.amount_paid], [3000, 2500, 2500]);
      assert.deepEqual(first.lines.data.map(({ discount_amounts: [{ amount }] }) => amount), [166, 334]);
      assert.deepEqual(first.total_discount_amounts, [{ amount: 500, discount: created.discounts[0].id }]);
      assert.equal(created.discounts[0].source.coupon, coupon.id);
      const [{ id, current_period_start: start, current_period_end: end }] = created.items.data;
      const { latest_invoice: invoice } = await stripe.subscriptions.update(created.id, {
        items: [{ id, deleted: true }],
        proration_behavior: "always_invoice",
        proration_date: start + (end - start) / 2,
        expand: ["latest_invoice"],
      });
      assert.deepEqual([amounts(invoice), invoice.total_discount_amounts], [[expected], []], mode);
      assert.equal(invoice.lines.data[0].discountable, false);
    }
  });

  test("count quantities, added and removed items", async (t) => {
    const { preview, item, prices, after } = await subscribed(t, { items: [{ price: "basic", quantity: 3 }] });
    const cases = [
      [[{ id: item.id, quantity: 5 }], [-1500, 2500]],
      [[{ id: item.id, quantity: 3 }], undefined],
      [[{ id: item.id, price: prices.pro }], [-1500, 1000]],
      [[{ id: item.id, price: prices.pro, quantity: 3 }], [-1500, 3000]],
      [[{ price: prices.pro }], [1000]],
      [[{ id: item.id, deleted: true }, { price: prices.pro, quantity: 2 }], [-1500, 2000]],
    ];
    for (const [items, expected] of cases) {
      const invoice = await preview({ items, proration_behavior: "always_invoice", proration_date: after(1, 2) });
      // Without anything to bill at once, the preview is of the renewal.
      assert.deepEqual(amounts(invoice), expected ?? [3000], JSON.stringify(items));
    }
  });

  test("wait for the renewal unless they are to be invoiced", async (t) => {
    const { stripe, preview, update, change, after, customer, subscription } = await subscribed(t);
    const details = change("pro", { proration_date: after(1, 2) });
    const previewed = await preview(details);
    assert.deepEqual([amounts(previewed), previewed.amount_due], [[-500, 1000, 2000], 2500]);
    const { latest_invoice: invoice } = await update(details);
    assert.equal(invoice.billing_reason, "subscription_create");
    const pending = (await stripe.invoiceItems.list({ customer: customer.id, pending: true })).data;
    assert.deepEqual(pending.map(({ amount, invoice, proration }) => [amount, invoice, proration]), [[1000, null, true], [-500, null, true]]);
    const upcoming = await stripe.invoices.createPreview({ customer: customer.id });
    assert.deepEqual([amounts(upcoming), upcoming.amount_due], [[-500, 1000, 2000], 2500]);
    // The next invoice takes them up.
    const next = { items: [{ id: subscription.items.data[0].id, quantity: 2 }], proration_behavior: "always_invoice", proration_date: after(1, 2) };
    assert.deepEqual(amounts(await preview(next)), [-500, 1000, -1000, 2000]);
    const { latest_invoice: issued } = await update(next);
    assert.deepEqual([amounts(issued), issued.amount_paid], [[-500, 1000, -1000, 2000], 1500]);
    assert.deepEqual((await stripe.invoiceItems.list({ pending: true })).data, []);
  });

  test("another interval starts the cycle anew in classic billing, in flexible billing only if asked to", async (t) => {
    const plans = { basic: 1000, yearly: [12_000, "year"] };
    const classic = await subscribed(t, { mode: "classic", amounts: plans });
    const date = { proration_date: classic.after(1, 2) };
    const restarted = await classic.preview(classic.change("yearly", date));
    assert.deepEqual([amounts(restarted), restarted.amount_due], [[-500, 12_000], 11_500]);
    const updated = await classic.update(classic.change("yearly", { ...date, proration_behavior: "always_invoice" }));
    assert.deepEqual([amounts(updated.latest_invoice), updated.latest_invoice.amount_paid], [[-500, 12_000], 11_500]);
    const [{ current_period_start: start, current_period_end: end }] = updated.items.data;
    assert.equal(updated.billing_cycle_anchor, start);
    assert.ok(end - start >= 365 * 86_400);

    const flexible = await subscribed(t, { amounts: plans });
    const kept = await flexible.preview(flexible.change("yearly", { proration_behavior: "always_invoice", proration_date: flexible.after(0, 1) }));
    assert.deepEqual(amounts(kept), [-1000, 12_000]);
    const now = { billing_cycle_anchor: { type: "now" } };
    const moved = await flexible.update(flexible.change("yearly", now));
    assert.deepEqual([moved.billing_cycle_anchor, moved.latest_invoice.lines.data.length], [moved.items.data[0].current_period_start, 2]);
    await assert.rejects(flexible.update(flexible.change("basic", { ...now, proration_date: flexible.after(0, 1) })), { param: "proration_date" });
    // Before 2026-09-30 the anchor was a word.
    const old = flexible.client(API_KEY, OLD);
    await old.subscriptions.update(flexible.subscription.id, { billing_cycle_anchor: "now", proration_behavior: "none" });
    await assert.rejects(old.subscriptions.update(flexible.subscription.id, now), { param: "billing_cycle_anchor" });
  });

  test("trials cost nothing, and end with a whole period", async (t) => {
    const { preview, update, change } = await subscribed(t, { trial_period_days: 14 });
    const during = await preview(change("pro", { proration_behavior: "always_invoice" }));
    assert.deepEqual([amounts(during), during.amount_due], [[0], 0]);
    const ended = { ...change("pro"), trial_end: "now" };
    assert.deepEqual(amounts(await preview(ended)), [2000]);
    const { status, latest_invoice: invoice } = await update(ended);
    assert.deepEqual([status, invoice.amount_paid], ["active", 2000]);
    // A trial that begins later gives back what is unused.
    const later = await subscribed(t);
    const trial = { trial_end: later.item.current_period_end + 86_400, proration_date: later.after(1, 2) };
    assert.deepEqual(amounts(await later.preview(trial)), [-500, 0]);
    const begun = await later.update(trial);
    assert.deepEqual([begun.status, begun.trial_end, begun.latest_invoice.total], ["trialing", trial.trial_end, -500]);
  });

  test("a first period that is cut short is charged in part, from then on in whole", async (t) => {
    const { stripe } = await startSandbox(t);
    const { basic } = await pricesOf(stripe, { basic: [7000, "week"] });
    const customer = await stripe.customers.create(paidBy("pm_card_visa"));
    const params = { customer: customer.id, items: [{ price: basic }], expand: ["latest_invoice"] };
    const billing_cycle_anchor = Math.floor(Date.now() / 1000) + 3 * 86_400;
    const created = await stripe.subscriptions.create({ ...params, billing_cycle_anchor });
    const { amount_paid } = created.latest_invoice;
    assert.ok(amount_paid >= 2999 && amount_paid <= 3000, `${amount_paid}`);
    assert.deepEqual(amounts(await stripe.invoices.createPreview({ subscription: created.id })), [7000]);
    const free = await stripe.subscriptions.create({ ...params, billing_cycle_anchor, proration_behavior: "none" });
    assert.equal(free.latest_invoice, null);
  });

  test("yen come whole; what is too little to charge goes to the balance", async (t) => {
    const yen = await subscribed(t, { amounts: { basic: 999, pro: 1998 }, currency: "jpy" });
    const details = yen.change("pro", { proration_behavior: "always_invoice", proration_date: yen.after(1, 2) });
    assert.deepEqual(amounts(await yen.preview(details)), [-500, 999]);
    const cents = await subscribed(t, { amounts: { basic: 1000, pro: 1040 } });
    const { latest_invoice: invoice } = await cents.update(cents.change("pro", { proration_behavior: "always_invoice", proration_date: cents.after(0, 1) }));
    assert.deepEqual([invoice.total, invoice.amount_due, invoice.status, invoice.ending_balance], [40, 0, "paid", 40]);
  });

  test("credit on the customer's balance is used up first", async (t) => {
    const { stripe, customer, update, preview, change, after } = await subscribed(t);
    await stripe.customers.update(customer.id, { balance: -300 });
    const details = change("pro", { proration_behavior: "always_invoice", proration_date: after(1, 2) });
    assert.equal((await preview(details)).amount_due, 200);
    const { latest_invoice: invoice } = await update(details);
    assert.deepEqual([invoice.total, invoice.starting_balance, invoice.ending_balance, invoice.amount_paid], [500, -300, 0, 200]);
  });

  test("a percentage is taken off prorations and renewals; once means once", async (t) => {
    const { stripe, update, preview, change, after } = await subscribed(t);
    const coupon = await stripe.coupons.create({ percent_off: 12.5, duration: "forever" });
    await update({ discounts: [{ coupon: coupon.id }] });
    const invoice = await preview(change("pro", { proration_date: after(1, 2) }));
    // Credited as it was billed; charged and renewed with the discount.
    assert.deepEqual([amounts(invoice), invoice.total_discount_amounts[0].amount, invoice.total], [[-500, 875, 2000], 250, 2125]);
    const once = await stripe.coupons.create({ percent_off: 50, duration: "once" });
    const started = await update({ discounts: [{ coupon: once.id }], billing_cycle_anchor: { type: "now" }, proration_behavior: "none" });
    assert.deepEqual([started.latest_invoice.total, started.discounts], [500, []]);
  });

  test("impossible changes are refused", async (t) => {
    const { preview, update, change, item } = await subscribed(t);
    const outside = { proration_date: item.current_period_start - 1 };
    await assert.rejects(update(change("pro", outside)), { param: "proration_date" });
    await assert.rejects(preview(change("pro", outside)), { param: "proration_date" });
    await assert.rejects(preview(change("pro", { proration_date: item.current_period_start, proration_behavior: "none" })));
    await assert.rejects(preview(change("pro", { colour: "red" })), { code: "parameter_unknown" });
    await assert.rejects(preview({ cancel_at_period_end: true }), { code: "invoice_upcoming_none" });
    await assert.rejects(update({ items: [], add_invoice_items: [] , colour: "red" }), { code: "parameter_unknown" });
  });

  test("a preview changes nothing", async (t) => {
    const { stripe, preview, change, subscription } = await subscribed(t);
    const before = (await stripe.events.list({ limit: 100 })).data.length;
    for (const proration_behavior of ["always_invoice", "create_prorations", "none"]) {
      await preview(change("pro", { proration_behavior }));
    }
    await preview({ cancel_at_period_end: false });
    assert.deepEqual(plain(await stripe.subscriptions.retrieve(subscription.id)), plain(subscription));
    assert.equal((await stripe.events.list({ limit: 100 })).data.length, before);
    assert.equal((await stripe.invoices.list()).data.length, 1);
    assert.deepEqual((await stripe.invoiceItems.list()).data, []);
  });

  test("a subscription that does not exist yet can be previewed", async (t) => {
    const { stripe } = await startSandbox(t);
    const { pro } = await pricesOf(stripe, { pro: 2000 });
    const customer = await stripe.customers.create({});
    const items = [{ price: pro, quantity: 2 }];
    const invoice = await stripe.invoices.createPreview({ customer: customer.id, subscription_details: { items } });
    assert.deepEqual([amounts(invoice), invoice.amount_due, invoice.currency], [[4000], 4000, "usd"]);
    assert.deepEqual((await stripe.subscriptions.list()).data, []);
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
