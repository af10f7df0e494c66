// What other rules would have made of what came in.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, looks } from "../support/eventually.mjs";
import { ownStack } from "../support/own-stack.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { call } from "../support/stack.mjs";

/** Longer than anything stays on display, and shorter than a token lasts. */
const LATER = 31 * 60_000;

const config = (ratio, more = {}) => ({
  meters: { api_calls: { kind: "counter", period: "billing" } },
  plans: { source: "inline", default: "small", list: [{ id: "small", rank: 0, limits: { api_calls: 100 } }, { id: "large", rank: 1 }] },
  signals: [{ id: "near", when: `usage.api_calls.ratio >= ${ratio}`, weight: 60 }],
  segments: { ready: { enter: "score >= 60", exit: "score < 40" } },
  campaigns: [
    {
      id: "quota", placement: "app.header", audience: "signal.near.active", nudge: { title: "Nearly there" },
      cap: [{ max: 1, window: "1d", scope: "user" }], ...more,
    },
  ],
});

const calls = (value) => ({ type: "usage", meter: "api_calls", value });
const NOTHING = {
  campaign: "quota", would_fire: 0, would_be_capped: 0, would_be_held_out: 0, would_be_dismissed: 0, would_be_quiet: 0,
  would_be_converted: 0, would_be_excluded: 0, did_fire: 0, tenants_would: 0, tenants_did: 0,
};

/** What tests do with a stack. */
function on(stack) {
  const page = async (tenant, ...events) => {
    const key = await stack.token({ tenant });
    const answer = await call(`${stack.worker.url}/v1/events`, { method: "POST", key, body: { events } });
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
  };
  const start = (body) => stack.api("POST", "/v1/config/backtest", body);
  const result = async (id) => {
    for await (const _ of looks()) {
      const { status, body } = await stack.api("GET", `/v1/config/backtests/${id}`);
      assert.equal(status, 200, JSON.stringify(body));
      assert.ok(body.done <= body.tenants);
      if (body.status !== "running") return body;
    }
  };
  const run = async (body) => {
    const started = await start(body);
    assert.deepEqual([started.status, started.body.status], [202, "running"], JSON.stringify(started.body));
    return result(started.body.id);
  };
  const listed = (count) => eventually(async () => assert.equal((await stack.api("GET", "/v1/tenants?limit=500")).body.tenants.length, count));
  const moveClock = (offset) => call(`${stack.worker.url}/dev/clock`, { method: "POST", key: stack.operatorKey, body: { offset } });
  return { page, start, result, run, listed, moveClock };
}

