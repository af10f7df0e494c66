// Answers of the reports in the shapes that the console reads (www/console/api/shapes.ts), with figures that can be told apart:
// what is shown must be what is answered.

const DAY = 86_400_000;
/** A tenant's name that would do harm where names are taken for markup. */
export const HOSTILE = `<img/src=x/onerror=window.harmed=1>`;

const count = (n) => Array.from({ length: n }, (_, i) => i);
const day = (at) => new Date(at).toISOString().slice(0, 10);

function trend(query) {
  const [since, until] = [Number(query.get("since")), Number(query.get("until"))];
  const days = count(Math.round((until - since) / DAY)).map((i) => ({
    day: day(since + i * DAY),
    signals: 3 + (i % 5),
    exposures: 40 + ((i * 7) % 23),
    clicks: 6 + (i % 4),
    mails: i % 3,
    conversions: 1 + (i % 4),
    prompted: i % 3,
    revenue: 9_900 * (1 + (i % 4)),
    prompted_revenue: 9_900 * (i % 3),
  }));
  // Silent about days on which nothing happened, as the report is.
  const signals = [
    { signal: "api_quota_80", detections: 61, tenants: 40 },
    { signal: "gone", detections: 4, tenants: 4 },
  ];
  return { days: days.filter((_, i) => i % 7 !== 3), signals, currency: "usd" };
}

const STEPS = [
  ["eligible", 412, 980],
  ["exposed", 287, 1_204],
  ["clicked", 96, 131],
  ["quoted", 51, 64],
  ["upgraded", 33, 33],
];

function funnel(query) {
  const part = query.get("campaign") ? 0.5 : 1;
  return {
    since: Number(query.get("since")),
    until: Number(query.get("until")),
    campaign: query.get("campaign"),
    currency: "usd",
    steps: STEPS.map(([step, tenants, events]) => ({
      step,
      tenants: Math.round(tenants * part),
      events,
      ...(step === "upgraded" && { revenue: 412_700 }),
    })),
    campaigns: [
      {
        campaign: "api_quota",
        channel: "in_app",
        eligible: 312,
        exposed: 201,
        clicked: 71,
        dismissed: 40,
        snoozed: 9,
        held_out: 34,
        quoted: 39,
        upgraded: 24,
        revenue: 298_300,
      },
      {
        campaign: "quota_emails",
        channel: "email",
        eligible: 100,
        exposed: 86,
        clicked: 25,
        dismissed: 12,
        snoozed: 2,
        held_out: 0,
        quoted: 12,
        upgraded: 9,
        revenue: 114_400,
      },
    ],
  };
}

const ROW = { conversions: 1.5, revenue: 12_300, tenants: 2, touches: 40, touched_tenants: 20 };
const VALUES = {
  signal: ["api_quota_80", "wants_sso", HOSTILE],
  channel: ["in_app", "email"],
  timing: ["under_1m", "under_1h", "no_signal"],
  hour: [9, 14, 20],
  weekday: ["mon", "thu"],
  campaign: ["api_quota"],
  variant: ["a", "b"],
  placement: ["app.header"],
  plan: ["prod_team"],
  day: ["2026-11-29"],
};

function conversions(query) {
  const by = query.get("by").split(",");
  const rows = VALUES[by[0]].map((value, i) => ({
    ...ROW,
    revenue: 12_300 * (9 - i),
    conversions: 9.5 - i,
    ...Object.fromEntries(by.map((name, j) => [name, j === 0 ? value : VALUES[name][0]])),
  }));
  return {
    by,
    model: query.get("model") ?? "last_touch",
    window_ms: 7 * DAY,
    currency: "usd",
    since: Number(query.get("since")),
    until: Number(query.get("until")),
    total: { conversions: 58, tenants: 55, revenue: 731_900 },
    prompted: { conversions: 33, tenants: 31, revenue: 412_700 },
    organic: { conversions: 25, tenants: 24, revenue: 319_200 },
    rows,
    other_currencies: 2,
  };
}

const converted = () => ({
  conversions: [
    {
      tenant: HOSTILE,
      at: Date.now() - 2 * DAY,
      from: "prod_starter",
      to: "prod_team",
      before: 2_900,
      after: 9_900,
      currency: "usd",
      upgrade: "upg_1",
      touches: [
        {
          at: Date.now() - 3 * DAY,
          channel: "in_app",
          campaign: "api_quota",
          variant: "b",
          placement: "app.header",
          signal: "api_quota_80",
          share: 1,
          revenue: 7_000,
        },
      ],
    },
  ],
  next_cursor: null,
});

