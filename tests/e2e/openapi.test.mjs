// The reference: a valid document that describes every call, and describes what is really answered.
//
// All other tests check the answers they get against it as well (tests/support/reference.mjs); this one walks over the whole of it.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";
import { eventually } from "../support/eventually.mjs";
import { startReceiver } from "../support/hook-receiver.mjs";
import { linkIn, mailConfig, mailing } from "../support/mailing.mjs";
import { ask, referenceOf } from "../support/reference.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { call, createApp, openLive } from "../support/stack.mjs";
import { UPGRADE_CONFIG, addTenant, buyer, openShop } from "../support/upgrading.mjs";

const RULES = mailConfig({
  features: UPGRADE_CONFIG.features,
  segments: { ready_to_upgrade: { enter: "score >= 20", exit: "score < 10" } },
  email: { track: { clicks: true, opens: true } },
});
const MAIL_SECRET = `whsec_${Buffer.from("a secret of the mail provider").toString("base64")}`;

describe("the reference", () => {
  const stack = sharedStack({ dev: true, config: RULES });
  const ends = [];
  let document, shop, acme;
  const good = async (answer, status = 200) => {
    const { status: found, body } = await answer;
    assert.equal(found, status, JSON.stringify(body));
    return body;
  };
  const get = (route, headers) => good(stack.api("GET", route, undefined, { headers }));
  const post = (route, body, status = 200) => good(stack.api("POST", route, body), status);
  const as = (key, method, route, body, headers) => call(stack.worker.url + route, { method, key, body, headers });

  before(async () => {
    document = await good(call(`${stack.worker.url}/openapi.json`));
    shop = await openShop(stack);
    acme = await addTenant(stack, "acme", shop.prices.Free);
  });

  test("is a valid OpenAPI document, for everybody, and may be kept", async () => {
    const verdict = await new Validator().validate(structuredClone(document));
    assert.deepEqual(verdict, { valid: true });
    assert.match(document.openapi, /^3\.1\./);
    const answer = await call(`${stack.worker.url}/openapi.json`, { headers: { origin: "https://anywhere.example" } });
    assert.equal(answer.headers.get("cache-control"), "public, max-age=3600");
    assert.equal(answer.headers.get("access-control-allow-origin"), "https://anywhere.example");
    assert.equal(document.info.version, (await call(`${stack.worker.url}/healthz`)).body.version);
  });

  test("names what it describes: every call once, every parameter and schema that is used", () => {
    const ids = new Set();
    const text = JSON.stringify(document);
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        assert.ok(operation.summary.endsWith("."), `${method} ${path}`);
        assert.ok(!ids.has(operation.operationId), operation.operationId);
        ids.add(operation.operationId);
      }
    }
    for (const [kind, parts] of Object.entries(document.components)) {
      for (const name of Object.keys(parts)) {
        const used = kind === "securitySchemes" ? `"${name}":[]` : `"#/components/${kind}/${name}"`;
        assert.ok(text.includes(used), `${kind} ${name} is used nowhere`);
      }
    }
  });

  test("a path tells which methods it takes, whatever else it is asked by", async () => {
    const { calls } = await referenceOf(stack.worker.url);
    for (const { path } of calls) {
      const filled = path.replace(/\{[^}]+\}/g, "x");
      const taken = calls.filter(({ pattern }) => pattern.test(filled)).map(({ method }) => method);
      for (const method of ["PURGE", ["GET", "PUT", "PATCH", "DELETE", "POST"].find((method) => !taken.includes(method))]) {
        const answer = await call(stack.worker.url + filled, { method, key: stack.secretKey });
        assert.deepEqual([answer.status, answer.headers.get("allow")?.split(", ").toSorted()], [405, taken.toSorted()], `${method} ${path}`);
      }
    }
  });

  test("events, pages and upgrades are as described", async (t) => {
    const batch = { client: "walk", seq: 1, tenant: "acme", user: "ada" };
    const sent = [
      { type: "usage", meter: "api_calls", value: 900, id: "once" },
      { type: "track", name: "premium_feature_blocked", feature: "sso" },
      { type: "identify", email: "ada@acme.example", name: "Ada", role: "admin" },
      { type: "exposure", campaign: "api_quota", decision: "d1" },
      { type: "usage", meter: "nothing", value: 1 },
    ];
    const { accepted, rejected } = await post("/v1/events", { ...batch, events: sent }, 202);
    assert.deepEqual([accepted, rejected.length], [4, 1]);
    await post("/v1/events", { ...batch, events: sent }, 202);
    assert.equal((await stack.api("POST", "/v1/events", { tenant: "acme", events: [{ type: "usage", meter: "nothing", value: 1 }] })).body.code, "unknown_meter");

    const { etag } = Object.fromEntries((await as(acme.admin, "GET", "/v1/snapshot?client=walk")).headers);
    await good(as(acme.admin, "GET", "/v1/snapshot?client=walk", undefined, { accept: "application/vnd.upcue.snapshot" }));
    await good(as(acme.admin, "GET", "/v1/snapshot?client=walk", undefined, { "if-none-match": etag }), 304);
    await good(as(acme.admin, "GET", "/v1/live"), 426);
    await openLive(t, stack.worker, acme.admin);
    await good(as(acme.admin, "GET", "/v1/subscription"));
    await get("/v1/subscription?tenant=nobody");
    await good(as(acme.member, "GET", "/v1/decisions?placement=app.header"));
    await good(as(acme.admin, "GET", "/v1/plans?for=api_calls"));
    await get("/v1/plans?tenant=acme&for=sso");
    await get("/v1/plans?tenant=nobody");

    await good(as(acme.member, "POST", "/v1/upgrade-requests", { feature: "sso" }), 202);
    await good(as(acme.member, "POST", "/v1/upgrade-requests"), 202);
    await good(as(acme.admin, "GET", "/v1/upgrade-requests"));
    await get("/v1/upgrade-requests?tenant=acme");
    await get("/v1/plans?tenant=acme");
    const shopper = buyer(stack, acme);
    const { answer } = await shopper.buy({ plan: shop.products.Pro.id });
    assert.deepEqual([answer.status, answer.body.status], [200, "upgraded"]);
    await good(shopper.state(answer.body.upgrade));
    await good(as(acme.admin, "GET", "/v1/subscription"));
  });

  test("configuration and back-tests are as described", async () => {
    const { headers } = await stack.api("GET", "/v1/config");
    await good(stack.api("PUT", "/v1/config", { ...RULES, holdout: 0.1 }, { headers: { "if-match": headers.get("etag") } }));
    await good(stack.api("PUT", "/v1/config", RULES, { headers: { "if-match": headers.get("etag") } }), 412);
    await good(stack.api("PUT", "/v1/config", RULES), 428);
    await good(stack.api("PUT", "/v1/config", { ...RULES, meters: {} }, { headers: { "if-match": "*" } }), 422);
    await get("/v1/config?version=1");
    await post("/v1/config/validate", { ...RULES, signals: [{ id: "never", when: "usage.api_call.ratio > 1" }] });
    await get("/v1/config/versions?limit=1");
    await get("/v1/config/diff");
    await good(stack.api("POST", "/v1/config/rollback", { version: 1 }, { headers: { "if-match": "*" } }));
    await good(call(`${stack.worker.url}/v1/config/schema`));
    const { id } = await post("/v1/config/backtest", { version: 1, tenants: ["acme"] }, 202);
    await eventually(async () => assert.equal((await get(`/v1/config/backtests/${id}`)).status, "done"));
  });

  test("tenants, segments and reports are as described", async () => {
    await get("/v1/tenants?sort=score&limit=1");
    await get("/v1/tenants/acme");
    await get("/v1/tenants/nobody");
    await get("/v1/tenants/acme/decisions?user=ada&role=member&tz=Europe/Berlin");
    await good(stack.api("PUT", "/v1/tenants/acme/customer", { customer: acme.customer.id }));
    await get("/v1/tenants/acme/timeline?limit=2");
    await get("/v1/tenants/acme/replay");
    await get("/v1/tenants/acme/export?limit=3");
    await get("/v1/tenants/acme/export?user=ada");
    await get("/v1/segments");
    const csv = { accept: "text/csv" };
    for (const route of ["/v1/segments/ready_to_upgrade", "/v1/reports/funnel", "/v1/reports/conversions?by=signal,channel,plan,day", "/v1/reports/trend"]) {
      await get(route);
      await get(route, csv);
    }
    for (const route of ["upgrades", "lift?campaign=api_quota", "lift", "funnel/tenants?step=exposed", "conversions/tenants"]) await get(`/v1/reports/${route}`);
    await get("/v1/activity?limit=3");
  });

  test("mail is as described", async () => {
    const mails = mailing(stack);
    const [{ id }] = await mails.until("acme", 1);
    const letter = await mails.letter("acme", id);
    await mails.outbox("?limit=1");
    for (const method of ["GET", "HEAD"]) await good(ask(linkIn(letter, stack.worker, "u"), { method }));
    await good(ask(linkIn(letter, stack.worker, "u"), { method: "POST", body: new URLSearchParams({ stop: "all" }) }));
    for (const path of ["u", "e"]) {
      for (const accept of ["*/*", "text/html"]) await good(ask(`${stack.worker.url}/${path}/nonsense`, { headers: { accept } }), 404);
    }
    const links = letter.html.match(new RegExp(`${stack.worker.url}/e/[\\w-]+`, "g"));
    const followed = [];
    for (const link of links) followed.push((await ask(link)).status);
    assert.deepEqual([...new Set(followed)].toSorted(), [200, 302]);
    await mails.outbox();
    await mails.of("acme");

    const { url } = await post("/v1/email/preview", { template: "quota" });
    await good(ask(`${stack.worker.url}${new URL(url).pathname}`));
    await good(stack.api("POST", "/v1/email/preview", { template: "quota", tenant: "acme" }, { headers: { accept: "text/html" } }));
    await post("/v1/email/test", { template: "quota", to: "me@nimbus.example" });
    await post("/v1/email/suppressions", { email: "no@acme.example" });
    await get("/v1/email/suppressions?email=no@acme.example");
    await good(stack.api("DELETE", "/v1/email/suppressions", { email: "no@acme.example" }));
    await post("/v1/email/suppressions", { email: "nobody" }, 422);
  });

  test("webhooks, out and in, are as described", async (t) => {
    const receiver = await startReceiver(t);
    const { id } = await post("/v1/webhooks", { url: `${receiver.url}/walk`, events: ["signal.detected"] }, 201);
    await get("/v1/webhooks");
    await good(stack.api("PATCH", `/v1/webhooks/${id}`, { events: ["*"] }));
    await post(`/v1/webhooks/${id}/rotate`, { overlap: "1h" });
    const { id: message } = await post(`/v1/webhooks/${id}/test`, undefined, 202);
    await eventually(async () => {
      const { deliveries } = await get(`/v1/webhooks/${id}/deliveries`);
      assert.equal(deliveries.find((delivery) => delivery.id === message).state, "delivered");
    });
    await post(`/v1/webhooks/${id}/deliveries/${message}/replay`, undefined, 202);
    await good(stack.api("DELETE", `/v1/webhooks/${id}`), 204);
    await post("/v1/webhooks", { url: "http://10.0.0.1/" }, 422);

    const event = JSON.stringify({ id: "evt_walk", type: "customer.created", data: { object: { id: "cus_walk", object: "customer" } } });
    const signature = new Stripe("sk_test").webhooks.generateTestHeaderString({ payload: event, secret: stack.webhookSecret });
    const stripe = `${stack.worker.url}/webhooks/stripe/demo`;
    await good(call(stripe, { method: "POST", raw: event, headers: { "stripe-signature": signature } }));
    await good(call(stripe, { method: "POST", raw: event }), 400);
    await get("/v1/stripe/events");
    await get("/v1/catalog");
    await post("/v1/catalog/sync");
    await post("/v1/stripe/reconcile");
  });

  test("apps and their keys are as described", async () => {
    const other = await createApp({ ...stack, id: "other", origins: [] });
    const email = { provider: "resend", api_key: "re_walk", webhook_secrets: [MAIL_SECRET] };
    await good(stack.operator("PATCH", "/v1/apps/other", { email }));
    const report = JSON.stringify({ type: "email.delivered", created_at: new Date().toISOString(), data: { email_id: "e", to: ["a@b.example"], tags: {} } });
    const now = new Date();
    const signed = new Webhook(MAIL_SECRET).sign("msg_1", now, report);
    const headers = { "svix-id": "msg_1", "svix-timestamp": String(Math.floor(now / 1000)), "svix-signature": signed };
    await good(call(`${stack.worker.url}/webhooks/email/other/resend`, { method: "POST", raw: report, headers }));
    const { signing_key: key } = await good(stack.operator("POST", "/v1/apps/other/keys", { kind: "signing" }), 201);
    await good(stack.operator("POST", "/v1/apps/other/keys", { kind: "secret" }), 201);
    await good(stack.operator("DELETE", `/v1/apps/other/keys/${key.kid}`), 204);
    const mail = { from: { address: "a@b.example" }, to: { address: "c@d.example", name: "C" } };
    await good(stack.operator("POST", "/v1/apps/demo/email/test", mail));
    await good(other.api("POST", "/v1/catalog/sync"));
    await good(stack.operator("POST", "/v1/apps/nobody/keys", { kind: "secret" }), 404);
    await good(stack.api("DELETE", "/v1/tenants/acme/users/ada"));
    await good(stack.api("DELETE", "/v1/tenants/acme"));
    await get("/v1/erasures");
    for (const part of ["GET /nowhere", "DELETE /v1/plans"]) {
      const [method, route] = part.split(" ");
      assert.ok([404, 405].includes((await call(stack.worker.url + route, { method })).status));
    }
  });

  test("and nothing is described that was not met on the way", async () => {
    const { answers, seen } = await referenceOf(stack.worker.url);
    const missed = answers.filter((answer) => !seen.has(answer));
    // Answered by openLive, whose socket shows no status.
    // An erasure that something keeps from being done at once is privacy.test.mjs's.
    const elsewhere = ["DELETE /v1/tenants/{tenant} 202 application/json", "DELETE /v1/tenants/{tenant}/users/{user} 202 application/json"];
    assert.deepEqual(missed.filter((answer) => !elsewhere.includes(answer)), ["GET /v1/live 101"]);
  });
});
