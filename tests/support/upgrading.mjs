// A shop to upgrade in: plans with monthly and yearly prices, tenants with subscriptions and cards, and the calls an
// admin's page makes.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { CONFIG, call } from "./stack.mjs";

/** The configuration, with the campaigns of the others. */
export const UPGRADE_CONFIG = { ...CONFIG, features: { sso: { label: "Single sign-on" }, audit_log: { label: "Audit log" } } };

const PLANS = {
  Free: { metadata: { upcue_rank: "0", upcue_limit_api_calls: "1000", upcue_limit_seats: "3" }, month: 0 },
  Pro: { metadata: { upcue_rank: "1", upcue_limit_api_calls: "50000", upcue_limit_seats: "10" }, month: 2900, year: 29_000 },
  Scale: { metadata: { upcue_rank: "2", upcue_limit_seats: "unlimited", upcue_feature_sso: "true" }, month: 9900, year: 99_000 },
};

/** Creates the plans at Stripe and has the Worker read them: products and prices by name (`Pro`, `Pro/year`). */
export async function openShop(stack, plans = PLANS, currency = "usd") {
  const shop = { products: {}, prices: {} };
  for (const [name, { metadata, month, year }] of Object.entries(plans)) {
    const product = await stack.stripe.client.products.create({ name, metadata });
    shop.products[name] = product;
    for (const [interval, unit_amount] of Object.entries({ month, year })) {
      if (unit_amount === undefined) continue;
      const price = await stack.stripe.client.prices.create({ product: product.id, currency, unit_amount, recurring: { interval } });
      shop.prices[interval === "month" ? name : `${name}/${interval}`] = price;
    }
  }
  const synced = await stack.api("POST", "/v1/catalog/sync", {});
  assert.deepEqual([synced.status, synced.body.problems], [200, []]);
  return shop;
}

/** A customer of the tenant, with a card that works unless another (or none) is named. */
export async function addCustomer(stack, tenant, card = "pm_card_visa") {
  const { client } = stack.stripe;
  const customer = await client.customers.create({ name: tenant, metadata: { upcue_tenant: tenant } });
  if (card) await putCard(stack, customer.id, card);
  return customer;
}

/** Makes one of Stripe's test cards the customer's default. */
export async function putCard({ stripe: { client } }, customer, card) {
  const method = await client.paymentMethods.attach(card, { customer });
  await client.customers.update(customer, { invoice_settings: { default_payment_method: method.id } });
}

/** A tenant that pays `price`; ready as soon as the Worker knows of it. */
export async function addTenant(stack, tenant, price, { card, quantity = 1, ...rest } = {}) {
  const customer = await addCustomer(stack, tenant, "pm_card_visa");
  const subscription = await stack.stripe.client.subscriptions.create({ customer: customer.id, items: [{ price: price.id, quantity }], ...rest });
  if (card) await putCard(stack, customer.id, card);
  await stack.stripe.control("POST", "/_sandbox/settle");
  return { tenant, customer, subscription, admin: await stack.token({ tenant }), member: await stack.token({ tenant, user: "bob", role: "member" }) };
}

/** The calls of an admin's page. */
export function buyer(stack, { tenant, admin }) {
  const ask = (method, route, body, headers = {}) => call(stack.worker.url + route, { method, body, key: admin, headers });
  return {
    plans: (query = "") => ask("GET", `/v1/plans${query}`),
    quote: (body) => ask("POST", "/v1/upgrade/quotes", body),
    upgrade: (token, { key = randomUUID(), returnUrl = "http://127.0.0.1:9/billing" } = {}) =>
      ask("POST", "/v1/upgrades", { quote: token, return_url: returnUrl }, { "idempotency-key": key }),
    state: (id) => ask("GET", `/v1/upgrades/${id}`),
    /** A quote and its confirmation, both of which must be had. */
    async buy(body, options) {
      const quote = await this.quote(body);
      assert.equal(quote.status, 200, JSON.stringify(quote.body));
      return { quote: quote.body, answer: await this.upgrade(quote.body.token, options) };
    },
    /** The plan in force, by name. */
    plan: async () => (await stack.api("GET", `/v1/subscription?tenant=${tenant}`)).body.plan?.name,
    /** The timeline, oldest first. */
    timeline: async () => (await stack.api("GET", `/v1/tenants/${tenant}/timeline`)).body.entries.toReversed(),
    /** The types of the timeline's entries about upgrades, oldest first. */
    async told() {
      const ours = (await this.timeline()).filter(({ type }) => type.startsWith("SubscriptionUpgrade"));
      return ours.map(({ type }) => type.replace("SubscriptionUpgrade", ""));
    },
  };
}

/** The changes of a subscription's items that took effect at Stripe. */
export async function changesAtStripe(stack, subscription) {
  const answer = await stack.stripe.control("GET", `/_sandbox/changes?subscription=${subscription.id}`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.changes;
}
