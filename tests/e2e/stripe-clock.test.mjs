// The sandbox's clock: what falls due while it is moved, as Stripe's own client sees it.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";

import { startSandbox } from "../support/sandbox.mjs";

const DAY = 86_400;
/** The 31st of January 2025, noon. */
const START = Date.UTC(2025, 0, 31, 12) / 1000;

describe("the sandbox's clock", () => {
  const shop = async (t, ...args) => {
    const sandbox = await startSandbox(t, ...args);
    const move = async (to) => {
      const moved = await sandbox.control("PUT", "/_sandbox/clock", { offset: to - Math.floor(Date.now() / 1000) });
      assert.equal(moved.status, 200, JSON.stringify(moved.body));
    };
    await move(START);
    const { stripe } = sandbox;
    const product = await stripe.products.create({ name: "Pro" });
    const price = await stripe.prices.create({ product: product.id, currency: "usd", unit_amount: 2900, recurring: { interval: "month" } });
    const subscribe = async (card, more = {}) => {
      const customer = await stripe.customers.create({});
      const method = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
      await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
      const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }], ...more });
      if (card !== "pm_card_visa") {
        const other = await stripe.paymentMethods.attach(card, { customer: customer.id });
        await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: other.id } });
      }
      return subscription;
    };
    const now = async ({ id }) => {
      const subscription = await stripe.subscriptions.retrieve(id);
      const [{ current_period_start, current_period_end }] = subscription.items.data;
      return { status: subscription.status, period: [current_period_start, current_period_end].map((at) => new Date(at * 1000).toISOString().slice(0, 10)) };
    };
    return { ...sandbox, move, subscribe, now };
  };
  const after = (days) => START + days * DAY;

  test("bills each period as it begins, by the calendar", async (t) => {
    const { stripe, move, subscribe, now } = await shop(t);
    const subscription = await subscribe("pm_card_visa");
    assert.deepEqual(await now(subscription), { status: "active", period: ["2025-01-31", "2025-02-28"] });
    await move(after(70));
    assert.deepEqual(await now(subscription), { status: "active", period: ["2025-03-31", "2025-04-30"] });
    const { data: invoices } = await stripe.invoices.list({ subscription: subscription.id });
    assert.deepEqual(
      invoices.map(({ billing_reason, status, amount_paid, created }) => [billing_reason, status, amount_paid, new Date(created * 1000).toISOString()]),
      [
        ["subscription_cycle", "paid", 2900, "2025-03-31T12:00:00.000Z"],
        ["subscription_cycle", "paid", 2900, "2025-02-28T12:00:00.000Z"],
        ["subscription_create", "paid", 2900, "2025-01-31T12:00:00.000Z"],
      ],
    );
    assert.deepEqual([invoices[0].period_start, invoices[0].period_end].map((at) => new Date(at * 1000).getUTCMonth()), [1, 2], "of the period that ended");
    const told = async (type) => (await stripe.events.list({ type })).data.map(({ created }) => new Date(created * 1000).toISOString().slice(0, 10));
    assert.deepEqual(await told("customer.subscription.updated"), ["2025-03-31", "2025-02-28"]);
    assert.deepEqual((await told("invoice.paid")).slice(0, 2), ["2025-03-31", "2025-02-28"]);
  });

  test("leaves what cannot be paid open, ends what was to end, and a trial as well", async (t) => {
    const { stripe, move, subscribe, now } = await shop(t);
    const declined = await subscribe("pm_card_chargeCustomerFail");
    const leaving = await subscribe("pm_card_visa", { cancel_at_period_end: true });
    const trying = await subscribe("pm_card_visa", { trial_period_days: 10 });
    await move(after(29));
    assert.deepEqual(await now(declined), { status: "past_due", period: ["2025-02-28", "2025-03-31"] });
    assert.equal((await stripe.subscriptions.retrieve(leaving.id)).status, "canceled");
    assert.deepEqual(await now(trying), { status: "active", period: ["2025-02-10", "2025-03-10"] });
  });

  test("refuses a time that makes no calendar, and changes nothing", async (t) => {
    const { control, subscribe, now } = await shop(t);
    const subscription = await subscribe("pm_card_visa");
    const { status, body } = await control("PUT", "/_sandbox/clock", { offset: 10 ** 15 });
    assert.equal(status, 400);
    assert.match(body.error.message, /`offset`/);
    assert.deepEqual((await now(subscription)).period, ["2025-01-31", "2025-02-28"]);
  });

  test("writes its file when it stops, if it is told to", async (t) => {
    const directory = await mkdtemp(path.join(tmpdir(), "sandbox-"));
    t.after(() => rm(directory, { recursive: true }));
    const file = path.join(directory, "stripe.json");
    const first = await shop(t, "--data", file, "--save-at-end");
    const subscription = await first.subscribe("pm_card_visa");
    assert.ok(!(await readFile(file, "utf8")).includes(subscription.id));
    await first.stop();
    const second = await startSandbox(t, "--data", file);
    assert.equal((await second.stripe.subscriptions.retrieve(subscription.id)).status, "active");
  });
});
