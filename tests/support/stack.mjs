// A whole Upcue for one test file: Stripe sandbox, Worker in workerd, an app with its keys; ended with the test.
//
// Nothing is faked and nothing sleeps: readiness is a line or an answer, deliveries are waited for at the sandbox, changes
// in a live connection's frames.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import Stripe from "stripe";
import { check, watch } from "./reference.mjs";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** Where the built parts are; `cargo xtask test` says, and by hand they are where the build leaves them. */
export const built = process.env.UPCUE_STACK
  ? JSON.parse(process.env.UPCUE_STACK)
  : {
      xtask: path.join(root, "target/debug/xtask"),
      stripe_sandbox: process.env.STRIPE_SANDBOX_BIN ?? path.join(root, "target/debug/stripe-sandbox"),
      demo_backend: path.join(root, "target/debug/demo-backend"),
      www: path.join(root, "target/www"),
      sdk: path.join(root, "target/sdk/package"),
      bench: path.join(root, "target/bench"),
    };

export const STRIPE_KEY = "sk_test_e2e";
const OPERATOR_KEY = "upc_op_test";

/** A port nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Ends a process this file started, and waits for it. */
/** A Worker that is asked to end waits for whoever is still connected; nobody is to be waited for longer than this. */
const PATIENCE = 3_000;

async function end(child, signal = "SIGTERM") {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  const insist = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  await exit;
  clearTimeout(insist);
}

