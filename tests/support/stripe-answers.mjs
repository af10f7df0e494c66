// One answer of every kind that the Stripe sandbox gives, as on the wire, with the name of the type that it claims.

import assert from "node:assert/strict";

import { API_KEY, startReceiver, startSandbox } from "./sandbox.mjs";

const VERSION = "2026-10-28.endive";

/** `{items: [{price: "p"}]}` → `items[0][price]=p`, as client libraries encode it. */
function encode(params, prefix = "", form = new URLSearchParams()) {
  for (const [name, value] of Object.entries(params)) {
    const key = prefix ? `${prefix}[${name}]` : name;
    if (typeof value === "object") encode(value, key, form);
    else form.append(key, value);
  }
  return form;
}

/** What the sandbox answers, as on the wire: the library would wrap and extend it. */
function wire({ url }) {
  return async (method, route, params = {}) => {
    const v2 = route.startsWith("/v2/");
    const query = method === "GET" ? `?${encode(params)}` : "";
    const body = v2 ? JSON.stringify(params) : encode(params);
    const headers = { authorization: `Bearer ${API_KEY}`, "stripe-version": VERSION };
    const answer = await fetch(url + route + query, { method, headers, ...(method !== "GET" && { body }) });
    const json = await answer.json();
    assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(json)}`);
    return json;
  };
}

/** One answer of every kind, each with the type it claims: `[type, answer]`. */
export async function answers(t) {
  const sandbox = await startSandbox(t);
  const call = wire(sandbox);
  const typed = [];
  const take = async (type, ...request) => {
    const answer = await call(...request);
    typed.push([type, answer]);
    return answer;
  };
  const prices = await catalogue(take);
  const customer = await take("Stripe.Customer", "POST", "/v1/customers", {
    email: "ada@example.com",
    metadata: { a: "1" },
    payment_method: "pm_card_visa",
    invoice_settings: { default_payment_method: "pm_card_visa" },
  });
  const subscription = await subscriptions(take, customer, prices, typed);
  await money(take, customer, prices, subscription);
  await meters(take, customer);
  await sessions(take, customer, prices, sandbox, typed);
  await endpoints(take, await startReceiver(t));
  await take("Stripe.Account", "GET", "/v1/account");
  await lists(take, customer);
  return typed;
}

/** Two monthly prices. */
async function catalogue(take) {
  const product = await take("Stripe.Product", "POST", "/v1/products", { name: "Pro", marketing_features: [{ name: "SSO" }] });
  const priced = (unit_amount) =>
    take("Stripe.Price", "POST", "/v1/prices", { product: product.id, currency: "usd", unit_amount, recurring: { interval: "month" } });
  const prices = [await priced(1000), await priced(3000)];
  await take("Stripe.Price", "GET", `/v1/prices/${prices[0].id}`, { expand: ["product"] });
  const feature = await take("Stripe.Entitlements.Feature", "POST", "/v1/entitlements/features", { lookup_key: "sso", name: "SSO" });
  const attach = (kept) => take("Stripe.ProductFeature", "POST", `/v1/products/${product.id}/features`, { entitlement_feature: kept.id });
  await attach(feature);
  const second = await take("Stripe.Entitlements.Feature", "POST", "/v1/entitlements/features", { lookup_key: "x", name: "X" });
  const attached = await attach(second);
  await take("Stripe.ApiList<Stripe.ProductFeature>", "GET", `/v1/products/${product.id}/features`);
  await take("Stripe.DeletedProductFeature", "DELETE", `/v1/products/${product.id}/features/${attached.id}`);
  const gone = await take("Stripe.Product", "POST", "/v1/products", { name: "Gone" });
  await take("Stripe.DeletedProduct", "DELETE", `/v1/products/${gone.id}`);
  return prices;
}

async function subscriptions(take, customer, [price, other], typed) {
  const subscription = await take("Stripe.Subscription", "POST", "/v1/subscriptions", {
    customer: customer.id,
    items: [{ price: price.id, quantity: 2 }],
  });
  const [item] = subscription.items.data;
  typed.push(["Stripe.SubscriptionItem", item]);
  await take("Stripe.Subscription", "POST", `/v1/subscriptions/${subscription.id}`, {
    items: [{ id: item.id, price: other.id, quantity: 2 }],
    cancel_at_period_end: true,
    expand: ["customer"],
  });
  const trial = await take("Stripe.Subscription", "POST", "/v1/subscriptions", {
    customer: customer.id,
    items: [{ price: price.id }],
    trial_period_days: 7,
    billing_mode: { type: "classic" },
  });
  await take("Stripe.Subscription", "DELETE", `/v1/subscriptions/${trial.id}`);
  await take("Stripe.ApiList<Stripe.SubscriptionItem>", "GET", "/v1/subscription_items", { subscription: subscription.id });
  return subscription;
}

/** Invoices in every state that a change of plan can bring about, and what they hang together with. */
async function money(take, customer, [price, other], subscription) {
  const change = (to) => ({ items: [{ id: subscription.items.data[0].id, price: to.id, quantity: 1 }], proration_behavior: "always_invoice" });
  const update = (params) => take("Stripe.Subscription", "POST", `/v1/subscriptions/${subscription.id}`, params);
  const preview = (params) =>
    take("Stripe.Invoice", "POST", "/v1/invoices/create_preview", { customer: customer.id, subscription: subscription.id, ...params });
  await preview({});
  await preview({ subscription_details: change(price) });
  await update({ ...change(price), expand: ["latest_invoice.payments"] });
  await update({ items: change(other).items, proration_behavior: "create_prorations" });
  await take("Stripe.ApiList<Stripe.InvoiceItem>", "GET", "/v1/invoiceitems", { customer: customer.id });

  const coupon = await take("Stripe.Coupon", "POST", "/v1/coupons", { percent_off: 12.5, duration: "repeating", duration_in_months: 3 });
  await update({ discounts: [{ coupon: coupon.id }], expand: ["discounts"] });
  await update(change(price));
  await take("Stripe.ApiList<Stripe.Coupon>", "GET", "/v1/coupons");
  const unused = await take("Stripe.Coupon", "POST", "/v1/coupons", { amount_off: 500, currency: "usd", duration: "once" });
  await take("Stripe.DeletedCoupon", "DELETE", `/v1/coupons/${unused.id}`);

  for (const card of ["pm_card_authenticationRequired", "pm_card_chargeDeclined"]) {
    const method = await take("Stripe.PaymentMethod", "POST", `/v1/payment_methods/${card}/attach`, { customer: customer.id });
    await take("Stripe.Customer", "POST", `/v1/customers/${customer.id}`, { invoice_settings: { default_payment_method: method.id } });
    const held = await update({ ...change(other), payment_behavior: "pending_if_incomplete" });
    const invoice = await take("Stripe.Invoice", "GET", `/v1/invoices/${held.latest_invoice}`, { expand: ["payments.data.payment.payment_intent"] });
    await take("Stripe.ApiList<Stripe.InvoiceLineItem>", "GET", `/v1/invoices/${invoice.id}/lines`);
    await take("Stripe.Invoice", "POST", `/v1/invoices/${invoice.id}/void`);
  }
  await take("Stripe.ApiList<Stripe.PaymentIntent>", "GET", "/v1/payment_intents", { customer: customer.id });
  await take("Stripe.ApiList<Stripe.PaymentMethod>", "GET", `/v1/customers/${customer.id}/payment_methods`);
  await take("Stripe.ApiList<Stripe.Invoice>", "GET", "/v1/invoices", { customer: customer.id, limit: 100 });
  const schedule = await take("Stripe.SubscriptionSchedule", "POST", "/v1/subscription_schedules", { from_subscription: subscription.id });
  await take("Stripe.SubscriptionSchedule", "POST", `/v1/subscription_schedules/${schedule.id}/release`);
}

async function meters(take, customer) {
  const meter = await take("Stripe.Billing.Meter", "POST", "/v1/billing/meters", {
    display_name: "API calls",
    event_name: "api_calls",
    default_aggregation: { formula: "sum" },
  });
  const now = Math.floor(Date.now() / 1000);
  const payload = { stripe_customer_id: customer.id, value: "2.5" };
  await take("Stripe.Billing.MeterEvent", "POST", "/v1/billing/meter_events", { event_name: "api_calls", payload, timestamp: now });
  const minute = now - (now % 60);
  const range = { customer: customer.id, start_time: minute, end_time: minute + 60 };
  const summaries = await take("Stripe.ApiList<Stripe.Billing.MeterEventSummary>", "GET", `/v1/billing/meters/${meter.id}/event_summaries`, range);
  assert.equal(summaries.data.length, 1);
  await take("Stripe.Billing.Meter", "POST", `/v1/billing/meters/${meter.id}/deactivate`);
}

async function sessions(take, customer, [price], { control }, typed) {
  const checkout = await take("Stripe.Checkout.Session", "POST", "/v1/checkout/sessions", {
    mode: "subscription",
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: "http://127.0.0.1:9/",
  });
  await take("Stripe.Checkout.Session", "GET", `/v1/checkout/sessions/${checkout.id}`, { expand: ["line_items.data.price.product"] });
  await take("Stripe.ApiList<Stripe.LineItem>", "GET", `/v1/checkout/sessions/${checkout.id}/line_items`);
  const { body } = await control("POST", `/_sandbox/checkout/${checkout.id}/complete`, { email: "a@example.com" });
  typed.push(["Stripe.Checkout.Session", body]);
  const [subscription] = (await take("Stripe.ApiList<Stripe.Subscription>", "GET", "/v1/subscriptions", { customer: customer.id })).data;
  const portal = (flow_data) => ({ customer: customer.id, return_url: "http://127.0.0.1:9/", flow_data });
  const update = { subscription: subscription.id, items: [{ id: subscription.items.data[0].id, price: price.id, quantity: 1 }] };
  const redirect = { type: "redirect", redirect: { return_url: "http://127.0.0.1:9/" } };
  const confirm = { type: "subscription_update_confirm", subscription_update_confirm: update, after_completion: redirect };
  for (const flow of [confirm, { type: "payment_method_update" }]) {
    await take("Stripe.BillingPortal.Session", "POST", "/v1/billing_portal/sessions", portal(flow));
  }
}

async function endpoints(take, receiver) {
  const wanted = { url: receiver.url, enabled_events: ["product.updated"] };
  const endpoint = await take("Stripe.WebhookEndpoint", "POST", "/v1/webhook_endpoints", wanted);
  await take("Stripe.WebhookEndpoint", "GET", `/v1/webhook_endpoints/${endpoint.id}`);
  await take("Stripe.DeletedWebhookEndpoint", "DELETE", `/v1/webhook_endpoints/${endpoint.id}`);
  const destination = await take("Stripe.V2.Core.EventDestination", "POST", "/v2/core/event_destinations", {
    name: "thin",
    type: "webhook_endpoint",
    event_payload: "thin",
    enabled_events: ["v1.product.updated"],
    webhook_endpoint: { url: receiver.url },
    include: ["webhook_endpoint.signing_secret"],
  });
  await take("Stripe.V2.Core.EventDestination", "POST", `/v2/core/event_destinations/${destination.id}/disable`);
  await take("Stripe.V2.DeletedObject", "DELETE", `/v2/core/event_destinations/${destination.id}`);
}

async function lists(take, customer) {
  await take("Stripe.ApiList<Stripe.Product>", "GET", "/v1/products", { expand: ["data.default_price"] });
  await take("Stripe.ApiList<Stripe.Customer>", "GET", "/v1/customers");
  await take("Stripe.ApiList<Stripe.Entitlements.ActiveEntitlement>", "GET", "/v1/entitlements/active_entitlements", {
    customer: customer.id,
    expand: ["data.feature"],
  });
  const events = await take("Stripe.ApiList<Stripe.Event>", "GET", "/v1/events", { limit: 100 });
  const thin = events.data[0].id.replace("evt_", "evt_test_");
  await take("Stripe.V2.Core.EventBase & { related_object: unknown }", "GET", `/v2/core/events/${thin}`);
  await take("Stripe.DeletedCustomer", "DELETE", `/v1/customers/${customer.id}`);
}
