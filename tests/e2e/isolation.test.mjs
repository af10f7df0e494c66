// Who may call what: every call of the reference with every credential there is. The reference is held to the router's own table, so a
// new route without a row here fails.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { request } from "node:http";
import path from "node:path";
import { before, describe, test } from "node:test";
import { SignJWT, UnsecuredJWT } from "jose";
import { eventually } from "../support/eventually.mjs";
import { mailConfig } from "../support/mailing.mjs";
import { check } from "../support/reference.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { call, createApp, userToken } from "../support/stack.mjs";
import { addTenant, openShop } from "../support/upgrading.mjs";

/** In what is known of the tenant `acme`; nobody else may read it. */
const CANARY = "canary";
/** A setting of the app that is no secret. */
const ORIGIN = "https://app.canary.example";
const RULES = mailConfig({ segments: { ready_to_upgrade: { enter: "score >= 20", exit: "score < 10" } } });

/**
 * What each caller is answered. `member` and `admin` are users of acme; `rival` is an admin of another tenant who names acme; `key` is
 * the app's secret key, `other` that of another app, which publishes the same rules and has no tenants; `operator` is the operator key. Whoever is nobody is refused
 * with 401, unless the call needs no credential: then nothing depends on one.
 */
const TABLE = [
  //                                                     member admin rival  key other operator
  ["POST   /v1/events",                                     202,  202,  403,  202,  422,  401],
  ["GET    /v1/snapshot",                                   200,  200,  200,  403,  403,  401],
  ["GET    /v1/live",                                       101,  101,  101,  403,  403,  401],
  ["GET    /v1/subscription",                               200,  200,  403,  200,  200,  401],
  ["GET    /v1/decisions",                                  200,  200,  403,  403,  403,  401],
  ["GET    /v1/plans",                                      200,  200,  403,  200,  200,  401],
  ["POST   /v1/upgrade/quotes",                             403,  200,  403,  403,  403,  401],
  ["POST   /v1/upgrades",                                   403,  409,  403,  403,  403,  401],
  ["GET    /v1/upgrades/{upgrade}",                         403,  404,  403,  403,  403,  401],
  ["POST   /v1/upgrade-requests",                           202,  403,  403,  403,  403,  401],
  ["GET    /v1/upgrade-requests",                           403,  200,  403,  200,  200,  401],

  ["GET    /v1/config",                                     403,  403,  403,  200,  404,  401],
  ["PUT    /v1/config",                                     403,  403,  403,  200,  200,  401],
  ["POST   /v1/config/validate",                            403,  403,  403,  200,  200,  401],
  ["GET    /v1/config/versions",                            403,  403,  403,  200,  200,  401],
  ["GET    /v1/config/diff",                                403,  403,  403,  200,  404,  401],
  ["POST   /v1/config/rollback",                            403,  403,  403,  200,  200,  401],
  ["POST   /v1/config/backtest",                            403,  403,  403,  202,  202,  401],
  ["GET    /v1/config/backtests/{backtest}",                403,  403,  403,  200,  404,  401],

  ["GET    /v1/tenants",                                    403,  403,  403,  200,  200,  401],
  ["GET    /v1/tenants/{tenant}",                           403,  403,  403,  200,  200,  401],
  ["GET    /v1/tenants/{tenant}/decisions",                 403,  403,  403,  200,  200,  401],
  ["PUT    /v1/tenants/{tenant}/customer",                  403,  403,  403,  200,  200,  401],
  ["GET    /v1/tenants/{tenant}/timeline",                  403,  403,  403,  200,  200,  401],
  ["GET    /v1/tenants/{tenant}/replay",                    403,  403,  403,  200,  200,  401],
  ["GET    /v1/tenants/{tenant}/export",                    403,  403,  403,  200,  200,  401],
  ["GET    /v1/erasures",                                   403,  403,  403,  200,  200,  401],
  ["GET    /v1/tenants/{tenant}/letters",                   403,  403,  403,  200,  200,  401],
  ["GET    /v1/tenants/{tenant}/letters/{letter}",          403,  403,  403,  200,  404,  401],
  ["GET    /v1/segments",                                   403,  403,  403,  200,  200,  401],
  ["GET    /v1/segments/{segment}",                         403,  403,  403,  200,  200,  401],

  ["GET    /v1/reports/upgrades",                           403,  403,  403,  200,  200,  401],
  ["GET    /v1/reports/lift",                               403,  403,  403,  200,  200,  401],
  ["GET    /v1/reports/funnel",                             403,  403,  403,  200,  200,  401],
  ["GET    /v1/reports/funnel/tenants",                     403,  403,  403,  200,  200,  401],
  ["GET    /v1/reports/conversions",                        403,  403,  403,  200,  200,  401],
  ["GET    /v1/reports/conversions/tenants",                403,  403,  403,  200,  200,  401],
  ["GET    /v1/reports/trend",                              403,  403,  403,  200,  200,  401],
  ["GET    /v1/activity",                                   403,  403,  403,  200,  200,  401],

  ["POST   /v1/email/preview",                              403,  403,  403,  200,  200,  401],
  ["POST   /v1/email/test",                                 403,  403,  403,  200,  200,  401],
  ["GET    /v1/email/outbox",                               403,  403,  403,  200,  200,  401],
  ["GET    /v1/email/suppressions",                         403,  403,  403,  200,  200,  401],
  ["POST   /v1/email/suppressions",                         403,  403,  403,  200,  200,  401],
  ["DELETE /v1/email/suppressions",                         403,  403,  403,  200,  200,  401],

  ["GET    /v1/webhooks",                                   403,  403,  403,  200,  200,  401],
  ["POST   /v1/webhooks",                                   403,  403,  403,  201,  201,  401],
  ["PATCH  /v1/webhooks/{endpoint}",                        403,  403,  403,  200,  404,  401],
  ["POST   /v1/webhooks/{endpoint}/rotate",                 403,  403,  403,  200,  404,  401],
  ["POST   /v1/webhooks/{endpoint}/test",                   403,  403,  403,  202,  404,  401],
  ["GET    /v1/webhooks/{endpoint}/deliveries",             403,  403,  403,  200,  404,  401],
  ["POST   /v1/webhooks/{endpoint}/deliveries/{message}/replay", 403, 403, 403, 404, 404, 401],
  ["DELETE /v1/webhooks/{endpoint}",                        403,  403,  403,  204,  404,  401],

  ["GET    /v1/catalog",                                    403,  403,  403,  200,  200,  401],
  ["POST   /v1/catalog/sync",                               403,  403,  403,  200,  200,  401],
  ["GET    /v1/stripe/events",                              403,  403,  403,  200,  200,  401],
  ["POST   /v1/stripe/reconcile",                           403,  403,  403,  200,  200,  401],

  ["POST   /v1/apps",                                       401,  401,  401,  401,  401,  409],
  ["PATCH  /v1/apps/{app}",                                 401,  401,  401,  401,  401,  200],
  ["POST   /v1/apps/{app}/keys",                            401,  401,  401,  401,  401,  201],
  ["DELETE /v1/apps/{app}/keys/{key}",                      401,  401,  401,  401,  401,  404],
  ["POST   /v1/apps/{app}/email/test",                      401,  401,  401,  401,  401,  200],

  ["GET    /healthz",                                       200,  200,  200,  200,  200,  200],
  ["GET    /openapi.json",                                  200,  200,  200,  200,  200,  200],
  ["GET    /v1/config/schema",                              200,  200,  200,  200,  200,  200],
  ["GET    /v1/letters/preview/{look}",                     404,  404,  404,  404,  404,  404],
  ["GET    /u/{token}",                                     404,  404,  404,  404,  404,  404],
  ["POST   /u/{token}",                                     404,  404,  404,  404,  404,  404],
  ["GET    /e/{token}",                                     404,  404,  404,  404,  404,  404],
  ["POST   /webhooks/stripe/{app}",                         400,  400,  400,  400,  400,  400],
  ["POST   /webhooks/email/{app}/{provider}",               400,  400,  400,  400,  400,  400],

  // Last, as little is left of acme behind them.
  ["DELETE /v1/tenants/{tenant}/users/{user}",              403,  403,  403,  200,  200,  401],
  ["DELETE /v1/tenants/{tenant}",                           403,  403,  403,  200,  200,  401],
];
const CALLERS = ["member", "admin", "rival", "key", "other", "operator"];
const ROWS = new Map(TABLE.map(([row, ...statuses]) => [row.replace(/ +/, " "), Object.fromEntries(CALLERS.map((caller, i) => [caller, statuses[i]]))]));

