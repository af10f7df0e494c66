// The Stripe sandbox from outside: its binary, driven by Stripe's own client library, with webhooks verified by it.
//
// Nothing here waits for time to pass: /_sandbox/settle and /_sandbox/delivery/release answer when deliveries are done.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import Stripe from "stripe";

import { eventually } from "../support/eventually.mjs";
import { API_KEY, catalogue, ids, listen, plain, startSandbox } from "../support/sandbox.mjs";

const OLD_VERSION = "2024-06-20";

describe("resources", () => {
  test("products", async (t) => {
    const { stripe } = await startSandbox(t);
    const created = await stripe.products.create({
      name: "Pro",
      metadata: { upcue_rank: "2", upcue_limit_api_calls: "10000" },
      marketing_features: [{ name: "Single sign-on" }],
      default_price_data: { currency: "eur", unit_amount: 4900, recurring: { interval: "month" } },
    });
    assert.match(created.id, /^prod_\w+$/);
    assert.match(created.default_price, /^price_\w+$/);
    assert.deepEqual(created.marketing_features, [{ name: "Single sign-on" }]);

    const updated = await stripe.products.update(created.id, { active: false, metadata: { upcue_rank: "", a: "1" } });
    assert.deepEqual(updated.metadata, { upcue_limit_api_calls: "10000", a: "1" });
    const expanded = await stripe.products.retrieve(created.id, { expand: ["default_price"] });
    assert.equal(expanded.default_price.unit_amount, 4900);

    const plain = await stripe.products.create({ name: "Plain", id: "prod_plain" });
    assert.deepEqual(ids(await stripe.products.list()), [plain.id, created.id]);
    assert.deepEqual(ids(await stripe.products.list({ active: true })), [plain.id]);
    assert.deepEqual(await stripe.products.del(plain.id).then(({ deleted }) => deleted), true);
    await assert.rejects(stripe.products.del(created.id), /one or more user-created prices/);
    await assert.rejects(stripe.products.retrieve(plain.id), { statusCode: 404, code: "resource_missing" });
  });

  test("prices", async (t) => {
    const { stripe } = await startSandbox(t);
    const monthly = await stripe.prices.create({
      product_data: { name: "Pro" },
      currency: "USD",
      unit_amount: 4900,
      recurring: { interval: "month", interval_count: 3 },
      nickname: "Quarterly",
      lookup_key: "pro",
    });
    assert.equal(monthly.currency, "usd");
    assert.deepEqual([monthly.type, monthly.recurring.interval_count], ["recurring", 3]);
    const once = await stripe.prices.create({ product: monthly.product, currency: "usd", unit_amount: 100 });
    const archived = await stripe.prices.update(once.id, { active: false, nickname: "Old" });
    assert.deepEqual([archived.active, archived.nickname], [false, "Old"]);
    for (const filter of [
      { active: true },
      { type: "recurring" },
      { recurring: { interval: "month" } },
      { lookup_keys: ["pro", "other"] },
    ]) {
      assert.deepEqual(ids(await stripe.prices.list(filter)), [monthly.id], JSON.stringify(filter));
    }
    assert.deepEqual(ids(await stripe.prices.list({ product: monthly.product })), [once.id, monthly.id]);
    const taken = { product: monthly.product, currency: "usd", unit_amount: 1, lookup_key: "pro" };
    await assert.rejects(stripe.prices.create(taken), { param: "lookup_key" });
    await stripe.prices.create({ ...taken, transfer_lookup_key: true });
    assert.equal((await stripe.prices.retrieve(monthly.id)).lookup_key, null);
  });

  test("customers and account", async (t) => {
    const { stripe } = await startSandbox(t);
    const ada = await stripe.customers.create({ email: "ada+1@example.com", name: "Ada", metadata: { tenant: "t1" } });
    await stripe.customers.create({ email: "bob@example.com" });
    assert.deepEqual(ids(await stripe.customers.list({ email: "ada+1@example.com" })), [ada.id]);
    const renamed = await stripe.customers.update(ada.id, { name: "Ada L.", metadata: "" });
    assert.deepEqual([renamed.name, renamed.metadata], ["Ada L.", {}]);
    await stripe.customers.del(ada.id);
    assert.equal((await stripe.customers.retrieve(ada.id)).deleted, true);
    assert.equal((await stripe.customers.list()).data.length, 1);
    assert.match((await stripe.accounts.retrieveCurrent()).id, /^acct_/);
  });

  test("pages, both ways and automatically", async (t) => {
    const { stripe } = await startSandbox(t);
    const created = [];
    for (let n = 0; n < 7; n += 1) created.unshift((await stripe.customers.create({ name: `${n}` })).id);
    const all = await stripe.customers.list({ limit: 3 }).autoPagingToArray({ limit: 100 });
    assert.deepEqual(all.map(({ id }) => id), created);
    const page = await stripe.customers.list({ limit: 2, starting_after: created[1] });
    assert.deepEqual([ids(page), page.has_more, page.url], [created.slice(2, 4), true, "/v1/customers"]);
    const before = await stripe.customers.list({ limit: 2, ending_before: created[4] });
    assert.deepEqual(ids(before), created.slice(2, 4));
  });

  test("webhook endpoints show their secret once and stay on loopback", async (t) => {
    const { stripe } = await startSandbox(t);
    const params = { url: "http://127.0.0.1:9/hook", enabled_events: ["product.created"], api_version: OLD_VERSION };
    const created = await stripe.webhookEndpoints.create(params);
    assert.match(created.secret, /^whsec_/);
    const found = await stripe.webhookEndpoints.retrieve(created.id);
    assert.deepEqual([found.secret, found.api_version], [undefined, OLD_VERSION]);
    assert.equal((await stripe.webhookEndpoints.update(created.id, { disabled: true })).status, "disabled");
    assert.deepEqual(ids(await stripe.webhookEndpoints.list()), [created.id]);
    assert.equal((await stripe.webhookEndpoints.del(created.id)).deleted, true);
    await assert.rejects(stripe.webhookEndpoints.create({ ...params, url: "https://example.com/hook" }), {
      type: "StripeInvalidRequestError",
      code: "url_invalid",
      param: "url",
    });
  });
});

