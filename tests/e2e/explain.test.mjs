// Explanations: the whole trace for back ends, their own for pages; the same gates in both, and nothing private in a page's.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { call } from "../support/stack.mjs";

const DAY = 86_400_000;
const nudge = { kind: "banner", title: "Running low" };
const GATES = ["rollout", "schedule", "audience", "texts", "converted", "dismissed", "snoozed", "holdout", "placement"];

const CONFIG = {
  meters: { api_calls: { kind: "counter", period: "month" } },
  features: { sso: {} },
  traits: { tenant: { churn_risk: { type: "double" } } },
  plans: { source: "inline", list: [{ id: "free", rank: 0, limits: { api_calls: 1000 } }] },
  signals: [{ id: "quota_watch", when: "usage.api_calls.ratio >= 0.8 && tenant.churn_risk < 0.37" }],
  campaigns: [
    { id: "limit", placement: "app.header", priority: 90, audience: "usage.api_calls.ratio >= 0.8 && plan.rank < 41", nudge },
    { id: "watched", placement: "app.header", priority: 80, audience: "signal.quota_watch.active", nudge },
    { id: "whales", placement: "app.header", priority: 70, audience: "tenant.churn_risk > 0.93", nudge },
    { id: "later", placement: "app.header", priority: 60, rollout: { percent: 0, tenants: ["somebody_else"] }, nudge },
    { id: "put_away", placement: "app.footer", cooldown_after_dismiss: "7d", nudge },
    { id: "often", placement: "app.footer", priority: -1, cap: [{ max: 1, window: "24h" }], nudge },
  ],
};
/** What only the rules know, and no page may learn: names, thresholds, shares. */
const PRIVATE = /quota_watch|churn_risk|plan\.rank|41|0\.37|0\.93|whales|later|somebody_else/;