/** Codes of 401 where the operator's key is what is needed; elsewhere each wrong credential has its own. */
const FOR_OPERATOR = (code) => (code === "missing_credential" ? code : "unknown_key");

describe("isolation", () => {
  const stack = sharedStack({ dev: true, origins: [ORIGIN], config: { ...RULES, holdout: 0.1 } });
  let document, shop, other, callers, wrong, parts, bodies;

  before(async () => {
    ({ body: document } = await call(`${stack.worker.url}/openapi.json`));
    await stack.publish(RULES);
    shop = await openShop(stack);
    const acme = await addTenant(stack, "acme", shop.prices.Free);
    other = await createApp({ ...stack, id: "other", origins: ["http://127.0.0.1:*"] });
    const events = [
      { type: "identify", email: `${CANARY}@acme.example`, name: CANARY, role: "admin" },
      { type: "usage", meter: "api_calls", value: 900 },
      { type: "track", name: CANARY },
    ];
    assert.equal((await stack.api("POST", "/v1/events", { tenant: "acme", user: CANARY, events })).status, 202);
    callers = {
      member: acme.member,
      admin: acme.admin,
      rival: await stack.token({ tenant: "rival" }),
      key: stack.secretKey,
      other: other.secretKey,
      operator: stack.operatorKey,
    };
    wrong = await wrongCredentials();
    const backtest = await stack.api("POST", "/v1/config/backtest", { version: 1 });
    const endpoint = await stack.api("POST", "/v1/webhooks", { url: "http://127.0.0.1:9/" });
    const letters = await eventually(async () => {
      const { body } = await stack.api("GET", "/v1/tenants/acme/letters");
      assert.equal(body.letters[0]?.state, "sent");
      return body.letters;
    });
    parts = {
      tenant: "acme", user: CANARY, app: "demo", segment: "ready_to_upgrade", upgrade: "up_1", letter: letters[0].id, backtest: backtest.body.id, endpoint: endpoint.body.id,
      message: "msg_1", key: "nothing", look: "demo.nothing", provider: "resend", token: "nothing",
    };
    const mail = { template: "quota" };
    const address = { email: "no@acme.example" };
    bodies = {
      "POST /v1/events": { tenant: "acme", events: [{ type: "usage", meter: "api_calls", value: 1 }] },
      "POST /v1/upgrade/quotes": { plan: shop.products.Pro.id },
      "POST /v1/upgrades": { quote: "nothing" },
      "PUT /v1/config": RULES,
      "POST /v1/config/validate": RULES,
      "POST /v1/config/rollback": { version: 1 },
      "POST /v1/config/backtest": { config: RULES },
      "PUT /v1/tenants/{tenant}/customer": { customer: acme.customer.id },
      "POST /v1/email/preview": mail,
      "POST /v1/email/test": { ...mail, to: "me@nimbus.example" },
      "POST /v1/email/suppressions": address,
      "DELETE /v1/email/suppressions": address,
      "POST /v1/webhooks": { url: "http://127.0.0.1:9/second" },
      "PATCH /v1/webhooks/{endpoint}": { events: ["limit.reached"] },
      "POST /v1/apps": { id: "demo" },
      "PATCH /v1/apps/{app}": { name: "Demo" },
      "POST /v1/apps/{app}/keys": { kind: "secret" },
      "POST /v1/apps/{app}/email/test": { from: { address: "a@b.example" }, to: { address: "c@d.example" } },
      "POST /webhooks/stripe/{app}": { id: "evt_1", type: "customer.created" },
      "POST /webhooks/email/{app}/{provider}": {},
    };
  });

  /** Everything that is no credential, or not any more, with the code it is refused with. */
  async function wrongCredentials() {
    const bytes = (text) => new TextEncoder().encode(text);
    const { kid, secret } = stack.signingKey;
    const claims = { tenant: "acme", role: "admin" };
    const jwt = (payload = claims, of = new SignJWT(payload)) => of.setIssuer("demo").setAudience("upcue").setSubject("ada").setExpirationTime("1h");
    const signed = (token, { alg = "HS256", key = bytes(secret), ...header } = {}) => token.setProtectedHeader({ alg, kid, ...header }).sign(key);
    const now = Math.floor(Date.now() / 1000);
    const { privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { privateKey: elliptic } = generateKeyPairSync("ed25519");
    const good = await signed(jwt());
    const relabelled = (header) => [Buffer.from(JSON.stringify(header)).toString("base64url"), ...good.split(".").slice(1)].join(".");
    const revoked = {
      key: (await stack.operator("POST", "/v1/apps/demo/keys", { kind: "secret" })).body.secret_key,
      signing: (await stack.operator("POST", "/v1/apps/demo/keys", { kind: "signing" })).body.signing_key,
    };
    const ofRevoked = await userToken({ app: "demo", signingKey: revoked.signing });
    for (const key of [revoked.key, revoked.signing.kid]) {
      assert.equal((await stack.operator("DELETE", `/v1/apps/demo/keys/${encodeURIComponent(key)}`)).status, 204);
    }
    return [
      ["none", undefined, "missing_credential"],
      ["another scheme", { authorization: `Basic ${btoa("demo:demo")}` }, "missing_credential"],
      ["garbage", "garbage", "invalid_token"],
      ["three dots", "a.b.c", "invalid_token"],
      ["a guessed key", "upc_sk_demo_guess", "unknown_key"],
      ["a key of no app", "upc_sk_nobody_guess", "unknown_key"],
      ["a revoked key", revoked.key, "unknown_key"],
      ["the signing secret itself", secret, "invalid_token"],
      ["a token by a revoked signing key", ofRevoked, "token_signature"],
      ["a token by another app's signing key", await userToken({ app: "demo", signingKey: other.signingKey }), "token_signature"],
      ["the same with our `kid`", await signed(jwt(), { key: bytes(other.signingKey.secret) }), "token_signature"],
      ["another app's name, signed by us", await signed(jwt().setIssuer("other")), "token_signature"],
      ["a token of no app", await signed(jwt().setIssuer("nobody")), "invalid_token"],
      ["an expired token", await signed(jwt().setExpirationTime(now - 5)), "token_expired"],
      ["a token not valid yet", await signed(jwt().setNotBefore(now + 600)), "invalid_token"],
      ["a token for too long", await signed(jwt().setExpirationTime("3d")), "token_lifetime"],
      ["a token for ever", await signed(new SignJWT(claims).setIssuer("demo").setAudience("upcue").setSubject("ada")), "token_lifetime"],
      ["another audience", await signed(jwt().setAudience("billing")), "token_audience"],
      ["no tenant", await signed(jwt({ role: "admin" })), "invalid_token"],
      ["an invented role", await signed(jwt({ ...claims, role: "owner" })), "invalid_token"],
      ["unsigned", jwt(claims, new UnsecuredJWT(claims)).encode(), "token_algorithm"],
      ["relabelled as unsigned", relabelled({ alg: "nOnE", kid }), "token_algorithm"],
      ["relabelled as RS256", relabelled({ alg: "RS256", kid }), "token_algorithm"],
      ["relabelled without its algorithm", relabelled({ kid }), "invalid_token"],
      ["HS512", await signed(jwt(), { alg: "HS512", key: bytes(secret.repeat(2)) }), "token_algorithm"],
      ["RS256", await signed(jwt(), { alg: "RS256", key: rsa }), "token_algorithm"],
      ["EdDSA with a key of its own", await signed(jwt(), { alg: "EdDSA", key: elliptic, jwk: { kty: "OKP" } }), "token_algorithm"],
      ["its signature cut off", good.slice(0, good.lastIndexOf(".") + 1), "token_signature"],
      ["its claims changed", good.replace(/\.[^.]+\./, `.${Buffer.from(JSON.stringify({ ...claims, iss: "demo", aud: "upcue", sub: "eve", exp: now + 60 })).toString("base64url")}.`), "token_signature"],
    ];
  }

  /** One call of the reference with this credential: a key or token, or headers as they are. */
  async function dial(name, credential) {
    const [method, template] = name.split(" ");
    const route = template.replace(/\{([^}]+)\}/g, (_, part) => parts[part]);
    const headers = typeof credential === "object" ? credential : {};
    const key = typeof credential === "string" ? credential : undefined;
    if (name === "GET /v1/live") return upgrade(route, key);
    const step = route.endsWith("funnel/tenants") ? "&step=exposed" : "";
    const body = bodies[name];
    return call(`${stack.worker.url}${route}?tenant=acme${step}`, { method, key, body, headers: { "if-match": "*", ...headers } });
  }

  /** A WebSocket's handshake; the token is its second subprotocol. */
  async function upgrade(route, key) {
    const protocols = key === undefined ? {} : { "sec-websocket-protocol": `upcue.v1, ${key}` };
    const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", ...protocols };
    const asked = request(stack.worker.url + route, { headers }).end();
    const answered = once(asked, "response");
    const [response] = await Promise.race([answered, once(asked, "upgrade")]);
    if (response.statusCode === 101) {
      asked.destroy();
      response.socket.destroy();
      return { status: 101, body: "" };
    }
    const text = (await Array.fromAsync(response)).join("");
    const answer = { status: response.statusCode, headers: new Headers(response.headers), body: JSON.parse(text) };
    await check("GET", stack.worker.url + route, answer);
    return answer;
  }

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, ...operation })),
    );
  const needs = ({ security }) => security.flatMap((scheme) => Object.keys(scheme)).filter((scheme) => !scheme.endsWith("_signature"));

  test("every call of the router has a row, and every row a call", () => {
    assert.deepEqual([...ROWS.keys()].toSorted(), operations().map(({ name }) => name).toSorted());
  });

  test("whoever is nobody is refused everywhere, each with its own code, and changes nothing", async () => {
    const state = async () => {
      const routes = ["/v1/config/versions", "/v1/webhooks", "/v1/email/suppressions", "/v1/tenants", "/v1/tenants/acme", "/v1/catalog"];
      return Promise.all(routes.map(async (route) => (await stack.api("GET", route)).body));
    };
    const before = await state();
    for (const operation of operations()) {
      const open = needs(operation).length === 0;
      const expected = open && [ROWS.get(operation.name).key, undefined];
      for (const [what, credential, code] of wrong) {
        const { status, body } = await dial(operation.name, credential);
        const refused = [401, needs(operation)[0] === "operator_key" ? FOR_OPERATOR(code) : code];
        const found = [status, open ? undefined : body.code];
        assert.deepEqual(found, expected || refused, `${operation.name} with ${what}`);
      }
    }
    assert.deepEqual(await state(), before);
  });

  test("everybody else may do what the table says, and reads nothing of another tenant or app", async () => {
    const differing = [];
    for (const name of ROWS.keys()) {
      // Whoever may change something comes last.
      for (const caller of ["member", "rival", "other", "operator", "admin", "key"]) {
        const { status, body } = await dial(name, callers[caller]);
        if (status !== ROWS.get(name)[caller]) differing.push(`${name} as ${caller}: ${status} ${body?.code ?? ""}`);
        const isTheirs = ["member", "admin", "key"].includes(caller) || name === "GET /openapi.json";
        if (!isTheirs) assert.ok(!JSON.stringify(body).includes(CANARY), `${name} tells ${caller} of acme: ${JSON.stringify(body)}`);
      }
    }
    assert.deepEqual(differing, []);
  });

  test("a token in the body is checked like one in the header", async () => {
    for (const [what, credential, code] of wrong.filter(([, credential]) => typeof credential === "string")) {
      const raw = JSON.stringify({ ...bodies["POST /v1/events"], token: credential });
      const { status, body } = await call(`${stack.worker.url}/v1/events`, { method: "POST", raw, headers: { "content-type": "text/plain" } });
      assert.deepEqual([status, body.code], [401, code], what);
    }
  });

  test("a secret key is told once and kept as its hash; signing keys are told once", async () => {
    const made = (await stack.operator("POST", "/v1/apps/demo/keys", { kind: "secret" })).body.secret_key;
    assert.equal((await call(`${stack.worker.url}/v1/tenants`, { key: made })).status, 200);
    const keys = [stack.secretKey, made];
    // No answer of the app tells them again.
    for (const { name } of operations().filter(({ name }) => name.startsWith("GET "))) {
      const text = JSON.stringify((await dial(name, stack.secretKey)).body);
      for (const secret of [...keys, stack.signingKey.secret]) assert.ok(!text?.includes(secret), name);
    }
    // Nor do the files of the app's object; the settings that stand beside the hashes show that these are the files.
    const files = await stored(stack.worker.data);
    assert.ok(files.some(({ bytes }) => bytes.includes(ORIGIN)), "the app's own file");
    for (const { file, bytes } of files) {
      for (const key of keys) {
        assert.ok(!bytes.includes(key.split("_").at(-1)), file);
      }
    }
  });

  test("keys rotate while they are in use, and one that is revoked is refused at once", async () => {
    const use = (key) => call(`${stack.worker.url}/v1/tenants`, { key });
    const make = async () => (await stack.operator("POST", "/v1/apps/demo/keys", { kind: "secret" })).body.secret_key;
    const revoke = (key) => stack.operator("DELETE", `/v1/apps/demo/keys/${encodeURIComponent(key)}`);
    let key = await make();
    let [asked, refused, isOver] = [0, 0, false];
    let underWay;
    const inUse = (async () => {
      while (!isOver) {
        underWay = use(key);
        refused += (await underWay).status === 200 ? 0 : 1;
        asked += 1;
      }
    })();
    for (let round = 0; round < 5; round += 1) {
      const before = key;
      key = await make();
      assert.deepEqual([(await use(key)).status, (await use(before)).status], [200, 200], "both work");
      await underWay;
      assert.equal((await revoke(before)).status, 204);
      assert.equal((await use(before)).status, 401);
    }
    isOver = true;
    await inUse;
    assert.ok(asked >= 5);
    assert.equal(refused, 0);
    assert.equal((await revoke(key)).status, 204);
  });
});

/** The files below a directory. */
async function stored(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (file) => ({ file, bytes: await readFile(file) })));
}