describe("subscriptions", () => {
  test("items follow Stripe's rules for ids and quantities", async (t) => {
    const { stripe } = await startSandbox(t);
    const { prices, customer, product } = await catalogue(stripe, 1000, 2000);
    const [basic, pro] = prices.map(({ id }) => id);
    const created = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: basic, quantity: 5 }],
      metadata: { tenant: "t1" },
    });
    const [item] = created.items.data;
    assert.deepEqual([created.status, item.price.product, item.quantity], ["active", product.id, 5]);
    assert.match(item.id, /^si_/);
    const shape = async (params) => {
      const { items } = await stripe.subscriptions.update(created.id, params);
      return items.data.map(({ price, quantity }) => [price.id, quantity]);
    };
    assert.deepEqual(await shape({ items: [{ id: item.id, quantity: 7 }] }), [[basic, 7]]);
    assert.deepEqual(await shape({ items: [{ price: pro }] }), [[basic, 7], [pro, 1]]);
    const added = (await stripe.subscriptionItems.list({ subscription: created.id })).data[1];
    assert.deepEqual(await shape({ items: [{ id: added.id, deleted: true }] }), [[basic, 7]]);
    assert.deepEqual(await shape({ items: [{ id: item.id, price: pro }] }), [[pro, 1]]);
    const expanded = await stripe.subscriptions.retrieve(created.id, {
      expand: ["customer", "items.data.price.product", "latest_invoice"],
    });
    assert.equal(expanded.customer.name, "Ada");
    assert.equal(expanded.items.data[0].price.product.name, "Plan");
    const { status, amount_paid } = expanded.latest_invoice;
    assert.deepEqual([status, amount_paid], ["paid", 5000]);
  });

  test("trials, pausing, cancelling and lists", async (t) => {
    const { stripe } = await startSandbox(t);
    const { prices, customer } = await catalogue(stripe, 1000);
    const items = [{ price: prices[0].id }];
    const trial = await stripe.subscriptions.create({ customer: customer.id, items, trial_period_days: 14 });
    assert.equal(trial.status, "trialing");
    assert.equal(trial.trial_end - trial.trial_start, 14 * 86_400);
    assert.equal(trial.items.data[0].current_period_end, trial.trial_end);
    const paused = await stripe.subscriptions.update(trial.id, { pause_collection: { behavior: "void" } });
    assert.deepEqual(paused.pause_collection, { behavior: "void", resumes_at: null });
    assert.equal((await stripe.subscriptions.update(trial.id, { pause_collection: "" })).pause_collection, null);

    const ending = await stripe.subscriptions.update(trial.id, { cancel_at_period_end: true });
    assert.equal(ending.cancel_at, trial.trial_end);
    const kept = await stripe.subscriptions.update(trial.id, { cancel_at_period_end: false });
    assert.deepEqual([kept.cancel_at, kept.canceled_at], [null, null]);

    const active = await stripe.subscriptions.create({ customer: customer.id, items });
    const canceled = await stripe.subscriptions.cancel(active.id);
    assert.equal(canceled.status, "canceled");
    await assert.rejects(stripe.subscriptions.cancel(active.id), { statusCode: 404 });
    await assert.rejects(stripe.subscriptions.update(active.id, { items }), /canceled subscription/);
    const list = (params) => stripe.subscriptions.list(params).then(ids);
    assert.deepEqual(await list({ customer: customer.id }), [trial.id]);
    assert.deepEqual(await list({ status: "all" }), [active.id, trial.id]);
    assert.deepEqual(await list({ status: "canceled" }), [active.id]);
    assert.deepEqual(await list({ status: "trialing", price: prices[0].id }), [trial.id]);
  });

  test("the version of the request decides where the period stands", async (t) => {
    const { stripe } = await startSandbox(t);
    const { prices, customer } = await catalogue(stripe, 1000);
    const created = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: prices[0].id }] });
    const { current_period_start, current_period_end } = created.items.data[0];
    assert.equal(created.current_period_end, undefined);
    assert.equal(current_period_start, created.billing_cycle_anchor);
    const old = await stripe.subscriptions.retrieve(created.id, {}, { apiVersion: OLD_VERSION });
    assert.deepEqual([old.current_period_start, old.current_period_end], [current_period_start, current_period_end]);
    assert.equal(old.items.data[0].current_period_end, undefined);
    assert.equal(old.lastResponse.headers["stripe-version"], OLD_VERSION);
  });

  test("forced statuses tell of themselves, and canceled is final", async (t) => {
    const { stripe, control } = await startSandbox(t);
    const { prices, customer } = await catalogue(stripe, 1000);
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: prices[0].id }] });
    const force = (status) => control("POST", `/_sandbox/subscriptions/${id}`, { status });
    for (const status of ["past_due", "unpaid", "paused", "incomplete", "active", "canceled"]) {
      assert.equal((await force(status)).body.status, status);
    }
    assert.equal((await force("active")).status, 400);
    assert.equal((await force("nonsense")).status, 400);
    const { data } = await stripe.events.list({ type: "customer.subscription.*", limit: 100 });
    assert.deepEqual(data.map(({ type }) => type.split(".").at(-1)).reverse(), [
      "created", "updated", "updated", "updated", "paused", "updated", "resumed", "updated", "deleted",
    ]);
    assert.deepEqual(data[0].request, { id: null, idempotency_key: null });
  });
});

