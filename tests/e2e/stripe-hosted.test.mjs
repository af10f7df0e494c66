// The sandbox's entitlements, meters, hosted pages and thin events, driven by Stripe's own client library; the pages by
// plain form posts, as a browser without scripts would.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { catalogue, ids, listen, plain, startReceiver, startSandbox } from "../support/sandbox.mjs";

const SUCCESS = "http://127.0.0.1:9/done?session={CHECKOUT_SESSION_ID}";
const CANCEL = "http://127.0.0.1:9/back?a=1&b=2";

const types = async (stripe) => (await stripe.events.list({ limit: 100 })).data.map(({ type }) => type).reverse();

/** A page as a person would see it, and where it sends them. */
async function visit(url, form) {
  const answer = await fetch(url, {
    method: form ? "POST" : "GET",
    body: form && new URLSearchParams(form),
    redirect: "manual",
  });
  return { status: answer.status, location: answer.headers.get("location"), html: await answer.text() };
}

describe("entitlements", () => {
  test("features are listed by key and archived for good", async (t) => {
    const { stripe } = await startSandbox(t);
    const { features } = stripe.entitlements;
    const sso = await features.create({ lookup_key: "sso", name: "Single sign-on", metadata: { team: "a" } });
    const audit = await features.create({ lookup_key: "audit", name: "Audit log" });
    assert.match(sso.id, /^feat_/);
    await assert.rejects(features.create({ lookup_key: "sso", name: "Again" }), /already exists/);
    assert.deepEqual(ids(await features.list()), [audit.id, sso.id]);
    assert.deepEqual(ids(await features.list({ lookup_key: "sso" })), [sso.id]);
    assert.equal((await features.update(sso.id, { name: "SSO", metadata: { team: "" } })).name, "SSO");
    assert.equal((await features.update(audit.id, { active: false })).active, false);
    await assert.rejects(features.update(audit.id, { active: true }), /archived/);
    assert.deepEqual(ids(await features.list()), [sso.id]);
    assert.deepEqual(ids(await features.list({ archived: true })), [audit.id]);
    await assert.rejects(features.create({ lookup_key: "x", name: "x", colour: "red" }), { code: "parameter_unknown" });
  });

  test("are attached to products without any event", async (t) => {
    const { stripe } = await startSandbox(t);
    const product = await stripe.products.create({ name: "Pro" });
    const feature = await stripe.entitlements.features.create({ lookup_key: "sso", name: "Single sign-on" });
    const before = await types(stripe);
    const attached = await stripe.products.createFeature(product.id, { entitlement_feature: feature.id });
    assert.deepEqual([attached.object, attached.entitlement_feature.lookup_key], ["product_feature", "sso"]);
    await assert.rejects(stripe.products.createFeature(product.id, { entitlement_feature: feature.id }), /already attached/);
    assert.deepEqual(ids(await stripe.products.listFeatures(product.id)), [attached.id]);
    assert.equal((await stripe.products.retrieveFeature(product.id, attached.id)).id, attached.id);
    assert.equal((await stripe.products.deleteFeature(product.id, attached.id)).deleted, true);
    assert.deepEqual(ids(await stripe.products.listFeatures(product.id)), []);
    assert.deepEqual(await types(stripe), before);
  });

  test("follow the customer's subscriptions", async (t) => {
    const { stripe, settle } = await startSandbox(t);
    const receiver = await listen(t, stripe, { enabled_events: ["entitlements.active_entitlement_summary.updated"] });
    const { product, prices, customer } = await catalogue(stripe, 1000);
    const sso = await stripe.entitlements.features.create({ lookup_key: "sso", name: "Single sign-on" });
    await stripe.products.createFeature(product.id, { entitlement_feature: sso.id });
    await stripe.entitlements.features.update(sso.id, { active: false });
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: prices[0].id }] });

    const active = await stripe.entitlements.activeEntitlements.list({ customer: customer.id });
    assert.deepEqual(active.data.map(({ lookup_key, feature }) => [lookup_key, feature]), [["sso", sso.id]]);
    const expanded = await stripe.entitlements.activeEntitlements.list({ customer: customer.id, expand: ["data.feature"] });
    assert.equal(expanded.data[0].feature.name, "Single sign-on");
    assert.equal((await stripe.entitlements.activeEntitlements.retrieve(active.data[0].id)).lookup_key, "sso");

    // Attached later, a feature shows with the next change of the subscription only.
    const audit = await stripe.entitlements.features.create({ lookup_key: "audit", name: "Audit log" });
    await stripe.products.createFeature(product.id, { entitlement_feature: audit.id });
    const count = async () => (await stripe.entitlements.activeEntitlements.list({ customer: customer.id })).data.length;
    assert.equal(await count(), 1);
    await stripe.subscriptions.update(subscription.id, { metadata: { a: "1" } });
    assert.equal(await count(), 2);
    await stripe.subscriptions.cancel(subscription.id);
    assert.equal(await count(), 0);
    await settle();
    const told = receiver.received.map(({ event }) => event.data.object.entitlements.data.map(({ lookup_key }) => lookup_key));
    assert.deepEqual(told, [["sso"], ["sso", "audit"], []]);
    assert.equal(receiver.received[0].event.data.object.customer, customer.id);
    assert.equal(receiver.received[1].event.data.previous_attributes.entitlements.data.length, 1);
  });
});

