// Usage arrives once, whatever the network does; what is wrong is refused with its own code and changes nothing.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, call } from "../support/stack.mjs";

const usage = (value, more = {}) => ({ type: "usage", meter: "api_calls", value, ...more });

describe("events", () => {
  const stack = sharedStack({ config: CONFIG });
  const send = (body, key = stack.secretKey) => call(`${stack.worker.url}/v1/events`, { method: "POST", key, body });

  test("a batch counts, and counts once however often it is sent again", async () => {
    const batch = { tenant: "once", client: "srv-1", seq: 1, events: [usage(25), usage(5), { type: "usage", meter: "seats", set: 7 }] };
    const first = await send(batch);
    assert.deepEqual([first.status, first.body], [202, { accepted: 3, duplicates: 0, rejected: [] }]);
    const again = await Promise.all(Array.from({ length: 10 }, () => send(batch)));
    for (const { status, body } of again) assert.deepEqual([status, body], [202, { accepted: 0, duplicates: 3, rejected: [] }]);
    assert.deepEqual([await stack.meter("once", "api_calls"), await stack.meter("once", "seats")], [30, 7]);
  });

  test("batches of many clients at once, each sent twice, add up exactly", async () => {
    const batches = [];
    for (let client = 0; client < 20; client++) {
      for (let seq = 1; seq <= 10; seq++) batches.push({ tenant: "crowd", client: `tab-${client}`, seq, events: [usage(1), usage(2)] });
    }
    const twice = [...batches, ...batches].sort((a, b) => a.client.localeCompare(b.client) || b.seq - a.seq);
    const answers = await Promise.all(twice.map((batch) => send(batch)));
    assert.ok(answers.every(({ status }) => status === 202));
    assert.equal(await stack.meter("crowd", "api_calls"), 20 * 10 * 3);
  });

  test("an event with an id counts once, alone or in company", async () => {
    const events = [usage(1, { id: "evt-a" }), usage(2, { id: "evt-b" })];
    assert.deepEqual((await send({ tenant: "ids", events })).body, { accepted: 2, duplicates: 0, rejected: [] });
    const mixed = await send({ tenant: "ids", events: [...events, usage(4, { id: "evt-c" })] });
    assert.deepEqual(mixed.body, { accepted: 1, duplicates: 2, rejected: [] });
    assert.equal(await stack.meter("ids", "api_calls"), 7);
  });

  test("one user cannot use up another's batch numbers", async () => {
    const batch = { client: "same", seq: 1, events: [usage(10)] };
    for (const user of ["ada", "bob"]) {
      const answer = await send(batch, await stack.token({ tenant: "shared", user }));
      assert.equal(answer.body.accepted, 1, user);
    }
    assert.equal(await stack.meter("shared", "api_calls"), 20);
  });

  test("a back end reports for many tenants in one batch", async () => {
    const answer = await send({ client: "cron", seq: 1, events: [usage(1, { tenant: "t1" }), usage(2, { tenant: "t2" }), usage(3, { tenant: "t1" })] });
    assert.equal(answer.body.accepted, 3);
    assert.deepEqual([await stack.meter("t1", "api_calls"), await stack.meter("t2", "api_calls")], [4, 2]);
  });

  test("a page's batch needs no preflight: text/plain, the token in the body", async () => {
    const body = JSON.stringify({ client: "p", seq: 1, token: await stack.token({ tenant: "beacon" }), events: [usage(9)] });
    const answer = await call(`${stack.worker.url}/v1/events`, { method: "POST", raw: body, headers: { "content-type": "text/plain", origin: "http://127.0.0.1:5173" } });
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get("access-control-allow-origin"), "http://127.0.0.1:5173");
    assert.equal(await stack.meter("beacon", "api_calls"), 9);
  });

  test("good events of a batch count, bad ones are told by their place", async () => {
    const events = [usage(1), { type: "usage", meter: "api_call", value: 1 }, usage(-1), usage(2), { type: "track", name: "Not a name" }];
    const answer = await send({ tenant: "mixed", events });
    assert.equal(answer.status, 202);
    assert.equal(answer.body.accepted, 2);
    assert.deepEqual(answer.body.rejected.map(({ index, code }) => [index, code]), [[1, "unknown_meter"], [2, "invalid_value"], [4, "invalid_name"]]);
    assert.equal(await stack.meter("mixed", "api_calls"), 3);
  });

  test("what is wrong has a code of its own and changes nothing", async () => {
    const refused = [
      [usage(1, { meter: "api_call" }), "unknown_meter", /known: api_calls, seats/],
      [usage(-5), "invalid_value", /whole number/],
      [usage(1.5), "invalid_value", /whole number/],
      [usage("25"), "invalid_value", /"25"/],
      [usage(2 ** 53), "invalid_value", /9007199254740991/],
      [{ type: "usage", meter: "api_calls" }, "invalid_value", /`value`/],
      [{ type: "usage", meter: "api_calls", set: 3 }, "wrong_kind", /counter/],
      [{ type: "usage", meter: "seats", value: 3 }, "wrong_kind", /gauge/],
      [{ type: "usage", meter: "seats", value: 3, set: 4 }, "invalid_value", /not both/],
      [{ type: "usage", value: 3 }, "invalid_event", /`meter` is missing/],
      [{ type: "usage", meter: 7, value: 3 }, "invalid_event", /must be a string/],
      [{ type: "buy" }, "unknown_type", /known: usage/],
      [{ type: "track", name: "no spaces" }, "invalid_name", /event name/],
      [{ type: "dismiss", campaign: "api_quota" }, "user_required", /`user`/],
      [{ type: "dismiss", campaign: "invented", user: "ada" }, "unknown_campaign", /in force/],
      [usage(1, { id: "" }), "invalid_event", /`id`/],
      [usage(1, { at: "yesterday" }), "invalid_event", /milliseconds/],
    ];
    for (const [event, code, detail] of refused) {
      const answer = await send({ tenant: "refused", client: "c", seq: 1, events: [event] });
      assert.deepEqual([answer.status, answer.body.code], [422, code], JSON.stringify(event));
      assert.match(answer.body.detail, detail);
      assert.equal(answer.headers.get("content-type"), "application/problem+json");
      assert.equal(answer.body.rejected[0].index, 0);
    }
    assert.equal(await stack.meter("refused", "api_calls"), 0);
    // Not even the batch's number was used up.
    assert.equal((await send({ tenant: "refused", client: "c", seq: 1, events: [usage(1)] })).body.accepted, 1);
  });

  test("bodies have limits and must be JSON", async () => {
    const post = (raw, headers = {}) => call(`${stack.worker.url}/v1/events`, { method: "POST", key: stack.secretKey, raw, headers });
    const many = JSON.stringify({ tenant: "big", events: Array.from({ length: 1_001 }, () => usage(1)) });
    const padded = JSON.stringify({ tenant: "big", pad: "x".repeat(256 * 1024), events: [usage(1)] });
    for (const [raw, status, code] of [
      [many, 413, "too_many_events"],
      [padded, 413, "payload_too_large"],
      ['{"tenant":"big","events":[', 400, "malformed_json"],
      ["", 400, "malformed_json"],
      ["[]", 422, "invalid_request"],
      ['{"tenant":"big","client":"c","events":[]}', 422, "invalid_request"],
    ]) {
      const answer = await post(raw);
      assert.deepEqual([answer.status, answer.body.code], [status, code], raw.slice(0, 40));
    }
    const chunks = Array.from({ length: 8 }, () => new TextEncoder().encode(" ".repeat(64 * 1024)));
    const unannounced = await fetch(`${stack.worker.url}/v1/events`, {
      method: "POST",
      body: ReadableStream.from(chunks),
      duplex: "half",
      headers: { authorization: `Bearer ${stack.secretKey}` },
    });
    assert.equal(unannounced.status, 413, "a body without a length is cut off at the limit");
    assert.equal(await stack.meter("big", "api_calls"), 0);
  });
});
