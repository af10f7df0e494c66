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
      attribution: [],
    };
    const answer = await stack.publish(bad);
    assert.deepEqual([answer.status, answer.body.code], [422, "invalid_config"]);
    const told = Object.fromEntries(answer.body.problems.map(({ pointer, detail }) => [pointer, detail]));
    assert.match(told["/attribution"], /must be an object/);
    assert.match(told["/meters/Bad Name"], /no name/);
    assert.match(answer.body.problems.map(({ detail }) => detail).join(), /unknown meter `api_call`; did you mean `api_calls`\?/);
    assert.match(told["/campaigns/0/audience"], /did you mean `rank`\?/);
    assert.match(told["/campaigns/1/id"], /another campaign/);
    assert.match(told["/campaigns/1/audience"], /`1.0`/);
    assert.match(told["/campaigns/1/nudge/kind"], /banner/);
    assert.match(told["/campaigns/1/nudge/title"], /percent/);
    assert.match(told["/campaigns/1/cap/0/max"], /1 to 50/);
    assert.match(told["/campaigns/1/cap/0/window"], /no window; write a duration as in "7d"/);
    assert.equal((await stack.api("GET", "/v1/config")).headers.get("etag"), before);
    const validated = await stack.api("POST", "/v1/config/validate", bad);
    assert.deepEqual([validated.status, validated.body.valid, validated.body.problems.length], [200, false, answer.body.problems.length]);
    assert.deepEqual((await stack.api("POST", "/v1/config/validate", inline)).body, { valid: true, problems: [], warnings: [] });
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

  test("versions come by pages, newest first", async () => {
    const read = async (query) => (await stack.api("GET", `/v1/config/versions?${query}`)).body;
    const all = (await read("")).versions;
    const seen = [];
    for (let cursor = ""; cursor !== null; ) {
      const page = await read(`limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.versions);
      cursor = page.next_cursor;
    }
    assert.deepEqual(seen, all);
    assert.deepEqual(all.map(({ version }) => version), Array.from(all, (_, i) => all.length - i));
    assert.ok(all.every(({ hash, published_at: at, rolled_back_to: back }) => /^[0-9a-f]{64}$/.test(hash) && at <= Date.now() && back === null));
    assert.equal((await read("cursor=first")).code, "invalid_request");
  });

  test("what would be too large to store is told like any mistake", async () => {
    const nudge = { title: "Of some length", body: "x".repeat(900) };
    const large = { ...inline, campaigns: Array.from({ length: 1_000 }, (_, i) => ({ id: `campaign_${i}`, placement: "app.header", nudge })) };
    const validated = await stack.api("POST", "/v1/config/validate", large);
    assert.deepEqual([validated.body.valid, validated.body.problems.map(({ code }) => code)], [false, ["too_large"]]);
    const answer = await stack.publish(large);
    assert.deepEqual([answer.status, answer.body.code], [422, "invalid_config"]);
    assert.match(answer.body.detail, /can be stored; shorten texts/);
  });

  test("the schema of the document is there for every editor", async () => {
    const { status, headers, body } = await call(`${stack.worker.url}/v1/config/schema`);
    assert.deepEqual([status, headers.get("content-type")], [200, "application/schema+json"]);
    assert.match(headers.get("cache-control"), /public, max-age=/);
    assert.equal(body.$schema, "https://json-schema.org/draft/2020-12/schema");
    assert.ok(body.properties.segments);
  });
});

describe("two versions of a configuration", () => {
  const stack = sharedStack({});
  const [campaign] = CONFIG.campaigns;
  const versions = [inline, { ...inline, campaigns: [{ ...campaign, priority: 20 }] }, { ...inline, features: {}, campaigns: [] }];
  versions[2].plans = { ...inline.plans, list: inline.plans.list.map(({ features, ...plan }) => plan) };
  const rollback = (version, ifMatch) =>
    stack.api("POST", "/v1/config/rollback", { version }, { headers: ifMatch ? { "if-match": ifMatch } : {} });

  test("the first has nothing before it to compare with", async () => {
    assert.equal((await stack.api("GET", "/v1/config/diff")).status, 404);
    for (const document of versions.slice(0, 1)) await stack.publish(document);
    const answer = await stack.api("GET", "/v1/config/diff");
    assert.deepEqual([answer.status, answer.body.code], [404, "not_found"]);
    assert.match(answer.body.detail, /version 1 is the first/);
  });

  test("differ in what somebody changed, each told with what it was", async () => {
    for (const document of versions.slice(1)) assert.equal((await stack.publish(document)).status, 200);
    const last = (await stack.api("GET", "/v1/config/diff")).body;
    assert.deepEqual([last.from, last.to], [2, 3]);
    assert.deepEqual(
      last.changes.map(({ op, pointer }) => [op, pointer]).toSorted(),
      [["removed", "/campaigns/0"], ["removed", "/features/sso"], ["removed", "/plans/list/1/features"]],
    );
    assert.deepEqual(last.changes.find(({ pointer }) => pointer === "/campaigns/0").before, { ...campaign, priority: 20 });
    const first = (await stack.api("GET", "/v1/config/diff?from=1&to=2")).body;
    assert.deepEqual(first, { from: 1, to: 2, changes: [{ op: "changed", pointer: "/campaigns/0/priority", before: 10, after: 20 }] });
    assert.deepEqual((await stack.api("GET", "/v1/config/diff?to=2")).body, first);
    const backwards = (await stack.api("GET", "/v1/config/diff?from=2&to=1")).body;
    assert.deepEqual(backwards.changes, [{ op: "changed", pointer: "/campaigns/0/priority", before: 20, after: 10 }]);
    assert.deepEqual((await stack.api("GET", "/v1/config/diff?from=2&to=2")).body.changes, []);
    const unknown = await stack.api("GET", "/v1/config/diff?from=1&to=9");
    assert.equal(unknown.status, 404);
    assert.match(unknown.body.detail, /no version 9/);
  });

  test("an earlier one comes back as a new one, if nobody has published meanwhile", async () => {
    assert.equal((await rollback(1)).body.code, "precondition_required");
    assert.equal((await rollback(1, '"0000"')).body.code, "config_conflict");
    assert.equal((await rollback(1, '"*"')).body.code, "config_conflict", "in quotes it is an entity tag, and no version has it");
    const unknown = await rollback(7, "*");
    assert.deepEqual([unknown.status, unknown.body.code], [404, "not_found"]);
    const inForce = (await stack.api("GET", "/v1/config")).headers.get("etag");
    const answer = await rollback(1, inForce);
    assert.deepEqual([answer.status, answer.body.version, answer.body.rolled_back_to, answer.body.warnings], [200, 4, 1, []]);
    const read = await stack.api("GET", "/v1/config");
    assert.deepEqual(read.body, inline);
    assert.equal(read.headers.get("etag"), answer.headers.get("etag"));
    const told = (await stack.api("GET", "/v1/config/versions")).body.versions;
    assert.deepEqual(told.map(({ version, rolled_back_to: back }) => [version, back]), [[4, 1], [3, null], [2, null], [1, null]]);
    assert.equal(told[0].hash, told[3].hash);
    assert.equal((await rollback(1, "*")).body.version, 4, "what is in force already is not published again");
    const odd = await stack.api("POST", "/v1/config/rollback", { version: 1, force: true }, { headers: { "if-match": "*" } });
    assert.equal(odd.body.code, "invalid_request");
  });

  test("a thousand campaigns and a thousand signals are published like one", async () => {
    const thousand = (make) => Array.from({ length: 1_000 }, (_, i) => make(i));
    const many = {
      ...inline,
      signals: thousand((i) => ({ id: `signal_${i}`, when: `usage.api_calls.value >= ${i}`, weight: 1 })),
      campaigns: thousand((i) => ({ id: `campaign_${i}`, placement: "app.header", audience: `signal.signal_${i}.active`, nudge: { title: `No. ${i}` } })),
    };
    const answer = await stack.publish(many);
    assert.deepEqual([answer.status, answer.body.version], [200, 5], JSON.stringify(answer.body).slice(0, 500));
    const { changes } = (await stack.api("GET", "/v1/config/diff")).body;
    assert.equal(changes.filter(({ op }) => op === "added").length, 1_001, "a thousand campaigns and one list of signals");
    assert.equal((await rollback(4, "*")).body.version, 6);
  });
});