describe("meters", () => {
  const HOUR = 3600;
  const start = Math.floor(Date.now() / 1000 / HOUR) * HOUR - 3 * HOUR;

  async function metered(t, formula) {
    const sandbox = await startSandbox(t);
    const { stripe } = sandbox;
    const customer = await stripe.customers.create({});
    const meter = await stripe.billing.meters.create({
      display_name: "API calls",
      event_name: "api_calls",
      default_aggregation: { formula },
      customer_mapping: { type: "by_id", event_payload_key: "who" },
      value_settings: { event_payload_key: "calls" },
    });
    const report = (calls, timestamp, more) =>
      stripe.billing.meterEvents.create({
        event_name: "api_calls",
        payload: { who: customer.id, ...(calls !== undefined && { calls: `${calls}` }) },
        timestamp,
        ...more,
      });
    const summaries = async (params) =>
      (await stripe.billing.meters.listEventSummaries(meter.id, { customer: customer.id, start_time: start, end_time: start + 3 * HOUR, ...params })).data;
    return { ...sandbox, customer, meter, report, summaries };
  }

  test("sum, count or keep the last", async (t) => {
    for (const [formula, expected] of [["sum", 12.5], ["count", 3], ["last", 2.5]]) {
      const { report, summaries } = await metered(t, formula);
      await report(7, start);
      await report(2.5, start + 2 * HOUR + 1);
      await report(3, start + 60);
      await report(100, start - 1);
      assert.deepEqual((await summaries()).map(({ aggregated_value }) => aggregated_value), [expected], formula);
      const hours = await summaries({ value_grouping_window: "hour" });
      assert.deepEqual(hours.map(({ start_time, end_time }) => [start_time, end_time - start_time]), [[start + 2 * HOUR, HOUR], [start, HOUR]]);
    }
  });

  test("summaries come in pages and take aligned times only", async (t) => {
    const { stripe, meter, customer, report, summaries } = await metered(t, "sum");
    for (const hour of [0, 1, 2]) await report(hour, start + hour * HOUR);
    const params = { customer: customer.id, start_time: start, end_time: start + 3 * HOUR, value_grouping_window: "hour", limit: 2 };
    const values = [];
    for await (const { aggregated_value } of stripe.billing.meters.listEventSummaries(meter.id, params)) values.push(aggregated_value);
    assert.deepEqual(values, [2, 1, 0]);
    await assert.rejects(summaries({ start_time: start + 1 }), { param: "start_time" });
    await assert.rejects(summaries({ end_time: start + 60, value_grouping_window: "hour" }), { param: "end_time" });
    await assert.rejects(summaries({ end_time: start }), { param: "end_time" });
    await assert.rejects(summaries({ value_grouping_window: "week" }), { param: "value_grouping_window" });
  });

  test("refuse what they cannot count", async (t) => {
    const { stripe, customer, meter, report } = await metered(t, "sum");
    const now = Math.floor(Date.now() / 1000);
    const first = await report(1, undefined, { identifier: "a" });
    assert.deepEqual([first.object, first.payload], ["billing.meter_event", { who: customer.id, calls: "1" }]);
    const refused = [
      [() => report(1, undefined, { identifier: "a" }), "duplicate_meter_event"],
      [() => report("many"), "meter_event_invalid_value"],
      [() => report(undefined), "meter_event_value_not_found"],
      [() => report(1, now - 36 * 86400), "timestamp_too_far_in_past"],
      [() => report(1, now + 600), "timestamp_in_future"],
      [() => stripe.billing.meterEvents.create({ event_name: "other", payload: { calls: "1" } }), "no_meter"],
      [() => stripe.billing.meterEvents.create({ event_name: "api_calls", payload: { calls: "1" } }), "meter_event_no_customer_defined"],
      [() => stripe.billing.meterEvents.create({ event_name: "api_calls", payload: { who: "cus_0", calls: "1" } }), "meter_event_customer_not_found"],
    ];
    for (const [call, code] of refused) await assert.rejects(call(), { statusCode: 400, code }, code);
    await stripe.billing.meters.deactivate(meter.id);
    await assert.rejects(report(1), { code: "archived_meter" });
    assert.deepEqual(ids(await stripe.billing.meters.list({ status: "inactive" })), [meter.id]);
    assert.equal((await stripe.billing.meters.reactivate(meter.id)).status, "active");
    assert.equal((await stripe.billing.meters.update(meter.id, { display_name: "Calls" })).display_name, "Calls");
  });
});

