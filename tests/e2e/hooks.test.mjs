// Outbound webhooks: what happens to tenants reaches an app's own server, proved by the standard's own library.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { startReceiver, verified } from "../support/hook-receiver.mjs";
import { CONFIG, createApp, startStack } from "../support/stack.mjs";

const SIGNALS = {
  ...CONFIG,
  plans: { source: "inline", default: "free", list: [{ id: "free", rank: 0, limits: { api_calls: 1_000, seats: "unlimited" } }] },
  signals: [{ id: "api_quota_80", when: "usage.api_calls.ratio >= 0.8", weight: 60, half_life: "7d" }],
  segments: { ready_to_upgrade: { enter: "score >= 60", exit: "score < 40" } },
};

describe("outbound webhooks", () => {
  const ends = [];
  const t = { after: (end) => ends.unshift(end) };
  let stack, receiver;
  before(async () => {
    stack = await startStack(t, { dev: true, config: SIGNALS });
    receiver = await startReceiver(t);
  });
  after(async () => {
    for (const end of ends) await end();
  });

  /** Registers an endpoint at the receiver, gone after the test. */
  async function register(t, path, body = {}, api = stack.api) {
    const made = await api("POST", "/v1/webhooks", { url: receiver.url + path, ...body });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    t.after(() => api("DELETE", `/v1/webhooks/${made.body.id}`));
    return made.body;
  }
  const endpoints = async () => (await stack.api("GET", "/v1/webhooks")).body.endpoints;
  const use = async (tenant, value) => {
    const answer = await stack.api("POST", "/v1/events", { tenant, events: [{ type: "usage", meter: "api_calls", value }] });
    assert.equal(answer.status, 202);
  };
  const deliveries = async (id, query = "") => {
    const answer = await stack.api("GET", `/v1/webhooks/${id}/deliveries${query}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const arrived = (path, count) =>
    eventually(() => {
      const found = receiver.at(path);
      assert.ok(found.length >= count, `${found.length} of ${count} at ${path}`);
      return found;
    });

  test("what happens to a tenant arrives, signed, once, and says what happened", async (t) => {
    const { id, secret, secrets, state, events } = await register(t, "/all");
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.deepEqual([state, events, secrets.length], ["enabled", ["*"], 1]);
    await use("acme", 850);
    await use("acme", 200);
    const found = await arrived("/all", 4);
    const byType = Object.fromEntries(found.map((told) => [told.event.type, verified(told, secret)]));
    assert.deepEqual(Object.keys(byType).toSorted(), ["limit.reached", "limit.warning", "segment.entered", "signal.detected"]);
    assert.equal(new Set(found.map(({ id }) => id)).size, 4);
    for (const told of found) {
      assert.equal(told.headers["content-type"], "application/json");
      assert.match(told.id, /^msg_[\w-]+$/);
      assert.match(told.event.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(Math.abs(Date.parse(told.event.timestamp) - Date.now()) < 60_000);
      assert.equal(told.event.data.tenant, "acme");
    }
    assert.equal(new Set(found.map(({ event }) => event.data.seq)).size, 4);
    const { seq: _, ...signal } = byType["signal.detected"].data;
    assert.deepEqual(signal, { tenant: "acme", signal: "api_quota_80", score: 60 });
    const { used, limit, meter } = byType["limit.reached"].data;
    assert.deepEqual([meter, used, limit, byType["limit.warning"].data.used], ["api_calls", 1_050, 1_000, 850]);

    const settled = await eventually(async () => {
      const { deliveries: list } = await deliveries(id);
      assert.ok(list.length === 4 && list.every(({ state }) => state === "delivered"), JSON.stringify(list));
      return list;
    });
    assert.deepEqual(settled.map(({ id }) => id).toSorted(), found.map(({ id }) => id).toSorted());
    assert.deepEqual(settled[0].attempts.map(({ status, error }) => [status, error]), [[204, null]]);
    assert.deepEqual([settled[0].tenant, settled[0].next_attempt], ["acme", null]);
    assert.throws(() => verified({ ...found[0], body: found[0].body.replace("acme", "evil") }, secret), /signature/i);
  });

  test("a limit is told once, and again when it was raised", async (t) => {
    const { id } = await register(t, "/limits", { events: ["limit.warning", "limit.reached"] });
    for (const value of [900, 50, 100, 10]) await use("limited", value);
    await arrived("/limits", 2);
    const raised = structuredClone(SIGNALS);
    raised.plans.list[0].limits.api_calls = 1_100;
    t.after(() => stack.publish(SIGNALS));
    assert.equal((await stack.publish(raised)).status, 200);
    await use("limited", 1);
    const found = await arrived("/limits", 3);
    await use("limited", 50);
    await arrived("/limits", 4);
    // A moment in which a fifth could come: the test event goes the same way, behind whatever waits.
    await stack.api("POST", `/v1/webhooks/${id}/test`);
    await arrived("/limits", 5);
    const of = receiver.at("/limits").filter(({ event }) => event.data.tenant === "limited").map(({ event }) => [event.type, event.data.limit]);
    assert.deepEqual(of.toSorted(), [["limit.reached", 1_000], ["limit.reached", 1_100], ["limit.warning", 1_000], ["limit.warning", 1_100]]);
    assert.ok(found.every(({ event }) => event.type !== "signal.detected"), "only what was asked for");
  });

  test("a failed delivery is tried again within seconds under the same id, and signed anew", async (t) => {
    let failures = 1;
    receiver.answer = ({ path }) => (path === "/flaky" && failures-- > 0 ? 500 : 204);
    t.after(() => (receiver.answer = () => 204));
    const { id, secret } = await register(t, "/flaky", { events: ["signal.detected"] });
    await use("flaky", 900);
    const [first, second] = await arrived("/flaky", 2);
    assert.equal(first.id, second.id);
    assert.equal(first.body, second.body);
    for (const told of [first, second]) verified(told, secret);
    await eventually(async () => {
      const [{ attempts, state }] = (await deliveries(id)).deliveries;
      assert.deepEqual([state, attempts.map(({ status, error }) => [status, error])], ["delivered", [[500, "answered 500"], [204, null]]]);
    });
    const [{ failing_since: since }] = (await endpoints()).filter((endpoint) => endpoint.id === id);
    assert.equal(since, null);
  });

  test("two endpoints are told of one event under one id, each with its own signature", async (t) => {
    const one = await register(t, "/one", { events: ["signal.detected"] });
    const two = await register(t, "/two", { events: ["signal.detected"] });
    await use("both", 900);
    const [[a], [b]] = [await arrived("/one", 1), await arrived("/two", 1)];
    assert.equal(a.id, b.id);
    verified(a, one.secret);
    verified(b, two.secret);
    assert.throws(() => verified(a, two.secret), /signature/i);
  });

  test("while a secret is rotated both verify, afterwards only the new one", async (t) => {
    const { id, secret: old } = await register(t, "/rotated");
    const rotated = await stack.api("POST", `/v1/webhooks/${id}/rotate`, { overlap: "1h" });
    assert.equal(rotated.status, 200, JSON.stringify(rotated.body));
    const { secret: fresh, secrets } = rotated.body;
    assert.deepEqual(secrets.map(({ expires_at: at }) => at === null), [true, false]);
    await stack.api("POST", `/v1/webhooks/${id}/test`);
    const [both] = await arrived("/rotated", 1);
    assert.equal(both.headers["webhook-signature"].split(" ").length, 2);
    for (const secret of [old, fresh]) assert.equal(verified(both, secret).type, "webhook.test");
    const dropped = await stack.api("POST", `/v1/webhooks/${id}/rotate`, { overlap: "0s" });
    await stack.api("POST", `/v1/webhooks/${id}/test`);
    const [, last] = await arrived("/rotated", 2);
    verified(last, dropped.body.secret);
    for (const secret of [old, fresh]) assert.throws(() => verified(last, secret), /signature/i);
    assert.ok(!JSON.stringify(await endpoints()).includes("whsec_"), "a secret is shown once");
  });

  test("a message is sent again on request: the same id and body, a new time", async (t) => {
    const { id, secret } = await register(t, "/replayed");
    const { body: sent } = await stack.api("POST", `/v1/webhooks/${id}/test`);
    const [first] = await arrived("/replayed", 1);
    assert.equal(first.id, sent.id);
    await eventually(async () => assert.equal((await deliveries(id, "?state=delivered")).deliveries.length, 1));
    t.after(() => stack.operator("POST", "/dev/clock", { offset: 0 }));
    await stack.operator("POST", "/dev/clock", { offset: 3_600_000 });
    const replayed = await stack.api("POST", `/v1/webhooks/${id}/deliveries/${sent.id}/replay`);
    assert.deepEqual([replayed.status, replayed.body.state], [202, "pending"]);
    const [, second] = await arrived("/replayed", 2);
    assert.deepEqual([second.id, second.body], [first.id, first.body]);
    const later = Number(second.headers["webhook-timestamp"]) - Number(first.headers["webhook-timestamp"]);
    assert.ok(later >= 3_600, `${later}`);
    verified(second, secret);
    const unknown = await stack.api("POST", `/v1/webhooks/${id}/deliveries/msg_nothing/replay`);
    assert.deepEqual([unknown.status, unknown.body.code], [404, "not_found"]);
  });

  test("410 ends an endpoint at once; others hear of it, and it can be enabled again", async (t) => {
    receiver.answer = ({ path }) => (path === "/gone" ? 410 : 204);
    t.after(() => (receiver.answer = () => 204));
    const witness = await register(t, "/witness", { events: ["endpoint.disabled"] });
    const { id } = await register(t, "/gone");
    const { body: sent } = await stack.api("POST", `/v1/webhooks/${id}/test`);
    const [told] = await arrived("/witness", 1);
    const { type, data } = verified(told, witness.secret);
    assert.deepEqual([type, data.endpoint, data.reason], ["endpoint.disabled", id, "answered 410: it wants no messages any more"]);
    const [gone] = (await endpoints()).filter((endpoint) => endpoint.id === id);
    assert.deepEqual([gone.state, gone.disabled_reason], ["disabled", "answered 410: it wants no messages any more"]);
    await use("unheard", 900);
    for (const route of ["test", `deliveries/${sent.id}/replay`]) {
      const refused = await stack.api("POST", `/v1/webhooks/${id}/${route}`);
      assert.deepEqual([refused.status, refused.body.code], [422, "endpoint_disabled"]);
    }
    receiver.answer = () => 204;
    const enabled = await stack.api("PATCH", `/v1/webhooks/${id}`, { state: "enabled" });
    assert.deepEqual([enabled.body.state, enabled.body.disabled_reason, enabled.body.failing_since], ["enabled", null, null]);
    await stack.api("POST", `/v1/webhooks/${id}/deliveries/${sent.id}/replay`);
    const [first, again] = await arrived("/gone", 2);
    assert.equal(first.id, again.id);
    assert.equal(receiver.at("/gone").length, 2, "while it was disabled nothing was put in line");
  });

  test("a redirect is not followed", async (t) => {
    receiver.answer = ({ path }) => (path === "/moved" ? { status: 302, headers: { location: `${receiver.url}/elsewhere` } } : 204);
    t.after(() => (receiver.answer = () => 204));
    const { id } = await register(t, "/moved");
    await stack.api("POST", `/v1/webhooks/${id}/test`);
    const [delivery] = await eventually(async () => {
      const { deliveries: list } = await deliveries(id);
      assert.ok(list[0].attempts.length > 0);
      return list;
    });
    assert.deepEqual([delivery.state, delivery.attempts[0].status], ["pending", 302]);
    assert.equal(delivery.attempts[0].error, "answered 302: redirects are not followed; register the address itself");
    assert.deepEqual(receiver.at("/elsewhere"), []);
  });

  test("what a page does not hold comes on the next, by state", async (t) => {
    const { id } = await register(t, "/pages");
    const sent = [];
    for (let i = 0; i < 5; i++) sent.unshift((await stack.api("POST", `/v1/webhooks/${id}/test`)).body.id);
    await eventually(async () => assert.equal((await deliveries(id, "?state=delivered")).deliveries.length, 5));
    const first = await deliveries(id, "?limit=2&state=delivered");
    const second = await deliveries(id, `?limit=2&state=delivered&cursor=${first.next}`);
    const third = await deliveries(id, `?limit=2&state=delivered&cursor=${second.next}`);
    assert.deepEqual([first, second, third].flatMap(({ deliveries: list }) => list.map(({ id }) => id)), sent);
    assert.equal(third.next, null);
    assert.deepEqual((await deliveries(id, "?state=failed")).deliveries, []);
  });

  test("private addresses and odd spellings are refused at registration, with what to write", async () => {
    for (const [url, words] of [
      ["http://app.example/hooks", /only https/],
      ["https://10.0.0.1/", /private network/],
      ["https://169.254.169.254/latest/meta-data", /private network/],
      ["https://100.64.0.1/", /private network/],
      ["https://[::ffff:127.0.0.1]/", /private network/],
      ["https://[fd00::1]/", /private network/],
      ["https://[fe80::1]/", /private network/],
      ["https://metadata.google.internal/", /private network/],
      ["https://2130706433/", /four decimal numbers/],
      ["https://0x7f.1/", /four decimal numbers/],
      ["https://0177.0.0.1/", /four decimal numbers/],
      ["https://ada:pw@app.example/", /user name and password/],
      ["https://app.example:22/", /port 22/],
      ["https://app.example\\@10.0.0.1/", /cannot stand/],
      ["app.example", /whole address/],
    ]) {
      const { status, body } = await stack.api("POST", "/v1/webhooks", { url });
      assert.deepEqual([status, body.code, body.pointer], [422, "url_refused", "/url"], url);
      assert.match(body.detail, words, url);
    }
    assert.deepEqual(await endpoints(), []);
  });

  test("bad input is refused with its place, and changes nothing", async (t) => {
    const { id } = await register(t, "/kept");
    const url = `${receiver.url}/other`;
    for (const [method, route, body, code, pointer] of [
      ["POST", "", {}, "invalid_request", "/url"],
      ["POST", "", { url: 7 }, "invalid_request", "/url"],
      ["POST", "", { url, events: [] }, "invalid_request", "/events"],
      ["POST", "", { url, events: ["signal.detected", "segment.entred"] }, "invalid_request", "/events/1"],
      ["POST", "", { url, secret: "whsec_mine" }, "invalid_request", "/secret"],
      ["POST", "", [], "invalid_request", ""],
      ["PATCH", `/${id}`, { state: "off" }, "invalid_request", "/state"],
      ["PATCH", `/${id}`, { url: "https://10.0.0.1/" }, "url_refused", "/url"],
      ["POST", `/${id}/rotate`, { overlap: "1y" }, "invalid_request", "/overlap"],
      ["POST", `/${id}/rotate`, { overlap: "31d" }, "invalid_request", "/overlap"],
    ]) {
      const { status, headers, body: problem } = await stack.api(method, `/v1/webhooks${route}`, body);
      assert.deepEqual([status, problem.code, problem.pointer], [422, code, pointer], JSON.stringify(body));
      assert.match(headers.get("content-type"), /problem\+json/);
    }
    const malformed = await stack.api("POST", "/v1/webhooks", undefined, { raw: '{"url": ' });
    assert.deepEqual([malformed.status, malformed.body.code, malformed.body.line], [400, "malformed_json", 1]);
    for (const route of [`/${id}/deliveries?state=lost`, `/${id}/deliveries?cursor=!`, `/${id}/deliveries?limit=0`]) {
      assert.equal((await stack.api("GET", `/v1/webhooks${route}`)).status, 422, route);
    }
    const [kept] = await endpoints();
    assert.deepEqual([kept.id, kept.url, kept.state, kept.secrets.length], [id, `${receiver.url}/kept`, "enabled", 1]);
  });

  test("an app sees and changes its own endpoints only, with its secret key only", async (t) => {
    const { id } = await register(t, "/mine");
    const { body: sent } = await stack.api("POST", `/v1/webhooks/${id}/test`);
    const other = await createApp({ ...stack, id: "other", origins: [] });
    assert.deepEqual((await other.api("GET", "/v1/webhooks")).body.endpoints, []);
    for (const [method, route] of [
      ["PATCH", ""],
      ["DELETE", ""],
      ["POST", "/rotate"],
      ["POST", "/test"],
      ["GET", "/deliveries"],
      ["POST", `/deliveries/${sent.id}/replay`],
    ]) {
      const { status, body } = await other.api(method, `/v1/webhooks/${id}${route}`, method === "PATCH" ? { state: "disabled" } : undefined);
      assert.deepEqual([status, body.code], [404, "not_found"], `${method} ${route}`);
    }
    const token = await stack.token();
    const asUser = await stack.api("GET", "/v1/webhooks", undefined, { key: token });
    assert.deepEqual([asUser.status, asUser.body.code], [403, "forbidden_credential"]);
    assert.equal((await endpoints())[0].state, "enabled");
  });

  test("an app has ten endpoints at most, and what it deletes hears nothing more", async (t) => {
    const made = [];
    for (let i = 0; i < 10; i++) made.push(await register(t, `/many-${i}`));
    const eleventh = await stack.api("POST", "/v1/webhooks", { url: `${receiver.url}/many-10` });
    assert.equal(eleventh.status, 422);
    assert.match(eleventh.body.detail, /at most 10 endpoints/);
    const [first, ...rest] = made;
    assert.equal((await stack.api("DELETE", `/v1/webhooks/${first.id}`)).status, 204);
    await use("many", 900);
    for (let i = 1; i < 10; i++) await arrived(`/many-${i}`, 3);
    assert.deepEqual(receiver.at("/many-0"), []);
    assert.deepEqual((await endpoints()).map(({ id }) => id), rest.map(({ id }) => id));
  });
});
