// The upgrade, interrupted wherever it can be: whoever dies or falls silent, there is one change at Stripe at most, one story
// in the timeline, and it says what Stripe says.
//
// Every tenant of the matrix meets one fault. Its page then either asks again under the same Idempotency-Key or never comes
// back. What came of it is printed as a table.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { sharedStack } from "../support/shared-stack.mjs";
import { STRIPE_KEY } from "../support/stack.mjs";
import { UPGRADE_CONFIG, addCustomer, addTenant, buyer, changesAtStripe, openShop } from "../support/upgrading.mjs";

/** How long the Worker waits for Stripe here, so that silence does not take twenty seconds. */
const STRIPE_TIMEOUT = 2_000;
/** After this an upgrade that is not settled is taken for stuck: the object looks at it again by itself after ten seconds. */
const PATIENCE = 30_000;
/** Between one look and the next. */
const PAUSE = 25;

const POINTS = ["confirmed", "requested", "before_gateway", "after_gateway", "before_settled", "settled"];

/** What goes wrong at Stripe, by name; `at` where it is not before the effect. `ends`: how it ends where that is no upgrade. */
const GATEWAY = [
  ["before", "connection reset", { play: "reset_before" }],
  ["before", "connection reset, twice", { play: "reset_before", times: 2 }],
  ["after", "connection reset", { play: "reset_after" }],
  ["after", "connection reset, twice", { play: "reset_after", times: 2 }],
  ["before", "silence", { play: "timeout_before" }],
  ["before", "silence, twice", { play: "timeout_before", times: 2 }],
  ["after", "silence", { play: "timeout_after" }],
  ["after", "silence, twice", { play: "timeout_after", times: 2 }],
  ["after", "answer held back", { delay_ms: STRIPE_TIMEOUT / 4 }],
  ["before", "409 key in use", { play: "idempotency_key_in_use" }],
  ["before", "409 key in use, 4 times", { play: "idempotency_key_in_use", times: 4 }],
  ["before", "429 lock timeout", { play: "lock_timeout" }],
  ["before", "429 lock timeout, 4 times", { play: "lock_timeout", times: 4 }],
  ["before", "429 rate limit", { play: "rate_limit" }],
  ["before", "429 rate limit, 4 times", { play: "rate_limit", times: 4 }],
  ["before", "500 kept", { status: 500 }, "stripe_unavailable"],
  ["before", "500 kept, retry: yes", { status: 500, should_retry: true }, "stripe_unavailable"],
  ["before", "500 kept, retry: no", { status: 500, should_retry: false }, "stripe_unavailable"],
  ["before", "502", { status: 502 }],
  ["before", "502, 4 times", { status: 502, times: 4 }],
  ["before", "502, retry: yes", { status: 502, should_retry: true, times: 4 }],
  ["before", "502, retry: no", { status: 502, should_retry: false }],
  ["before", "503", { status: 503 }],
  ["before", "503, 4 times", { status: 503, times: 4 }],
  ["before", "503, retry: yes", { status: 503, should_retry: true, times: 4 }],
  ["before", "503, retry: no", { status: 503, should_retry: false }],
  ["before", "402 insufficient funds", { play: "insufficient_funds" }, "payment_failed"],
];