describe("checkout", () => {
  async function session(t, params = {}) {
    const sandbox = await startSandbox(t);
    const shop = await catalogue(sandbox.stripe, 1500);
    const session = await sandbox.stripe.checkout.sessions.create({
      mode: "subscription",
      customer: shop.customer.id,
      line_items: [{ price: shop.prices[0].id, quantity: 2 }],
      success_url: SUCCESS,
      cancel_url: CANCEL,
      ...params(shop),
    });
    return { ...sandbox, ...shop, session };
  }

  test("pays a subscription on its page", async (t) => {
    const { stripe, session: created, customer, prices } = await session(t, () => ({
      client_reference_id: "tenant-1",
      metadata: { from: "prompt" },
      subscription_data: { metadata: { upcue_tenant: "tenant-1" } },
      allow_promotion_codes: true,
    }));
    assert.deepEqual([created.status, created.payment_status, created.amount_total, created.subscription], ["open", "unpaid", 3000, null]);
    assert.equal(created.line_items, undefined);
    const withLines = await stripe.checkout.sessions.retrieve(created.id, { expand: ["line_items"] });
    assert.deepEqual(withLines.line_items.data.map(({ price, quantity }) => [price.id, quantity]), [[prices[0].id, 2]]);
    assert.deepEqual(plain(await stripe.checkout.sessions.listLineItems(created.id)).data, plain(withLines.line_items.data));

    const page = await visit(created.url);
    assert.equal(page.status, 200);
    for (const text of ["Plan × 2", "30.00 USD per month", "Pay", CANCEL.replace("&", "&amp;"), "is declined"]) {
      assert.ok(page.html.includes(text), text);
    }
    const paid = await visit(created.url, { action: "pay", card: "works" });
    assert.deepEqual([paid.status, paid.location], [303, SUCCESS.replace("{CHECKOUT_SESSION_ID}", created.id)]);

    const done = await stripe.checkout.sessions.retrieve(created.id, { expand: ["subscription"] });
    assert.deepEqual([done.status, done.payment_status, done.url], ["complete", "paid", null]);
    assert.deepEqual([done.client_reference_id, done.metadata, done.customer], ["tenant-1", { from: "prompt" }, customer.id]);
    assert.deepEqual([done.subscription.status, done.subscription.metadata], ["active", { upcue_tenant: "tenant-1" }]);
    assert.deepEqual(done.subscription.items.data.map(({ price, quantity }) => [price.id, quantity]), [[prices[0].id, 2]]);
    const told = await types(stripe);
    assert.ok(told.includes("customer.subscription.created"));
    assert.ok(told.includes("invoice.paid"));
    assert.equal(told.at(-1), "checkout.session.completed");
    assert.equal((await stripe.invoices.retrieve(done.invoice)).amount_paid, 3000);
    assert.equal((await visit(created.url, { action: "pay", card: "works" })).status, 400);
    assert.deepEqual(ids(await stripe.checkout.sessions.list({ subscription: done.subscription.id })), [created.id]);
  });

  test("changes nothing for a card that is declined or not authenticated", async (t) => {
    const { stripe, session: created } = await session(t, () => ({}));
    const before = await types(stripe);
    const declined = await visit(created.url, { action: "pay", card: "declined" });
    assert.deepEqual([declined.status, declined.html.includes("Your card was declined.")], [402, true]);
    const challenge = await visit(created.url, { action: "pay", card: "needs_authentication" });
    assert.deepEqual([challenge.status, challenge.html.includes("Complete")], [200, true]);
    const failed = await visit(created.url, { action: "refuse", card: "needs_authentication" });
    assert.deepEqual([failed.status, failed.html.includes("unable to authenticate")], [402, true]);
    assert.deepEqual(await types(stripe), before);
    assert.equal((await stripe.checkout.sessions.retrieve(created.id)).status, "open");
    const passed = await visit(created.url, { action: "authenticate", card: "needs_authentication" });
    assert.equal(passed.status, 303);
    const done = await stripe.checkout.sessions.retrieve(created.id, { expand: ["subscription", "invoice"] });
    assert.deepEqual([done.subscription.status, done.invoice.status, done.invoice.amount_paid], ["active", "paid", 3000]);
    assert.equal((await stripe.paymentMethods.retrieve(done.subscription.default_payment_method)).card.last4, "3184");
  });

  test("makes the customer that it does not know yet", async (t) => {
    for (const customer_email of ["grace@example.com", undefined]) {
      const { stripe, control, session: created } = await session(t, () => ({ customer: undefined, customer_email }));
      assert.deepEqual([created.customer, created.customer_creation], [null, "always"]);
      assert.equal((await visit(created.url)).html.includes('name="email"'), !customer_email);
      const { status, body } = await control("POST", `/_sandbox/checkout/${created.id}/complete`, { email: "page@example.com" });
      assert.deepEqual([status, body.status], [200, "complete"]);
      assert.equal((await stripe.customers.retrieve(body.customer)).email, customer_email ?? "page@example.com");
    }
  });

  test("ends by call and refuses what it cannot sell", async (t) => {
    const { stripe, control, session: created, prices, customer } = await session(t, () => ({}));
    assert.equal((await control("POST", `/_sandbox/checkout/${created.id}/complete`, { card: "declined" })).status, 402);
    assert.equal((await stripe.checkout.sessions.expire(created.id)).status, "expired");
    assert.equal((await types(stripe)).at(-1), "checkout.session.expired");
    await assert.rejects(stripe.checkout.sessions.expire(created.id), /status of expired/);
    assert.equal((await control("POST", `/_sandbox/checkout/${created.id}/complete`)).status, 400);
    const once = await stripe.prices.create({ product: prices[0].product, currency: "usd", unit_amount: 1 });
    const good = { mode: "subscription", customer: customer.id, success_url: SUCCESS, line_items: [{ price: prices[0].id, quantity: 1 }] };
    for (const [bad, expected] of [
      [{ mode: "payment" }, { param: "mode" }],
      [{ line_items: [{ price: once.id, quantity: 1 }] }, { param: "line_items[0][price]" }],
      [{ line_items: [{ price: prices[0].id }] }, { param: "line_items[0][quantity]" }],
      [{ customer_email: "a@example.com" }, /only specify one/],
      [{ expires_at: 1 }, { param: "expires_at" }],
      [{ subscription_data: { application_fee_percent: 1 } }, { code: "parameter_unknown" }],
      [{ success_url: undefined }, { code: "parameter_missing" }],
    ]) {
      await assert.rejects(stripe.checkout.sessions.create({ ...good, ...bad }), expected, JSON.stringify(bad));
    }
    const trial = await stripe.checkout.sessions.create({ ...good, subscription_data: { trial_period_days: 7 } });
    const { body } = await control("POST", `/_sandbox/checkout/${trial.id}/complete`);
    assert.deepEqual([body.amount_total, body.payment_status], [0, "no_payment_required"]);
    assert.equal((await stripe.subscriptions.retrieve(body.subscription)).status, "trialing");
  });
});

