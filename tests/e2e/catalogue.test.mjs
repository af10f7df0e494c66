// The catalogue: what stands at Stripe as products, prices and features is what tenants may use, and stays in force when
// something there cannot be read.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import Stripe from "stripe";
import { eventually } from "../support/eventually.mjs";
import { ownStack } from "../support/own-stack.mjs";
import { CONFIG, call, openLive } from "../support/stack.mjs";
import { addTenant, buyer, openShop } from "../support/upgrading.mjs";

const HOUR = 3_600_000;
const signer = new Stripe("sk_test_signer").webhooks;

/** A stack of the test's own: every test changes the catalogue of the whole app. */
const start = (t, options = {}) => ownStack(t, { config: CONFIG, ...options });
const deliver = (stack, mode) => stack.stripe.control("PUT", "/_sandbox/delivery", { mode });
const settle = (stack) => stack.stripe.control("POST", "/_sandbox/settle");

async function sync(stack) {
  const { status, body } = await stack.api("POST", "/v1/catalog/sync", {});
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

async function catalogue(stack) {
  const { status, body } = await stack.api("GET", "/v1/catalog");
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** The shop, when all of its webhooks have had their effect. */
async function quietShop(stack) {
  const shop = await openShop(stack);
  await settle(stack);
  return shop;
}

const planIn = ({ plans }, product) => plans.find(({ id }) => id === product.id);
const standing = async (stack, tenant) => (await stack.api("GET", `/v1/subscription?tenant=${tenant}`)).body;
/** The limit and the soft limit of a tenant's API calls. */
const allowance = async (stack, tenant) => {
  const { limit, soft_limit } = (await standing(stack, tenant)).meters.find(({ meter }) => meter === "api_calls");
  return [limit, soft_limit];
};
const changesIn = ({ changes }) => changes.map(({ field, before, after }) => [field, before, after]);

describe("reading the catalogue", () => {
  test("every page of products and prices is read", async (t) => {
    const stack = await start(t);
    const { client } = stack.stripe;
    await deliver(stack, "drop");
    const product = (n) => client.products.create({ name: `Plan ${n}`, metadata: { upcue_rank: `${n}`, upcue_limit_api_calls: `${n * 10}` } });
    const products = await Promise.all(Array.from({ length: 105 }, (_, n) => product(n)));
    const price = (n) =>
      client.prices.create({ product: products[n % 105].id, currency: "usd", unit_amount: 100 + n, recurring: { interval: n < 105 ? "month" : "year" } });
    await Promise.all(Array.from({ length: 210 }, (_, n) => price(n)));

    const { plans, problems } = await sync(stack);
    assert.deepEqual(problems, []);
    assert.deepEqual(plans.map(({ rank }) => rank), Array.from({ length: 105 }, (_, n) => n), "all of them, lowest rank first");
    for (const { name, rank, limits, prices } of plans) {
      assert.deepEqual([name, limits.api_calls.limit], [`Plan ${rank}`, rank * 10]);
      assert.deepEqual(prices.map(({ interval, unit_amount }) => [interval, unit_amount]).sort(), [["month", 100 + rank], ["year", 205 + rank]]);
    }
  });

  test("an archived plan is offered to nobody else, and those who have it keep it", async (t) => {
    const stack = await start(t);
    const { client } = stack.stripe;
    const shop = await quietShop(stack);
    const loyal = await addTenant(stack, "loyal", shop.prices.Pro);
    const fresh = { tenant: "fresh", admin: await stack.token({ tenant: "fresh" }) };
    await client.products.update(shop.products.Pro.id, { active: false });
    await settle(stack);

    const names = async (tenant) => (await buyer(stack, tenant).plans()).body.plans.map(({ name }) => name);
    assert.deepEqual(await names(fresh), ["Free", "Scale"]);
    assert.deepEqual(await names(loyal), ["Free", "Pro", "Scale"], "one's own plan stays in the comparison");
    assert.deepEqual([(await standing(stack, "loyal")).plan.name, await allowance(stack, "loyal")], ["Pro", [50_000, null]]);
    assert.equal(planIn(await catalogue(stack), shop.products.Pro).active, false);

    const refused = await buyer(stack, fresh).quote({ plan: shop.products.Pro.id });
    assert.deepEqual([refused.status >= 400, refused.status < 500], [true, true], JSON.stringify(refused.body));
    const later = await addTenant(stack, "late", shop.prices.Pro);
    assert.equal((await standing(stack, later.tenant)).plan.name, "Pro", "what Stripe sold is theirs");
  });

  test("an archived price is offered to nobody else, and those who pay it keep it", async (t) => {
    const stack = await start(t);
    const shop = await quietShop(stack);
    await addTenant(stack, "loyal", shop.prices["Pro/year"]);
    await stack.stripe.client.prices.update(shop.prices["Pro/year"].id, { active: false });
    await settle(stack);
    const prices = async (tenant) => {
      const { plans } = (await buyer(stack, { tenant, admin: await stack.token({ tenant }) }).plans()).body;
      return plans.find(({ name }) => name === "Pro").prices.map(({ interval }) => interval).sort();
    };
    assert.deepEqual(await prices("fresh"), ["month"]);
    assert.deepEqual(await prices("loyal"), ["month", "year"]);
    assert.deepEqual(await allowance(stack, "loyal"), [50_000, null]);
  });

  test("metadata of products gives rank, limits, soft limits and features; that of a price comes before its product's", async (t) => {
    const stack = await start(t);
    const { client } = stack.stripe;
    const metadata = { upcue_rank: "3", upcue_limit_api_calls: "1000", upcue_soft_limit_api_calls: "800", upcue_limit_seats: "unlimited", upcue_feature_sso: "true" };
    const pro = await client.products.create({ name: "Pro", description: "For teams", metadata });
    const price = (interval, unit_amount, more) => client.prices.create({ product: pro.id, currency: "usd", unit_amount, recurring: { interval }, ...more });
    const monthly = await price("month", 2_900);
    const yearly = await price("year", 29_000, { metadata: { upcue_limit_api_calls: "5000", upcue_soft_limit_api_calls: "4500" } });
    await addTenant(stack, "monthly", monthly);
    await addTenant(stack, "yearly", yearly);

    const { description, rank, limits, features, prices } = planIn(await catalogue(stack), pro);
    assert.deepEqual([description, rank, features], ["For teams", 3, ["sso"]]);
    assert.deepEqual(limits, { api_calls: { limit: 1_000, soft_limit: 800 }, seats: { limit: "unlimited", soft_limit: null } });
    const own = prices.find(({ id }) => id === yearly.id).limits;
    assert.deepEqual([own.api_calls, own.seats.limit], [{ limit: 5_000, soft_limit: 4_500 }, "unlimited"]);
    assert.equal(prices.find(({ id }) => id === monthly.id).limits, null);

    assert.deepEqual(await allowance(stack, "monthly"), [1_000, 800]);
    assert.deepEqual(await allowance(stack, "yearly"), [5_000, 4_500]);
    assert.deepEqual((await standing(stack, "yearly")).features, { sso: true });
    const { meters } = await stack.snapshot(await stack.token({ tenant: "yearly" }));
    assert.deepEqual([meters[0].limit, meters[0].soft_limit], [5_000, 4_500], "the page sees it, too");
  });

  test("the comparison shows a tenant the limits of the price it pays", async (t) => {
    const stack = await start(t);
    const { client } = stack.stripe;
    const pro = await client.products.create({ name: "Pro", metadata: { upcue_rank: "1", upcue_limit_api_calls: "1000" } });
    const big = await client.prices.create({
      product: pro.id, currency: "usd", unit_amount: 9_000, recurring: { interval: "month" }, metadata: { upcue_limit_api_calls: "5000" },
    });
    const tenant = await addTenant(stack, "acme", big);
    await stack.api("POST", "/v1/events", { tenant: "acme", events: [{ type: "usage", meter: "api_calls", value: 3_000 }] });
    const { plans, rows } = (await buyer(stack, tenant).plans()).body;
    assert.equal(rows.find(({ key }) => key === "api_calls").limit, 5_000);
    const [own] = plans;
    assert.deepEqual([own.relation, own.limits.api_calls, own.violations], ["current", 5_000, []]);
  });

  test("features attached at Stripe are on, and off when they are taken away", async (t) => {
    const stack = await start(t);
    const { client } = stack.stripe;
    const shop = await quietShop(stack);
    await addTenant(stack, "acme", shop.prices.Pro);
    const granted = async () => (await stack.snapshot(await stack.token())).features.find(({ feature }) => feature === "sso").granted;
    assert.equal(await granted(), false);

    const sso = await client.entitlements.features.create({ lookup_key: "sso", name: "Single sign-on" });
    const other = await client.entitlements.features.create({ lookup_key: "not_of_upcue", name: "Something else" });
    const attached = await client.products.createFeature(shop.products.Pro.id, { entitlement_feature: sso.id });
    await client.products.createFeature(shop.products.Pro.id, { entitlement_feature: other.id });
    const on = await sync(stack);
    assert.deepEqual([changesIn(on), on.problems], [[["feature.sso", "false", "true"]], []]);
    assert.deepEqual(planIn(on, shop.products.Pro).features, ["sso"]);
    assert.equal(await granted(), true);

    await client.products.deleteFeature(shop.products.Pro.id, attached.id);
    assert.deepEqual(changesIn(await sync(stack)), [["feature.sso", "true", "false"]]);
    assert.equal(await granted(), false);
  });
});

describe("a catalogue that cannot be read", () => {
  test("is told with product, price and key, and the last good one stays in force until it is mended", async (t) => {
    const stack = await start(t);
    const { client } = stack.stripe;
    const shop = await quietShop(stack);
    await addTenant(stack, "acme", shop.prices.Pro);
    const { version } = await catalogue(stack);

    await client.products.update(shop.products.Pro.id, { metadata: { upcue_limit_api_calls: "lots", upcue_limit_ap_calls: "5" } });
    await client.products.update(shop.products.Free.id, { metadata: { upcue_rank: "lowest", upcue_feature_sso: "yes" } });
    await client.prices.update(shop.prices["Pro/year"].id, { metadata: { upcue_soft_limit_seats: "a few" } });
    await settle(stack);

    const broken = await catalogue(stack);
    const told = broken.problems.map(({ product, price, key }) => [product, price, key].join());
    const expected = [
      [shop.products.Free.id, null, "upcue_feature_sso"],
      [shop.products.Free.id, null, "upcue_rank"],
      [shop.products.Pro.id, null, "upcue_limit_ap_calls"],
      [shop.products.Pro.id, null, "upcue_limit_api_calls"],
      [shop.products.Pro.id, shop.prices["Pro/year"].id, "upcue_soft_limit_seats"],
    ];
    assert.deepEqual(told.sort(), expected.map((where) => where.join()).sort());
    assert.ok(broken.problems.some(({ detail }) => detail.includes("`lots`")), "with what stands there");
    assert.equal(broken.version, version);
    assert.deepEqual(await allowance(stack, "acme"), [50_000, null]);
    const again = await sync(stack);
    assert.deepEqual([again.problems.length, again.changes], [5, []]);

    await client.products.update(shop.products.Pro.id, { metadata: { upcue_limit_api_calls: "60000", upcue_limit_ap_calls: "" } });
    await client.products.update(shop.products.Free.id, { metadata: { upcue_rank: "0", upcue_feature_sso: "" } });
    await client.prices.update(shop.prices["Pro/year"].id, { metadata: { upcue_soft_limit_seats: "" } });
    await settle(stack);
    const mended = await catalogue(stack);
    assert.deepEqual([mended.problems, mended.version], [[], version + 1]);
    assert.deepEqual(await allowance(stack, "acme"), [60_000, null]);
  });

  test("a feature that the configuration does not know is told, as a meter is", async (t) => {
    const stack = await start(t);
    const product = await stack.stripe.client.products.create({ name: "Pro", metadata: { upcue_rank: "1", upcue_feature_ssso: "true" } });
    const { problems } = await sync(stack);
    assert.deepEqual(problems.map(({ product, key }) => [product, key]), [[product.id, "upcue_feature_ssso"]]);
  });

  test("when Stripe fails half-way nothing of it is taken over", async (t) => {
    const stack = await start(t);
    const shop = await quietShop(stack);
    await deliver(stack, "drop");
    await stack.stripe.client.products.update(shop.products.Pro.id, { metadata: { upcue_limit_api_calls: "7" } });
    const before = await catalogue(stack);
    for (const path_prefix of ["/v1/products", "/v1/products/", "/v1/prices"]) {
      await stack.stripe.control("POST", "/_sandbox/faults", { method: "GET", path_prefix, status: 503, times: 20 });
      const { status, body } = await stack.api("POST", "/v1/catalog/sync", {});
      assert.deepEqual([status, body.code], [502, "stripe_unavailable"], path_prefix);
      await stack.stripe.control("DELETE", "/_sandbox/faults");
    }
    assert.deepEqual(await catalogue(stack), before);
    assert.deepEqual(changesIn(await sync(stack)), [["limit.api_calls", "50000", "7"]], "and the next reading tells it");
  });
});

describe("keeping the catalogue up to date", () => {
  test("a change at Stripe reaches open pages by its webhook", async (t) => {
    const stack = await start(t);
    const shop = await quietShop(stack);
    await addTenant(stack, "acme", shop.prices.Pro);
    const live = await openLive(stack, stack.worker, await stack.token());
    await stack.stripe.client.products.update(shop.products.Pro.id, { name: "Professional", metadata: { upcue_limit_api_calls: "70000" } });
    await live.until(async () => (await allowance(stack, "acme"))[0] === 70_000);
    const { plan } = await stack.snapshot(await stack.token());
    assert.equal(plan.name, "Professional");
    await stack.stripe.client.prices.create({ product: shop.products.Scale.id, currency: "usd", unit_amount: 25_000, recurring: { interval: "month", interval_count: 3 } });
    await settle(stack);
    assert.equal(planIn(await catalogue(stack), shop.products.Scale).prices.length, 3);
  });

  test("a webhook that finds Stripe down is made up for by itself", async (t) => {
    const stack = await start(t);
    const shop = await quietShop(stack);
    await addTenant(stack, "acme", shop.prices.Pro);
    const live = await openLive(stack, stack.worker, await stack.token());
    await stack.stripe.control("POST", "/_sandbox/faults", { method: "GET", path_prefix: "/v1/products", status: 503, times: 1 });
    const told = live.next();
    await stack.stripe.client.products.update(shop.products.Pro.id, { metadata: { upcue_limit_api_calls: "70000" } });
    await settle(stack);
    assert.deepEqual(await allowance(stack, "acme"), [50_000, null]);
    await told;
    assert.deepEqual(await allowance(stack, "acme"), [70_000, null]);
  });

  test("what no webhook told is found within the hour, in the background", async (t) => {
    const stack = await start(t, { dev: true });
    const shop = await quietShop(stack);
    await addTenant(stack, "acme", shop.prices.Pro);
    await deliver(stack, "drop");
    const live = await openLive(stack, stack.worker, await stack.token({ expires: "20h" }));
    await stack.stripe.client.products.update(shop.products.Pro.id, { metadata: { upcue_limit_api_calls: "70000" } });
    assert.deepEqual(await allowance(stack, "acme"), [50_000, null]);

    const { now } = (await stack.operator("POST", "/dev/clock", { offset: HOUR + 60_000 })).body;
    stack.after(() => stack.operator("POST", "/dev/clock", { offset: 0 }));
    // The alarm goes by the host's clock, which no test can move: an event about nothing has it set anew.
    const payload = JSON.stringify({ id: "evt_any", object: "event", type: "charge.succeeded", data: { object: { id: "ch_1" } } });
    const signature = signer.generateTestHeaderString({ payload, secret: stack.webhookSecret, timestamp: Math.floor(now / 1000) });
    const event = await call(`${stack.worker.url}/webhooks/stripe/demo`, { method: "POST", raw: payload, headers: { "stripe-signature": signature } });
    assert.deepEqual([event.status, event.body.state], [200, "ignored"]);
    await live.until(async () => (await allowance(stack, "acme"))[0] === 70_000);
  });

  test("a sync tells what has changed, and nothing when nothing has", async (t) => {
    const stack = await start(t);
    const { client } = stack.stripe;
    await deliver(stack, "drop");
    const pro = await client.products.create({ name: "Pro", metadata: { upcue_rank: "1", upcue_limit_api_calls: "10", upcue_limit_seats: "2" } });
    const mug = await client.products.create({ name: "Mug" });
    const price = await client.prices.create({ product: pro.id, currency: "usd", unit_amount: 900, recurring: { interval: "month" } });
    const first = await sync(stack);
    assert.deepEqual(first.changes, [{ plan: pro.id, field: "plan", before: null, after: "Pro" }]);

    const revision = async () => (await stack.api("GET", "/v1/plans?tenant=acme")).body.revision;
    const before = await revision();
    const same = await sync(stack);
    assert.deepEqual([same.changes, same.version, await revision()], [[], first.version, before]);
    await client.products.update(mug.id, { name: "Cup" });
    assert.deepEqual((await sync(stack)).changes, [], "what is no plan is no change");

    await client.products.update(pro.id, {
      name: "Professional",
      metadata: { upcue_rank: "2", upcue_limit_api_calls: "unlimited", upcue_soft_limit_seats: "1", upcue_feature_sso: "true" },
    });
    const cheap = await client.prices.create({ product: pro.id, currency: "usd", unit_amount: 800, recurring: { interval: "month" }, metadata: { upcue_limit_seats: "1" } });
    await client.prices.update(price.id, { active: false });
    const changed = await sync(stack);
    assert.ok(changed.changes.every(({ plan }) => plan === pro.id));
    assert.deepEqual(changesIn(changed).toSorted(), [
      ["feature.sso", "false", "true"],
      ["limit.api_calls", "10", "unlimited"],
      ["name", "Pro", "Professional"],
      [`price.${cheap.id}`, null, "800 usd per month"],
      [`price.${price.id}`, "900 usd per month", "900 usd per month, archived"],
      ["rank", "1", "2"],
      ["soft_limit.seats", null, "1"],
    ].toSorted());
    assert.equal(changed.version, first.version + 1);
    assert.ok((await revision()) > before);

    await client.products.update(pro.id, { metadata: { upcue_rank: "" } });
    assert.deepEqual((await sync(stack)).changes, [{ plan: pro.id, field: "plan", before: "Professional", after: null }]);
  });

  test("a reading that took long does not undo a newer one", async (t) => {
    const stack = await start(t);
    const shop = await quietShop(stack);
    const { control, client } = stack.stripe;
    await control("POST", "/_sandbox/faults", { method: "GET", path_prefix: "/v1/prices", delay_ms: 1_500 });
    const slow = sync(stack);
    // It has read the products, and waits for the prices.
    await eventually(async () => assert.deepEqual((await control("GET", "/_sandbox/faults")).body.faults, []));
    await client.products.update(shop.products.Pro.id, { metadata: { upcue_limit_api_calls: "70000" } });
    await settle(stack);
    const limit = async () => planIn(await catalogue(stack), shop.products.Pro).limits.api_calls.limit;
    assert.equal(await limit(), 70_000);
    await slow;
    assert.equal(await limit(), 70_000);
  });
});
