// From what pages tell and what is paid to what reports say: funnel, conversions by what they are credited to, trend, activity.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { PROMPT_CONFIG, prompting } from "../support/prompting.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { changePlan } from "../support/stack.mjs";
import { addTenant, buyer, openShop } from "../support/upgrading.mjs";

const GAIN = 9900 - 2900;

describe("reports", () => {
  const stack = sharedStack({ config: PROMPT_CONFIG });
  let shop;
  let prompts;
  /** When what the tests do began: what they have in common. */
  let began;
  before(async () => {
    shop = await openShop(stack);
    prompts = prompting(stack);
    began = Date.now() - 1;
  });

  /** A tenant of Pro with one signal, and its admin's page. */
  async function shopper(tenant) {
    const found = await addTenant(stack, tenant, shop.prices.Pro);
    await prompts.use(tenant, 45_000);
    return { ...found, page: buyer(stack, found) };
  }
  const conversions = (query, holds) => prompts.report(`conversions?since=${began}&${query}`, holds);
  const of = (report, key, value) => report.rows.find((row) => row[key] === value);

  test("an upgrade after a nudge is credited to it, whatever it is grouped by", async () => {
    const { page, tenant } = await shopper("acme");
    await prompts.prompt(tenant, "quota", ["render", "exposure", "click"]);
    const { answer } = await page.buy({ plan: shop.products.Scale.id });
    assert.equal(answer.body.status, "upgraded", JSON.stringify(answer.body));

    const report = await conversions("by=campaign", ({ total }) => total.conversions === 1);
    assert.deepEqual([report.prompted.conversions, report.organic.conversions, report.currency], [1, 0, "usd"]);
    assert.deepEqual(report.total, { conversions: 1, revenue: GAIN, tenants: 1 });
    assert.equal(report.time_to_upgrade_ms.count, 1);
    const variant = (await prompts.get(`/v1/tenants/${tenant}`)).campaigns[0].variant;
    const now = new Date();
    const expected = {
      signal: ["quota_80"],
      channel: ["in_app"],
      timing: ["under_1m", "under_1h"],
      hour: [-1, 0].map((ago) => String((now.getUTCHours() + ago + 24) % 24).padStart(2, "0")),
      weekday: [-1, 0].map((ago) => ["sun", "mon", "tue", "wed", "thu", "fri", "sat"][(now.getUTCDay() + ago + 7) % 7]),
      campaign: ["quota"],
      variant: [variant],
      placement: ["app.header"],
      plan: [shop.products.Scale.id],
      day: [now.toISOString().slice(0, 10), new Date(now - 3_600_000).toISOString().slice(0, 10)],
    };
    for (const [by, keys] of Object.entries(expected)) {
      const { rows } = await conversions(`by=${by}`, () => true);
      assert.equal(rows.length, 1, `${by}: what was seen and what is credited are one group: ${JSON.stringify(rows)}`);
      const [{ [by]: key, ...row }] = rows;
      assert.ok(keys.includes(key), `${by}: ${key}, not of ${keys}`);
      const seen = by === "plan" ? { touches: null, touched_tenants: null } : { touches: 1, touched_tenants: 1 };
      assert.deepEqual(row, { conversions: 1, revenue: GAIN, tenants: 1, ...seen }, by);
    }
    const both = await conversions("by=signal,channel", () => true);
    assert.deepEqual(both.rows.map(({ signal, channel }) => [signal, channel]), [["quota_80", "in_app"]]);
  });

  test("each number opens to what it is made of", async () => {
    const query = `since=${began}&by=signal&signal=quota_80`;
    const { conversions: found, next_cursor } = await prompts.get(`/v1/reports/conversions/tenants?${query}`);
    assert.deepEqual([found.length, next_cursor], [1, null]);
    const [{ tenant, from, to, before, after, upgrade, touches }] = found;
    assert.deepEqual([tenant, from, to, before, after], ["acme", shop.products.Pro.id, shop.products.Scale.id, 2900, 9900]);
    assert.match(upgrade, /^upg_/);
    assert.deepEqual(touches.map(({ campaign, share, revenue }) => [campaign, share, revenue]), [["quota", 1, GAIN]]);
    const none = await prompts.get(`/v1/reports/conversions/tenants?since=${began}&signal=another`);
    assert.deepEqual(none.conversions, []);
    for (const [step, tenants] of [["exposed", ["acme"]], ["clicked", ["acme"]], ["quoted", ["acme"]], ["upgraded", ["acme"]], ["dismissed", []]]) {
      const listed = await prompts.get(`/v1/reports/funnel/tenants?since=${began}&step=${step}`);
      assert.deepEqual(listed.tenants.map((one) => one.tenant), tenants, step);
    }
  });

  test("the funnel narrows step by step", async () => {
    await shopper("looker");
    await prompts.prompt("looker", "quota", ["render", "exposure", "dismiss"]);
    await prompts.prompt("looker", "welcome", ["render"]);
    const report = await prompts.report(`funnel?since=${began}`, ({ campaigns }) => campaigns.length === 2);
    assert.deepEqual(report.steps.map(({ step, tenants }) => [step, tenants]), [["eligible", 2], ["exposed", 2], ["clicked", 1], ["quoted", 1], ["upgraded", 1]]);
    assert.equal(report.steps.at(-1).revenue, GAIN);
    const [quota, welcome] = report.campaigns;
    assert.deepEqual([quota.campaign, quota.exposed, quota.exposures, quota.dismissed, quota.clicked, quota.upgraded], ["quota", 2, 2, 1, 1, 1]);
    assert.deepEqual([welcome.campaign, welcome.eligible, welcome.exposed, welcome.upgraded], ["welcome", 1, 0, 0]);
    const one = await prompts.get(`/v1/reports/funnel?since=${began}&campaign=welcome`);
    assert.deepEqual(one.steps.map(({ tenants }) => tenants), [1, 0, 0, 0, 0]);
  });

  test("what Stripe alone tells of counts: organic without a prompt, credited after one", async () => {
    const [quiet, prompted] = [await shopper("quiet"), await shopper("prompted")];
    await prompts.prompt("prompted", "welcome", ["exposure"]);
    for (const { subscription } of [quiet, prompted]) await changePlan(stack.stripe, subscription, shop.prices.Scale);
    const report = await conversions("by=campaign", ({ total }) => total.conversions === 3);
    assert.deepEqual([report.prompted.conversions, report.organic], [2, { conversions: 1, revenue: GAIN, tenants: 1 }]);
    assert.deepEqual([of(report, "campaign", "welcome").conversions, of(report, "campaign", "quota").conversions], [1, 1]);
    const { conversions: organic } = await prompts.get(`/v1/reports/conversions/tenants?since=${began}&organic=true`);
    assert.deepEqual(organic.map(({ tenant, upgrade, touches }) => [tenant, upgrade, touches]), [["quiet", null, []]]);
  });

  test("another model, window or goal is another look at the same history", async () => {
    const { subscription } = await shopper("often");
    await prompts.prompt("often", "quota", ["exposure"]);
    await prompts.prompt("often", "welcome", ["exposure"]);
    await changePlan(stack.stripe, subscription, shop.prices.Scale);
    const all = (query) => conversions(`by=campaign&${query}`, ({ total }) => total.conversions === 4);
    const counts = (report) => ["quota", "welcome"].map((campaign) => of(report, "campaign", campaign).conversions);
    assert.deepEqual(counts(await all("model=last_touch")), [1, 2]);
    assert.deepEqual(counts(await all("model=first_touch")), [2, 1]);
    assert.deepEqual(counts(await all("model=linear")), [1.5, 1.5]);
    const { rows, prompted } = await all("model=linear");
    assert.equal(rows.reduce((sum, { revenue }) => sum + revenue, 0), prompted.revenue, "what groups earn adds up");
    assert.deepEqual((await conversions("window=1s&by=campaign", () => true)).model, "last_touch");
    const goal = (plan) => conversions(`goal=${shop.products[plan].id}`, () => true);
    assert.deepEqual([(await goal("Scale")).total.conversions, (await goal("Pro")).total.conversions], [4, 0]);

    const published = await stack.publish({ ...PROMPT_CONFIG, attribution: { model: "linear", window: "1d", goal: shop.products.Scale.id } });
    assert.equal(published.status, 200, JSON.stringify(published.body));
    const configured = await conversions("by=campaign", ({ model }) => model === "linear");
    assert.deepEqual([counts(configured), configured.window_ms, configured.goal], [[1.5, 1.5], 86_400_000, shop.products.Scale.id]);
  });

  test("the trend and the activity tell the same", async () => {
    const { days, signals } = await prompts.get(`/v1/reports/trend?since=${began}`);
    const sum = (key) => days.reduce((total, day) => total + day[key], 0);
    assert.deepEqual([sum("conversions"), sum("prompted"), sum("revenue"), sum("prompted_revenue")], [4, 3, 4 * GAIN, 3 * GAIN]);
    const { activity } = await prompts.get("/v1/activity?limit=500");
    const count = (kind) => activity.filter((entry) => entry.kind === kind).length;
    assert.deepEqual([count("conversion"), count("exposure"), count("signal_detected")], [4, sum("exposures"), sum("signals")]);
    const detected = activity.filter(({ kind }) => kind === "signal_detected");
    const tenants = new Set(detected.map(({ tenant }) => tenant)).size;
    assert.deepEqual(signals, [{ signal: "quota_80", detections: detected.length, tenants }]);
    assert.ok(activity.every(({ at }, i) => i === 0 || at <= activity[i - 1].at), "newest first");
    const acme = await prompts.get("/v1/activity?tenant=acme&limit=500");
    const kinds = acme.activity.map(({ kind }) => kind);
    for (const kind of ["signal_detected", "click", "quoted", "upgrade_requested", "upgraded", "conversion"]) assert.ok(kinds.includes(kind), kind);
    const paged = [];
    for (let cursor = ""; cursor !== null; ) {
      const page = await prompts.get(`/v1/activity?limit=3${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      paged.push(...page.activity);
      cursor = page.next_cursor;
    }
    assert.deepEqual(paged, activity);
  });

  test("tables for spreadsheets hold the same numbers", async () => {
    for (const [route, header] of [
      ["funnel", "campaign,channel,eligible,"],
      ["conversions?by=signal,plan", "signal,plan,conversions,revenue,"],
      ["trend", "day,signals,exposures,"],
    ]) {
      const answer = await stack.api("GET", `/v1/reports/${route}`, undefined, { headers: { accept: "text/csv" } });
      assert.match(answer.headers.get("content-type"), /^text\/csv/);
      assert.ok(answer.body.startsWith(header), answer.body);
    }
    const table = await stack.api("GET", `/v1/reports/conversions?by=campaign&since=${began}&format=csv`);
    assert.ok(table.body.includes(`\r\nquota,1.5,`), table.body);
  });

  test("a tenant that upgrades twice is one tenant, also where it was prompted before the time asked for", async () => {
    assert.equal((await stack.publish(PROMPT_CONFIG)).status, 200);
    const { subscription } = await addTenant(stack, "climber", shop.prices.Free);
    await prompts.prompt("climber", "welcome", ["exposure"]);
    await prompts.report(`funnel?since=${began}&campaign=welcome`, ({ steps }) => steps[1].tenants === 3);
    const since = Date.now();
    await changePlan(stack.stripe, subscription, shop.prices.Pro);
    await conversions("", ({ total }) => total.conversions === 5);
    await changePlan(stack.stripe, subscription, shop.prices.Scale);
    const { campaigns, steps } = await prompts.report(`funnel?since=${since}`, ({ steps }) => steps[4].events === 2);
    assert.deepEqual([steps[4].tenants, steps[4].revenue], [1, 9900]);
    assert.deepEqual(campaigns.map(({ campaign, exposed, upgraded, revenue }) => [campaign, exposed, upgraded, revenue]), [["welcome", 0, 1, 9900]]);
    const { tenants } = await prompts.get(`/v1/reports/funnel/tenants?since=${since}&step=upgraded`);
    assert.deepEqual(tenants.map(({ tenant, events }) => [tenant, events]), [["climber", 2]]);
  });

  test("what was followed at once is credited, though nobody waited until it counted as seen", async () => {
    const since = Date.now();
    const { subscription } = await addTenant(stack, "quick", shop.prices.Pro);
    await prompts.prompt("quick", "welcome", ["render", "click"]);
    await changePlan(stack.stripe, subscription, shop.prices.Scale);
    const report = await prompts.report(`conversions?since=${since}`, ({ total }) => total.conversions === 1);
    assert.deepEqual(report.rows.map(({ campaign, conversions }) => [campaign, conversions]), [["welcome", 1]]);
  });

  test("what cannot be asked is refused, with the place and the remedy", async () => {
    for (const [route, words] of [
      ["conversions?by=colour", /`by` must be .*signal, channel/],
      ["conversions?by=signal,signal", /different/],
      ["conversions?model=best", /last_touch, first_touch/],
      ["conversions?window=91d", /at most 90d/],
      ["conversions?since=yesterday", /`since` must be milliseconds/],
      ["conversions?since=5&until=5", /before `until`/],
      ["conversions?format=xml", /json or csv/],
      ["conversions/tenants?cursor=x", /next_cursor/],
      ["conversions?campaign=quota", /`campaign` does not narrow this report/],
      ["trend?channel=email", /`channel` does not narrow this report/],
      ["funnel?channel=fax", /in_app or email/],
      ["funnel/tenants?step=won", /eligible, exposed/],
      ["lift?campaign=nobody", /no campaign or sequence `nobody`/],
    ]) {
      const { status, body } = await stack.api("GET", `/v1/reports/${route}`);
      assert.equal(status, route.startsWith("lift") ? 404 : 422, route);
      assert.match(body.detail, words, route);
    }
    const stranger = await stack.api("GET", "/v1/reports/funnel", undefined, { key: await stack.token() });
    assert.equal(stranger.status, 403);
  });
});