describe("the billing portal", () => {
  async function portal(t, flow) {
    const sandbox = await startSandbox(t);
    const { stripe } = sandbox;
    const shop = await catalogue(stripe, 1000, 3000);
    const subscription = await stripe.subscriptions.create({ customer: shop.customer.id, items: [{ price: shop.prices[0].id }] });
    const session = await stripe.billingPortal.sessions.create({
      customer: shop.customer.id,
      return_url: CANCEL,
      ...(flow && { flow_data: flow(subscription, shop) }),
    });
    return { ...sandbox, ...shop, subscription, session };
  }

  const upgrade = (more) => (subscription, { prices }) => ({
    type: "subscription_update_confirm",
    subscription_update_confirm: {
      subscription: subscription.id,
      items: [{ id: subscription.items.data[0].id, price: prices[1].id, quantity: 3 }],
    },
    ...more,
  });

  test("confirms an update and returns", async (t) => {
    const redirect = { type: "redirect", redirect: { return_url: "http://127.0.0.1:9/upgraded" } };
    const { stripe, session, subscription, prices } = await portal(t, upgrade({ after_completion: redirect }));
    const page = await visit(session.url);
    for (const text of ["10.00 USD per month", "Plan × 3", "90.00 USD per month", "80.00 USD", "Confirm", "Back"]) {
      assert.ok(page.html.includes(text), text);
    }
    const confirmed = await visit(session.url, {});
    assert.deepEqual([confirmed.status, confirmed.location], [303, "http://127.0.0.1:9/upgraded"]);
    const changed = await stripe.subscriptions.retrieve(subscription.id);
    assert.deepEqual(changed.items.data.map(({ price, quantity }) => [price.id, quantity]), [[prices[1].id, 3]]);
    assert.ok((await types(stripe)).includes("customer.subscription.updated"));
    const invoice = await stripe.invoices.retrieve(changed.latest_invoice);
    assert.deepEqual([invoice.status, invoice.billing_reason], ["paid", "subscription_update"]);
  });

  test("lets the customer authenticate, and changes nothing for a card that is declined", async (t) => {
    const { stripe, session, customer, subscription, prices } = await portal(t, upgrade());
    const pay = (name) => stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: name } });
    const use = async (name) => pay((await stripe.paymentMethods.attach(name, { customer: customer.id })).id);
    const price = async () => (await stripe.subscriptions.retrieve(subscription.id)).items.data[0].price.id;

    await use("pm_card_chargeDeclined");
    const before = await types(stripe);
    const declined = await visit(session.url, {});
    assert.deepEqual([declined.status, declined.html.includes("Your card was declined.")], [402, true]);
    assert.deepEqual([await price(), await types(stripe)], [prices[0].id, before]);

    await use("pm_card_authenticationRequired");
    assert.equal((await visit(session.url, {})).location, CANCEL);
    assert.equal(await price(), prices[1].id);
    assert.equal((await stripe.subscriptions.retrieve(subscription.id)).status, "active");
  });

  test("saves another card as the default", async (t) => {
    const { stripe, session, customer } = await portal(t, () => ({ type: "payment_method_update" }));
    assert.ok((await visit(session.url)).html.includes("4000 0025 0000 3155"));
    assert.equal((await visit(session.url, { card: "declined" })).status, 402);
    assert.equal((await visit(session.url, { card: "needs_authentication" })).location, CANCEL);
    const { invoice_settings } = await stripe.customers.retrieve(customer.id, { expand: ["invoice_settings.default_payment_method"] });
    assert.equal(invoice_settings.default_payment_method.card.last4, "3184");
    assert.ok((await types(stripe)).includes("customer.updated"));
  });

  test("can be confirmed without a browser", async (t) => {
    const { stripe, control, session, subscription, prices } = await portal(t, upgrade());
    assert.equal((await control("POST", `/_sandbox/portal/${session.id}/confirm`)).status, 200);
    assert.equal((await stripe.subscriptions.retrieve(subscription.id)).items.data[0].price.id, prices[1].id);
    const { session: plainSession, control: call } = await portal(t);
    assert.equal((await call("POST", `/_sandbox/portal/${plainSession.id}/confirm`)).status, 400);
    assert.ok((await visit(plainSession.url)).html.includes("10.00 USD per month"));
  });

  test("refuses flows that do not fit", async (t) => {
    const { stripe, customer, subscription, prices } = await portal(t);
    const other = await stripe.customers.create({});
    const item = { id: subscription.items.data[0].id, price: prices[1].id };
    const confirm = (subscription_update_confirm, customerId = customer.id) =>
      stripe.billingPortal.sessions.create({
        customer: customerId,
        flow_data: { type: "subscription_update_confirm", subscription_update_confirm },
      });
    const good = { subscription: subscription.id, items: [item] };
    assert.equal((await confirm(good)).flow.subscription_update_confirm.items[0].price, prices[1].id);
    await assert.rejects(confirm(good, other.id), /does not belong/);
    await assert.rejects(confirm({ ...good, items: [item, item] }), /Exactly one/);
    await assert.rejects(confirm({ ...good, items: [{ ...item, id: "si_0" }] }), { code: "resource_missing" });
    await assert.rejects(confirm(undefined), { code: "parameter_missing" });
    await assert.rejects(stripe.billingPortal.sessions.create({ customer: "cus_0" }), { code: "resource_missing" });
  });
});