describe("refusals", () => {
  test("errors have the classes of Stripe's library", async (t) => {
    const { stripe, client } = await startSandbox(t);
    const { prices } = await catalogue(stripe, 1000);
    const invalid = { type: "StripeInvalidRequestError" };
    const cases = [
      [() => stripe.products.create({}), { ...invalid, statusCode: 400, code: "parameter_missing", param: "name" }],
      [() => stripe.products.create({ name: "x", colour: "red" }), { ...invalid, code: "parameter_unknown", param: "colour" }],
      [() => stripe.products.create({ name: "x", expand: ["name"] }), { ...invalid, param: "expand" }],
      [() => stripe.products.retrieve("prod_none"), { ...invalid, statusCode: 404, code: "resource_missing", param: "id" }],
      [
        () => stripe.subscriptions.create({ customer: "cus_none", items: [{ price: prices[0].id }] }),
        { ...invalid, statusCode: 400, code: "resource_missing", param: "customer" },
      ],
      [() => stripe.products.list({ limit: 1000 }), { ...invalid, param: "limit" }],
      [() => stripe.rawRequest("GET", "/v1/nonsense"), { ...invalid, statusCode: 404, message: /Unrecognized request URL/ }],
      [() => stripe.rawRequest("DELETE", "/v1/products"), { ...invalid, statusCode: 404 }],
      [() => client("sk_live_0123456789").products.list(), { type: "StripeAuthenticationError", statusCode: 401 }],
      [() => client("sk_test_ok", { apiVersion: "tomorrow" }).products.list(), { ...invalid, statusCode: 400 }],
    ];
    for (const [call, expected] of cases) await assert.rejects(call, expected);
    assert.equal((await stripe.products.list()).data.length, 1, "nothing refused took effect");
  });

  test("an idempotency key replays the same request and refuses another", async (t) => {
    const { stripe, url, control } = await startSandbox(t);
    const idempotencyKey = "key-1";
    const first = await stripe.products.create({ name: "Pro" }, { idempotencyKey });
    const again = await stripe.products.create({ name: "Pro" }, { idempotencyKey });
    assert.equal(again.id, first.id);
    assert.equal(first.lastResponse.headers["idempotent-replayed"], undefined);
    assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
    const clash = { type: "StripeIdempotencyError", statusCode: 400 };
    await assert.rejects(stripe.products.create({ name: "Other" }, { idempotencyKey }), clash);
    await assert.rejects(stripe.customers.create({ name: "Pro" }, { idempotencyKey }), clash);
    assert.equal((await stripe.products.list()).data.length, 1);
    // A refused parameter does not use the key up.
    await assert.rejects(stripe.products.create({}, { idempotencyKey: "key-2" }));
    await stripe.products.create({ name: "Late" }, { idempotencyKey: "key-2" });

    // While the first request waits for its answer, a second one conflicts; it has taken effect all the same.
    await control("POST", "/_sandbox/faults", { method: "POST", path_prefix: "/v1/customers", delay_ms: 600_000 });
    const post = (signal) =>
      fetch(`${url}/v1/customers`, {
        method: "POST",
        headers: { authorization: `Bearer ${API_KEY}`, "idempotency-key": "key-3" },
        body: new URLSearchParams({ name: "Ada" }),
        signal,
      });
    const hangUp = new AbortController();
    const waiting = assert.rejects(post(hangUp.signal), { name: "AbortError" });
    const seen = async () => (await stripe.customers.list()).data.length === 1;
    await eventually(async () => assert.ok(await seen()));
    assert.equal((await post()).status, 409);
    hangUp.abort();
    await waiting;
    await eventually(async () => {
      const answer = await post();
      assert.deepEqual([answer.status, answer.headers.get("idempotent-replayed")], [200, "true"]);
    });
    assert.equal((await stripe.customers.list()).data.length, 1);
  });

  test("faults answer in place of a call, as often as asked", async (t) => {
    const { stripe, control } = await startSandbox(t);
    const fault = { method: "POST", path_prefix: "/v1/products", status: 402, times: 2 };
    assert.deepEqual((await control("POST", "/_sandbox/faults", fault)).body.faults.length, 1);
    const create = (idempotencyKey) => stripe.products.create({ name: "Pro" }, { idempotencyKey });
    await assert.rejects(create("a"), { type: "StripeCardError", code: "card_declined" });
    await stripe.products.list();
    await assert.rejects(create("b"), { type: "StripeCardError" });
    // The decline is stored under its key; a new key gets through.
    await assert.rejects(create("a"), { type: "StripeCardError" });
    await create("c");
    assert.equal((await stripe.products.list()).data.length, 1);

    const body = { error: { type: "api_error", message: "busy" } };
    await control("POST", "/_sandbox/faults", { status: 503, body, headers: { "Retry-After": "3" } });
    await assert.rejects(stripe.products.list(), (error) => {
      assert.deepEqual([error.message, error.headers["retry-after"]], ["busy", "3"]);
      return true;
    });
    await control("POST", "/_sandbox/faults", { status: 500, times: 100 });
    assert.equal((await control("GET", "/_sandbox/faults")).body.faults[0].times, 100);
    await control("DELETE", "/_sandbox/faults");
    await stripe.products.list();
    assert.equal((await control("POST", "/_sandbox/faults", { statuss: 500 })).status, 400);
  });

  test("requests are logged without their key", async (t) => {
    const { stripe, control } = await startSandbox(t);
    await stripe.products.create({ name: "Pro", metadata: { a: "1" } }, { idempotencyKey: "k" });
    const [entry] = (await control("GET", "/_sandbox/requests")).body.requests;
    assert.deepEqual([entry.method, entry.path, entry.status], ["POST", "/v1/products", 200]);
    assert.deepEqual(entry.form, { name: "Pro", metadata: { a: "1" } });
    assert.equal(entry.headers["idempotency-key"], "k");
    assert.ok(entry.headers["stripe-version"]);
    assert.ok(!JSON.stringify(entry).includes(API_KEY));
    await control("DELETE", "/_sandbox/requests");
    assert.deepEqual((await control("GET", "/_sandbox/requests")).body.requests, []);
  });
});