describe("explanations", () => {
  const stack = sharedStack({ config: CONFIG });
  const send = async (tenant, events, user) => {
    const { status, body } = await stack.api("POST", "/v1/events", { tenant, ...(user && { user }), events });
    assert.deepEqual([status, body.rejected], [202, []], JSON.stringify(body));
  };
  /** A tenant that has used 740 of 1,000 calls. */
  const arrive = async (tenant) => {
    const known = { type: "identify", traits: { churn_risk: 0.1 } };
    await send(tenant, [known, { type: "usage", meter: "api_calls", value: 740 }]);
  };
  /** A placement as the back end sees it. */
  const whole = async (tenant, placement) => {
    const { status, body } = await stack.api("GET", `/v1/tenants/${tenant}/decisions?user=ada&placement=${placement}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.decisions[0];
  };
  /** The same as the user's own page hears it. */
  const own = async (tenant, query = "") => {
    const answer = await call(`${stack.worker.url}/v1/decisions${query}`, { key: await stack.token({ tenant }) });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };

  test("tell the back end every gate, and what would change it", async () => {
    await arrive("acme");
    const { campaign, reason, trace } = await whole("acme", "app.header");
    assert.deepEqual([campaign, reason], [null, "audience_false"]);
    const told = Object.fromEntries(trace.map((row) => [row.campaign, [row.reason, row.would_show_if]]));
    const rolledOut = told.later[1];
    assert.deepEqual(told, {
      limit: ["audience_false", "usage.api_calls.ratio >= 0.8; now 0.74"],
      watched: ["audience_false", "signal.quota_watch.active (usage.api_calls.ratio >= 0.8; now 0.74)"],
      whales: ["audience_false", "tenant.churn_risk > 0.93; now 0.1"],
      later: ["not_rolled_out", rolledOut],
    });
    assert.match(rolledOut, /^rollout\.percent >= \d+; now 0$/);
    assert.deepEqual(trace.map((row) => row.campaign), ["limit", "watched", "whales", "later"], "highest priority first");
    const { gates } = trace[0];
    assert.deepEqual(gates.map(({ gate }) => gate), GATES);
    assert.deepEqual(gates.map(({ verdict }) => verdict), ["pass", "pass", "stop", ...Array(6).fill("not_reached")]);
    assert.deepEqual(gates[2], {
      gate: "audience",
      verdict: "stop",
      inputs: [
        { name: "usage.api_calls.ratio", value: "0.74" },
        { name: "plan.rank", value: "0" },
      ],
      threshold: "usage.api_calls.ratio >= 0.8 && plan.rank < 41",
      would: "usage.api_calls.ratio >= 0.8; now 0.74",
    });
  });

  test("tell a page the same of what it knows, and nothing of what it does not", async () => {
    await arrive("page");
    const [mine, theirs] = [(await own("page", "?placement=app.header")).decisions[0], await whole("page", "app.header")];
    assert.deepEqual([mine.campaign, mine.reason, mine.settled], [theirs.campaign, theirs.reason, 2]);
    assert.deepEqual(mine.trace.map((row) => row.campaign), ["limit", "watched"]);
    for (const row of mine.trace) {
      const same = theirs.trace.find(({ campaign }) => campaign === row.campaign);
      const verdicts = ({ gates }) => gates.map(({ gate, verdict }) => [gate, verdict]);
      assert.deepEqual([row.reason, verdicts(row)], [same.reason, verdicts(same)], row.campaign);
    }
    assert.equal(mine.trace[0].would_show_if, theirs.trace[0].would_show_if);
    assert.equal(mine.trace[0].gates[2].threshold, "usage.api_calls.ratio >= 0.8", "what is left of it");
    assert.equal(mine.trace[1].would_show_if, "signal.1.active (usage.api_calls.ratio >= 0.8; now 0.74)");

    const everything = await own("page");
    assert.deepEqual(everything.decisions.map(({ placement }) => placement), ["app.header", "app.footer"]);
    assert.doesNotMatch(JSON.stringify(everything.decisions), PRIVATE);
  });

  test("what time mends says when, and then it is so", async () => {
    const at = Math.floor(Date.now() / 1000) * 1000;
    const after = (ms) => `after ${new Date(at + ms).toISOString().replace(".000Z", "Z")}`;
    await send("timed", [{ type: "dismiss", campaign: "put_away", at }], "ada");
    const before = await whole("timed", "app.footer");
    assert.deepEqual([before.campaign, before.trace[0].would_show_if], ["often", after(7 * DAY)]);
    await send("timed", [{ type: "exposure", campaign: "often", at }], "ada");
    for (const { campaign, trace } of [await whole("timed", "app.footer"), (await own("timed", "?placement=app.footer")).decisions[0]]) {
      assert.equal(campaign, null);
      assert.deepEqual(trace.map((row) => [row.reason, row.would_show_if]), [
        ["dismissed", after(7 * DAY)],
        ["capped", after(DAY)],
      ]);
      const cap = trace[1].gates.find(({ gate }) => gate === "cap");
      assert.deepEqual([cap.inputs, cap.threshold], [[{ name: "shown", value: "1" }], "shown less than once in 24h to this user"]);
    }
  });

  test("once what was wanted has come about, it shows", async () => {
    await arrive("grown");
    await send("grown", [{ type: "usage", meter: "api_calls", value: 60 }]);
    for (const { campaign, title, trace } of [await whole("grown", "app.header"), (await own("grown")).decisions[0]]) {
      assert.deepEqual([campaign, title, trace[0].would_show_if], ["limit", "Running low", null]);
      assert.equal(trace[1].reason, "outranked");
      assert.equal(trace[1].would_show_if, "no campaign before it is shown; now limit");
      assert.ok(trace[0].gates.every(({ verdict }) => verdict === "pass"));
    }
  });

  test("of a page are for users, from the app's own origins", async () => {
    const url = `${stack.worker.url}/v1/decisions`;
    const refusal = async (options) => (await call(url, options)).body.code;
    assert.equal((await call(`${url}?tenant=acme`, { key: stack.secretKey })).body.code, "forbidden_credential");
    assert.equal(await refusal({ key: await stack.token(), headers: { origin: "https://elsewhere.example" } }), "origin_not_allowed");
    const page = await call(url, { key: await stack.token(), headers: { origin: "http://127.0.0.1:4000" } });
    assert.equal(page.headers.get("access-control-allow-origin"), "http://127.0.0.1:4000");
    assert.equal((await call(url, { method: "POST", key: await stack.token(), body: {} })).status, 405);
  });

  test("a placement that nothing uses has no trace", async () => {
    const nothing = { placement: "nowhere", campaign: null, title: null, reason: "no_campaign", trace: [] };
    assert.deepEqual(await whole("acme", "nowhere"), nothing);
    assert.deepEqual((await own("acme", "?placement=nowhere")).decisions, [{ ...nothing, settled: 0 }]);
  });
});