const lift = (query) => ({
  campaign: query.get("campaign"),
  window_ms: 7 * DAY,
  confidence: 0.95,
  treated: { tenants: 1_204, converted: 132, rate: 0.1096, waiting: 81 },
  control: { tenants: 133, converted: 8, rate: 0.0602, waiting: 9 },
  difference: 0.0494,
  interval: [0.0061, 0.0927],
  relative: 0.82,
  relative_interval: [0.11, 1.7],
  certain: true,
  revenue: { currency: "usd", per_tenant: 412, interval: [60, 770] },
  sample_ratio: { expected: 0.9, found: 0.9, p: 0.6, mismatch: query.get("campaign") === "api_quota" },
  summary: "Prompting changes the share of tenants that upgrade by +4.9 percentage points: between +0.6 and +9.3.",
});

const activity = () => ({
  activity: [
    { at: Date.now() - 4_000, tenant: HOSTILE, kind: "conversion", plan: "prod_team", amount: 7_000 },
    { at: Date.now() - 9_000, tenant: "acme", kind: "click", campaign: "api_quota" },
    { at: Date.now() - 12_000, tenant: "acme", kind: "exposure", campaign: "api_quota" },
    { at: Date.now() - 40_000, tenant: "globex", kind: "signal_detected", signal: "api_quota_80" },
    { at: Date.now() - 90_000, tenant: "initech", kind: "mail_sent", sequence: "quota_emails" },
  ],
  next_cursor: null,
});

const endpoint = {
  id: "whe_1",
  url: "https://hooks.nimbus.example/upcue",
  events: ["*"],
  state: "disabled",
  disabled_reason: "every delivery of 3 days failed",
  created_at: Date.now() - 40 * DAY,
  failing_since: Date.now() - 3 * DAY,
  secrets: [{ id: "whs_1", created_at: Date.now() - 40 * DAY, expires_at: null }],
};
const deliveries = () => ({
  deliveries: [
    {
      id: "msg_2",
      type: "subscription.upgraded",
      tenant: HOSTILE,
      at: Date.now() - 60_000,
      state: "failed",
      attempts: [{ at: Date.now() - 60_000, status: 500, error: null, duration_ms: 120 }],
      next_attempt: null,
    },
    {
      id: "msg_1",
      type: "signal.detected",
      tenant: "acme",
      at: Date.now() - 90_000,
      state: "delivered",
      attempts: [{ at: Date.now() - 90_000, status: 204, error: null, duration_ms: 48 }],
      next_attempt: null,
    },
  ],
  next: null,
});

const ANSWERS = [
  [
    "GET",
    /\/v1\/reports\/funnel\/tenants$/,
    () => ({ tenants: [{ tenant: HOSTILE, first: Date.now() - 9 * DAY, last: Date.now() - DAY, events: 4 }], next_cursor: null }),
  ],
  ["GET", /\/v1\/reports\/funnel$/, funnel],
  ["GET", /\/v1\/reports\/conversions\/tenants$/, converted],
  ["GET", /\/v1\/reports\/conversions$/, conversions],
  ["GET", /\/v1\/reports\/trend$/, trend],
  ["GET", /\/v1\/reports\/lift$/, lift],
  ["GET", /\/v1\/activity$/, activity],
  ["GET", /\/v1\/webhooks$/, () => ({ endpoints: [endpoint] })],
  ["POST", /\/v1\/webhooks$/, () => ({ ...endpoint, id: "whe_2", secret: "whsec_c2VjcmV0" })],
  ["GET", /\/v1\/webhooks\/whe_1\/deliveries$/, deliveries],
  ["POST", /\/replay$/, () => ({})],
];

/** Has the reports of `page` answered from here; everything else is asked of the Worker. Returns what was asked for, in order. */
export async function doubleReports(page) {
  const asked = [];
  await page.route(/\/v1\/(reports\/(funnel|conversions|trend|lift)|activity|webhooks)/, async (route) => {
    const request = route.request();
    const { pathname, searchParams } = new URL(request.url());
    const [, , answer] = ANSWERS.find(([method, pattern]) => method === request.method() && pattern.test(pathname)) ?? [];
    asked.push({ method: request.method(), pathname, searchParams, headers: request.headers() });
    if (!answer) return route.fallback();
    if (searchParams.get("format") === "csv" || /csv/.test(request.headers().accept))
      return route.fulfill({ contentType: "text/csv", body: "signal,revenue\r\napi_quota_80,12300\r\n" });
    return route.fulfill({ json: answer(searchParams) });
  });
  return asked;
}
