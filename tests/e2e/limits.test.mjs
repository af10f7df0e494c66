// What is too much is refused, at once and with a code of its own, and nobody else notices.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, call } from "../support/stack.mjs";

describe("limits", () => {
  const stack = sharedStack({ dev: true, config: CONFIG });
  const rates = (limits) => stack.operator("POST", "/dev/rates", { limits });
  const post = (route, raw, headers = {}, key = stack.secretKey) => call(stack.worker.url + route, { method: "POST", key, raw, headers });
  const isWell = async () => assert.equal((await stack.api("GET", "/v1/tenants")).status, 200);
  const told = ({ status, body }) => [status, body.code];

  /** What is answered to a request whose body does not end; read off the wire, as a client that still writes may not hear it. */
  async function answerTo(head, body = "") {
    const socket = connect(stack.worker.port, "127.0.0.1");
    try {
      await once(socket, "connect");
      socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
      let text = "";
      while (!/\r\n\r\n[^]*\}/.test(text)) text += (await once(socket, "data"))[0];
      return [Number(text.split(" ")[1]), /"code":"(\w+)"/.exec(text)?.[1]];
    } finally {
      socket.destroy();
    }
  }

  test("a body that is too large is refused by every route that takes one, announced as ten megabytes or not announced at all", async () => {
    const KIB = 1024;
    const { secretKey: secret, operatorKey: operator } = stack;
    const routes = [
      ["POST", "/v1/events", secret, 256 * KIB], ["PUT", "/v1/config", secret, 1024 * KIB], ["POST", "/v1/config/validate", secret, 1024 * KIB],
      ["POST", "/v1/config/backtest", secret, 2048 * KIB], ["POST", "/v1/email/preview", secret, 1040 * KIB], ["POST", "/v1/email/test", secret, 1040 * KIB],
      ["POST", "/v1/email/suppressions", secret, 4 * KIB], ["POST", "/v1/webhooks", secret, 8 * KIB],
      ["PUT", "/v1/tenants/acme/customer", secret, 4 * KIB], ["POST", "/v1/upgrade/quotes", await stack.token(), 16 * KIB],
      ["POST", "/v1/upgrades", await stack.token(), 16 * KIB], ["POST", "/v1/upgrade-requests", await stack.token({ role: "member" }), 16 * KIB],
      ["POST", "/v1/apps", operator, 64 * KIB], ["POST", `/webhooks/stripe/${stack.app}`, "", 512 * KIB],
    ];
    for (const [method, path, key, limit] of routes) {
      const head = [
        `${method} ${path} HTTP/1.1`, "host: upcue", "content-type: application/json", "if-match: *", "idempotency-key: k",
        `authorization: Bearer ${key}`, "stripe-signature: t=1,v1=0",
      ];
      const announced = await answerTo([...head, `content-length: ${10 * KIB * KIB}`]);
      assert.deepEqual(announced, [413, "payload_too_large"], `${method} ${path}, announced`);
      const more = limit + 1;
      const streamed = await answerTo([...head, "transfer-encoding: chunked"], `${more.toString(16)}\r\n${"x".repeat(more)}\r\n`);
      assert.deepEqual(streamed, [413, "payload_too_large"], `${method} ${path}, streamed`);
    }
    await isWell();
  });

  test("what is nested deeply is refused, however it is written", async () => {
    for (const [open, close] of [["[", "]"], ['{"a":', "}"], ['{"events":[', "]}"]]) {
      const body = open.repeat(20_000) + (open.endsWith(":") ? "1" : "") + close.repeat(20_000);
      for (const [method, route] of [["POST", "/v1/events"], ["PUT", "/v1/config"], ["POST", "/v1/email/preview"]]) {
        const headers = { "content-type": "application/json", "if-match": "*" };
        const answer = await call(stack.worker.url + route, { method, key: stack.secretKey, raw: body, headers });
        assert.ok([400, 422].includes(answer.status), `${route} ${answer.status}`);
        assert.ok(["malformed_json", "invalid_config", "invalid_request"].includes(answer.body.code), `${route} ${answer.body.code}`);
      }
    }
    await isWell();
  });

  test("an encoded body is refused before it unfolds", async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
    for (const encoding of ["gzip", "br", "deflate", "zstd", "gzip, gzip"]) {
      assert.deepEqual(told(await post("/v1/events", bomb, { "content-encoding": encoding })), [415, "unsupported_encoding"], encoding);
    }
    const plain = JSON.stringify({ tenant: "plain", events: [{ type: "usage", meter: "api_calls", value: 1 }] });
    assert.equal((await post("/v1/events", plain, { "content-encoding": "identity" })).status, 202);
  });

  test("whoever sends slowly, or stops, holds up nobody", async (t) => {
    const slow = [];
    for (let i = 0; i < 50; i++) {
      const socket = connect(stack.worker.port, "127.0.0.1");
      t.after(() => socket.destroy());
      socket.on("error", () => {});
      await once(socket, "connect");
      socket.write(`POST /v1/events HTTP/1.1\r\nhost: upcue\r\nauthorization: Bearer ${stack.secretKey}\r\ncontent-length: 100\r\n\r\n{"tenant":`);
      slow.push(socket);
    }
    for (let i = 0; i < 20; i++) await isWell();
    // One that goes on is answered.
    const rest = '"late","events":[{"type":"usage","meter":"api_calls","value":1}]}';
    slow[0].write(rest.padEnd(100 - '{"tenant":'.length));
    const [answer] = await once(slow[0], "data");
    assert.match(answer.toString(), /^HTTP\/1.1 202/);
  });

  test("names, texts and their numbers are bounded", async () => {
    const events = (tenant, list) => stack.api("POST", "/v1/events", { tenant, events: list });
    const track = (name) => ({ type: "track", name });
    for (const [event, code] of [
      [track("x".repeat(65)), "invalid_name"],
      [{ type: "usage", meter: "unheard_of", value: 1 }, "unknown_meter"],
      [{ type: "usage", meter: "api_calls", value: 2 ** 53 }, "invalid_value"],
      [{ type: "usage", meter: "api_calls", value: 1, id: "x".repeat(129) }, "invalid_event"],
      [{ type: "usage", meter: "api_calls", value: 1, user: "x".repeat(129) }, "invalid_event"],
      [{ type: "dismiss", campaign: "api_quota", user: "ada", decision: "x".repeat(129) }, "invalid_event"],
      [{ type: "identify", user: "ada", name: "x".repeat(121), email: "ada@acme.example" }, "invalid_event"],
    ]) {
      assert.deepEqual(told(await events("bounded", [event])), [422, code], JSON.stringify(event).slice(0, 100));
    }
    assert.deepEqual(told(await events("x".repeat(129), [track("a")])), [422, "tenant_required"]);
    assert.deepEqual(told(await events("bounded", Array.from({ length: 1_001 }, () => track("a")))), [413, "too_many_events"]);
    // 256 names of tracked events; the next is refused, and those that are known go on.
    const names = Array.from({ length: 256 }, (_, n) => track(`event_${n}`));
    assert.equal((await events("bounded", names)).body.accepted, 256);
    assert.deepEqual(told(await events("bounded", [track("one_more")])), [422, "too_many_names"]);
    assert.equal((await events("bounded", [track("event_7")])).body.accepted, 1);
  });

  test("of so many users something is kept, and the others are served all the same", async () => {
    const MOST = 50_000;
    const events = (list) => stack.api("POST", "/v1/events", { tenant: "crowded", events: list });
    const dismiss = (user) => ({ type: "dismiss", campaign: "api_quota", user });
    for (let n = 0; n < MOST; n += 1_000) {
      const { status, body } = await events(Array.from({ length: 1_000 }, (_, i) => dismiss(`user_${n + i}`)));
      assert.deepEqual([status, body.rejected], [202, []], `after ${n}`);
    }
    const mixed = await events([dismiss("one_more"), dismiss("user_7"), { type: "usage", meter: "api_calls", value: 900, user: "one_more" }]);
    assert.deepEqual([mixed.status, mixed.body.accepted, mixed.body.rejected.map(({ index, code }) => [index, code])], [202, 2, [[0, "too_many_users"]]]);
    const page = await stack.snapshot(await stack.token({ tenant: "crowded", user: "stranger" }));
    assert.equal(page.tenant, "crowded");
    assert.equal((await stack.api("DELETE", "/v1/tenants/crowded/users/user_3")).status, 200);
    assert.equal((await events([dismiss("one_more")])).body.accepted, 1, "somebody left");
  });

  test("a key, a tenant's pages and an address may ask so often", async (t) => {
    t.after(() => rates(""));
    const ask = async (times, options, route = "/v1/tenants") => {
      const codes = [];
      for (let i = 0; i < times; i++) {
        const { status, headers, body } = await call(stack.worker.url + route, options);
        codes.push(status === 200 ? 200 : body.code);
        if (status === 429) assert.equal(headers.get("retry-after"), "1");
      }
      return codes;
    };
    const refused = (codes) => codes.filter((code) => code === "rate_limited").length;
    await rates("key=1/5");
    assert.ok(refused(await ask(20, { key: stack.secretKey })) >= 10);
    const { body } = await stack.operator("POST", `/v1/apps/${stack.app}/keys`, { kind: "secret" });
    assert.equal(refused(await ask(5, { key: body.secret_key })), 0, "another key has its own");
    const [acme, other] = [await stack.token({ tenant: "acme" }), await stack.token({ tenant: "other" })];
    await rates("tenant=1/5");
    assert.ok(refused(await ask(20, { key: acme }, "/v1/subscription")) >= 10);
    assert.equal(refused(await ask(5, { key: other }, "/v1/subscription")), 0);
    await rates("address=1/5");
    const from = (address) => ({ key: "nonsense", headers: { "cf-connecting-ip": address } });
    assert.ok(refused(await ask(20, from("198.51.100.7"))) >= 10, "whoever tries keys");
    assert.equal(refused(await ask(5, from("198.51.100.8"))), 0);
    await rates("");
    await isWell();
  });
});