describe("a back-test", () => {
  const stack = sharedStack({ dev: true, config: config(0.8) });

  test("says what a candidate would have shown, held back and detected, beside what was", async () => {
    const { page, run, listed, moveClock } = on(stack);
    await page("half", calls(60));
    await page("most", calls(90));
    await page("most", { type: "exposure", campaign: "quota" });
    await moveClock(LATER);
    await page("half", calls(1));
    await page("most", calls(1));
    await page("quiet", calls(1));
    await listed(3);
    const found = await run({ config: config(0.5) });
    assert.deepEqual([found.status, found.tenants, found.done, found.failed, found.failure], ["done", 3, 3, 0, null]);
    assert.deepEqual([found.events, found.opportunities], [6, 6]);
    // Both are half through their quota at once; half an hour later the cap of one a day holds it back.
    assert.deepEqual(found.campaigns, [{ ...NOTHING, would_fire: 2, would_be_capped: 2, did_fire: 1, tenants_would: 2, tenants_did: 1 }]);
    assert.deepEqual(found.signals, [{ signal: "near", would: 2, did: 1 }]);
    assert.deepEqual(found.segments, [{ segment: "ready", entered: { would: 2, did: 1 }, left: { would: 0, did: 0 } }]);
    const held = await run({ config: config(0.5, { holdout: 1 }) });
    // The control group is counted as often as the others would be shown it: once a day.
    assert.deepEqual([held.campaigns[0].would_fire, held.campaigns[0].would_be_held_out], [0, 2]);
    await moveClock(0);
  });

  test("of what is in force finds what was detected", async () => {
    const found = await on(stack).run({ version: 1 });
    assert.deepEqual(found.signals, [{ signal: "near", would: 1, did: 1 }]);
  });

  test("may be of some tenants and some time", async () => {
    const { run } = on(stack);
    const one = await run({ version: 1, tenants: ["most", "most"] });
    assert.deepEqual([one.tenants, one.campaigns[0].did_fire, one.campaigns[0].tenants_would], [1, 1, 1]);
    const early = await run({ version: 1, until: 1 });
    assert.deepEqual([early.events, early.campaigns], [0, [NOTHING]]);
    const late = await run({ version: 1, until: Date.now() + 365 * 86_400_000 });
    assert.deepEqual([late.status, late.tenants, late.failed], ["done", 3, 0]);
  });

  test("refuses what it cannot run", async () => {
    const { start } = on(stack);
    const bad = config(0.5);
    bad.campaigns[0].audience = "signal.nera.active";
    const refused = await start({ config: bad });
    assert.deepEqual([refused.status, refused.body.code], [422, "invalid_config"]);
    const validated = await stack.api("POST", "/v1/config/validate", bad);
    assert.deepEqual(refused.body.problems, validated.body.problems);
    assert.match(refused.body.detail, /nothing was run/);
    for (const [body, expected] of [
      [{}, [422, "invalid_request"]],
      [{ version: 1, config: {} }, [422, "invalid_request"]],
      [{ version: 99 }, [404, "not_found"]],
      [{ version: 1, from: "yesterday" }, [422, "invalid_request"]],
      [{ version: 1, from: 2, until: 2 }, [422, "invalid_request"]],
      [{ version: 1, from: Date.now() + 365 * 86_400_000 }, [422, "invalid_request"]],
    ]) {
      const answer = await start(body);
      assert.deepEqual([answer.status, answer.body.code], expected, JSON.stringify(answer.body));
    }
    const unknown = await stack.api("GET", "/v1/config/backtests/bt_unknown");
    assert.deepEqual([unknown.status, unknown.body.code], [404, "not_found"]);
    const page = await call(`${stack.worker.url}/v1/config/backtest`, { method: "POST", key: await stack.token(), body: { version: 1 } });
    assert.equal(page.status, 403);
  });

  test("names the first tenant that nothing has come in for, and does not make it known by that", async () => {
    const { start, run } = on(stack);
    const known = async () => (await stack.api("GET", "/v1/tenants?limit=500")).body.tenants.map(({ tenant }) => tenant);
    const before = await known();
    const refused = await start({ version: 1, tenants: ["most", "nobody", "it's\"me\""] });
    assert.deepEqual([refused.status, refused.body.code], [422, "invalid_request"]);
    assert.match(refused.body.detail, /`it's"me"`/);
    assert.deepEqual(await known(), before);
    assert.equal((await run({ version: 1, tenants: ["most", "half"] })).done, 2, "what was refused is not in the way");
  });

  test("runs alone, and leaves the rules in force as they are", async () => {
    const { start, result } = on(stack);
    const before = await stack.api("GET", "/v1/config");
    const both = await Promise.all([start({ config: config(0.1) }), start({ config: config(0.1) })]);
    const [first, second] = both.toSorted((a, b) => a.status - b.status);
    assert.deepEqual([first.status, second.status, second.body.code], [202, 409, "backtest_running"]);
    assert.ok(second.body.detail.includes(first.body.id));
    await result(first.body.id);
    assert.deepEqual((await stack.api("GET", "/v1/config")).body, before.body);
  });
});

test("a back-test that is interrupted goes on where it was, and counts each tenant once", async (t) => {
  const stack = await ownStack(t, { dev: true, config: config(0.8) });
  const { page, start, result, listed } = on(stack);
  await Promise.all(Array.from({ length: 70 }, (_, n) => page(`t${n}`, calls(n))));
  await listed(70);
  const { body } = await start({ config: config(0.5) });
  await stack.worker.stop("SIGKILL");
  await stack.worker.start();
  const found = await result(body.id);
  assert.deepEqual([found.status, found.done, found.events, found.campaigns[0].tenants_would], ["done", 70, 70, 20]);
});