async function startSandbox(t) {
  const child = spawn(built.stripe_sandbox, ["--listen", "127.0.0.1:0", "--webhook-backoff-ms", "20"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => end(child));
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const url = line.replace("stripe-sandbox listening on ", "");
  const { hostname, port } = new URL(url);
  const client = new Stripe(STRIPE_KEY, { host: hostname, port, protocol: "http", telemetry: false });
  const control = (method, route, body) => call(url + route, { method, body });
  return { url, client, control };
}

/** One HTTP call: status, headers and the body, parsed where it is JSON. A Worker's answer must be as its reference describes it. */
export async function call(url, { method = "GET", key, body, headers = {}, raw } = {}) {
  const response = await fetch(url, {
    method,
    headers: {
      ...(key && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  const answer = { status: response.status, headers: response.headers, body: isJson && text ? JSON.parse(text) : text };
  await check(method, url, answer);
  return answer;
}

/** workerd with the Worker, on its own directory, until the test ends or kills it. */
async function startWorker(t, { data, stripe, dev, stripeTimeout, resend, sendEmail, trust, publicHooks }) {
  const port = await freePort();
  const words = ["workerd-config", "--data", data, "--port", String(port), "--stripe", stripe, "--operator-key", OPERATOR_KEY];
  if (resend) words.push("--resend", resend);
  if (sendEmail) words.push("--send-email", sendEmail);
  if (trust) words.push("--trust", trust);
  if (publicHooks) words.push("--public-hooks");
  if (stripeTimeout) words.push("--stripe-timeout-ms", String(stripeTimeout));
  const command = JSON.parse(execFileSync(built.xtask, dev ? [...words, "--dev"] : words, { cwd: root, encoding: "utf8" }));
  const log = [];
  const worker = { url: `http://127.0.0.1:${port}`, port, log, data, child: undefined };
  watch(worker.url);
  worker.start = async () => {
    const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
    worker.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        log.push(line);
        if (process.env.UPCUE_LOG) process.stderr.write(`${line}\n`);
      });
    }
    for (;;) {
      assert.equal(child.exitCode, null, `workerd ended:\n${log.join("\n")}`);
      const answer = await fetch(`${worker.url}/healthz`).catch(() => undefined);
      if (answer?.ok) return;
      await pause(25); // it starts sooner when it is not asked all the time
    }
  };
  worker.stop = (signal) => end(worker.child, signal);
  await worker.start();
  // Only once nobody writes there any more.
  t.after(async () => {
    await worker.stop();
    await rm(data, { recursive: true, force: true });
  });
  return worker;
}

/**
 * Starts everything and creates the app `id`.
 * `dev`: the Worker built with the test clock and fault switches. `config`: published at once. `stripeTimeout`: how long
 * the Worker waits for Stripe, in milliseconds. `resend`, `sendEmail`: where the doubles
 * of Resend and of Cloudflare's Email Service are. `trust`: a file with a certificate.
 * `publicHooks`: outbound webhooks reach public addresses only, as where Upcue is deployed.
 */
export async function startStack(
  t,
  { dev = false, id = "demo", config, origins = ["http://127.0.0.1:*"], stripeTimeout, resend, sendEmail, trust, publicHooks } = {},
) {
  const data = await mkdtemp(path.join(tmpdir(), "upcue-test-"));
  const stripe = await startSandbox(t);
  const worker = await startWorker(t, { data, stripe: stripe.url, dev, stripeTimeout, resend, sendEmail, trust, publicHooks });
  const operator = (method, route, body) => call(worker.url + route, { method, body, key: OPERATOR_KEY });
  const app = await createApp({ worker, stripe, operator, id, origins });
  if (config) assert.equal((await app.publish(config)).status, 200);
  return { worker, stripe, operator, operatorKey: OPERATOR_KEY, ...app };
}

/** Creates an app whose webhooks the sandbox delivers. */
export async function createApp({ worker, stripe, operator, id, origins }) {
  const settings = { id, name: id, allowed_origins: origins, stripe: { api_key: STRIPE_KEY, webhook_secrets: [] } };
  const created = await operator("POST", "/v1/apps", settings);
  assert.equal(created.status, 201, JSON.stringify(created.body));
  const { secret_key: secretKey, signing_key: signingKey } = created.body;
  const endpoint = await stripe.client.webhookEndpoints.create({
    url: `${worker.url}/webhooks/stripe/${id}`,
    enabled_events: ["*"],
  });
  const webhookSecret = endpoint.secret;
  const updated = await operator("PATCH", `/v1/apps/${id}`, { stripe: { webhook_secrets: [webhookSecret] } });
  assert.equal(updated.status, 200, JSON.stringify(updated.body));

  const api = (method, route, body, options = {}) => call(worker.url + route, { method, body, key: secretKey, ...options });
  return {
    app: id,
    secretKey,
    signingKey,
    webhookSecret,
    /** A call with the secret key. */
    api,
    publish: (config, ifMatch = "*") => api("PUT", "/v1/config", config, { headers: { "if-match": ifMatch } }),
    /** A user token, minted with a standard library. */
    token: (claims = {}) => userToken({ app: id, signingKey, ...claims }),
    /** What a user's page gets, as JSON. */
    snapshot: async (token) => {
      const answer = await call(`${worker.url}/v1/snapshot`, { key: token });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body;
    },
    /** The value of one meter of a tenant. */
    meter: async (tenant, meter) => {
      const answer = await api("GET", `/v1/tenants/${encodeURIComponent(tenant)}`);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body.meters.find((m) => m.meter === meter)?.value;
    },
  };
}

/** A JWT as an app's back end signs it. */
export function userToken({ app, signingKey, tenant = "acme", user = "ada", role = "admin", expires = "1h", audience = "upcue", ...claims }) {
  return new SignJWT({ tenant, role, ...claims })
    .setProtectedHeader({ alg: "HS256", kid: signingKey.kid })
    .setIssuer(app)
    .setAudience(audience)
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(signingKey.secret));
}

/** A live connection whose frames can be waited for. */
export async function openLive(t, worker, token, query = "") {
  const socket = new WebSocket(`${worker.url.replace("http", "ws")}/v1/live${query}`, ["upcue.v1", token]);
  socket.binaryType = "arraybuffer";
  t.after(() => socket.close());
  const frames = [];
  const waiting = [];
  socket.addEventListener("message", ({ data }) => {
    frames.push(data);
    waiting.shift()?.(data);
  });
  const next = () => new Promise((resolve) => waiting.push(resolve));
  // The first frame says how things stand; it comes by itself.
  await Promise.race([next(), once(socket, "error").then(() => assert.fail("the live connection was refused"))]);
  return {
    socket,
    frames,
    /** The next frame that arrives. */
    next,
    /** Resolves when `holds` does, asked again after every frame. */
    async until(holds) {
      for (;;) {
        const frame = next();
        if (await holds()) return;
        await frame;
      }
    },
  };
}

/** Products, prices, a customer and its subscription at the sandbox: the catalogue most tests need. */
export async function seedStripe(stripe, { tenant = "acme", plans = PLANS } = {}) {
  const prices = {};
  for (const [name, metadata] of Object.entries(plans)) {
    const product = await stripe.client.products.create({ name, metadata });
    prices[name] = await stripe.client.prices.create({
      product: product.id,
      currency: "usd",
      unit_amount: 1_000 * Number(metadata.upcue_rank),
      recurring: { interval: "month" },
    });
  }
  const customer = await stripe.client.customers.create({ name: tenant, metadata: { upcue_tenant: tenant } });
  const [first] = Object.keys(plans);
  const subscription = await stripe.client.subscriptions.create({
    customer: customer.id,
    items: [{ price: prices[first].id }],
  });
  await stripe.control("POST", "/_sandbox/settle");
  return { prices, customer, subscription };
}

/** Moves a subscription to another plan's price, as a billing portal does. */
export function changePlan(stripe, subscription, price) {
  return stripe.client.subscriptions.update(subscription.id, {
    items: [{ id: subscription.items.data[0].id, price: price.id, quantity: 1 }],
  });
}

const PLANS = {
  Starter: { upcue_rank: "1", upcue_limit_api_calls: "1000", upcue_limit_seats: "3" },
  Team: { upcue_rank: "2", upcue_limit_api_calls: "50000", upcue_limit_seats: "unlimited", upcue_feature_sso: "true" },
};

/** The configuration most tests need. */
export const CONFIG = {
  meters: {
    api_calls: { kind: "counter", period: "billing", label: "API calls", unit: "calls" },
    seats: { kind: "gauge", label: "Team members" },
  },
  features: { sso: { label: "Single sign-on" } },
  plans: { source: "stripe" },
  campaigns: [
    {
      id: "api_quota",
      placement: "app.header",
      priority: 10,
      audience: "usage.api_calls.ratio >= 0.8 && plan.rank < plan.max_rank",
      nudge: {
        kind: "banner",
        title: "You’ve used {{usage.api_calls.percent}} of your API quota",
        body: "The next plan covers your pace.",
        cta: { label: "Compare plans", action: "compare_plans" },
      },
      roles: { member: { cta: { label: "Ask your admin", action: "request_upgrade" } } },
      cap: [{ max: 3, window: "7d", scope: "user" }],
      cooldown_after_dismiss: "7d",
    },
  ],
};
