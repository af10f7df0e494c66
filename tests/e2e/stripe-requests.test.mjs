// What the Worker asks Stripe, beside what Stripe's own client for Node asks for the same intent: method, path, fields,
// headers. Both talk to one sandbox, which keeps every request.
//
// Where both pass an idempotency key it is the same one, so the sandbox checks once more: it refuses a key that comes back
// with another path or other fields.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { UPGRADE_CONFIG, addCustomer, addTenant, buyer, openShop } from "../support/upgrading.mjs";

const BACK = "http://127.0.0.1:9/billing";
/** One more than fits on a page of Stripe's. */
const MORE_THAN_A_PAGE = 101;

/** The headers in which the two may differ, and why. All others must be equal. */
const MAY_DIFFER = {
  "user-agent": "names the client",
  "x-stripe-client-user-agent": "tells Stripe about the client's platform",
  accept: "Stripe answers in JSON whatever is asked for",
  connection: "how the connection is used, not what is asked",
};
/** Brackets may be percent-encoded or not, which tells in the length; and the client names the type of a body that is not there. */
const MAY_DIFFER_FOR = { POST: "content-length", GET: "content-type" };
/**
 * The client makes up a key for every POST that is given none, so that its own retries are taken for one request. The
 * Worker passes keys of its own where something comes into being; of the others a repetition does no harm.
 */
const UNKEYED = [/^\/v1\/invoices\/create_preview$/, /^\/v1\/checkout\/sessions\/\w+\/expire$/];

const CONFIG = {
  ...UPGRADE_CONFIG,
  meters: {
    ...UPGRADE_CONFIG.meters,
    requests: { kind: "counter", period: "billing", source: "stripe_meter", stripe_meter: "requests", label: "Requests" },
  },
};

