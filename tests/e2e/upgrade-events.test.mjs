// Stripe's events about an upgrade in every order, and every subset with one of them twice before the rest: the end is the
// same. The events are those the sandbox really sends; they are signed by Stripe's own library and posted as Stripe posts them.
//
// Each order gets an app or a tenant of its own, so that nothing of the one before is left. Six events have 720 orders, and
// 192 subsets with one of them doubled; five have 120 and 80. All of six takes minutes for each test, so that is for
// `UPCUE_ALL_ORDERS=1`; otherwise it is five events in every order, and 60 orders of six, the same ones each time.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, before, describe, test } from "node:test";
import Stripe from "stripe";
import { sharedStack } from "../support/shared-stack.mjs";
import { STRIPE_KEY, call, userToken } from "../support/stack.mjs";
import { UPGRADE_CONFIG, buyer, changesAtStripe, openShop } from "../support/upgrading.mjs";

const signer = new Stripe("sk_test_signer").webhooks;
/** Runs at the same time. */
const AT_ONCE = 16;

function permutations(items) {
  if (items.length < 2) return [items];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

/** Every subset with one of it twice; then the rest, the last first. */
function duplications(items) {
  const subsets = Array.from({ length: 2 ** items.length - 1 }, (_, bits) => items.filter((_, i) => (bits + 1) & (1 << i)));
  return subsets.flatMap((subset) => {
    const rest = items.filter((item) => !subset.includes(item)).toReversed();
    return subset.map((_, i) => [...subset.toSpliced(i, 0, subset[i]), ...rest]);
  });
}

/** Does `work` for all items, some at a time. */
async function forAll(items, work) {
  const waiting = items.entries();
  const worker = async () => {
    for (const [i, item] of waiting) await work(item, i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

describe("Stripe's events", () => {
  const stack = sharedStack({ config: UPGRADE_CONFIG });
  let shop;
  const control = (method, route, body) => stack.stripe.control(method, `/_sandbox/${route}`, body);

  before(async () => {
    shop = await openShop(stack);
    await control("POST", "settle");
    // From here on nothing is delivered but what the tests post.
    await control("PUT", "delivery", { mode: "drop" });
  });
  afterEach(() => control("DELETE", "faults"));

  /** Posts an event as Stripe does. */
  async function post(body, { app = stack.app, secret = stack.webhookSecret } = {}) {
    const header = signer.generateTestHeaderString({ payload: body, secret });
    const answer = await call(`${stack.worker.url}/webhooks/stripe/${app}`, { method: "POST", raw: body, headers: { "stripe-signature": header } });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.state;
  }

  /** A customer who pays Pro. */
  async function subscriber(tenant) {
    const { client } = stack.stripe;
    const card = { payment_method: "pm_card_visa", invoice_settings: { default_payment_method: "pm_card_visa" } };
    const customer = await client.customers.create({ name: tenant, metadata: { upcue_tenant: tenant }, ...card });
    const subscription = await client.subscriptions.create({ customer: customer.id, items: [{ price: shop.prices.Pro.id }] });
    return { tenant, customer: customer.id, subscription };
  }

  /** The events about a customer, oldest first: the last of each of these types. */
  async function recorded(customer, types) {
    const about = [];
    for await (const event of stack.stripe.client.events.list({ limit: 100 })) {
      if ([event.data.object.id, event.data.object.customer].includes(customer)) about.push(event);
    }
    const found = types.map((type) => about.find((event) => event.type === type));
    assert.ok(found.every(Boolean), `of ${types}: ${found.map((event) => event?.type)}`);
    return found.toSorted((a, b) => about.indexOf(b) - about.indexOf(a)).map((event) => JSON.stringify(event));
  }

  /** Events with names of their own for a run: `names` says what each id of the recording is there. */
  function renamed(events, run, names) {
    const others = [...new Set(events.join().match(/\b(evt|in|ii|il|req|cs|cs_test|pi|si)_\w+/g))].filter((id) => !(id in names));
    const all = { ...Object.fromEntries(others.map((id) => [id, `${id}${run}`])), ...names };
    const pattern = new RegExp(Object.keys(all).map((id) => `\\b${id}\\b`).join("|"), "g");
    return events.map((event) => event.replace(pattern, (id) => all[id]));
  }

  /** What a tenant ended as. */
  async function ending(tenant, api = stack.api) {
    const [{ body: subscription }, { body: timeline }] = await Promise.all([
      api("GET", `/v1/subscription?tenant=${tenant}`),
      api("GET", `/v1/tenants/${tenant}/timeline`),
    ]);
    const told = timeline.entries.toReversed();
    return {
      plan: subscription.plan?.name,
      status: subscription.status,
      items: subscription.subscription?.items.map(({ price, quantity }) => [price, quantity]) ?? null,
      customer: subscription.subscription?.customer ?? null,
      told: told.map(({ type }) => type.replace(/^Subscription(Upgrade(?!d))?/, "")),
      holds: told.findLast(({ after }) => after)?.after.plan,
    };
  }
  const on = (plan) => ({ plan, status: "active", items: [[shop.prices[plan].id, 1]], holds: shop.products[plan].id });
  const ended = () => ({ plan: "Free", status: null, items: null, customer: null, holds: shop.products.Free.id });

  /** The events that still wait for something. */
  async function unfinished(api = stack.api) {
    const states = ["pending", "unmatched"].map(async (state) => (await api("GET", `/v1/stripe/events?state=${state}`)).body.events);
    return (await Promise.all(states)).flat();
  }

  /** The orders to run: of six events, or of the last five and a sample of six. Then the duplications. */
  function orders() {
    const five = [1, 2, 3, 4, 5];
    const six = permutations([0, ...five]);
    if (process.env.UPCUE_ALL_ORDERS) return [...six, ...duplications([0, ...five])];
    // The step and the number of orders have no divisor in common, so that no order is drawn twice.
    const sample = Array.from({ length: 60 }, (_, i) => six[(i * 437 + 5) % six.length]);
    return [...permutations(five), ...duplications(five), ...sample];
  }

  /** Runs orders of events; `run` gets an order and its number and answers with the end and what it should be. */
  async function everyOrder(t, run) {
    const all = orders();
    const began = performance.now();
    await forAll(all, async (order, n) => {
      const [found, expected] = await run(order, n);
      assert.deepEqual(found, expected, `order ${order}`);
    });
    t.diagnostic(`${all.length} orders in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  }

  // First, as the sandbox grows slower with all that the others leave in it.
  test("a Checkout page is paid by somebody unknown: all orders of five events and 60 of six find whose it is", { timeout: 300_000 }, async (t) => {
    const payAtCheckout = async (tenant) => {
      const page = buyer(stack, { tenant, admin: await userToken({ app: stack.app, signingKey: stack.signingKey, tenant }) });
      const { answer } = await page.buy({ plan: shop.products.Pro.id });
      assert.deepEqual([answer.status, answer.body.reason], [200, "checkout"], JSON.stringify(answer.body));
      const session = new URL(answer.body.url).pathname.split("/").at(-1);
      const paid = await control("POST", `checkout/${session}/complete`, { email: `${tenant}@example.com` });
      assert.equal(paid.status, 200, JSON.stringify(paid.body));
      const { customer, subscription } = paid.body;
      return { tenant, page, session, customer, subscription: { id: subscription }, upgrade: answer.body.upgrade };
    };
    const first = await payAtCheckout("newcomer");
    const types = ["customer.created", "customer.subscription.created", "invoice.created", "invoice.finalized", "invoice.paid", "checkout.session.completed"];
    const events = await recorded(first.customer, types);
    await everyOrder(t, async (order, n) => {
      const { page, tenant, upgrade, ...rest } = await payAtCheckout(`newcomer-${n}`);
      const own = renamed(events, n, { ...namesOf(first, { tenant, ...rest }), [first.session]: rest.session });
      for (const i of order) assert.match(await post(own[i]), /^(done|ignored|unmatched)$/);
      assert.equal((await page.state(upgrade)).body.status, "upgraded");
      return [await ending(tenant), { ...on("Pro"), customer: rest.customer, told: ["Requested", "AwaitsCustomer", "Upgraded"] }];
    });
    assert.deepEqual(await unfinished(), [], "what came before anybody knew whose it was is done by now");
  });

  test("a subscription begins and moves up: all orders of five events and 60 of six end the same", { timeout: 300_000 }, async (t) => {
    const { tenant, customer, subscription } = await subscriber("begins");
    const items = [{ id: subscription.items.data[0].id, price: shop.prices.Scale.id, quantity: 1 }];
    await stack.stripe.client.subscriptions.update(subscription.id, { items, proration_behavior: "always_invoice" });
    const types = ["customer.created", "customer.subscription.created", "invoice.created", "invoice.paid", "customer.subscription.updated", "customer.updated"];
    await stack.stripe.client.customers.update(customer, { name: "Another name" });
    const events = await recorded(customer, types);
    await everyOrder(t, async (order, n) => {
      const [app, secret] = [`begins-${n}`, `whsec_of_begins_${n}`];
      const stripe = { api_key: STRIPE_KEY, webhook_secrets: [secret] };
      const created = await stack.operator("POST", "/v1/apps", { id: app, name: app, allowed_origins: [], stripe });
      assert.equal(created.status, 201, JSON.stringify(created.body));
      const api = (method, route, body, headers) => call(stack.worker.url + route, { method, body, key: created.body.secret_key, headers });
      assert.equal((await api("PUT", "/v1/config", UPGRADE_CONFIG, { "if-match": "*" })).status, 200);
      assert.equal((await api("POST", "/v1/catalog/sync", {})).status, 200);
      for (const i of order) assert.equal(await post(events[i], { app, secret }), "done");
      const states = (await api("GET", "/v1/stripe/events")).body.events.map(({ state }) => state);
      assert.deepEqual(states, Array(new Set(order).size).fill("done"), "each is known once");
      return [await ending(tenant, api), { ...on("Scale"), customer, told: ["Changed"] }];
    });
  });

  /** A tenant that the Worker knows, with an admin and a quote for Scale. */
  async function shopper(tenant) {
    const found = await subscriber(tenant);
    const linked = await stack.api("PUT", `/v1/tenants/${tenant}/customer`, { customer: found.customer });
    assert.equal(linked.status, 200, JSON.stringify(linked.body));
    const page = buyer(stack, { tenant, admin: await userToken({ app: stack.app, signingKey: stack.signingKey, tenant }) });
    const quote = await page.quote({ plan: shop.products.Scale.id });
    assert.equal(quote.status, 200, JSON.stringify(quote.body));
    return { ...found, page, token: quote.body.token, key: randomUUID() };
  }
  const namesOf = (recording, { tenant, customer, subscription }) => ({
    [recording.customer]: customer,
    [recording.subscription.id]: subscription.id,
    [recording.tenant]: tenant,
  });

  /** Upgrades, and has Stripe's answer lost. */
  async function upgradeUnheard(tenant) {
    const buying = await shopper(tenant);
    await control("POST", "faults", { method: "POST", path_prefix: `/v1/subscriptions/${buying.subscription.id}`, play: "reset_after", times: 2 });
    const { status, body } = await buying.page.upgrade(buying.token, { key: buying.key });
    assert.deepEqual([status, body.code], [502, "stripe_unavailable"]);
    return { ...buying, upgrade: body.upgrade };
  }

  test("an upgrade whose answer was lost: all orders of five events and 60 of six settle it, once", { timeout: 300_000 }, async (t) => {
    const first = await upgradeUnheard("unheard");
    const types = ["customer.subscription.created", "invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated"];
    const events = await recorded(first.customer, types);
    await everyOrder(t, async (order, n) => {
      const { page, tenant, upgrade, key, token, ...rest } = await upgradeUnheard(`unheard-${n}`);
      const own = renamed(events, n, namesOf(first, { tenant, ...rest }));
      for (const i of order) assert.equal(await post(own[i]), "done");
      assert.equal((await page.state(upgrade)).body.status, "upgraded");
      assert.equal((await page.upgrade(token, { key })).body.upgrade, upgrade, "the retry hears of it");
      assert.equal((await changesAtStripe(stack, rest.subscription)).length, 1);
      return [await ending(tenant), { ...on("Scale"), customer: rest.customer, told: ["Changed", "Requested", "Upgraded"] }];
    });
    assert.deepEqual(await unfinished(), []);
  });

  test("an upgrade and the end of the subscription after it: all orders of five events and 60 of six end the same", { timeout: 300_000 }, async (t) => {
    const upgradeAndLeave = async (tenant) => {
      const buying = await shopper(tenant);
      const { status, body } = await buying.page.upgrade(buying.token, { key: buying.key });
      assert.deepEqual([status, body.status], [200, "upgraded"]);
      await stack.stripe.client.subscriptions.cancel(buying.subscription.id);
      return { ...buying, upgrade: body.upgrade };
    };
    const first = await upgradeAndLeave("leaves");
    const types = ["customer.subscription.created", "invoice.created", "invoice.finalized", "invoice.paid", "customer.subscription.updated", "customer.subscription.deleted"];
    const events = await recorded(first.customer, types);
    await everyOrder(t, async (order, n) => {
      const { page, tenant, upgrade, ...rest } = await upgradeAndLeave(`leaves-${n}`);
      const own = renamed(events, n, namesOf(first, { tenant, ...rest }));
      for (const i of order) assert.equal(await post(own[i]), "done");
      assert.equal((await page.state(upgrade)).body.status, "upgraded", "it was, then");
      return [await ending(tenant), { ...ended(), told: ["Changed", "Requested", "Upgraded", "Changed"] }];
    });
    assert.deepEqual(await unfinished(), []);
  });

  test("a subscription to a plan that was not known yet is told with that plan", async () => {
    const { tenant, customer, subscription } = await subscriber("surprising");
    const product = await stack.stripe.client.products.create({ name: "Brand new", metadata: { upcue_rank: "3" } });
    const price = await stack.stripe.client.prices.create({ product: product.id, currency: "usd", unit_amount: 19_900, recurring: { interval: "month" } });
    const items = [{ id: subscription.items.data[0].id, price: price.id, quantity: 1 }];
    await stack.stripe.client.subscriptions.update(subscription.id, { items });
    const [event] = await recorded(customer, ["customer.subscription.updated"]);
    assert.equal(await post(event), "done");
    const { plan, holds } = await ending(tenant);
    assert.deepEqual([plan, holds], ["Brand new", product.id]);
  });
});