describe("webhooks", () => {
  test("arrive signed, in order, with what changed", async (t) => {
    const { stripe, settle } = await startSandbox(t);
    const receiver = await listen(t, stripe);
    const { prices, customer } = await catalogue(stripe, 1000, 2000);
    const subscription = await stripe.subscriptions.create(
      { customer: customer.id, items: [{ price: prices[0].id }], metadata: { a: "1" } },
      { idempotencyKey: "sub-1" },
    );
    const [{ id }] = subscription.items.data;
    await stripe.subscriptions.update(subscription.id, { items: [{ id, price: prices[1].id }], metadata: { b: "2" } });
    await stripe.subscriptions.update(subscription.id, { metadata: { b: "2" } });
    await stripe.customers.del(customer.id);
    await settle();
    assert.deepEqual(receiver.types(), [
      "product.created",
      "price.created",
      "price.created",
      "payment_method.attached",
      "customer.created",
      "customer.subscription.created",
      "invoice.created",
      "invoice.finalized",
      "invoice.paid",
      "invoice.payment_succeeded",
      "customer.subscription.updated",
      "invoiceitem.created",
      "invoiceitem.created",
      "customer.subscription.deleted",
      "customer.deleted",
    ]);
    const events = receiver.received.map(({ event }) => event);
    const [created, updated, deleted] = events.filter(({ type }) => type.startsWith("customer.subscription."));
    assert.deepEqual([created.object, created.livemode, created.pending_webhooks], ["event", false, 1]);
    assert.equal(created.request.idempotency_key, "sub-1");
    assert.match(created.request.id, /^req_/);
    assert.deepEqual(created.data.object, plain(subscription));
    assert.deepEqual(updated.data.previous_attributes.metadata, { b: null });
    assert.equal(updated.data.previous_attributes.items.data[0].price.id, prices[0].id);
    assert.equal(updated.data.object.items.data[0].price.id, prices[1].id);
    assert.equal(deleted.data.object.status, "canceled");
    const stored = await stripe.events.retrieve(created.id);
    assert.equal(stored.pending_webhooks, 0);
    const types = ["customer.deleted", "customer.created"];
    assert.deepEqual((await stripe.events.list({ types })).data.map(({ type }) => type), types);
  });

  test("take the shape of their endpoint's version, and only the events it wants", async (t) => {
    const { stripe, settle } = await startSandbox(t);
    const enabled_events = ["customer.subscription.created", "customer.subscription.updated"];
    const old = await listen(t, stripe, { api_version: OLD_VERSION, enabled_events });
    const current = await listen(t, stripe, { enabled_events });
    const { prices, customer } = await catalogue(stripe, 1000);
    await stripe.subscriptions.create({ customer: customer.id, items: [{ price: prices[0].id }] });
    await settle();
    assert.deepEqual([old.received.length, current.received.length], [1, 1]);
    const [{ event: before }] = old.received;
    const [{ event: after }] = current.received;
    assert.deepEqual([before.id, before.api_version], [after.id, OLD_VERSION]);
    assert.equal(before.data.object.current_period_end, after.data.object.items.data[0].current_period_end);
    assert.equal(before.data.object.items.data[0].current_period_end, undefined);
    assert.equal(after.data.object.current_period_end, undefined);
  });

  test("are retried until taken, and given up in the end", async (t) => {
    const { stripe, control, settle } = await startSandbox(t, "--webhook-attempts", "3");
    const receiver = await listen(t, stripe, { answer: (event, count) => (count < 3 ? 500 : 200) });
    await stripe.products.create({ name: "Pro" });
    await settle();
    const last = async () => (await control("GET", "/_sandbox/deliveries")).body.deliveries.at(-1);
    const taken = await last();
    assert.deepEqual([taken.state, taken.attempts.map(({ status }) => status)], ["delivered", [500, 500, 200]]);
    receiver.answer = () => 503;
    await stripe.products.create({ name: "Lost" });
    await settle();
    const lost = await last();
    assert.deepEqual([lost.state, lost.attempts.length], ["failed", 3]);
    await stripe.webhookEndpoints.update(receiver.endpoint.id, { url: "http://127.0.0.1:1/nobody" });
    await stripe.products.create({ name: "Unreachable" });
    await settle();
    const unreachable = await last();
    assert.deepEqual([unreachable.state, unreachable.attempts[0].status], ["failed", null]);
    assert.ok(unreachable.attempts[0].error);
  });

  test("can be duplicated and reordered", async (t) => {
    const { stripe, control, settle } = await startSandbox(t);
    const receiver = await listen(t, stripe, { enabled_events: ["product.created"] });
    await control("PUT", "/_sandbox/delivery", { duplicates: 2 });
    const product = await stripe.products.create({ name: "1" });
    await settle();
    assert.deepEqual(receiver.received.map(({ event }) => event.data.object.id), Array(3).fill(product.id));
    assert.equal(new Set(receiver.received.map(({ event }) => event.id)).size, 1);

    const released = async (order, seed) => {
      receiver.received.length = 0;
      await control("PUT", "/_sandbox/delivery", { mode: "hold", order, seed });
      for (let n = 1; n <= 5; n += 1) await stripe.products.create({ name: `${n}` });
      const { deliveries } = (await control("POST", "/_sandbox/delivery/release")).body;
      assert.ok(deliveries.every(({ state, attempts }) => state === "delivered" && attempts[0].status === 200));
      return receiver.received.map(({ event }) => event.data.object.name).join("");
    };
    assert.equal(await released("fifo"), "12345");
    assert.equal(await released("reverse"), "54321");
    const shuffled = await released("shuffle", 7);
    assert.notEqual(shuffled, "12345");
    assert.equal(await released("shuffle", 7), shuffled);
    assert.deepEqual([...(await released("concurrent"))].sort().join(""), "12345");
  });

  test("can be held, released one by one, dropped and resent", async (t) => {
    const { stripe, control, settle } = await startSandbox(t);
    const receiver = await listen(t, stripe, { enabled_events: ["product.created", "product.updated"] });
    await control("PUT", "/_sandbox/delivery", { mode: "hold" });
    const product = await stripe.products.create({ name: "1" });
    await stripe.products.update(product.id, { name: "2" });
    await settle();
    assert.deepEqual(receiver.received, []);
    const [updated, created] = (await stripe.events.list()).data;
    assert.equal(created.pending_webhooks, 1);

    const release = (body) => control("POST", "/_sandbox/delivery/release", body);
    const first = (await release({ order: [updated.id], duplicates: 1 })).body.deliveries;
    assert.deepEqual(first.map(({ event }) => event), [updated.id, updated.id]);
    assert.deepEqual(receiver.types(), ["product.updated", "product.updated"]);
    assert.equal((await release({ order: [updated.id] })).status, 400);
    await release();
    assert.deepEqual(receiver.types().at(-1), "product.created");

    await control("PUT", "/_sandbox/delivery", { mode: "drop" });
    await stripe.products.update(product.id, { name: "3" });
    await settle();
    assert.equal(receiver.received.length, 3);
    const [dropped] = (await stripe.events.list()).data;
    const late = (await control("POST", `/_sandbox/events/${dropped.id}/resend`)).body.deliveries;
    assert.deepEqual([late[0].state, receiver.received.at(-1).event.data.object.name], ["delivered", "3"]);
    // A stale event is resent as it was.
    await control("POST", `/_sandbox/events/${created.id}/resend`);
    assert.equal(receiver.received.at(-1).event.data.object.name, "1");
    assert.equal((await control("POST", "/_sandbox/events/evt_none/resend")).status, 404);
  });
});

