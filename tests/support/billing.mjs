// Subscriptions at the sandbox to bill: prices, customers with a card, and what an invoice adds up to.

import { startSandbox } from "./sandbox.mjs";

export const OLD = { apiVersion: "2024-06-20" };

/** Prices by name, `{basic: 1000, yearly: [10000, "year"]}`, of a product each. */
export async function pricesOf(stripe, amounts, currency = "usd") {
  const prices = {};
  for (const [name, amount] of Object.entries(amounts)) {
    const [unit_amount, interval] = [amount, "month"].flat();
    const every = Array.isArray(amount) ? amount[1] : interval;
    const price = { product_data: { name }, currency, unit_amount, recurring: { interval: every } };
    prices[name] = (await stripe.prices.create(price)).id;
  }
  return prices;
}

export const paidBy = (card) => ({ payment_method: card, invoice_settings: { default_payment_method: card } });

/** A customer who pays with a card for the first of these prices, or for these items. */
export async function subscribed(t, { card = "pm_card_visa", mode = "flexible", amounts = { basic: 1000, pro: 2000 }, currency, items, args = [], ...params } = {}) {
  const sandbox = await startSandbox(t, ...args);
  const { stripe } = sandbox;
  const prices = await pricesOf(stripe, amounts, currency);
  const customer = await stripe.customers.create(card ? paidBy("pm_card_visa") : {});
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: (items ?? [{ price: Object.keys(amounts)[0] }]).map((item) => ({ ...item, price: prices[item.price] })),
    billing_mode: { type: mode },
    ...params,
  });
  // A card that fails comes later: the first invoice is paid.
  if (card && card !== "pm_card_visa") {
    const { id } = await stripe.paymentMethods.attach(card, { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: id } });
  }
  const [item] = subscription.items.data;
  /** A time within the period: so many parts of the whole have passed. */
  const after = (part, whole) => {
    const { current_period_start: start, current_period_end: end } = item;
    return start + Math.round(((end - start) * part) / whole);
  };
  const change = (price, rest = {}) => ({ items: [{ id: item.id, price: prices[price], quantity: item.quantity }], ...rest });
  const preview = (details) =>
    stripe.invoices.createPreview({ subscription: subscription.id, subscription_details: details });
  const update = (params, options) =>
    stripe.subscriptions.update(subscription.id, { expand: ["latest_invoice"], ...params }, options);
  return { ...sandbox, prices, customer, subscription, item, after, change, preview, update };
}

export const amounts = ({ lines }) => lines.data.map(({ amount }) => amount);
