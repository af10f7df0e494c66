// How long an upgrade takes while 49 others are made, with a gateway that needs 300 ms for every call.
//
// Ours beside the same calls made by Stripe's own client straight to the gateway, in one run, round by round in turn; once
// with the webhooks after the answers and once with all of them in between. A tenant is upgraded once, so every round has
// new ones. Times are the caller's, who shares the machine with Worker and gateway.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { built, startStack } from "../support/stack.mjs";
import { UPGRADE_CONFIG, buyer, openShop } from "../support/upgrading.mjs";

const AT_ONCE = 50;
const ROUNDS = 5;
/** How long the gateway takes for a call, in milliseconds; so do all times here. */
const LATENCY = 300;
/** What is promised of an upgrade in all, and what is to be reached. */
const PROMISED = 2_000;
const REACH = 1_200;
/** A run that takes longer than this has failed. */
const PATIENCE = 240_000;
/** How many tenants are made side by side. */
const SEEDERS = 10;

const ends = [];
let ended;
const patience = setTimeout(() => fail(new Error(`not done within ${PATIENCE} ms`)), PATIENCE);
await run().catch(fail);
clearTimeout(patience);
await end();

async function run() {
  const stack = await startStack({ after: (work) => ends.push(work) }, { config: UPGRADE_CONFIG });
  const control = async (method, route, body) => {
    const answer = await stack.stripe.control(method, `/_sandbox/${route}`, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  };
  const shop = await openShop(stack);
  await control("POST", "settle");
  await control("PUT", "delivery", { mode: "drop" });
  const crowd = (name) => seed(stack, shop, ROUNDS * AT_ONCE, name);
  const [calm, stormy, strangers] = [await crowd("calm"), await crowd("stormy"), await crowd()];
  await control("PUT", "latency", { ms: LATENCY });
  const times = { quotes: [], totals: [], owns: [], storms: [], directQuotes: [], directs: [] };
  for (let round = 0; round < ROUNDS; round++) {
    await control("PUT", "delivery", { mode: "hold", order: "concurrent" });
    await upgrade(stack, shop, calm.splice(0, AT_ONCE), times);
    await control("POST", "delivery/release", {});
    // All webhooks at once, as Stripe sends them: seven for each upgrade, which meet the answers.
    await control("PUT", "delivery", { order: "concurrent" });
    await upgrade(stack, shop, stormy.splice(0, AT_ONCE), { quotes: [], totals: times.storms });
    await control("POST", "settle");
    await control("PUT", "delivery", { mode: "drop" });
    await upgradeDirectly(stack, shop, strangers.splice(0, AT_ONCE), times);
  }
  await report(times);
}

/** Customers who pay for Pro. With a `name` the Worker knows them as its tenants, each by that name and a number. */
async function seed(stack, shop, count, name) {
  const seeded = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const number = next++;
      seeded.push(await subscribe(stack, shop, name && `${name}-${number}`));
    }
  };
  await Promise.all(Array.from({ length: SEEDERS }, work));
  return seeded;
}

async function subscribe({ stripe: { client }, api, token }, shop, tenant) {
  const card = { payment_method: "pm_card_visa", invoice_settings: { default_payment_method: "pm_card_visa" } };
  const { id: customer } = await client.customers.create(card);
  const subscription = await client.subscriptions.create({ customer, items: [{ price: shop.prices.Pro.id, quantity: 1 }] });
  if (!tenant) return { subscription };
  const answer = await api("PUT", `/v1/tenants/${tenant}/customer`, { customer });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return { tenant, subscription, admin: await token({ tenant }) };
}

/** A quote for each tenant, then all confirmations at the same moment. */
async function upgrade(stack, shop, tenants, { quotes, totals, owns }) {
  const pages = tenants.map((tenant) => buyer(stack, tenant));
  const quoted = await together(pages, (page) => page.quote({ plan: shop.products.Scale.id }), quotes);
  for (const { status, body } of quoted) assert.equal(status, 200, JSON.stringify(body));
  const started = totals.length;
  const upgraded = await together(pages, (page, n) => page.upgrade(quoted[n].body.token), totals);
  for (const { body } of upgraded) assert.equal(body.status, "upgraded", JSON.stringify(body));
  if (!owns) return;
  for (const [n, page] of pages.entries()) owns.push(totals[started + n] - (await gatewayTime(page, upgraded[n].body.upgrade)));
}

