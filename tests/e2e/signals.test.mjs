// Signals, the expansion score and segments, from usage to the timeline, and what pages are told of them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { call, openLive } from "../support/stack.mjs";

const DAY = 86_400_000;
const SECRET_LIMIT = 987_654_321;

const CONFIG = {
  meters: { api_calls: { kind: "counter", label: "API calls" }, seats: { kind: "gauge", label: "Team members" } },
  features: { sso: { label: "Single sign-on" } },
  traits: { tenant: { industry: { type: "string" }, employees: { type: "double" } }, user: { team: { type: "string" }, level: { type: "string" } } },
  plans: {
    source: "inline", default: "small",
    list: [
      { id: "small", name: "Small", rank: 0, limits: { api_calls: 1000, seats: 5 } },
      { id: "secret_plan", name: "Secret", rank: 1, limits: { api_calls: 100_000, seats: "unlimited" }, features: ["sso"] },
    ],
  },
  signals: [
    { id: "api_quota_80", builtin: "limit_approaching", meter: "api_calls" },
    { id: "wants_sso", when: "events.premium_feature_blocked.count_7d >= 3", weight: 35, half_life: "7d", label: "Wants SSO" },
    { id: "full_house", when: "usage.seats.ratio >= 0.8", rearm_below: "usage.seats.ratio < 0.7", weight: 10 },
    { id: "secret_signal", when: `plan.id == 'secret_plan' && usage.api_calls.value > ${SECRET_LIMIT}`, weight: 100 },
  ],
  segments: { ready_to_upgrade: { label: "Ready to upgrade", enter: "score >= 60", exit: "score < 40" } },
  campaigns: [
    {
      id: "ready", placement: "app.header", priority: 20, audience: "segment.ready_to_upgrade && user.role == 'admin'",
      nudge: { kind: "banner", title: "{{best_plan.name}} has room for you" },
    },
    {
      id: "quota", placement: "app.header", priority: 10, audience: "signal.api_quota_80.active && plan.rank < plan.max_rank",
      nudge: { kind: "banner", title: "{{usage.api_calls.percent}} used" },
    },
    { id: "retail", placement: "app.footer", audience: "tenant.industry == 'retail'", nudge: { title: "For shops" } },
    { id: "core_team", placement: "app.aside", audience: "user.team == 'core'", nudge: { title: "For you" } },
  ],
};

