// A Stripe sandbox of one's own for a test, and a receiver for its webhooks.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import Stripe from "stripe";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const binary = process.env.STRIPE_SANDBOX_BIN ?? path.join(root, "target/debug/stripe-sandbox");
export const API_KEY = "sk_test_e2e";

/** Starts a sandbox that ends with the test. */
export async function startSandbox(t, ...args) {
  const child = spawn(binary, ["--listen", "127.0.0.1:0", "--webhook-backoff-ms", "1", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stdout = [];
  const lines = createInterface({ input: child.stdout }).on("line", (line) => stdout.push(line));
  const failed = once(child, "exit").then(() => assert.fail("the sandbox ended before it was ready"));
  await Promise.race([once(lines, "line"), failed]);
  failed.catch(() => {});
  const [, url] = /^stripe-sandbox listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(stdout[0]);
  const { hostname, port } = new URL(url);
  const stop = async (signal = "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill(signal);
      await exit;
    }
    return { code: child.exitCode, stdout };
  };
  t.after(() => stop());
  const client = (key = API_KEY, options = {}) =>
    new Stripe(key, { host: hostname, port, protocol: "http", maxNetworkRetries: 0, telemetry: false, ...options });
  const control = async (method, route, body) => {
    const answer = await fetch(url + route, {
      method,
      headers: { "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  };
  return { url, client, control, stop, stripe: client(), settle: () => control("POST", "/_sandbox/settle") };
}

/** A webhook receiver that verifies every request with Stripe's library; `answer` decides the status. With `thin`, a
 * client, it takes thin events. */
export async function startReceiver(t, answer = () => 200, thin = undefined) {
  const received = [];
  const verifier = new Stripe(API_KEY);
  const receiver = { received, secret: undefined, answer, types: () => received.map(({ event }) => event.type) };
  const server = createServer(async (request, response) => {
    const chunks = await Array.fromAsync(request);
    const raw = Buffer.concat(chunks);
    const read = thin ? thin.parseEventNotification.bind(thin) : verifier.webhooks.constructEvent.bind(verifier.webhooks);
    const event = read(raw, request.headers["stripe-signature"], receiver.secret);
    received.push({ event, raw: raw.toString() });
    response.writeHead(receiver.answer(event, received.length)).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  receiver.url = `http://127.0.0.1:${server.address().port}/webhooks`;
  return receiver;
}

export async function listen(t, stripe, { answer, ...params } = {}) {
  const receiver = await startReceiver(t, answer);
  const endpoint = await stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ["*"], ...params });
  receiver.secret = endpoint.secret;
  return Object.assign(receiver, { endpoint });
}

/** A product with a monthly price per amount, and a customer whose card works. */
export async function catalogue(stripe, ...amounts) {
  const product = await stripe.products.create({ name: "Plan" });
  const prices = [];
  for (const unit_amount of amounts) {
    prices.push(
      await stripe.prices.create({
        product: product.id,
        currency: "usd",
        unit_amount,
        recurring: { interval: "month" },
      }),
    );
  }
  const customer = await stripe.customers.create({
    email: "ada@example.com",
    name: "Ada",
    payment_method: "pm_card_visa",
    invoice_settings: { default_payment_method: "pm_card_visa" },
  });
  return { product, prices, customer };
}

/** As on the wire: the library wraps decimals. */
export const plain = (object) => JSON.parse(JSON.stringify(object));
export const ids = (list) => list.data.map(({ id }) => id);