describe("the invoice page", () => {
  /** An upgrade that waits for its payment to be authenticated. */
  async function pending(t) {
    const sandbox = await startSandbox(t);
    const { stripe } = sandbox;
    const { prices, customer } = await catalogue(stripe, 1000, 3000);
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: prices[0].id }] });
    const { id: default_payment_method } = await stripe.paymentMethods.attach("pm_card_authenticationRequired", { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method } });
    const held = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0].id, price: prices[1].id, quantity: 1 }],
      payment_behavior: "pending_if_incomplete",
      proration_behavior: "always_invoice",
      expand: ["latest_invoice"],
    });
    assert.ok(held.pending_update);
    return { ...sandbox, prices, subscription, invoice: held.latest_invoice };
  }

  test("applies a pending update once its payer has authenticated", async (t) => {
    const { stripe, prices, subscription, invoice } = await pending(t);
    const url = invoice.hosted_invoice_url;
    const page = await visit(url);
    for (const text of [invoice.number, "20.00 USD", "Pay"]) assert.ok(page.html.includes(text), text);
    assert.ok((await visit(url, { action: "pay", card: "needs_authentication" })).html.includes("Is this you?"));
    assert.equal((await visit(url, { action: "refuse", card: "needs_authentication" })).status, 402);
    assert.equal((await visit(url, { action: "pay", card: "declined" })).status, 402);
    assert.ok((await stripe.subscriptions.retrieve(subscription.id)).pending_update);
    const paid = await visit(url, { action: "authenticate", card: "needs_authentication" });
    assert.deepEqual([paid.status, paid.html.includes("This invoice is paid.")], [200, true]);
    const changed = await stripe.subscriptions.retrieve(subscription.id);
    assert.deepEqual([changed.pending_update, changed.items.data[0].price.id], [null, prices[1].id]);
  });

  test("can be paid without a browser", async (t) => {
    const { stripe, control, prices, subscription, invoice } = await pending(t);
    assert.equal((await control("POST", `/_sandbox/invoices/${invoice.id}/pay`, { payment_method: "pm_card_chargeDeclined" })).status, 402);
    const { status, body } = await control("POST", `/_sandbox/invoices/${invoice.id}/pay`);
    assert.deepEqual([status, body.status], [200, "paid"]);
    assert.equal((await stripe.subscriptions.retrieve(subscription.id)).items.data[0].price.id, prices[1].id);
  });
});

