// What the Stripe sandbox charges for a change, checked against the figures that Stripe documents.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OLD, amounts, paidBy, pricesOf, subscribed } from "../support/billing.mjs";
import { API_KEY, plain, startSandbox } from "../support/sandbox.mjs";

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