describe("requests to Stripe", () => {
  const stack = sharedStack({ config: CONFIG });
  const shop = {};
  const tenants = {};
  let meter;

  before(async () => {
    meter = await addMeter("requests");
    Object.assign(shop, await openShop(stack));
    const tenant = async (name, options) => (tenants[name] = await addTenant(stack, name, shop.prices.Pro, options));
    await tenant("acme", { quantity: 3 });
    await tenant("yearly");
    await tenant("leaving", { cancel_at_period_end: true });
    await tenant("secured", { card: "pm_card_authenticationRequired" });
    await addNewcomer("newcomer");
    tenants.stranger = { tenant: "stranger", admin: await stack.token({ tenant: "stranger" }) };
    // From here on nothing is read but what a test asks for.
    await stack.stripe.control("POST", "/_sandbox/settle");
    await stack.stripe.control("PUT", "/_sandbox/delivery", { mode: "drop" });
  });

  const addMeter = (event_name) =>
    stack.stripe.client.billing.meters.create({ display_name: event_name, event_name, default_aggregation: { formula: "sum" } });

  /** A customer who has never subscribed to anything. */
  async function addNewcomer(name) {
    const customer = await addCustomer(stack, name);
    tenants[name] = { tenant: name, customer, admin: await stack.token({ tenant: name }) };
    assert.equal((await stack.api("PUT", `/v1/tenants/${name}/customer`, { customer: customer.id })).status, 200);
  }

  /** What the sandbox was asked while `work` ran. */
  async function asked(work) {
    await stack.stripe.control("DELETE", "/_sandbox/requests");
    const result = await work();
    const { requests } = (await stack.stripe.control("GET", "/_sandbox/requests")).body;
    return { result, requests: requests.map(comparable).toSorted((a, b) => (a.order < b.order ? -1 : 1)) };
  }

  /**
   * Has the Worker do something, and Stripe's client ask for the same, given what the Worker answered.
   * Once the Worker's change is made, the client's may come too late: what matters is what it asked for.
   */
  async function alike(work, intents) {
    const ours = await asked(work);
    const theirs = await asked(() => Promise.allSettled(intents(stack.stripe.client, ours.result)));
    assert.ok(theirs.requests.length > 0);
    assert.deepEqual(ours.requests, theirs.requests);
    return ours.result;
  }

  const quoted = async (name, wish) => {
    const answer = await buyer(stack, tenants[name]).quote(wish);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const confirmed = async (name, { token }) => {
    const answer = await buyer(stack, tenants[name]).upgrade(token, { returnUrl: BACK });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const back = ({ upgrade }) => `${BACK}?upcue_upgrade=${upgrade}`;
  const items = (name, price, quantity) => [{ id: tenants[name].subscription.items.data[0].id, price: price.id, quantity }];
  const previewOf = (client, name, subscription_details) =>
    client.invoices.createPreview({ subscription: tenants[name].subscription.id, subscription_details });
  const reading = (client, name) => client.subscriptions.retrieve(tenants[name].subscription.id, { expand: ["latest_invoice"] });

  test("a change: read, previewed with its date, made with that date and its key", async () => {
    const changed = { items: items("acme", shop.prices.Scale, 3) };
    const quote = await alike(
      () => quoted("acme", { plan: shop.products.Scale.id }),
      (client, { proration_date }) => [
        reading(client, "acme"),
        previewOf(client, "acme", { ...changed, proration_behavior: "always_invoice", proration_date }),
        previewOf(client, "acme", { ...changed, proration_behavior: "create_prorations", proration_date }),
      ],
    );
    await alike(
      () => confirmed("acme", quote),
      (client, { upgrade }) => [
        reading(client, "acme"),
        client.subscriptions.update(
          tenants.acme.subscription.id,
          {
            ...changed,
            proration_behavior: "always_invoice",
            proration_date: quote.proration_date,
            payment_behavior: "error_if_incomplete",
            expand: ["latest_invoice"],
          },
          { idempotencyKey: `upcue-${upgrade}` },
        ),
      ],
    );
  });

  test("a change of the interval: a new period now, which takes no date", async () => {
    const changed = { items: items("yearly", shop.prices["Pro/year"], 1), billing_cycle_anchor: { type: "now" }, proration_behavior: "always_invoice" };
    const quote = await alike(
      () => quoted("yearly", { plan: shop.products.Pro.id, price: shop.prices["Pro/year"].id }),
      (client) => [reading(client, "yearly"), previewOf(client, "yearly", changed)],
    );
    await alike(
      () => confirmed("yearly", quote),
      (client, { upgrade }) => [
        reading(client, "yearly"),
        previewOf(client, "yearly", changed),
        client.subscriptions.update(
          tenants.yearly.subscription.id,
          { ...changed, payment_behavior: "error_if_incomplete", expand: ["latest_invoice"] },
          { idempotencyKey: `upcue-${upgrade}` },
        ),
      ],
    );
  });

  test("a cancellation is withdrawn with the change", async () => {
    const changed = { items: items("leaving", shop.prices.Scale, 1), cancel_at_period_end: false };
    const quote = await alike(
      () => quoted("leaving", { plan: shop.products.Scale.id }),
      (client, { proration_date }) => [
        reading(client, "leaving"),
        previewOf(client, "leaving", { ...changed, proration_behavior: "always_invoice", proration_date }),
        previewOf(client, "leaving", { ...changed, proration_behavior: "create_prorations", proration_date }),
      ],
    );
    await alike(
      () => confirmed("leaving", quote),
      (client, { upgrade }) => [
        reading(client, "leaving"),
        client.subscriptions.update(
          tenants.leaving.subscription.id,
          {
            ...changed,
            proration_behavior: "always_invoice",
            proration_date: quote.proration_date,
            payment_behavior: "error_if_incomplete",
            expand: ["latest_invoice"],
          },
          { idempotencyKey: `upcue-${upgrade}` },
        ),
      ],
    );
  });

  test("the portal's page for a change that the bank wants confirmed", async () => {
    const { id: subscription, customer } = tenants.secured.subscription;
    const changed = items("secured", shop.prices.Scale, 1);
    const quote = await quoted("secured", { plan: shop.products.Scale.id });
    await alike(
      () => confirmed("secured", quote),
      (client, answer) => [
        reading(client, "secured"),
        client.subscriptions.update(
          subscription,
          {
            items: changed,
            proration_behavior: "always_invoice",
            proration_date: quote.proration_date,
            payment_behavior: "error_if_incomplete",
            expand: ["latest_invoice"],
          },
          { idempotencyKey: `upcue-${answer.upgrade}` },
        ),
        client.billingPortal.sessions.create(
          {
            customer,
            return_url: back(answer),
            flow_data: {
              type: "subscription_update_confirm",
              subscription_update_confirm: { subscription, items: changed },
              after_completion: { type: "redirect", redirect: { return_url: back(answer) } },
            },
          },
          { idempotencyKey: `upcue-${answer.upgrade}-portal` },
        ),
      ],
    );
  });

  const checkout = (client, name, price, answer) =>
    client.checkout.sessions.create(
      {
        mode: "subscription",
        client_reference_id: name,
        ...(tenants[name].customer && { customer: tenants[name].customer.id }),
        line_items: [{ price: price.id, quantity: 1 }],
        success_url: back(answer),
        cancel_url: back(answer),
        subscription_data: { metadata: { upcue_tenant: name } },
      },
      { idempotencyKey: `upcue-${answer.upgrade}` },
    );

  test("Checkout's page for a first subscription, which ends the page of an earlier choice", async () => {
    const pro = await quoted("newcomer", { plan: shop.products.Pro.id, price: shop.prices.Pro.id });
    await alike(
      () => confirmed("newcomer", pro),
      (client, answer) => [checkout(client, "newcomer", shop.prices.Pro, answer)],
    );
    const { data } = await stack.stripe.client.checkout.sessions.list({ customer: tenants.newcomer.customer.id });
    assert.equal(data.length, 1, "the client's request was taken for the Worker's own");
    const scale = await quoted("newcomer", { plan: shop.products.Scale.id, price: shop.prices.Scale.id });
    await alike(
      () => confirmed("newcomer", scale),
      (client, answer) => [client.checkout.sessions.expire(data[0].id), checkout(client, "newcomer", shop.prices.Scale, answer)],
    );
  });

  test("Checkout's page for whom Stripe does not know yet", async () => {
    const quote = await quoted("stranger", { plan: shop.products.Pro.id, price: shop.prices.Pro.id });
    await alike(
      () => confirmed("stranger", quote),
      (client, answer) => [checkout(client, "stranger", shop.prices.Pro, answer)],
    );
  });

  test("whose subscriptions a customer has", async () => {
    const { customer, subscription, tenant } = tenants.acme;
    await alike(
      async () => assert.equal((await stack.api("PUT", `/v1/tenants/${tenant}/customer`, { customer: customer.id })).status, 200),
      (client) => [
        client.customers.retrieve(customer.id),
        client.subscriptions.list({ status: "all", customer: customer.id, limit: 100 }),
        reading(client, tenant),
        summaries(client, subscription),
      ],
    );
  });

  const all = (list) => list.autoPagingToArray({ limit: 10_000 });

  test("the catalogue, page by page; then every subscription and what its meters add up to", async () => {
    await fillPages();
    const wholeCatalogue = (client) => [
      all(client.products.list({ limit: 100 })),
      ...Object.values(shop.products).map(({ id }) => all(client.products.listFeatures(id, { limit: 100 }))),
      all(client.prices.list({ limit: 100 })),
      all(client.billing.meters.list({ status: "active", limit: 100 })),
    ];
    const sync = async () => assert.equal((await stack.api("POST", "/v1/catalog/sync", {})).status, 200);
    await alike(sync, wholeCatalogue);
    const subscriptions = await all(stack.stripe.client.subscriptions.list());
    await alike(
      async () => assert.equal((await stack.api("POST", "/v1/stripe/reconcile", {})).status, 200),
      (client) => [
        ...wholeCatalogue(client),
        client.subscriptions.list({ limit: 100, expand: ["data.latest_invoice", "data.customer"] }),
        ...subscriptions.map((subscription) => summaries(client, subscription)),
      ],
    );
  });

  /** Stripe takes whole minutes. */
  function summaries(client, { customer, items }) {
    const { current_period_start: start, current_period_end: end } = items.data[0];
    const minutes = { start_time: Math.floor(start / 60) * 60, end_time: Math.ceil(end / 60) * 60 };
    return client.billing.meters.listEventSummaries(meter.id, { customer, ...minutes, limit: 100 });
  }

  /** Lists that do not fit on one page. */
  async function fillPages() {
    const { client } = stack.stripe;
    const { id: product } = shop.products.Scale;
    await times(MORE_THAN_A_PAGE, async (n) => {
      await client.products.create({ name: `Mug ${n}` });
      await client.prices.create({ product, currency: "usd", unit_amount: 100 + n, recurring: { interval: "week" }, active: false });
      await addMeter(`other_${n}`);
      const feature = await client.entitlements.features.create({ name: `${n}`, lookup_key: `feature_${n}` });
      await client.products.createFeature(product, { entitlement_feature: feature.id });
    });
  }
});

const times = (count, work) => Promise.all(Array.from({ length: count }, (_, n) => work(n)));

/** A request without what may differ, its fields by their names on the wire. */
function comparable({ method, path, form, headers }) {
  const kept = Object.entries(headers).filter(([name]) => !(name in MAY_DIFFER));
  const shown = Object.fromEntries(kept);
  delete shown[MAY_DIFFER_FOR[method]];
  if (UNKEYED.some((pattern) => pattern.test(path))) delete shown["idempotency-key"];
  const fields = pairs(form).toSorted();
  return { order: [method, path, ...fields].join(" "), method, path, fields, headers: shown };
}

/** `a[b][]=c`, as the sandbox has read it. */
function pairs(value, name = "") {
  if (typeof value !== "object") return [`${name}=${value}`];
  const under = (key) => (name === "" ? key : `${name}[${key}]`);
  const keyed = Array.isArray(value) ? value.map((entry) => ["", entry]) : Object.entries(value);
  return keyed.flatMap(([key, entry]) => pairs(entry, under(key)));
}
