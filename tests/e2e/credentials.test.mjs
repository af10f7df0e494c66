// Who may do what: every wrong credential is refused with its own code, and the right one sees only its own.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SignJWT, UnsecuredJWT } from "jose";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, call, createApp, userToken } from "../support/stack.mjs";

const bytes = (text) => new TextEncoder().encode(text);

describe("credentials", () => {
  const stack = sharedStack({ config: CONFIG });
  const get = (route, key, headers) => call(stack.worker.url + route, { key, headers });
  const claims = { tenant: "acme", role: "admin" };
  const sign = (change = (jwt) => jwt, { alg = "HS256", kid = stack.signingKey.kid, secret = stack.signingKey.secret, payload = claims } = {}) =>
    change(
      new SignJWT(payload).setProtectedHeader({ alg, kid }).setIssuer("demo").setAudience("upcue").setSubject("ada").setExpirationTime("1h"),
    ).sign(bytes(secret));

  test("every wrong token has its code, and none of them counts anything", async () => {
    const past = Math.floor(Date.now() / 1000) - 5;
    const unsigned = new UnsecuredJWT(claims).setIssuer("demo").setAudience("upcue").setSubject("ada").setExpirationTime("1h").encode();
    const refused = [
      [undefined, "missing_credential"],
      ["rubbish", "invalid_token"],
      [unsigned, "token_algorithm"],
      [await sign(undefined, { alg: "HS512", secret: "x".repeat(64) }), "token_algorithm"],
      [await sign((jwt) => jwt.setExpirationTime(past)), "token_expired"],
      [await sign((jwt) => jwt.setExpirationTime("3d")), "token_lifetime"],
      [await sign((jwt) => jwt.setAudience("billing")), "token_audience"],
      [await sign((jwt) => jwt.setIssuer("nobody")), "invalid_token"],
      [await sign(undefined, { secret: "not the secret of this app at all" }), "token_signature"],
      [await sign(undefined, { kid: "unknown" }), "token_signature"],
      [await sign(undefined, { payload: { role: "admin" } }), "invalid_token"],
      [await sign(undefined, { payload: { tenant: "acme", role: "owner" } }), "invalid_token"],
      ["upc_sk_demo_guess", "unknown_key"],
      ["upc_sk_nobody_guess", "unknown_key"],
      [stack.operatorKey, "invalid_token"],
    ];
    for (const [token, code] of refused) {
      for (const answer of [
        await get("/v1/snapshot", token),
        await call(`${stack.worker.url}/v1/events`, { method: "POST", key: token, body: { events: [{ type: "usage", meter: "api_calls", value: 1 }] } }),
      ]) {
        assert.deepEqual([answer.status, answer.body.code], [401, code], token);
        assert.equal(answer.headers.get("content-type"), "application/problem+json");
      }
    }
    assert.equal(await stack.meter("acme", "api_calls"), 0);
  });

  test("a token speaks for its own tenant only", async () => {
    const token = await stack.token({ tenant: "acme" });
    const foreign = { tenant: "rival", events: [{ type: "usage", meter: "api_calls", value: 1 }] };
    const inEvent = { events: [{ type: "usage", meter: "api_calls", value: 1 }, { type: "usage", meter: "api_calls", value: 1, tenant: "rival" }] };
    for (const body of [foreign, inEvent]) {
      const answer = await call(`${stack.worker.url}/v1/events`, { method: "POST", key: token, body });
      assert.deepEqual([answer.status, answer.body.code], [403, "forbidden_tenant"]);
    }
    const read = await get("/v1/subscription?tenant=rival", token);
    assert.deepEqual([read.status, read.body.code], [403, "forbidden_tenant"]);
    assert.deepEqual([await stack.meter("rival", "api_calls"), await stack.meter("acme", "api_calls")], [0, 0]);
  });

  test("users may not do what is for back ends, nor back ends what is for users, nor either what is for operators", async () => {
    const token = await stack.token();
    for (const [method, route] of [["GET", "/v1/config"], ["GET", "/v1/tenants"], ["GET", "/v1/tenants/acme"], ["POST", "/v1/catalog/sync"], ["GET", "/v1/stripe/events"]]) {
      const answer = await call(stack.worker.url + route, { method, key: token });
      assert.deepEqual([answer.status, answer.body.code], [403, "forbidden_credential"], route);
    }
    assert.equal((await get("/v1/snapshot", stack.secretKey)).body.code, "forbidden_credential");
    for (const key of [token, stack.secretKey]) {
      const answer = await call(`${stack.worker.url}/v1/apps`, { method: "POST", key, body: { id: "mine" } });
      assert.deepEqual([answer.status, answer.body.code], [401, "unknown_key"]);
    }
  });

  test("apps do not see each other", async () => {
    const other = await createApp({ ...stack, id: "other", origins: [] });
    await other.publish(CONFIG);
    await stack.api("POST", "/v1/events", { tenant: "acme", events: [{ type: "usage", meter: "api_calls", value: 5 }] });
    assert.equal(await other.meter("acme", "api_calls"), 0, "the same name is another tenant there");
    const crossed = await userToken({ app: "demo", signingKey: other.signingKey });
    assert.equal((await get("/v1/snapshot", crossed)).body.code, "token_signature");
  });

  test("keys rotate without a gap and stop when they are revoked", async () => {
    const added = await stack.operator("POST", "/v1/apps/demo/keys", { kind: "signing" });
    assert.equal(added.status, 201);
    const fresh = await userToken({ app: "demo", signingKey: added.body.signing_key });
    const old = await stack.token();
    assert.deepEqual([(await get("/v1/snapshot", fresh)).status, (await get("/v1/snapshot", old)).status], [200, 200]);
    assert.equal((await stack.operator("DELETE", `/v1/apps/demo/keys/${added.body.signing_key.kid}`)).status, 204);
    assert.deepEqual([(await get("/v1/snapshot", fresh)).body.code, (await get("/v1/snapshot", old)).status], ["token_signature", 200]);

    const { secret_key: second } = (await stack.operator("POST", "/v1/apps/demo/keys", { kind: "secret" })).body;
    assert.equal((await get("/v1/tenants", second)).status, 200);
    await stack.operator("DELETE", `/v1/apps/demo/keys/${encodeURIComponent(second)}`);
    assert.equal((await get("/v1/tenants", second)).body.code, "unknown_key");
    assert.equal((await get("/v1/tenants", stack.secretKey)).status, 200);
  });

  test("only the app's own pages may read", async () => {
    const token = await stack.token();
    const own = await get("/v1/snapshot", token, { origin: "http://127.0.0.1:4000" });
    assert.equal(own.headers.get("access-control-allow-origin"), "http://127.0.0.1:4000");
    const foreign = await get("/v1/snapshot", token, { origin: "https://evil.example" });
    assert.deepEqual([foreign.status, foreign.body.code, foreign.headers.get("access-control-allow-origin")], [403, "origin_not_allowed", null]);
  });

  test("apps are created once, with words for what is wrong", async () => {
    for (const [body, status, code] of [
      [{ id: "demo" }, 409, "app_exists"],
      [{ id: "No Good" }, 422, "invalid_request"],
      [{ id: "x", allowed_origins: ["app.example"] }, 422, "invalid_request"],
      [{ id: "x", alowed_origins: [] }, 422, "invalid_request"],
    ]) {
      const answer = await stack.operator("POST", "/v1/apps", body);
      assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(body));
    }
    const nowhere = await call(`${stack.worker.url}/v1/nowhere`);
    assert.deepEqual([nowhere.status, nowhere.body.code], [404, "not_found"]);
    const wrongWay = await call(`${stack.worker.url}/v1/events`);
    assert.deepEqual([wrongWay.status, wrongWay.body.code], [405, "method_not_allowed"]);
  });
});
