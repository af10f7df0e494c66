// What the Worker answers about plans and upgrades, for tests of what the elements make of it. The shapes are the Worker's own;
// that it gives them is tested elsewhere.

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const price = (id, unit_amount, interval, more) => ({
  id,
  currency: "usd",
  unit_amount,
  interval,
  interval_count: 1,
  current: false,
  estimate: { credit: -500, charge: 1950, amount_due: 1450 },
  ...more,
});

const plan = (id, name, rank, limits, sso, prices, more) => ({
  id,
  name,
  description: `${name} is for teams.`,
  rank,
  relation: "upgrade",
  fits: true,
  best: false,
  limits,
  soft_limits: {},
  features: { sso },
  violations: [],
  prices,
  ...more,
});

/** Starter is paid for, Team fits, Business is there. */
export const comparison = (more) => ({
  tenant: "acme",
  role: "admin",
  current: {
    plan: "starter",
    name: "Starter",
    price: "starter_month",
    interval: "month",
    interval_count: 1,
    unit_amount: 2900,
    quantity: 1,
    status: "active",
    paying: true,
    renews_at: Date.now() + 20 * DAY,
    trial_end: null,
    cancels_at_period_end: false,
  },
  currency: "usd",
  reason: {
    kind: "limit",
    meter: "api_calls",
    label: "API calls",
    unit: "calls",
    used: 9200,
    limit: 10_000,
    percent: 92,
    reached: false,
  },
  fit: { outcome: "upgrade", plan: "team", price: "team_month", binds: [] },
  rows: [
    { kind: "meter", key: "api_calls", label: "API calls", unit: "calls", used: 9200, projected: 13_000, highlighted: true },
    { kind: "feature", key: "sso", label: "Single sign-on", highlighted: false },
  ],
  intervals: ["month", "year"],
  plans: [
    plan(
      "starter",
      "Starter",
      1,
      { api_calls: 10_000 },
      false,
      [price("starter_month", 2900, "month", { current: true, estimate: null }), price("starter_year", 29_000, "year")],
      { relation: "current", fits: false },
    ),
    plan(
      "team",
      "Team",
      2,
      { api_calls: 100_000 },
      false,
      [price("team_month", 9900, "month"), price("team_year", 99_000, "year")],
      { best: true },
    ),
    plan("business", "Business", 3, { api_calls: null }, true, [
      price("business_month", 39_900, "month"),
      price("business_year", 399_000, "year"),
    ]),
  ],
  upgrade: { available: true },
  requests: [],
  asked: [],
  revision: 1,
  server_time: Date.now(),
  ...more,
});

export const quote = (more) => ({
  token: "quote_1",
  flow: "change",
  plan: { id: "team", name: "Team" },
  price: { id: "team_month", currency: "usd", unit_amount: 9900, interval: "month", interval_count: 1 },
  quantity: 1,
  from: {
    plan: { id: "starter", name: "Starter" },
    price: { id: "starter_month", currency: "usd", unit_amount: 2900, interval: "month", interval_count: 1 },
    quantity: 1,
  },
  currency: "usd",
  amount_due: 1450,
  subtotal: 1450,
  discount: 0,
  tax: 0,
  total: 1450,
  balance_applied: 0,
  lines: [
    { kind: "credit", description: "Unused time on Starter", amount: -500, quantity: 1, from: null, until: null },
    { kind: "charge", description: "Remaining time on Team", amount: 1950, quantity: 1, from: null, until: null },
  ],
  next_invoice: { at: Date.now() + 20 * DAY, amount: 9900 },
  proration_date: 1_800_000_000,
  locked: true,
  expires_at: Date.now() + 10 * MINUTE,
  catalogue_version: 1,
  features_gained: [{ key: "sso", label: "Single sign-on" }],
  features_lost: [],
  limits: [{ meter: "api_calls", label: "API calls", unit: "calls", before: 10_000, after: 100_000 }],
  violations: [],
  notes: [],
  ...more,
});

export const upgraded = {
  status: "upgraded",
  upgrade: "upg_1",
  upgraded_at: Date.now(),
  plan: { id: "team", name: "Team" },
  amount_charged: 1450,
  currency: "usd",
  invoice: "in_1",
  features_gained: [{ key: "sso", label: "Single sign-on" }],
  features_lost: [],
  limits: [],
};

/** A problem: its status and body. */
export const problem = (status, code, detail, more) => [
  status,
  { type: "about:blank", title: code, status, code, detail, ...more },
];