describe("signals", () => {
  const stack = sharedStack({ dev: true, config: CONFIG });
  const send = async (tenant, ...events) => {
    const { status, body } = await stack.api("POST", "/v1/events", { tenant, events });
    assert.equal(status, 202, JSON.stringify(body));
  };
  const calls = (value) => ({ type: "usage", meter: "api_calls", value });
  const seats = (set) => ({ type: "usage", meter: "seats", set });
  const blocked = { type: "track", name: "premium_feature_blocked", feature: "sso" };
  const report = async (tenant) => (await stack.api("GET", `/v1/tenants/${tenant}`)).body;
  const story = async (tenant) => {
    const { body } = await stack.api("GET", `/v1/tenants/${tenant}/timeline`);
    return body.entries.reverse().map(({ type, signal, segment, score }) => [type, signal ?? segment, score]);
  };
  const decide = async (tenant, placement, query = "") => {
    const { body } = await stack.api("GET", `/v1/tenants/${tenant}/decisions?placement=${placement}${query}`);
    return body.decisions[0];
  };

  test("are detected, add up to the score, and make a tenant ready to upgrade", async () => {
    await send("growing", calls(790));
    assert.deepEqual([(await report("growing")).score, await story("growing")], [0, []]);
    await send("growing", calls(10), blocked, blocked, blocked);
    const { score, signals, segments } = await report("growing");
    assert.equal(score, 65);
    assert.deepEqual(signals.map(({ signal, label, active, count, contribution }) => [signal, label, active, count, contribution]), [
      ["wants_sso", "Wants SSO", true, 1, 35],
      ["api_quota_80", "API calls: limit approaching", true, 1, 30],
    ]);
    assert.deepEqual(segments.map(({ segment, label }) => [segment, label]), [["ready_to_upgrade", "Ready to upgrade"]]);
    assert.deepEqual(await story("growing"), [
      ["SignalDetected", "api_quota_80", 65], ["SignalDetected", "wants_sso", 65], ["SegmentEntered", "ready_to_upgrade", 65],
    ]);
    const shown = await decide("growing", "app.header");
    assert.deepEqual([shown.campaign, shown.title], ["ready", "Secret has room for you"]);
    const member = await decide("growing", "app.header", "&role=member");
    assert.deepEqual([member.campaign, member.title], ["quota", "80% used"]);
  });

  test("are detected once, however often the threshold is crossed on the way", async () => {
    for (const n of [4, 5, 4, 5, 3, 4]) await send("wavering", seats(n));
    assert.deepEqual((await story("wavering")).map(([type, signal]) => [type, signal]), [
      ["SignalDetected", "full_house"], ["SignalRearmed", "full_house"], ["SignalDetected", "full_house"],
    ]);
  });

  test("outlive a kill, and are not told twice", async () => {
    await send("lasting", calls(900));
    const before = [await report("lasting"), await story("lasting")];
    await stack.worker.stop("SIGKILL");
    await stack.worker.start();
    const after = [await report("lasting"), await story("lasting")];
    assert.deepEqual(after[0].signals, before[0].signals);
    assert.deepEqual(after[1], [["SignalDetected", "api_quota_80", 30]]);
    await send("lasting", calls(1));
    assert.equal((await story("lasting")).length, 1);
  });

  test("fade after they have ended, until the segment is left", async () => {
    await send("fading", calls(900), blocked, blocked, blocked);
    assert.equal((await report("fading")).score, 65);
    try {
      const moved = await stack.operator("POST", "/dev/clock", { offset: 8 * DAY });
      assert.equal(moved.status, 200);
      await send("fading", calls(0));
      const soon = await report("fading");
      const wants = soon.signals.find(({ signal }) => signal === "wants_sso");
      assert.deepEqual([wants.active, wants.contribution], [false, 35], "it has ended just now");
      // The month of the calls is over, whichever day it is; then what has ended fades.
      for (const days of [40, 100]) {
        await stack.operator("POST", "/dev/clock", { offset: days * DAY });
        await send("fading", calls(0));
      }
      const later = await report("fading");
      assert.ok(later.score < 5, `${later.score}`);
      assert.deepEqual(later.segments, []);
      assert.equal((await story("fading")).at(-1)[0], "SegmentLeft");
    } finally {
      await stack.operator("POST", "/dev/clock", { offset: 0 });
    }
  });

  test("reach an open page as new rules, not before they matter", async (t) => {
    const token = await stack.token({ tenant: "watched" });
    const live = await openLive(t, stack.worker, token);
    const kind = (frame) => new Uint8Array(frame)[2]; // after the letter and the format: 0 everything, 1 what changes by the moment
    assert.equal(kind(live.frames[0]), 0);
    let heard = live.next();
    await send("watched", calls(1));
    assert.equal(kind(await heard), 1);
    // The alarm may tell how things stand in between.
    const whole = (async () => {
      for (;;) if (kind(await live.next()) === 0) return true;
    })();
    await send("watched", calls(900), blocked, blocked, blocked);
    assert.ok(await whole, "the segment has made another campaign possible");
  });

  test("and rules of others never travel", async () => {
    const token = await stack.token({ tenant: "curious" });
    const accept = "application/vnd.upcue.snapshot";
    const answer = await fetch(`${stack.worker.url}/v1/snapshot`, { headers: { accept, authorization: `Bearer ${token}` } });
    const bytes = Buffer.from(await answer.arrayBuffer());
    for (const private_ of ["secret", "Secret", "ready_to_upgrade", "wants_sso", "industry", "retail", "core_team", "weight"]) {
      assert.equal(bytes.includes(private_), false, private_);
    }
    assert.ok(bytes.includes("quota"), "what this tenant may see is there");
    const { campaigns } = await stack.snapshot(token);
    assert.deepEqual(campaigns.map(({ id }) => id), ["quota"]);
  });

  test("may speak of what the back end says of tenants and users", async () => {
    const identify = (body) => stack.api("POST", "/v1/events", { tenant: "shop", events: [{ type: "identify", ...body }] });
    assert.equal((await decide("shop", "app.footer")).reason, "audience_unknown");
    assert.equal((await identify({ traits: { industry: "retail", employees: 40 } })).status, 202);
    assert.equal((await decide("shop", "app.footer")).campaign, "retail");
    assert.equal((await identify({ user: "ada", traits: { team: "core" } })).status, 202);
    assert.equal((await decide("shop", "app.aside", "&user=ada")).campaign, "core_team");
    assert.equal((await decide("shop", "app.aside", "&user=bob")).reason, "audience_unknown");
    assert.equal((await identify({ traits: { industry: null } })).status, 202);
    assert.equal((await decide("shop", "app.footer")).reason, "audience_unknown");
    for (const [body, code] of [
      [{ traits: { industy: "retail" } }, "unknown_trait"],
      [{ traits: { industry: 7 } }, "wrong_type"],
      [{ traits: { industry: { a: 1 } } }, "invalid_value"],
      [{ traits: "retail" }, "invalid_event"],
    ]) {
      const refused = await identify(body);
      assert.deepEqual([refused.status, refused.body.code], [422, code], JSON.stringify(body));
    }
    const page = await call(`${stack.worker.url}/v1/events`, {
      method: "POST", key: await stack.token({ tenant: "shop" }), body: { events: [{ type: "identify", traits: { industry: "banking" } }] },
    });
    assert.deepEqual([page.status, page.body.code], [422, "forbidden_event"], "a page cannot say who its tenant is");
  });

  test("forget nobody, however many users one batch is about", async () => {
    const all = Array.from({ length: 1_000 }, (_, i) => `user-${i}`);
    const say = (users, traits) => send("crowd", ...users.map((user) => ({ type: "identify", user, traits })));
    await say(all, { team: "core" });
    await send("crowd", { type: "dismiss", user: "user-1", campaign: "core_team" });
    await say(["one-more"], { team: "edge" });
    await say(all, { level: "high" }); // more than are kept in memory, with those who are there already
    assert.equal((await decide("crowd", "app.aside", "&user=user-0")).campaign, "core_team");
    assert.equal((await decide("crowd", "app.aside", "&user=user-1")).reason, "dismissed");
    assert.equal((await decide("crowd", "app.aside", "&user=user-999")).campaign, "core_team");
    assert.equal((await decide("crowd", "app.aside", "&user=one-more")).reason, "audience_false");
  });
});