/** How much of an upgrade was waiting for the gateway, as the timeline tells. */
async function gatewayTime(page, upgrade) {
  const entry = (await page.timeline()).find((e) => e.type === "SubscriptionUpgraded" && e.upgrade === upgrade);
  assert.ok(entry?.gateway_ms >= LATENCY, JSON.stringify(entry));
  return entry.gateway_ms;
}

/** The same calls to the gateway, made by its own client: for a quote a reading and two previews at once; then the change. */
async function upgradeDirectly({ stripe: { client } }, shop, tenants, { directQuotes, directs }) {
  const change = ({ subscription }) => ({ items: [{ id: subscription.items.data[0].id, price: shop.prices.Scale.id, quantity: 1 }] });
  const preview = (tenant, proration_behavior) =>
    client.invoices.createPreview({ subscription: tenant.subscription.id, subscription_details: { ...change(tenant), proration_behavior } });
  const quote = async (tenant) => {
    await client.subscriptions.retrieve(tenant.subscription.id, { expand: ["latest_invoice"] });
    await Promise.all([preview(tenant, "always_invoice"), preview(tenant, "create_prorations")]);
  };
  const charged = { proration_behavior: "always_invoice", payment_behavior: "error_if_incomplete", expand: ["latest_invoice"] };
  await together(tenants, quote, directQuotes);
  await together(tenants, (tenant) => client.subscriptions.update(tenant.subscription.id, { ...change(tenant), ...charged }), directs);
}

/** Starts one call for each at the same moment; how long each took goes to `times`, in their order. */
async function together(these, work, times) {
  const timed = await Promise.all(
    these.map(async (one, n) => {
      const began = performance.now();
      const result = await work(one, n);
      return { result, took: performance.now() - began };
    }),
  );
  times.push(...timed.map(({ took }) => took));
  return timed.map(({ result }) => result);
}

async function report({ quotes, totals, owns, storms, directQuotes, directs }) {
  const rows = [
    row("upgrade-total-p95", at(totals, 95), PROMISED),
    row("upgrade-total-p50", at(totals, 50), PROMISED),
    // What is left for us when the gateway has had its time.
    row("upgrade-own-p95", at(owns, 95), REACH - LATENCY),
    row("upgrade-own-p50", at(owns, 50), REACH - LATENCY),
    row("upgrade-in-webhooks-p95", at(storms, 95), PROMISED),
    row("upgrade-in-webhooks-p50", at(storms, 50), PROMISED),
    row("upgrade-beside-direct-p95", at(totals, 95), at(directs, 95)),
    row("upgrade-beside-direct-p50", at(totals, 50), at(directs, 50)),
    row("quote-total-p95", at(quotes, 95), PROMISED),
    row("quote-total-p50", at(quotes, 50), PROMISED),
    row("quote-beside-direct-p95", at(quotes, 95), at(directQuotes, 95)),
    row("quote-beside-direct-p50", at(quotes, 50), at(directQuotes, 50)),
  ];
  for (const { name, value, reference, ratio } of rows) {
    console.log(`  ${name.padEnd(26)} ${String(value).padStart(6)} ms, reference ${String(reference).padStart(5)} ms (${ratio.toFixed(2)} ×)`);
  }
  await mkdir(built.bench, { recursive: true });
  await writeFile(path.join(built.bench, "upgrade.json"), `${JSON.stringify(rows, undefined, 2)}\n`);
  assert.ok(rows[0].value < REACH, `upgrade-total-p95 is ${rows[0].value} ms and should be below ${REACH}`);
}

function row(name, value, reference) {
  return { name, value, unit: "ms", reference, ratio: Number((value / reference).toFixed(3)) };
}

/** The value below which `percent` of all lie, by nearest rank, in whole milliseconds. */
function at(values, percent) {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.ceil((percent / 100) * sorted.length) - 1]);
}

/** Ends every process, even if another could not be ended; once, whoever asks. */
function end() {
  ended ??= (async () => {
    for (const work of ends) await work().catch((error) => console.error(error));
  })();
  return ended;
}

async function fail(error) {
  console.error(error);
  await end();
  process.exit(1);
}