describe("thin events", () => {
  async function destination(t, sandbox, enabled_events) {
    const receiver = await startReceiver(t, undefined, sandbox.stripe);
    const created = await sandbox.stripe.v2.core.eventDestinations.create({
      name: "thin",
      type: "webhook_endpoint",
      event_payload: "thin",
      enabled_events,
      webhook_endpoint: { url: receiver.url },
      include: ["webhook_endpoint.signing_secret", "webhook_endpoint.url"],
    });
    receiver.secret = created.webhook_endpoint.signing_secret;
    return { receiver, created };
  }

  test("name what changed and lead to the rest", async (t) => {
    const sandbox = await startSandbox(t);
    const { stripe, settle } = sandbox;
    const { receiver, created } = await destination(t, sandbox, ["v1.product.created", "v1.product.updated"]);
    assert.match(created.webhook_endpoint.signing_secret, /^whsec_/);
    const product = await stripe.products.create({ name: "Pro" });
    await stripe.products.update(product.id, { name: "Max" });
    await stripe.customers.create({});
    await settle();
    assert.deepEqual(receiver.received.map(({ event }) => event.type), ["v1.product.created", "v1.product.updated"]);

    const thin = JSON.parse(receiver.received[1].raw);
    const [snapshot] = (await stripe.events.list({ type: "product.updated" })).data;
    assert.deepEqual(thin, {
      id: thin.id,
      object: "v2.core.event",
      context: null,
      created: new Date(snapshot.created * 1000).toISOString(),
      livemode: false,
      related_object: { id: product.id, type: "product", url: `/v1/products/${product.id}` },
      snapshot_event: snapshot.id,
      type: "v1.product.updated",
    });
    assert.notEqual(thin.id, snapshot.id);
    const { event } = receiver.received[1];
    assert.equal((await event.fetchRelatedObject()).name, "Max");
    const full = await event.fetchEvent();
    assert.deepEqual([full.id, full.changes.before.name, full.reason.type], [thin.id, "Pro", "request"]);
  });

  test("stop with their destination", async (t) => {
    const sandbox = await startSandbox(t);
    const { stripe, settle } = sandbox;
    const { eventDestinations } = stripe.v2.core;
    const { receiver, created } = await destination(t, sandbox, ["*"]);
    assert.deepEqual((await eventDestinations.retrieve(created.id)).webhook_endpoint, {});
    assert.deepEqual((await eventDestinations.list()).data.map(({ id }) => id), [created.id]);
    assert.equal((await eventDestinations.disable(created.id)).status_details.disabled.reason, "user");
    await stripe.products.create({ name: "unheard" });
    assert.equal((await eventDestinations.enable(created.id)).status, "enabled");
    await eventDestinations.update(created.id, { enabled_events: ["v1.customer.created"] });
    await stripe.products.create({ name: "unheard" });
    await stripe.customers.create({});
    await settle();
    await eventDestinations.del(created.id);
    await stripe.customers.create({});
    await settle();
    assert.deepEqual(receiver.received.map(({ event }) => event.type), ["v1.customer.created"]);
    await assert.rejects(eventDestinations.retrieve(created.id), { statusCode: 404 });
    const wanted = { name: "x", type: "webhook_endpoint", webhook_endpoint: { url: receiver.url } };
    for (const bad of [
      { event_payload: "snapshot", enabled_events: ["*"] },
      { event_payload: "thin", enabled_events: ["product.created"] },
      { event_payload: "thin", enabled_events: ["*"], webhook_endpoint: { url: "https://example.com" } },
    ]) {
      await assert.rejects(eventDestinations.create({ ...wanted, ...bad }), { statusCode: 400 }, JSON.stringify(bad));
    }
  });
});
