// Publishing: immutable versions, no lost edits, mistakes told all at once, and open pages hear of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, call, openLive } from "../support/stack.mjs";

const inline = {
  ...CONFIG,
  plans: {
    source: "inline",
    default: "free",
    list: [
      { id: "free", rank: 0, limits: { api_calls: 100 } },
      { id: "pro", rank: 1, limits: { api_calls: "unlimited" }, features: ["sso"] },
    ],
  },
};

describe("configuration", () => {
  const stack = sharedStack({});

  test("there is none at first, and events say so", async () => {
    assert.equal((await stack.api("GET", "/v1/config")).status, 404);
    const answer = await stack.api("POST", "/v1/events", { tenant: "acme", events: [{ type: "usage", meter: "api_calls", value: 1 }] });
    assert.equal(answer.body.code, "unknown_meter");
    assert.match(answer.body.detail, /publish a configuration/);
  });

  test("versions are numbered, hashed and kept as they were", async () => {
    const first = await stack.publish(inline);
    assert.deepEqual([first.status, first.body.version], [200, 1]);
    const read = await stack.api("GET", "/v1/config");
    assert.deepEqual(read.body, inline);
    assert.equal(read.headers.get("etag"), `"${first.body.hash}"`);

    const changed = { ...inline, campaigns: [] };
    const second = await stack.publish(changed, read.headers.get("etag"));
    assert.deepEqual([second.status, second.body.version], [200, 2]);
    assert.deepEqual((await stack.publish(changed)).body, second.body, "publishing what is in force changes nothing");
    assert.deepEqual((await stack.api("GET", "/v1/config?version=1")).body, inline);
    assert.deepEqual((await stack.api("GET", "/v1/config/versions")).body.versions.map(({ version }) => version), [2, 1]);
  });

  test("an edit of what somebody else has changed meanwhile is refused", async () => {
    const stale = await stack.publish(inline, '"0000"');
    assert.deepEqual([stale.status, stale.body.code], [412, "config_conflict"]);
    const careless = await call(`${stack.worker.url}/v1/config`, { method: "PUT", key: stack.secretKey, body: inline });
    assert.deepEqual([careless.status, careless.body.code], [428, "precondition_required"]);
  });

  test("all mistakes are told at once, each with its place, and nothing is published", async () => {
    const before = (await stack.api("GET", "/v1/config")).headers.get("etag");
    const [campaign] = CONFIG.campaigns;
    const bad = {
      ...inline,
      meters: { ...inline.meters, "Bad Name": { kind: "gauge" } },
      campaigns: [
        { ...campaign, audience: "usage.api_call.ratio >= 0.8 && plan.rnak < 1" },
        { ...campaign, audience: "usage.api_calls.ratio >= 1", nudge: { kind: "popup", title: "{{usage.seats.ratio}}" }, cap: [{ max: 0, window: "1 week" }] },
      ],
      sequences: [],
    };
    const answer = await stack.publish(bad);
    assert.deepEqual([answer.status, answer.body.code], [422, "invalid_config"]);
    const told = Object.fromEntries(answer.body.problems.map(({ pointer, detail }) => [pointer, detail]));
    assert.match(told["/sequences"], /does not run `sequences` yet/);
    assert.match(told["/meters/Bad Name"], /no name/);
    assert.match(answer.body.problems.map(({ detail }) => detail).join(), /unknown meter `api_call`; did you mean `api_calls`\?/);
    assert.match(told["/campaigns/0/audience"], /did you mean `rank`\?/);
    assert.match(told["/campaigns/1/id"], /another campaign/);
    assert.match(told["/campaigns/1/audience"], /`1.0`/);
    assert.match(told["/campaigns/1/nudge/kind"], /banner/);
    assert.match(told["/campaigns/1/nudge/title"], /percent/);
    assert.match(told["/campaigns/1/cap/0/max"], /1 to 50/);
    assert.match(told["/campaigns/1/cap/0/window"], /no duration/);
    assert.equal((await stack.api("GET", "/v1/config")).headers.get("etag"), before);
    const validated = await stack.api("POST", "/v1/config/validate", bad);
    assert.deepEqual([validated.status, validated.body.valid, validated.body.problems.length], [200, false, answer.body.problems.length]);
    assert.deepEqual((await stack.api("POST", "/v1/config/validate", inline)).body, { valid: true, problems: [] });
  });

  test("what is misspelt, mistyped or missing is told at once, with line and column", async () => {
    const put = (raw) => call(`${stack.worker.url}/v1/config`, { method: "PUT", key: stack.secretKey, raw, headers: { "if-match": "*" } });
    const misspelt = await put('{\n  "meters": {\n    "seats": {"label": 7}\n  },\n  "campaign": []\n}');
    assert.deepEqual([misspelt.status, misspelt.body.code], [422, "invalid_config"]);
    assert.deepEqual(
      misspelt.body.problems.map(({ pointer, code, line, column }) => [pointer, code, line, column]),
      [
        ["/meters/seats/kind", "missing", 3, 5],
        ["/meters/seats/label", "wrong_type", 3, 15],
        ["/campaign", "unknown_field", 5, 3],
      ],
    );
    assert.match(misspelt.body.problems[2].detail, /unknown field `campaign`; did you mean `campaigns`\?/);
    assert.match(misspelt.body.detail, /3 problem\(s\).*line 3, column 5: `kind` is missing/);
  });

  test("a missing comma is told with line and column", async () => {
    const raw = '{"meters": {}\n "plans": {}}';
    const broken = await call(`${stack.worker.url}/v1/config`, { method: "PUT", key: stack.secretKey, raw, headers: { "if-match": "*" } });
    assert.deepEqual([broken.status, broken.body.code], [400, "malformed_json"]);
    assert.deepEqual(broken.body.problems.map(({ code, line, column }) => [code, line, column]), [["malformed_json", 2, 2]]);
    const validated = await call(`${stack.worker.url}/v1/config/validate`, { method: "POST", key: stack.secretKey, raw });
    assert.deepEqual([validated.status, validated.body.valid, validated.body.problems.length], [200, false, 1]);
  });

  test("open pages hear of new rules", async (t) => {
    await stack.publish({ ...inline, campaigns: [] });
    await stack.api("POST", "/v1/events", { tenant: "acme", events: [{ type: "usage", meter: "api_calls", value: 90 }] });
    const token = await stack.token();
    const live = await openLive(t, stack.worker, token);
    await stack.publish(inline);
    await live.until(async () => (await stack.snapshot(token)).campaigns.length === 1 && live.frames.length > 1);
    assert.equal((await stack.snapshot(token)).campaigns[0].title, "You’ve used 90% of your API quota");
  });
});
