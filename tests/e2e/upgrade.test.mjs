// The upgrade over HTTP: quote, confirmation, what Stripe was told, what the timeline tells.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { call } from "../support/stack.mjs";
import { UPGRADE_CONFIG, addCustomer, addTenant, buyer, changesAtStripe, openShop, putCard } from "../support/upgrading.mjs";

const DAY = 86_400;
const now = () => Math.floor(Date.now() / 1000);

describe("the upgrade", () => {
  const stack = sharedStack({ dev: true, config: UPGRADE_CONFIG });
  let shop;
  before(async () => (shop = await openShop(stack)));

  const enter = async (name, price = shop.prices.Pro, options) => {
    const tenant = await addTenant(stack, name, price, options);
    return { ...tenant, page: buyer(stack, tenant), changes: () => changesAtStripe(stack, tenant.subscription) };
  };
  const atStripe = ({ subscription }) => stack.stripe.client.subscriptions.retrieve(subscription.id, { expand: ["latest_invoice"] });
  const scale = () => ({ plan: shop.products.Scale.id });

  test("a quote shows what is charged, and what is charged is what it showed", async () => {
    const tenant = await enter("acme", shop.prices.Pro, { quantity: 3 });
    const { current_period_start: start, current_period_end: end } = tenant.subscription.items.data[0];
    const page = buyer(stack, { tenant: "acme", admin: await stack.token({ tenant: "acme", expires: `${(end - start) / 2 + 3600}s` }) });
    const acme = { ...tenant, page };
    // The Worker's clock says by when Stripe prorates: half of the period has passed.
    await stack.operator("POST", "/dev/clock", { offset: ((end - start) / 2) * 1000 });
    const { quote, answer } = await page.buy(scale());
    const report = await page.plans();
    await stack.operator("POST", "/dev/clock", { offset: 0 });
    await stack.stripe.control("POST", "/_sandbox/settle");
    assert.equal(report.body.current.name, "Scale");
    const [credit, charge] = quote.lines;
    assert.deepEqual([quote.flow, quote.quantity, quote.from.plan.name, quote.plan.name], ["change", 3, "Pro", "Scale"]);
    assert.deepEqual([credit.kind, credit.quantity, charge.kind, charge.quantity], ["credit", 3, "charge", 3]);
    assert.equal(credit.amount + charge.amount, quote.amount_due);
    assert.ok(Math.abs(charge.amount - 14_850) < 20, `half of three times 99 dollars: ${charge.amount}`);
    assert.deepEqual(quote.next_invoice.amount, 29_700);
    assert.deepEqual(quote.features_gained, [{ key: "sso", label: "Single sign-on" }]);
    assert.deepEqual(quote.limits.map(({ meter, before, after }) => [meter, before, after]), [["api_calls", 50_000, null], ["seats", 10, null]]);
    assert.deepEqual([answer.status, answer.body.status, answer.body.amount_charged], [200, "upgraded", quote.amount_due]);

    const subscription = await atStripe(acme);
    assert.deepEqual([subscription.latest_invoice.id, subscription.latest_invoice.amount_paid], [answer.body.invoice, quote.amount_due]);
    assert.deepEqual(subscription.items.data.map(({ price, quantity }) => [price.id, quantity]), [[shop.prices.Scale.id, 3]]);
    assert.equal(await acme.page.plan(), "Scale");

    const told = await acme.page.timeline();
    const upgraded = told.find(({ type }) => type === "SubscriptionUpgraded");
    assert.deepEqual(await acme.page.told(), ["Requested", "d"]);
    assert.deepEqual([upgraded.actor.user, upgraded.quoted, upgraded.invoiced], ["ada", quote.amount_due, quote.amount_due]);
    assert.deepEqual([upgraded.before.features, upgraded.after.features, upgraded.features_gained], [[], ["sso"], ["sso"]]);
  });

  test("only admins are quoted and upgraded", async () => {
    const { page, member, ...tenant } = await enter("roles");
    const bob = buyer(stack, { ...tenant, admin: member });
    const { token } = (await page.quote(scale())).body;
    for (const answer of [await bob.quote(scale()), await bob.upgrade(token), await bob.state("upg_x")]) {
      assert.deepEqual([answer.status, answer.body.code], [403, "forbidden_role"]);
    }
    const secret = await stack.api("POST", "/v1/upgrade/quotes?tenant=roles", scale());
    assert.deepEqual([secret.status, secret.body.code], [403, "forbidden_credential"]);
    assert.equal(await page.plan(), "Pro");
  });

  test("double clicks, second tabs and retries make one change", async () => {
    const tenant = await enter("eager");
    const [first, second] = await Promise.all([tenant.page.quote(scale()), tenant.page.quote(scale())]);
    const doubled = randomUUID();
    const [one, two] = [first.body.token, second.body.token];
    const sent = [
      ...Array.from({ length: 4 }, () => ({ token: one, key: doubled })),
      ...Array.from({ length: 4 }, () => ({ token: one, key: randomUUID() })),
      ...Array.from({ length: 4 }, () => ({ token: two, key: randomUUID() })),
    ];
    const clicks = await Promise.all(sent.map(({ token, key }) => tenant.page.upgrade(token, { key })));
    for (const { status, body } of clicks) {
      assert.ok(status === 200 || ["upgrade_in_progress", "already_on_plan", "quote_stale"].includes(body.code), JSON.stringify(body));
    }
    // Which of them comes first is the network's choice; the one that did is told of it again.
    const { token, key } = sent[clicks.findIndex(({ status }) => status === 200)];
    const again = await tenant.page.upgrade(token, { key });
    assert.deepEqual([again.status, again.body.status], [200, "upgraded"], "a retry gets the answer it missed");
    const tab = await tenant.page.upgrade(token === one ? two : one);
    assert.deepEqual([tab.status, tab.body.code], [409, "already_on_plan"]);
    assert.match(tab.body.detail, /already/);
    assert.equal((await tenant.changes()).length, 1);
    assert.deepEqual(await tenant.page.told(), ["Requested", "d"]);
    const other = await tenant.page.quote({ plan: shop.products.Scale.id, price: shop.prices["Scale/year"].id });
    const reused = await tenant.page.upgrade(other.body.token, { key });
    assert.deepEqual([reused.status, reused.body.code], [422, "invalid_request"], "a key belongs to one quote");
  });

  test("a card that is declined changes nothing, and another card works", async () => {
    const tenant = await enter("poor", shop.prices.Pro, { card: "pm_card_chargeDeclinedInsufficientFunds" });
    const before = await atStripe(tenant);
    const key = randomUUID();
    const { quote, answer } = await tenant.page.buy(scale(), { key });
    assert.deepEqual([answer.status, answer.body.code, answer.body.decline_code], [402, "payment_failed", "insufficient_funds"]);
    assert.match(answer.body.detail, /insufficient funds.*Nothing was changed/);
    const after = await atStripe(tenant);
    assert.deepEqual([after.items.data, after.latest_invoice.id], [before.items.data, before.latest_invoice.id]);
    assert.deepEqual([(await tenant.changes()).length, await tenant.page.plan()], [0, "Pro"]);
    const again = await tenant.page.upgrade(quote.token, { key });
    assert.deepEqual([again.status, again.body.code], [402, "payment_failed"], "the same request, the same answer");

    await putCard(stack, tenant.customer.id, "pm_card_visa");
    const retry = await tenant.page.upgrade(quote.token);
    assert.deepEqual([retry.status, retry.body.status, retry.body.amount_charged], [200, "upgraded", quote.amount_due]);
    assert.deepEqual(await tenant.page.told(), ["Requested", "Failed", "Requested", "d"]);
  });

  test("3-D Secure and a missing card lead to Stripe's page and back", async () => {
    for (const [name, card, reason] of [
      ["secure", "pm_card_authenticationRequired", "authentication"],
      ["cardless", undefined, "payment_method"],
    ]) {
      const tenant = await enter(name, shop.prices.Pro, { card });
      if (!card) await stack.stripe.client.customers.update(tenant.customer.id, { invoice_settings: { default_payment_method: "" } });
      const { answer } = await tenant.page.buy(scale(), { returnUrl: "http://127.0.0.1:9/billing?tab=plan#top" });
      assert.deepEqual([answer.status, answer.body.status, answer.body.reason], [200, "requires_action", reason], JSON.stringify(answer.body));
      assert.deepEqual([(await tenant.changes()).length, await tenant.page.plan()], [0, "Pro"], "nothing yet");
      const page = new URL(answer.body.url);
      if (!card) await putCard(stack, tenant.customer.id, "pm_card_visa");
      const session = page.pathname.split("/").at(-1);
      const confirmed = await stack.stripe.control("POST", `/_sandbox/portal/${session}/confirm`, {});
      assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
      assert.equal(confirmed.body.flow.after_completion.redirect.return_url, `http://127.0.0.1:9/billing?tab=plan&upcue_upgrade=${answer.body.upgrade}#top`);
      await stack.stripe.control("POST", "/_sandbox/settle");
      const state = await tenant.page.state(answer.body.upgrade);
      assert.deepEqual([state.body.status, state.body.plan.name], ["upgraded", "Scale"]);
      assert.deepEqual(await tenant.page.told(), ["Requested", "AwaitsCustomer", "d"]);
      assert.equal((await tenant.changes()).length, 1);
    }
  });

  test("without a subscription Checkout takes the payment, once", async () => {
    const customer = await addCustomer(stack, "newcomer");
    const page = buyer(stack, { tenant: "newcomer", admin: await stack.token({ tenant: "newcomer" }) });
    const { quote, answer } = await page.buy({ plan: shop.products.Pro.id });
    assert.deepEqual([quote.flow, quote.amount_due, quote.from.plan.name, quote.notes], ["checkout", 2900, "Free", ["tax_at_checkout"]]);
    assert.deepEqual([answer.body.status, answer.body.reason], ["requires_action", "checkout"]);
    const again = await page.upgrade(quote.token);
    assert.equal(again.body.url, answer.body.url, "the same choice leads to the same page");
    const other = await page.buy({ plan: shop.products.Scale.id });
    assert.notEqual(other.answer.body.url, answer.body.url);
    const session = (body) => new URL(body.url).pathname.split("/").at(-1);
    const left = await stack.stripe.client.checkout.sessions.retrieve(session(answer.body));
    assert.equal(left.status, "expired", "the page that was left cannot be paid as well");
    const paid = await stack.stripe.control("POST", `/_sandbox/checkout/${session(other.answer.body)}/complete`, {});
    assert.deepEqual([paid.status, paid.body.customer], [200, customer.id], JSON.stringify(paid.body));
    await stack.stripe.control("POST", "/_sandbox/settle");
    assert.equal((await page.state(other.answer.body.upgrade)).body.status, "upgraded");
    assert.equal(await page.plan(), "Scale");
    assert.deepEqual(await page.told(), ["Requested", "AwaitsCustomer", "Failed", "Requested", "AwaitsCustomer", "d"], "the first was left");
  });

  test("what is no upgrade is refused with its reason", async () => {
    const { page } = await enter("settled", shop.prices.Pro, { quantity: 2 });
    for (const [wish, status, code] of [
      [{ plan: shop.products.Pro.id }, 409, "already_on_plan"],
      [{ plan: shop.products.Free.id }, 409, "not_an_upgrade"],
      [{ plan: shop.products.Pro.id, quantity: 1 }, 409, "not_an_upgrade"],
      [{ plan: "prod_unheard_of" }, 404, "unknown_plan"],
      [{ plan: shop.products.Scale.id, price: "price_unheard_of" }, 409, "price_unavailable"],
      [{ plan: shop.products.Scale.id, quantity: 0 }, 422, "invalid_request"],
      [{ plan: 5 }, 422, "invalid_request"],
      [{}, 422, "invalid_request"],
      [{ plan: shop.products.Scale.id, currency: "eur" }, 422, "invalid_request"],
    ]) {
      const answer = await page.quote(wish);
      assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(wish));
      assert.ok(answer.body.detail.length > 10, "with words");
    }
    for (const [wish, amount] of [
      [{ plan: shop.products.Pro.id, quantity: 5 }, 8_700],
      [{ plan: shop.products.Pro.id, price: shop.prices["Pro/year"].id }, 52_200],
    ]) {
      const quote = await page.quote(wish);
      assert.deepEqual([quote.status, quote.body.amount_due], [200, amount], `${JSON.stringify(wish)}: more seats, a longer interval`);
    }
  });

  test("a subscription that cannot be changed as it stands says why", async () => {
    const { client, control } = stack.stripe;
    const tenants = {
      subscription_past_due: (id) => control("POST", `/_sandbox/subscriptions/${id}`, { status: "past_due" }),
      subscription_paused: (id) => control("POST", `/_sandbox/subscriptions/${id}`, { status: "paused" }),
      subscription_incomplete: (id) => control("POST", `/_sandbox/subscriptions/${id}`, { status: "unpaid" }),
      subscription_scheduled: (id) => client.subscriptionSchedules.create({ from_subscription: id }),
    };
    for (const [code, arrange] of Object.entries(tenants)) {
      const tenant = await enter(code);
      await arrange(tenant.subscription.id);
      const answer = await tenant.page.quote(scale());
      assert.deepEqual([answer.status, answer.body.code], [409, code], "seen at Stripe, before any webhook");
    }
    const paused = await enter("paused_collection");
    await client.subscriptions.update(paused.subscription.id, { pause_collection: { behavior: "void" } });
    assert.equal((await paused.page.quote(scale())).body.code, "subscription_paused");
    const ended = await enter("ended");
    await client.subscriptions.cancel(ended.subscription.id);
    assert.equal((await ended.page.quote(scale())).body.flow, "checkout", "a new subscription, then");
    const double = await enter("double");
    await client.subscriptions.update(double.subscription.id, { items: [{ price: shop.prices.Free.id, quantity: 1 }] });
    assert.equal((await double.page.quote(scale())).body.code, "several_plans");
  });

  test("trials, cancellations, add-ons, coupons and sent invoices are handled and said", async () => {
    const { client } = stack.stripe;
    const addon = await client.products.create({ name: "Add-on" });
    const extra = await client.prices.create({ product: addon.id, currency: "usd", unit_amount: 500, recurring: { interval: "month" } });
    const coupon = await client.coupons.create({ percent_off: 50, duration: "forever" });

    const trial = await enter("trial", shop.prices.Pro, { trial_period_days: 14 });
    const trying = await trial.page.buy(scale());
    assert.deepEqual([trying.quote.amount_due, trying.quote.notes], [0, ["trial_continues"]]);
    assert.deepEqual([trying.answer.body.status, trying.answer.body.amount_charged], ["upgraded", 0]);
    assert.equal((await atStripe(trial)).status, "trialing");

    const leaving = await enter("leaving");
    await client.subscriptions.update(leaving.subscription.id, { cancel_at_period_end: true });
    const staying = await leaving.page.buy(scale());
    assert.deepEqual([staying.quote.notes, staying.answer.body.status], [["cancellation_withdrawn"], "upgraded"]);
    assert.equal((await atStripe(leaving)).cancel_at_period_end, false);

    const rich = await enter("rich");
    await client.subscriptions.update(rich.subscription.id, { items: [{ price: extra.id, quantity: 4 }] });
    const more = await rich.page.buy(scale());
    const items = (await atStripe(rich)).items.data.map(({ price, quantity }) => [price.id, quantity]);
    assert.deepEqual([more.answer.body.status, items], ["upgraded", [[shop.prices.Scale.id, 1], [extra.id, 4]]], "the add-on stays");

    const bargain = await enter("bargain", shop.prices.Pro, { discounts: [{ coupon: coupon.id }] });
    const half = await bargain.page.buy(scale());
    assert.deepEqual([half.quote.amount_due, half.answer.body.amount_charged, half.quote.next_invoice.amount], [3500, 3500, 4950]);

    const invoiced = await enter("invoiced", shop.prices.Pro, { collection_method: "send_invoice", days_until_due: 30 });
    const sent = await invoiced.page.buy(scale());
    assert.deepEqual([sent.quote.notes, sent.answer.body.status], [["invoice_sent"], "upgraded"]);
    assert.deepEqual(await invoiced.page.told(), ["Requested", "d"]);
  });

  test("another interval begins a new period, whatever the billing mode", async () => {
    for (const mode of ["classic", "flexible"]) {
      const tenant = await enter(`yearly_${mode}`, shop.prices.Pro, { billing_mode: { type: mode } });
      const { quote, answer } = await tenant.page.buy({ plan: shop.products.Scale.id, price: shop.prices["Scale/year"].id });
      assert.deepEqual([quote.amount_due, quote.notes, quote.locked], [96_100, ["interval_changes"], mode === "classic"], mode);
      assert.deepEqual([answer.body.status, answer.body.amount_charged], ["upgraded", 96_100], mode);
      const year = (quote.next_invoice.at / 1000 - now()) / DAY;
      assert.ok(year > 364 && year < 367 && quote.next_invoice.amount === 99_000, `${mode}: ${year} days`);
    }
  });

  test("a currency without decimals is charged in whole units", async () => {
    const { client } = stack.stripe;
    const yen = (product, unit_amount) => client.prices.create({ product: product.id, currency: "jpy", unit_amount, recurring: { interval: "month" } });
    const [pro, max] = [await yen(shop.products.Pro, 3_000), await yen(shop.products.Scale, 10_001)];
    await stack.api("POST", "/v1/catalog/sync", {});
    const tenant = await enter("tokyo", pro);
    const { quote, answer } = await tenant.page.buy(scale());
    assert.deepEqual([quote.currency, quote.price.id, quote.amount_due, answer.body.amount_charged], ["jpy", max.id, 7_001, 7_001]);
  });

  test("a quote that no longer holds is refused with a fresh one", async () => {
    const { client } = stack.stripe;
    const tenant = await enter("slow");
    const quote = async () => (await tenant.page.quote(scale())).body;
    const refused = async (token, why) => {
      const answer = await tenant.page.upgrade(token);
      assert.deepEqual([answer.status, answer.body.code], [409, "quote_stale"], why);
      return answer.body.quote;
    };
    const { token } = await quote();
    const [claims, mac] = token.split(".");
    const forged = `${Buffer.from(Buffer.from(claims, "base64url").map((b, i) => (i === 30 ? b ^ 1 : b))).toString("base64url")}.${mac}`;
    await refused(forged, "altered");
    await refused(`${claims}.AAAA`, "unsigned");
    await refused("rubbish", "no quote at all");
    const elsewhere = await enter("elsewhere");
    await refused((await elsewhere.page.quote(scale())).body.token, "another tenant's");

    await client.subscriptions.update(tenant.subscription.id, { items: [{ id: tenant.subscription.items.data[0].id, quantity: 2 }] });
    await stack.stripe.control("POST", "/_sandbox/settle");
    const fresh = await refused(token, "the subscription has changed");
    assert.deepEqual([fresh.quantity, fresh.plan.name], [2, "Scale"], "the plan is quoted anew, with as many seats as there are now");

    const old = await quote();
    await client.products.update(shop.products.Scale.id, { metadata: { upcue_limit_api_calls: "900000" } });
    await stack.stripe.control("POST", "/_sandbox/settle");
    const anew = await refused(old.token, "the catalogue has changed");
    assert.ok(anew.catalogue_version > old.catalogue_version);
    assert.equal(anew.limits.find(({ meter }) => meter === "api_calls").after, 900_000);

    const late = await quote();
    await stack.operator("POST", "/dev/clock", { offset: 10 * 60_000 });
    await refused(late.token, "ten minutes are over");
    await stack.operator("POST", "/dev/clock", { offset: 0 });
    assert.deepEqual([(await tenant.page.told()), (await tenant.changes()).length], [[], 1], "only the change at Stripe itself");
  });

  test("what changed at Stripe is not overwritten, though no webhook has told of it yet", async () => {
    const { client, control } = stack.stripe;
    const tenant = await enter("overtaken");
    const { token } = (await tenant.page.quote({ plan: shop.products.Pro.id, price: shop.prices["Pro/year"].id })).body;
    const lost = await tenant.page.quote({ plan: shop.products.Pro.id, quantity: 2 });
    await control("PUT", "/_sandbox/delivery", { mode: "hold" });
    const [item] = tenant.subscription.items.data;
    // The first sending fails before it takes effect; then somebody changes the plan at Stripe.
    await control("POST", "/_sandbox/faults", { method: "POST", path_prefix: `/v1/subscriptions/${tenant.subscription.id}`, status: 503, should_retry: false });
    const key = randomUUID();
    assert.equal((await tenant.page.upgrade(lost.body.token, { key })).status, 502);
    await client.subscriptions.update(tenant.subscription.id, { items: [{ id: item.id, price: shop.prices.Scale.id, quantity: 4 }] });
    for (const answer of [await tenant.page.upgrade(lost.body.token, { key }), await tenant.page.upgrade(token)]) {
      assert.deepEqual([answer.status, ["quote_stale", "not_an_upgrade"].includes(answer.body.code)], [409, true], JSON.stringify(answer.body));
    }
    const now = (await atStripe(tenant)).items.data.map(({ price, quantity }) => [price.id, quantity]);
    assert.deepEqual(now, [[shop.prices.Scale.id, 4]]);
    await control("POST", "/_sandbox/delivery/release");
    await control("PUT", "/_sandbox/delivery", {});
    assert.deepEqual(await tenant.page.told(), ["Requested", "Failed"]);
  });

  test("who paid at Checkout is not sent there again, though no webhook has come", async () => {
    const { client, control } = stack.stripe;
    const customer = await addCustomer(stack, "impatient");
    const page = buyer(stack, { tenant: "impatient", admin: await stack.token({ tenant: "impatient" }) });
    await control("POST", "/_sandbox/settle");
    const { answer } = await page.buy({ plan: shop.products.Pro.id });
    const other = await page.quote({ plan: shop.products.Scale.id });
    await control("PUT", "/_sandbox/delivery", { mode: "hold" });
    await control("POST", `/_sandbox/checkout/${new URL(answer.body.url).pathname.split("/").at(-1)}/complete`, {});
    const again = await page.upgrade(other.body.token);
    assert.deepEqual([again.status, again.body.code, again.body.quote.flow, again.body.quote.from.plan.name], [409, "quote_stale", "change", "Pro"]);
    assert.equal((await page.state(answer.body.upgrade)).body.status, "upgraded");
    const all = await client.subscriptions.list({ customer: customer.id });
    assert.equal(all.data.length, 1);
    await control("POST", "/_sandbox/delivery/release");
    await control("PUT", "/_sandbox/delivery", {});
    assert.deepEqual(await page.told(), ["Requested", "AwaitsCustomer", "d"]);
  });

  test("who comes back from Stripe's page before the webhook is told that it is done", async () => {
    const { control } = stack.stripe;
    const tenant = await enter("back_early", shop.prices.Pro, { card: "pm_card_authenticationRequired" });
    const { answer } = await tenant.page.buy(scale());
    await control("PUT", "/_sandbox/delivery", { mode: "hold" });
    await control("POST", `/_sandbox/portal/${new URL(answer.body.url).pathname.split("/").at(-1)}/confirm`, {});
    assert.equal((await tenant.page.state(answer.body.upgrade)).body.status, "upgraded");
    await control("POST", "/_sandbox/delivery/release");
    await control("PUT", "/_sandbox/delivery", {});
    assert.deepEqual(await tenant.page.told(), ["Requested", "AwaitsCustomer", "d"]);
  });

  test("a price that was replaced meanwhile is quoted anew, and fewer seats are no upgrade", async () => {
    const { client, control } = stack.stripe;
    const tenant = await enter("repriced", shop.prices.Pro, { quantity: 3 });
    const few = await tenant.page.quote({ plan: shop.products.Scale.id, quantity: 1 });
    assert.deepEqual([few.status, few.body.code], [409, "not_an_upgrade"]);
    const extra = await client.prices.create({ product: shop.products.Scale.id, currency: "usd", unit_amount: 1, recurring: { interval: "month" } });
    await control("POST", "/_sandbox/settle");
    const { body } = await tenant.page.quote({ plan: shop.products.Scale.id, price: extra.id });
    await client.prices.update(extra.id, { active: false });
    await control("POST", "/_sandbox/settle");
    const answer = await tenant.page.upgrade(body.token);
    assert.deepEqual([answer.status, answer.body.code, answer.body.quote?.price.id], [409, "quote_stale", shop.prices.Scale.id], JSON.stringify(answer.body));
  });

  test("a page of somebody else is no way back", async () => {
    const { page } = await enter("lured");
    const { token } = (await page.quote(scale())).body;
    for (const returnUrl of ["https://evil.example/", "javascript:alert(1)", "http://127.0.0.1.evil.example/", "/billing"]) {
      const answer = await page.upgrade(token, { returnUrl });
      assert.deepEqual([answer.status, answer.body.code], [422, "invalid_request"], returnUrl);
    }
  });

  test("prorations may wait for the next invoice, when the configuration says so", async () => {
    await stack.publish({ ...UPGRADE_CONFIG, upgrade: { proration: "create_prorations", payment_behavior: "pending_if_incomplete" } });
    const later = await enter("later");
    const { quote, answer } = await later.page.buy(scale());
    assert.deepEqual([quote.amount_due, quote.next_invoice.amount, answer.body.status, answer.body.invoice], [0, 16_900, "upgraded", null]);
    assert.deepEqual([quote.total, quote.balance_applied], [0, 0], "what waits for the next invoice adds up to nothing today");

    await stack.publish({ ...UPGRADE_CONFIG, upgrade: { payment_behavior: "pending_if_incomplete" } });
    const secure = await enter("pending", shop.prices.Pro, { card: "pm_card_authenticationRequired" });
    const waiting = await secure.page.buy(scale());
    assert.deepEqual([waiting.answer.body.status, waiting.answer.body.reason], ["requires_action", "authentication"]);
    assert.equal(await secure.page.plan(), "Pro", "pending is not upgraded");
    const { latest_invoice } = await atStripe(secure);
    await stack.stripe.control("POST", `/_sandbox/invoices/${latest_invoice.id}/pay`, {});
    await stack.stripe.control("POST", "/_sandbox/settle");
    assert.deepEqual([await secure.page.plan(), await secure.page.told()], ["Scale", ["Requested", "AwaitsCustomer", "d"]]);
    const silent = await enter("pending_silent", shop.prices.Pro, { card: "pm_card_authenticationRequired" });
    const path_prefix = `/v1/subscriptions/${silent.subscription.id}`;
    await stack.stripe.control("POST", "/_sandbox/faults", { method: "POST", path_prefix, play: "reset_after", times: 2 });
    const key = randomUUID();
    const found = await silent.page.buy(scale(), { key });
    const again = found.answer.status === 200 ? found.answer : await silent.page.upgrade(found.quote.token, { key });
    assert.deepEqual([again.status, again.body.status], [200, "requires_action"], "the page is handed out although the first answer was lost");
    await stack.publish(UPGRADE_CONFIG);
  });

  test("the report tells how long it took and how well it was reckoned", async () => {
    const { body } = await stack.api("GET", "/v1/reports/upgrades");
    assert.ok(body.upgraded >= 10 && body.failed.payment_failed >= 1, JSON.stringify(body));
    assert.deepEqual([body.proration.quote.max, body.proration.quote.exact], [0, body.proration.quote.compared], "no invoice differs from its quote");
    assert.ok(body.duration_ms.p95 >= body.gateway_ms.p50 && body.own_ms.count === body.duration_ms.count);
    const later = await stack.api("GET", `/v1/reports/upgrades?since=${Date.now() + 40 * DAY * 1000}`);
    assert.deepEqual([later.body.upgraded, later.body.duration_ms], [0, { count: 0, p50: null, p95: null }]);
    assert.equal((await call(`${stack.worker.url}/v1/reports/upgrades?since=yesterday`, { key: stack.secretKey })).status, 422);
  });
});