describe("the process", () => {
  test("keeps its state across restarts", async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), "stripe-sandbox-"));
    t.after(() => rm(folder, { recursive: true }));
    const data = path.join(folder, "state.json");
    const before = await startSandbox(t, "--data", data);
    const receiver = await listen(t, before.stripe, { enabled_events: ["customer.subscription.created"] });
    await before.control("PUT", "/_sandbox/delivery", { mode: "hold" });
    const { prices, customer } = await catalogue(before.stripe, 1000);
    const params = { customer: customer.id, items: [{ price: prices[0].id }] };
    const subscription = await before.stripe.subscriptions.create(params, { idempotencyKey: "k" });
    JSON.parse(await readFile(data, "utf8"));
    await before.stop("SIGKILL");

    const after = await startSandbox(t, "--data", data);
    assert.deepEqual(plain(await after.stripe.subscriptions.retrieve(subscription.id)), plain(subscription));
    const replayed = await after.stripe.subscriptions.create(params, { idempotencyKey: "k" });
    assert.equal(replayed.id, subscription.id);
    await after.control("POST", "/_sandbox/delivery/release");
    assert.deepEqual(receiver.types(), ["customer.subscription.created"]);
    await after.stop("SIGTERM");

    // What was on its way when the process ended goes out after the start.
    const third = await startSandbox(t, "--data", data, "--webhook-backoff-ms", "600000");
    receiver.answer = () => 500;
    await third.stripe.subscriptions.create(params);
    const attempted = async () => (await third.control("GET", "/_sandbox/deliveries")).body.deliveries.at(-1).attempts;
    await eventually(async () => assert.ok((await attempted()).length > 0));
    await third.stop("SIGKILL");
    receiver.answer = () => 200;
    const fourth = await startSandbox(t, "--data", data);
    await fourth.settle();
    assert.equal(receiver.received.length, 3);
  });

  test("stops cleanly and says one line", async (t) => {
    for (const signal of ["SIGTERM", "SIGINT"]) {
      const { stop, stripe, url } = await startSandbox(t);
      await stripe.products.list();
      assert.equal((await fetch(`${url}/healthz`)).status, 200);
      const { code, stdout } = await stop(signal);
      assert.deepEqual([code, stdout.length], [0, 1]);
    }
  });
});
