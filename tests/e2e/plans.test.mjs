// The plan comparison as a page gets it: why the user came, what fits, what is highlighted, and what a change would cost.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { call } from "../support/stack.mjs";
import { UPGRADE_CONFIG, addTenant, buyer, openShop } from "../support/upgrading.mjs";

describe("GET /v1/plans", () => {
  const stack = sharedStack({ dev: true, config: UPGRADE_CONFIG, origins: ["https://app.example"] });
  let shop;
  const open = async () => {
    if (shop) return;
    shop = await openShop(stack);
    await stack.stripe.control("POST", "/_sandbox/settle");
  };
  /** A tenant on the price, with the events it has sent; `plans` is what its admin's page gets. */
  async function on(price, tenant, events = [], options = {}) {
    await open();
    const added = await addTenant(stack, tenant, shop.prices[price], options);
    if (events.length > 0) assert.equal((await stack.api("POST", "/v1/events", { tenant, user: "ada", events })).body.accepted, events.length);
    return { ...added, page: buyer(stack, added), plans: (query = "") => plans(added.admin, query) };
  }
  const plans = async (key, query = "") => {
    const { status, body } = await call(`${stack.worker.url}/v1/plans${query}`, { key });
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const calls = (value) => ({ type: "usage", meter: "api_calls", value });
  const seats = (set) => ({ type: "usage", meter: "seats", set });
  const refused = (feature) => ({ type: "track", name: "premium_feature_blocked", feature });
  const named = (body, name) => body.plans.find((plan) => plan.name === name);
  const highlighted = ({ rows }) => rows.filter(({ highlighted }) => highlighted).map(({ key }) => key);
  const best = (body) => body.plans.filter(({ best }) => best).map(({ name }) => name);
  const ALL_ROWS = ["api_calls", "audit_log", "seats", "sso"];
  /** What holds whatever the reason. */
  function isSound(body) {
    assert.deepEqual(body.rows.map(({ key }) => key).sort(), ALL_ROWS, "every row once");
    const marks = body.rows.map(({ highlighted }) => highlighted);
    assert.deepEqual(marks, marks.toSorted((a, b) => Number(b) - Number(a)), "highlighted rows first");
    for (const plan of body.plans) {
      if (plan.best) assert.deepEqual([plan.relation, plan.fits, plan.violations, body.fit.plan], ["upgrade", true, [], plan.id]);
      assert.deepEqual(plan.relation === "current", plan.id === body.current?.plan);
    }
    assert.equal(best(body).length, body.fit.outcome === "upgrade" ? 1 : 0);
    if (body.fit.plan) assert.notEqual(body.fit.plan, body.current?.plan, "never the present plan");
    assert.deepEqual(body.plans.map(({ rank }) => rank), body.plans.map(({ rank }) => rank).toSorted((a, b) => a - b));
  }

  test("says nothing to somebody whose plan is large enough", async () => {
    const { plans } = await on("Pro", "content", [calls(10), seats(2)]);
    const body = await plans();
    isSound(body);
    assert.deepEqual([body.reason, body.fit, highlighted(body), best(body)], [null, { outcome: "current" }, [], []]);
    assert.deepEqual([body.tenant, body.role, body.currency, body.upgrade], ["content", "admin", "usd", { available: true }]);
    assert.deepEqual(body.plans.map(({ name, relation }) => [name, relation]), [["Free", "lower"], ["Pro", "current"], ["Scale", "upgrade"]]);
    assert.ok(Math.abs(body.server_time - Date.now()) < 60_000);
  });

  test("a limit that is near is why, and the next plan is the best", async () => {
    const { plans } = await on("Free", "near", [calls(920)]);
    const body = await plans();
    isSound(body);
    const { kind, meter, label, unit, used, limit, percent, reached } = body.reason;
    assert.deepEqual([kind, meter, label, unit, used, limit, percent, reached], ["limit", "api_calls", "API calls", "calls", 920, 1_000, 92, false]);
    assert.deepEqual([highlighted(body), best(body)], [["api_calls"], ["Pro"]]);
    assert.deepEqual([body.fit.plan, body.fit.price], [shop.products.Pro.id, shop.prices["Pro/year"].id], "the cheapest by the year");
    const [bind] = body.fit.binds;
    assert.deepEqual([bind.kind, bind.key, bind.used, bind.limit], ["meter", "api_calls", 920, 1_000]);
    assert.ok(bind.projected > 1_000);
  });

  test("a limit that is reached comes before all else", async () => {
    const { plans } = await on("Free", "full", [calls(1_000), seats(2), refused("sso")]);
    const body = await plans();
    isSound(body);
    assert.deepEqual([body.reason.kind, body.reason.meter, body.reason.percent, body.reason.reached], ["limit", "api_calls", 100, true]);
    assert.deepEqual([best(body), highlighted(body).toSorted()], [["Scale"], ["api_calls", "sso"]], "and what was refused is needed as well");
  });

  test("a pace that leads beyond the limit is why", async () => {
    const { plans } = await on("Free", "fast", [calls(400)]);
    const body = await plans();
    isSound(body);
    const { kind, meter, used, projected, limit, percent } = body.reason;
    assert.deepEqual([kind, meter, used, limit, percent], ["pace", "api_calls", 400, 1_000, 40]);
    assert.ok(projected > 1_000, `${projected}`);
    assert.deepEqual([highlighted(body), best(body)], [["api_calls"], ["Pro"]]);
  });

  test("a feature that was refused lately is why", async () => {
    const { plans } = await on("Pro", "refused", [refused("sso")]);
    const body = await plans();
    isSound(body);
    assert.deepEqual([body.reason.kind, body.reason.feature, body.reason.label], ["feature", "sso", "Single sign-on"]);
    assert.deepEqual([highlighted(body), best(body), body.fit.binds.map(({ key }) => key)], [["sso"], ["Scale"], ["sso"]]);
    assert.deepEqual([named(body, "Pro").fits, named(body, "Scale").fits], [false, true]);
  });

  test("what the page says the user came for is why", async () => {
    const { plans } = await on("Pro", "came", [calls(10)]);
    const sso = await plans("?for=sso");
    isSound(sso);
    assert.deepEqual([sso.reason.kind, sso.reason.feature, highlighted(sso), best(sso)], ["feature", "sso", ["sso"], ["Scale"]]);
    const team = await plans("?for=seats");
    isSound(team);
    assert.deepEqual([team.reason.meter, team.reason.used, team.reason.limit, highlighted(team)], ["seats", 0, 10, ["seats"]]);
    const none = await plans("?for=something_else");
    isSound(none);
    assert.deepEqual([none.reason, highlighted(none)], [null, []]);
    assert.equal((await plans()).reason, null, "and it is not remembered");
  });

  test("when no plan fits, the page is to say so, and no plan is marked", async () => {
    const { plans } = await on("Pro", "wants-more", [refused("audit_log")]);
    const body = await plans();
    isSound(body);
    assert.deepEqual([body.fit.outcome, body.fit.binds.map(({ key }) => key), best(body)], ["contact_us", ["audit_log"], []]);
    assert.deepEqual(body.plans.map(({ fits }) => fits), [false, false, false]);
  });

  test("a plan too small for what is used is marked with what it is too small for", async () => {
    const { plans } = await on("Scale", "large", [calls(60_000), seats(5)]);
    const body = await plans();
    isSound(body);
    const small = (name) => named(body, name).violations.map(({ meter, used, limit }) => [meter, used, limit]);
    assert.deepEqual(small("Free"), [["api_calls", 60_000, 1_000], ["seats", 5, 3]]);
    assert.deepEqual(small("Pro"), [["api_calls", 60_000, 50_000]]);
    assert.deepEqual(small("Scale"), []);
    assert.equal(named(body, "Free").violations[0].label, "API calls");
    assert.deepEqual([named(body, "Scale").limits, named(body, "Pro").limits], [{ api_calls: null, seats: null }, { api_calls: 50_000, seats: 10 }]);
    assert.deepEqual(named(body, "Scale").features, { sso: true, audit_log: false });
    assert.deepEqual(body.fit, { outcome: "current" });
  });

  test("the estimate is the amount of the quote, line by line", async (t) => {
    t.after(() => stack.operator("POST", "/dev/clock", { offset: 0 }));
    const { page, subscription } = await on("Pro", "estimate", [], { quantity: 3 });
    const [{ current_period_start: start, current_period_end: end }] = subscription.items.data;
    const half = ((end - start) / 2) * 1_000;
    await stack.operator("POST", "/dev/clock", { offset: half });
    const admin = await stack.token({ tenant: "estimate", expires: `${Math.ceil(half / 3_600_000) + 1}h` });
    const later = buyer(stack, { tenant: "estimate", admin });
    const quoted = async () => {
      const { body } = await later.plans();
      const { body: quote } = await later.quote({ plan: shop.products.Scale.id, price: shop.prices.Scale.id });
      return { body, quote };
    };
    let { body, quote } = await quoted();
    // Both are reckoned to the second, so they are compared within one.
    while (Math.floor(body.server_time / 1_000) !== quote.proration_date) ({ body, quote } = await quoted());
    const { estimate } = named(body, "Scale").prices.find(({ interval }) => interval === "month");
    const line = (kind) => quote.lines.find((line) => line.kind === kind).amount;
    assert.deepEqual(estimate, { credit: line("credit"), charge: line("charge"), amount_due: quote.amount_due });
    assert.ok(estimate.amount_due > 10_000 && estimate.amount_due < 11_000, "about half of three times 70 dollars");
    assert.deepEqual(named(body, "Free").prices.map(({ estimate }) => estimate), [null], "no estimate of what is no upgrade");

    assert.equal((await later.upgrade(quote.token, { returnUrl: "https://app.example/billing" })).body.status, "upgraded");
    await stack.operator("POST", "/dev/clock", { offset: 0 });
    assert.equal((await page.plans()).body.current.name, "Scale");
  });

  test("tells payers from those who pay nothing", async () => {
    const { current: payer } = await (await on("Pro", "payer", [], { quantity: 4 })).plans();
    assert.deepEqual(
      [payer.name, payer.paying, payer.price, payer.interval, payer.interval_count, payer.unit_amount, payer.quantity, payer.status],
      ["Pro", true, shop.prices.Pro.id, "month", 1, 2_900, 4, "active"],
    );
    assert.ok(payer.renews_at > Date.now());
    assert.deepEqual([payer.trial_end, payer.cancels_at_period_end], [null, false]);
    const { current: free } = await (await on("Free", "free-rider")).plans();
    assert.deepEqual([free.name, free.paying, free.unit_amount, free.status], ["Free", false, 0, "active"]);
    const { current: none, currency } = await plans(await stack.token({ tenant: "without-subscription" }));
    assert.deepEqual([none.name, none.paying, none.price, none.status, none.renews_at, currency], ["Free", false, null, null, null, "usd"]);
    const { current: trial } = await (await on("Pro", "on-trial", [], { trial_period_days: 14 })).plans();
    assert.deepEqual([trial.status, trial.trial_end > Date.now()], ["trialing", true]);
  });

  test("offers the intervals there are, the present one first, and marks the present price", async () => {
    const yearly = await (await on("Pro/year", "yearly")).plans();
    assert.deepEqual([yearly.intervals, yearly.current.interval], [["year", "month"], "year"]);
    const monthly = await (await on("Pro", "monthly")).plans();
    assert.deepEqual(monthly.intervals, ["month", "year"]);
    const present = monthly.plans.flatMap(({ prices }) => prices).filter(({ current }) => current);
    assert.deepEqual(present.map(({ id }) => id), [shop.prices.Pro.id]);
  });

  test("offers prices in one currency: the one that is paid in, else the one most are in", async () => {
    await open();
    const euros = await stack.stripe.client.prices.create({ product: shop.products.Scale.id, currency: "eur", unit_amount: 8_900, recurring: { interval: "month" } });
    await stack.stripe.control("POST", "/_sandbox/settle");
    const body = await (await on("Pro", "dollars")).plans();
    assert.deepEqual([...new Set(body.plans.flatMap(({ prices }) => prices.map(({ currency }) => currency)))], ["usd"]);
    const fresh = await plans(await stack.token({ tenant: "anywhere" }));
    assert.deepEqual(new Set(named(fresh, "Scale").prices.map(({ currency }) => currency)), new Set(["usd"]));
    await stack.stripe.client.prices.update(euros.id, { active: false });
    await stack.stripe.control("POST", "/_sandbox/settle");
  });

  test("claims nothing of a plan that it does not know", async () => {
    await open();
    const { client } = stack.stripe;
    const legacy = await client.products.create({ name: "Legacy deal" });
    const price = await client.prices.create({ product: legacy.id, currency: "usd", unit_amount: 50_000, recurring: { interval: "month" } });
    const { admin } = await addTenant(stack, "legacy", price);
    const body = await plans(admin);
    isSound(body);
    assert.equal(body.current, null);
    assert.deepEqual(body.plans.flatMap(({ prices }) => prices.map(({ estimate }) => estimate)).filter(Boolean), [], "nobody can reckon what is credited");
  });

  test("sends nobody who pays for a plan that it does not know to the free one", async () => {
    await open();
    const { client } = stack.stripe;
    const legacy = await client.products.create({ name: "Old deal" });
    const price = await client.prices.create({ product: legacy.id, currency: "usd", unit_amount: 50_000, recurring: { interval: "month" } });
    const { admin } = await addTenant(stack, "old-deal", price);
    const body = await plans(admin);
    assert.ok(!best(body).includes("Free"), JSON.stringify(body.fit));
  });

  test("opens no second subscription beside one that it does not know", async () => {
    await open();
    const { client } = stack.stripe;
    const legacy = await client.products.create({ name: "Older deal" });
    const price = await client.prices.create({ product: legacy.id, currency: "usd", unit_amount: 50_000, recurring: { interval: "month" } });
    const tenant = await addTenant(stack, "older-deal", price);
    const quote = await buyer(stack, tenant).quote({ plan: shop.products.Pro.id });
    assert.deepEqual([quote.status, quote.body.code], [409, "subscription_unknown_plan"]);
  });

  test("says beforehand what the quote would refuse", async () => {
    for (const [tenant, code, prepare] of [
      ["late-payer", "subscription_past_due", ({ subscription }) => stack.stripe.control("POST", `/_sandbox/subscriptions/${subscription.id}`, { status: "past_due" })],
      ["scheduled", "subscription_scheduled", ({ subscription }) => stack.stripe.client.subscriptionSchedules.create({ from_subscription: subscription.id })],
    ]) {
      const added = await on("Pro", tenant);
      await prepare(added);
      await stack.stripe.control("POST", "/_sandbox/settle");
      const quote = await added.page.quote({ plan: shop.products.Scale.id });
      assert.deepEqual([quote.status, quote.body.code], [409, code]);
      const { available, code: told } = (await added.plans()).upgrade;
      assert.deepEqual([available, told], [false, code]);
    }
  });

  test("lets members look and ask, not buy", async () => {
    const { member, page } = await on("Free", "team", [calls(950)]);
    const body = await plans(member);
    isSound(body);
    assert.deepEqual([body.role, body.upgrade.available, body.upgrade.code], ["member", false, "forbidden_role"]);
    assert.deepEqual([body.reason.kind, best(body)], ["limit", ["Pro"]], "the reason is theirs as well");
    const { body: quote } = await page.quote({ plan: shop.products.Pro.id });
    for (const [route, asked] of [["/v1/upgrade/quotes", { plan: shop.products.Pro.id }], ["/v1/upgrades", { quote: quote.token }]]) {
      const answer = await call(stack.worker.url + route, { method: "POST", key: member, body: asked, headers: { "idempotency-key": "k1" } });
      assert.deepEqual([answer.status, answer.body.code], [403, "forbidden_role"], route);
    }
  });

  test("is one tenant's business", async () => {
    const { admin, tenant } = await on("Pro", "private", [calls(7)]);
    const ask = (key, query = "") => call(`${stack.worker.url}/v1/plans${query}`, { key });
    const back = await ask(stack.secretKey, `?tenant=${tenant}&for=sso`);
    assert.deepEqual([back.status, back.body.role, back.body.tenant, back.body.reason.feature], [200, null, tenant, "sso"]);
    assert.equal((await ask(admin, `?tenant=${tenant}`)).status, 200, "one's own may be named");
    for (const [what, answer, status, code] of [
      ["another tenant's admin", ask(await stack.token({ tenant: "curious" }), `?tenant=${tenant}`), 403, "forbidden_tenant"],
      ["a back end that names nobody", ask(stack.secretKey), 422, "invalid_request"],
      ["nobody", ask(undefined), 401, "missing_credential"],
      ["a forged token", ask(`${admin.slice(0, -4)}AAAA`), 401, "token_signature"],
    ]) {
      const { status: found, body } = await answer;
      assert.deepEqual([found, body.code], [status, code], what);
    }
  });

  test("is read by the app's own pages alone", async () => {
    const { admin } = await on("Pro", "pages");
    const from = (origin, method = "GET") => call(`${stack.worker.url}/v1/plans`, { method, key: method === "GET" ? admin : undefined, headers: { origin } });
    const own = await from("https://app.example");
    assert.deepEqual([own.status, own.headers.get("access-control-allow-origin"), own.body.current.name], [200, "https://app.example", "Pro"]);
    assert.match(own.headers.get("vary"), /origin/i);
    for (const origin of ["https://evil.example", "https://app.example.evil.example", "null"]) {
      const { status, headers, body } = await from(origin);
      assert.deepEqual([status, body.code, headers.get("access-control-allow-origin")], [403, "origin_not_allowed", null], origin);
    }
    const preflight = await from("https://app.example", "OPTIONS");
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get("access-control-allow-headers"), /authorization/);
    assert.match(preflight.headers.get("access-control-allow-headers"), /idempotency-key/);
  });
});
