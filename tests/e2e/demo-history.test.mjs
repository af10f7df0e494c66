// The demo's past, lived through by a few customers in a few days: what reports say of it is what happened at Stripe.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { before, describe, test } from "node:test";

import { eventually } from "../support/eventually.mjs";
import { DAY } from "../support/mailing.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { STRIPE_KEY, built, root } from "../support/stack.mjs";

const DAYS = 30;
const TENANTS = 40;

const seed = async (name) => JSON.parse(await readFile(path.join(root, "www/demo/seed", name), "utf8"));

describe("the demo's past", () => {
  const stack = sharedStack({ dev: true, config: null });
  let began;
  let config;

  /** Sets both clocks, `ms` off the machine's. */
  const setClocks = async (ms) => {
    await stack.stripe.control("PUT", "/_sandbox/clock", { offset: Math.floor(ms / 1000) });
    await stack.operator("POST", "/dev/clock", { offset: ms });
  };

  /** Lives through the past; what was said on the way. */
  const live = async (...options) => {
    const child = spawn(
      built.demo_backend,
      [
        "history",
        ...["--worker", stack.worker.url, "--app", stack.app, "--kid", stack.signingKey.kid, "--signing-secret", stack.signingKey.secret],
        ...["--secret-key", stack.secretKey, "--stripe", stack.stripe.url, "--stripe-key", STRIPE_KEY],
        ...options,
      ],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, RUST_BACKTRACE: "0" } },
    );
    let said = "";
    child.stderr.on("data", (chunk) => (said += chunk));
    const [code] = await once(child, "close");
    return { code, said };
  };
  const operated = () => ["--operator-key", stack.operatorKey];

  before(async () => {
    began = Date.now() - (DAYS + 1) * DAY;
    config = await seed("config.json");
    const early = await live(...operated());
    assert.equal(early.code, 1);
    assert.match(early.said, /no price `starter_monthly`: seed the demo's catalogue first/);
    await setClocks(began - Date.now());
    for (const { id, name, metadata, prices } of (await seed("catalogue.json")).products) {
      await stack.stripe.client.products.create({ id, name, metadata });
      for (const { interval, ...price } of prices) await stack.stripe.client.prices.create({ product: id, recurring: { interval }, ...price });
    }
    assert.equal((await stack.api("POST", "/v1/catalog/sync", {})).status, 200);
    assert.equal((await stack.publish(config)).status, 200);
    const { code, said } = await live(...operated(), "--days", String(DAYS), "--tenants", String(TENANTS));
    assert.equal(code, 0, said);
    assert.match(said, /day 30 of 30: \d+ customers, \d+ of them on a larger plan/);
  });

  const report = async (route) => {
    const answer = await stack.api("GET", `/v1/reports/${route}${route.includes("?") ? "&" : "?"}since=${began}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };

  test("counts as conversions what changed at Stripe, and nothing else", async () => {
    const { changes } = (await stack.stripe.control("GET", "/_sandbox/changes")).body;
    const larger = changes.filter(({ before, after }) => before.length > 0 && after[0].price !== before[0].price);
    assert.ok(larger.length > 0, "somebody has upgraded");
    await eventually(async () => assert.equal((await report("conversions?by=signal")).total.conversions, larger.length));
    const amounts = new Map((await stack.stripe.client.prices.list()).data.map(({ id, unit_amount }) => [id, unit_amount]));
    const gain = larger.reduce((sum, { before, after }) => sum + amounts.get(after[0].price) - amounts.get(before[0].price), 0);
    const { total, organic, prompted } = await report("conversions?by=signal");
    assert.equal(total.revenue, gain);
    assert.equal(organic.revenue + prompted.revenue, gain);
  });

  test("has every customer, and days between then and now", async () => {
    const { tenants } = (await stack.api("GET", "/v1/tenants?limit=500")).body;
    assert.equal(tenants.length, TENANTS);
    const { days, signals } = await report("trend");
    assert.ok(days.length > DAYS / 2 && days.every(({ day }) => Date.parse(day) >= began - DAY && Date.parse(day) <= Date.now()));
    const known = config.signals.map(({ id }) => id);
    assert.ok(signals.length > 0 && signals.every(({ signal }) => known.includes(signal)));
    const { steps } = await report("funnel");
    const by = Object.fromEntries(steps.map(({ step, tenants }) => [step, tenants]));
    assert.ok(by.eligible >= by.exposed && by.exposed > by.clicked && by.clicked > 0, "not everybody follows");
  });

  test("shows nobody of the control group anything", async () => {
    const { tenants } = (await stack.api("GET", "/v1/tenants?limit=500")).body;
    const held = [];
    for (const { tenant } of tenants) {
      const { campaigns } = (await stack.api("GET", `/v1/tenants/${tenant}`)).body;
      if (campaigns.length > 0 && campaigns.every(({ held_out }) => held_out)) held.push(tenant);
    }
    assert.ok(held.length > 0 && held.length < TENANTS / 2, `${held.length} of ${TENANTS} are held out`);
    for (const tenant of held) {
      const { activity } = (await stack.api("GET", `/v1/activity?tenant=${tenant}&kind=exposure`)).body;
      assert.deepEqual(activity, [], tenant);
    }
  });

  test("leaves the clocks as they were", async () => {
    const { now } = (await stack.operator("POST", "/dev/clock", { offset: 0 })).body;
    const { body } = await stack.stripe.control("GET", "/_sandbox/clock");
    assert.ok(Math.abs(now - Date.now()) < DAY && Math.abs(body.offset) <= 1);
    const { activity } = (await stack.api("GET", "/v1/activity?limit=1")).body;
    assert.ok(activity[0].at <= Date.now());
  });

  test("is refused by a Worker whose clock does not move, or with another key", async () => {
    const { code, said } = await live("--operator-key", "upc_op_wrong", "--days", "1", "--tenants", "1");
    assert.equal(code, 1);
    assert.match(said, /dev\/clock: 401/);
  });
});