describe("an upgrade that is interrupted", () => {
  const stack = sharedStack({ dev: true, config: UPGRADE_CONFIG, stripeTimeout: STRIPE_TIMEOUT });
  let shop;
  const control = (method, route, body) => stack.stripe.control(method, `/_sandbox/${route}`, body);
  const fault = (details) => control("POST", "faults", { method: "POST", ...details });
  const arm = (at, kind) => stack.operator("POST", "/dev/fault", at ? { at: `upgrade.${at}`, kind } : {});

  before(async () => {
    shop = await openShop(stack);
  });

  // Whatever a test has set wrong, the next one finds all well.
  afterEach(async () => {
    await control("DELETE", "faults");
    await control("PUT", "delivery", {});
    await arm();
  });

  /** A tenant on Pro with a quote for another plan in hand. */
  async function shopper(name, { price = "Pro", wish = { plan: shop.products.Scale.id }, ...rest } = {}) {
    const tenant = await addTenant(stack, name, shop.prices[price], rest);
    const page = buyer(stack, tenant);
    const quote = await page.quote(wish);
    assert.equal(quote.status, 200, JSON.stringify(quote.body));
    return { ...tenant, page, token: quote.body.token, key: randomUUID() };
  }

  /** One confirmation; a connection that breaks is no answer. */
  const confirm = ({ page, token, key }) => page.upgrade(token, { key }).catch(() => ({ status: 0, body: {} }));
  /** Whether an answer says that it is not over. */
  const isOpen = ({ status, body }) => [0, 500].includes(status) || body.code === "upgrade_in_progress" || (status === 502 && body.upgrade);
  /** Asks again under the same key until there is a final answer. */
  async function insist(buying, deadline = Date.now() + PATIENCE) {
    for (;;) {
      const answer = await confirm(buying);
      if (!isOpen(answer) || Date.now() > deadline) return answer;
      await pause(PAUSE);
    }
  }

  /** What became of a tenant's only upgrade. */
  async function story({ tenant, subscription, page }) {
    const entries = (await page.timeline()).filter(({ type }) => type.startsWith("SubscriptionUpgrade"));
    const requested = entries.find(({ type }) => type.endsWith("Requested"));
    const state = requested ? (await page.state(requested.upgrade)).body : { status: "none" };
    const [mirror, real] = await Promise.all([
      stack.api("GET", `/v1/subscription?tenant=${tenant}`),
      stack.stripe.client.subscriptions.retrieve(subscription.id),
    ]);
    const held = ({ status, items }) => [status, ...items.map(({ id, price, quantity }) => [id, price.id ?? price, quantity].join())].join(" ");
    return {
      changes: (await changesAtStripe(stack, subscription)).length,
      state: state.code ?? state.status,
      told: entries.map(({ type }) => type.replace(/^Subscription(Upgrade(?!d))?/, "")).join(", "),
      by: entries.find(({ source }) => source)?.source ?? "",
      mirror: held(mirror.body.subscription),
      stripe: held({ ...real, items: real.items.data }),
    };
  }

  /** Polls until `holds` or the deadline has come. */
  async function eventually(holds, deadline = Date.now() + PATIENCE) {
    while (!(await holds())) {
      if (Date.now() > deadline) return false;
      await pause(PAUSE);
    }
    return true;
  }
  const isSettled = async (buying) => (await story(buying)).state !== "pending";

  const EXPECTED = {
    upgraded: { changes: 1, state: "upgraded", told: "Requested, Upgraded" },
    payment_failed: { changes: 0, state: "payment_failed", told: "Requested, Failed" },
    stripe_unavailable: { changes: 0, state: "stripe_unavailable", told: "Requested, Failed" },
    none: { changes: 0, state: "none", told: "" },
  };

  /** Compares what became of each with what should; prints the table and answers with what is wrong. */
  async function judge(cells) {
    const rows = [];
    const wrong = [];
    for (const cell of cells) {
      const { mirror, stripe, by, ...found } = await story(cell);
      const row = { step: cell.step, fault: cell.fault, client: cell.client, ...found, by };
      rows.push(row);
      try {
        assert.deepEqual(found, EXPECTED[cell.ends]);
        assert.equal(mirror, stripe);
      } catch {
        wrong.push({ ...row, ends: cell.ends, mirror, stripe });
      }
    }
    return { rows, wrong };
  }

  function print(rows) {
    const heads = { step: "step", fault: "fault", client: "the page", changes: "changes", state: "state", told: "audit", by: "recovered by" };
    const all = [heads, ...rows.map((row) => ({ ...row, told: row.told || "-", by: row.by || "-" }))];
    const widths = Object.keys(heads).map((column) => Math.max(...all.map((row) => String(row[column]).length)));
    for (const row of all) console.log(Object.keys(heads).map((column, i) => String(row[column]).padEnd(widths[i])).join("  ").trimEnd());
  }

  /** Every fault × both kinds of page, with webhooks as `mode` says. */
  async function matrix(t, mode) {
    const cells = [];
    const add = (step, name, ends, meet) => {
      for (const client of ["asks again", "is gone"]) {
        const [never, done] = [client === "is gone", step === "upgrade.confirmed"];
        cells.push({ step, fault: name, client, ends: never && done ? "none" : (ends ?? "upgraded"), meet, tenant: `${mode}-${cells.length}` });
      }
    };
    for (const after of [false, true]) {
      const held = after ? { delay_ms: PATIENCE } : { play: "timeout_before", delay_ms: PATIENCE };
      add(after ? "gateway, after" : "gateway, before", "kill -9", undefined, { kill: held });
    }
    for (const at of POINTS) for (const kind of ["panic", "error"]) add(`upgrade.${at}`, kind, undefined, { at, kind });
    for (const [when, name, details, ends] of GATEWAY) add(`gateway, ${when}`, name, ends, { gateway: details });

    // Quotes are had before anything goes wrong.
    for (let i = 0; i < cells.length; i += 8) {
      await Promise.all(cells.slice(i, i + 8).map(async (cell) => Object.assign(cell, await shopper(cell.tenant))));
    }
    await control("PUT", "delivery", { mode });
    const again = [];
    const goOn = (cell, answer) => {
      if (cell.client === "asks again" && isOpen(answer)) again.push(insist(cell));
    };

    // The Worker is killed while Stripe's answers are on their way.
    const killed = cells.filter(({ meet }) => meet.kill);
    const unanswered = [];
    for (const cell of killed) {
      await fault({ path_prefix: `/v1/subscriptions/${cell.subscription.id}`, ...cell.meet.kill });
      unanswered.push(confirm(cell));
    }
    assert.ok(await eventually(async () => (await control("GET", "faults")).body.faults.length === 0), "Stripe was never asked");
    const changed = killed.filter(({ meet }) => !meet.kill.play);
    for (const cell of changed) await eventually(async () => (await changesAtStripe(stack, cell.subscription)).length === 1);
    await stack.worker.stop("SIGKILL");
    await stack.worker.start();
    for (const [i, answer] of (await Promise.all(unanswered)).entries()) {
      assert.equal(answer.status, 0, "answered before the kill");
      goOn(killed[i], answer);
    }
    await Promise.all(again.splice(0)); // so that nobody else runs into the points that are armed now

    // Points of the code: one is armed at a time, for the next who passes.
    for (const cell of cells.filter(({ meet }) => meet.at).toSorted((a, b) => a.client.localeCompare(b.client))) {
      await arm(cell.meet.at, cell.meet.kind);
      const answer = await confirm(cell);
      await arm();
      assert.equal(answer.status, 500, `${cell.step} was not met: ${JSON.stringify(answer.body)}`);
      if (cell.client === "asks again") await insist(cell);
    }

    // Stripe's own faults, which are laid for one subscription each.
    const faulty = cells.filter(({ meet }) => meet.gateway);
    for (const cell of faulty) await fault({ path_prefix: `/v1/subscriptions/${cell.subscription.id}`, ...cell.meet.gateway });
    const met = await Promise.all(faulty.map(confirm));
    for (const [i, answer] of met.entries()) goOn(faulty[i], answer);
    assert.deepEqual((await control("GET", "faults")).body.faults, [], "faults that nobody met");
    await Promise.all(again.splice(0));

    const deadline = Date.now() + PATIENCE;
    for (const cell of cells) await eventually(() => isSettled(cell), deadline);

    const { rows, wrong } = await judge(cells);
    t.diagnostic(`webhooks: ${mode}`);
    print(rows);
    assert.deepEqual(wrong, []);
    for (const cell of cells.filter(({ ends }) => ends === "stripe_unavailable")) {
      const { status, body } = await confirm(cell);
      assert.deepEqual([status, body.code, body.upgrade], [502, "stripe_unavailable", undefined], "a final answer");
    }
    return cells;
  }

  test("no fault leads to a second change or a wrong story, while no webhook comes", { timeout: 240_000 }, async (t) => {
    const cells = await matrix(t, "hold");
    const reconciled = await stack.api("POST", "/v1/stripe/reconcile", {});
    assert.deepEqual([reconciled.status, reconciled.body.drifted, reconciled.body.failed], [200, [], []]);
    // What comes late changes nothing any more.
    await control("POST", "delivery/release");
    await control("PUT", "delivery", { mode: "deliver" });
    assert.deepEqual((await judge(cells)).wrong, []);
  });

  test("no fault leads to a second change or a wrong story, while webhooks come before the answers", { timeout: 240_000 }, async (t) => {
    await matrix(t, "deliver");
    const reconciled = await stack.api("POST", "/v1/stripe/reconcile", {});
    assert.deepEqual([reconciled.status, reconciled.body.drifted, reconciled.body.failed], [200, [], []]);
  });

  for (const clicks of [2, 20]) {
    test(`${clicks} clicks at once make one change: one key, many keys, two tabs`, async () => {
      for (const way of ["one key", "many keys", "two tabs"]) {
        const buying = await shopper(`clicks-${clicks}-${way.replace(" ", "-")}`);
        const other = (await buying.page.quote({ plan: shop.products.Scale.id })).body.token;
        const click = (_, i) => ({
          ...buying,
          key: way === "one key" ? buying.key : randomUUID(),
          token: way === "two tabs" && i % 2 ? other : buying.token,
        });
        const answers = await Promise.all(Array.from({ length: clicks }, click).map((each) => insist(each)));
        for (const { status, body } of answers) {
          // The second tab hears that the plan is there already.
          if (way === "two tabs" && status !== 200) assert.deepEqual([status, body.code], [409, "already_on_plan"]);
          else assert.deepEqual([status, body.status], [200, "upgraded"]);
        }
        assert.equal(new Set(answers.filter(({ status }) => status === 200).map(({ body }) => body.upgrade)).size, 1, way);
        const { mirror, stripe, by, ...found } = await story(buying);
        assert.deepEqual(found, EXPECTED.upgraded, way);
      }
    });
  }

  test("a webhook that comes before the answer tells of the change, and the answer does not tell of it again", async () => {
    const buying = await shopper("overtaken");
    await fault({ path_prefix: `/v1/subscriptions/${buying.subscription.id}`, delay_ms: STRIPE_TIMEOUT / 2 });
    const answer = await confirm(buying);
    assert.deepEqual([answer.status, answer.body.status], [200, "upgraded"]);
    const { mirror, stripe, by, ...found } = await story(buying);
    assert.deepEqual([found, by], [EXPECTED.upgraded, "webhook"]);
    assert.equal(mirror, stripe);
  });

  test("after a decline another key pays, and one change is made", async () => {
    const buying = await shopper("declined");
    await fault({ path_prefix: `/v1/subscriptions/${buying.subscription.id}`, play: "insufficient_funds" });
    for (let i = 0; i < 2; i++) assert.equal((await confirm(buying)).status, 402, "the same key, the same answer");
    assert.equal((await confirm({ ...buying, key: randomUUID() })).status, 200);
    assert.equal((await changesAtStripe(stack, buying.subscription)).length, 1);
    assert.deepEqual(await buying.page.told(), ["Requested", "Failed", "Requested", "d"]);
  });

  describe("whose answer is lost, and no webhook comes", () => {
    /** Has Stripe make the change and nobody hear of it. */
    async function losing(name, options) {
      const buying = await shopper(name, options);
      await control("PUT", "delivery", { mode: "drop" });
      await fault({ path_prefix: `/v1/subscriptions/${buying.subscription.id}`, play: "reset_after", times: 2 });
      const answer = await confirm(buying);
      assert.deepEqual([answer.status, answer.body.code], [502, "stripe_unavailable"]);
      assert.equal((await changesAtStripe(stack, buying.subscription)).length, 1);
      return buying;
    }
    async function check(buying) {
      await control("PUT", "delivery", { mode: "deliver" });
      const { mirror, stripe, by, ...found } = await story(buying);
      assert.deepEqual(found, EXPECTED.upgraded);
      assert.equal(mirror, stripe);
    }

    test("it is not told as failed when the next answer is a refusal: the key to Stripe has been revoked", async () => {
      const buying = await losing("revoked");
      const keyed = (api_key) => stack.operator("PATCH", `/v1/apps/${stack.app}`, { stripe: { api_key } });
      assert.equal((await keyed("not_a_key_of_stripes")).status, 200);
      const refused = await confirm(buying);
      assert.notEqual(refused.status, 200);
      assert.equal((await keyed(STRIPE_KEY)).status, 200);
      await insist(buying);
      await check(buying);
    });

    test("it is found when the interval changed too, whose amount is looked at again", async () => {
      const buying = await losing("interval", { wish: { plan: shop.products.Scale.id, price: shop.prices["Scale/year"].id } });
      const answer = await insist(buying);
      assert.deepEqual([answer.status, answer.body.status], [200, "upgraded"], JSON.stringify(answer.body));
      await check(buying);
    });

    test("it is found when the configuration charges otherwise meanwhile", async () => {
      const buying = await losing("republished");
      const published = await stack.publish({ ...UPGRADE_CONFIG, upgrade: { proration: "create_prorations" } });
      assert.equal(published.status, 200, JSON.stringify(published.body));
      const answer = await insist(buying);
      await stack.publish(UPGRADE_CONFIG);
      assert.deepEqual([answer.status, answer.body.status], [200, "upgraded"], JSON.stringify(answer.body));
      await check(buying);
    });

    test("what happened at Stripe since is not undone by the old answer", async () => {
      const buying = await losing("moved-on");
      const { data } = await stack.stripe.client.subscriptionItems.list({ subscription: buying.subscription.id });
      await stack.stripe.client.subscriptions.update(buying.subscription.id, { items: [{ id: data[0].id, quantity: 4 }] });
      await insist(buying);
      await control("PUT", "delivery", { mode: "deliver" });
      const { mirror, stripe } = await story(buying);
      assert.equal(mirror, stripe);
    });
  });

  describe("on its way to Checkout", () => {
    /** Somebody who pays nothing yet, and has never been heard of. */
    async function newcomer(name, plan = "Pro") {
      const customer = await addCustomer(stack, name);
      await control("POST", "settle");
      const page = buyer(stack, { tenant: name, admin: await stack.token({ tenant: name }) });
      const quote = await page.quote({ plan: shop.products[plan].id });
      assert.equal(quote.status, 200, JSON.stringify(quote.body));
      return { tenant: name, customer, page, token: quote.body.token, key: randomUUID() };
    }
    const open = async ({ customer }) => {
      const { data } = await stack.stripe.client.checkout.sessions.list({ customer: customer.id });
      return data.filter(({ status }) => status === "open");
    };

    for (const [at, kind] of POINTS.filter((at) => at !== "after_gateway").flatMap((at) => [[at, "panic"], [at, "error"]])) {
      test(`${kind} at upgrade.${at}: one page is open in the end`, async () => {
        const buying = await newcomer(`checkout-${at}-${kind}`);
        await arm(at, kind);
        assert.equal((await confirm(buying)).status, 500);
        await arm();
        const answer = await insist(buying);
        assert.deepEqual([answer.status, answer.body.reason], [200, "checkout"], JSON.stringify(answer.body));
        assert.equal((await open(buying)).length, 1);
        assert.deepEqual(await buying.page.told(), ["Requested", "AwaitsCustomer"]);
      });
    }

    test("who never comes back leaves nothing pending", async () => {
      const buying = await newcomer("checkout-gone");
      await arm("before_gateway", "panic");
      assert.equal((await confirm(buying)).status, 500);
      await arm();
      const [{ upgrade }] = await buying.page.timeline();
      assert.ok(await eventually(async () => (await buying.page.state(upgrade)).body.status !== "pending"), "still pending");
      assert.ok((await open(buying)).length <= 1);
    });

    test("a page that was left for another plan cannot be paid as well, whatever happens in between", async () => {
      const first = await newcomer("checkout-left");
      assert.equal((await insist(first)).status, 200);
      const quote = await first.page.quote({ plan: shop.products.Scale.id });
      const second = { ...first, token: quote.body.token, key: randomUUID() };
      await arm("requested", "error");
      assert.equal((await confirm(second)).status, 500);
      await arm();
      const answer = await insist(second);
      assert.deepEqual([answer.status, answer.body.reason], [200, "checkout"], JSON.stringify(answer.body));
      assert.deepEqual((await open(first)).map(({ url }) => url), [answer.body.url]);
    });

    test("the upgrade that was left is told as ended", async () => {
      const first = await newcomer("checkout-superseded");
      await insist(first);
      const quote = await first.page.quote({ plan: shop.products.Scale.id });
      await insist({ ...first, token: quote.body.token, key: randomUUID() });
      assert.deepEqual((await first.page.told()).toSorted(), ["AwaitsCustomer", "AwaitsCustomer", "Failed", "Requested", "Requested"]);
    });
  });
});
