// What the Worker answers, as far as the console reads it. Times are milliseconds since 1970, money is in minor units a month.

/** One page of a list: `next_cursor` asks for the next one. */
export type Page<Name extends string, Row> = { [name in Name]: Row[] } & { next_cursor: string | null };

// Tenants

export interface TenantRow {
  tenant: string;
  seen_at: number;
  plan: string | null;
  status: string | null;
  score: number | null;
  scored_at: number | null;
  segments: string[];
}

export type Tenants = Page<"tenants", TenantRow>;

export interface Meter {
  meter: string;
  label: string;
  unit: string | null;
  kind: "counter" | "gauge";
  value: number;
  limit: number | null;
  soft_limit: number | null;
  remaining: number | null;
  percent: number | null;
  resets_at: number | null;
  granted: boolean;
  reason: string;
}

export interface TenantSignal {
  signal: string;
  label: string;
  active: boolean;
  first: number | null;
  last: number | null;
  ended: number | null;
  count: number;
  contribution: number;
}

export interface TenantCampaign {
  campaign: string;
  variant: string | null;
  held_out: boolean;
  renders: number;
  exposures: number;
  ghost_exposures: number;
  clicks: number;
  dismissals: number;
  snoozes: number;
  first_exposure: number | null;
  last_exposure: number | null;
}

export interface Subscription {
  id: string;
  customer: string;
  status: string;
  current_period_start: number | null;
  current_period_end: number | null;
  trial_end: number | null;
  cancel_at_period_end: boolean;
  items: { id: string; price: string; product: string; quantity: number }[];
}

export interface Tenant {
  tenant: string;
  plan: { id: string; name: string; rank: number } | null;
  status: string | null;
  subscription: Subscription | null;
  meters: Meter[];
  features: Record<string, boolean>;
  live_connections: number;
  score: number;
  signals: TenantSignal[];
  segments: { segment: string; label: string; since: number }[];
  campaigns: TenantCampaign[];
}

/** `GET /v1/plans?tenant=`, as far as it tells where the pace leads. */
export interface Fit {
  fit: {
    outcome: string;
    plan: string | null;
    binds: { key: string; meter?: string; projected?: number | null; reached: boolean }[];
  } | null;
  plans: { id: string; name: string; best: boolean }[];
}

/** What a subscription gave before or after a change. */
export interface Held {
  plan: string | null;
  price: string | null;
  quantity: number;
  status: string | null;
}

export interface TimelineEntry {
  seq: number;
  at: number;
  type: string;
  actor: { kind: "user"; user: string } | { kind: "stripe" } | { kind: "upcue" };
  [detail: string]: unknown;
}

export type Timeline = Page<"entries", TimelineEntry>;

export interface Gate {
  gate: string;
  verdict: string;
  inputs: { name: string; value: string }[];
  threshold: string | null;
  would: string | null;
}

export interface Decision {
  placement: string;
  campaign: string | null;
  title: string | null;
  reason: string;
  trace: { campaign: string; variant: string | null; reason: string; would_show_if: string | null; gates: Gate[] }[];
}

export interface Decisions {
  at: number;
  config_version: number;
  user: string;
  role: string;
  decisions: Decision[];
}

// Segments

export interface Segments {
  segments: { segment: string; label: string | null; members: number }[];
}

export interface Member {
  tenant: string;
  since: number | null;
  score: number | null;
  plan: string | null;
  status: string | null;
  seen_at: number;
}

export type Segment = Page<"members", Member> & { segment: string; label: string | null; total: number };

// Mail

export interface Letter {
  id: string;
  tenant?: string;
  recipient: string;
  to: string | null;
  subject: string | null;
  parts: { sequence: string; step: number; template: string; variant: string | null }[];
  state: string;
  reason: string | null;
  detail: string | null;
  drawn_at: number;
  settled_at: number | null;
  waits_until: number | null;
  attempts: number;
  clicked_at: number | null;
  opened_at: number | null;
}

export type Outbox = Page<"letters", Letter>;

export interface Enrolment {
  sequence: string;
  recipient: string;
  entered_at: number;
  state: string;
  reason: string | null;
  next: { step: number; ripe_at: number; look_at: number } | null;
  steps: { step: number; at: number; letter?: string; skipped?: string }[];
}

export interface TenantLetters {
  letters: Letter[];
  enrolments: Enrolment[];
  contacts: {
    recipient: string;
    email: string | null;
    name: string | null;
    role: string;
    owner: boolean;
    refuses_all_since: number | null;
  }[];
}

export interface WrittenLetter {
  id: string;
  to: string;
  subject: string;
  provider: string;
  html: string;
  text: string;
  clicks: { target: string; at: number }[];
  opened_at: number | null;
}

/** `POST /v1/email/preview`: a template with example facts. */
export interface Preview {
  template: string;
  subject: string;
  html: string;
  text: string;
  missing: string[];
}

// Configuration

/** The parts of the document that other pages read. */
export interface Config {
  signals?:
    | {
        id: string;
        label?: string | null;
        when?: string | null;
        builtin?: string | null;
        meter?: string | null;
        feature?: string | null;
        weight?: number | null;
      }[]
    | null;
  segments?: Record<string, { label?: string | null; enter: string; exit?: string | null }> | null;
  campaigns?:
    | {
        id: string;
        placement: string;
        priority?: number | null;
        audience?: string | null;
        holdout?: number | null;
        nudge?: { kind?: string; title?: string };
      }[]
    | null;
  sequences?: { id: string; enter: string; to?: string | null; steps: { after: string; template: string }[] }[] | null;
  templates?: Record<string, unknown> | null;
  attribution?: { window?: string | null; model?: string | null } | null;
}

export interface Version {
  version: number;
  hash: string;
  published_at: number;
  rolled_back_to: number | null;
}

export type Versions = Page<"versions", Version>;

/** Something wrong with a document: `line` and `column` count from 1, in characters. */
export interface Problem {
  code: string;
  pointer: string;
  line: number;
  column: number;
  detail: string;
}

export interface Verdict {
  valid: boolean;
  problems: Problem[];
  warnings: Problem[];
}

export interface Diff {
  from: number;
  to: number;
  changes: { op: string; pointer: string; before?: unknown; after?: unknown }[];
}

export interface Backtest {
  id: string;
  status: "running" | "done" | "failed";
  tenants: number;
  done: number;
  failed: number;
  failure: string | null;
  events: number;
  opportunities: number;
  started_at: number;
  took_ms: number;
  campaigns: {
    campaign: string;
    would_fire: number;
    would_be_capped: number;
    would_be_held_out: number;
    would_be_dismissed: number;
    would_be_quiet: number;
    would_be_converted: number;
    would_be_excluded: number;
    did_fire: number;
    tenants_would: number;
    tenants_did: number;
  }[];
  signals: { signal: string; would: number; did: number }[];
  segments: { segment: string; entered: { would: number; did: number }; left: { would: number; did: number } }[];
}

// Stripe

export interface Price {
  id: string;
  currency: string;
  unit_amount: number | null;
  interval: string;
  interval_count: number;
  active: boolean;
}

export interface Plan {
  id: string;
  name: string;
  description: string;
  rank: number;
  active: boolean;
  prices: Price[];
  limits: Record<string, { limit: number | "unlimited"; soft_limit: number | null }>;
  features: string[];
}

export interface Catalogue {
  plans: Plan[];
  synced_at: number | null;
  problems: { product: string; price: string | null; key: string; detail: string }[];
  version: number;
  changes?: { plan: string; field: string; before: string | null; after: string | null }[];
}

export interface StripeEvents {
  events: {
    id: string;
    type: string;
    state: string;
    customer: string | null;
    received_at: number;
    attempts: number;
    detail: string | null;
  }[];
}

export interface Sweep {
  checked: number;
  unmatched: number;
  drifted: { tenant: string; subscription: string }[];
  failed: { subscription: string; detail: string }[];
}

// Reports

export interface Spread {
  count: number;
  p50: number | null;
  p95: number | null;
}

export interface Accuracy {
  compared: number;
  exact: number;
  p50: number | null;
  p95: number | null;
  max: number | null;
}

export interface Upgrades {
  since: number;
  upgraded: number;
  failed: Record<string, number>;
  duration_ms: Spread;
  gateway_ms: Spread;
  own_ms: Spread;
  signal_to_upgrade_ms: Spread;
  proration: { estimate: Accuracy; quote: Accuracy };
}

export type StepName = "eligible" | "exposed" | "clicked" | "quoted" | "upgraded";

export interface FunnelStep {
  step: StepName;
  tenants: number;
  events: number;
  revenue?: number;
}

/** Of a campaign, or of a sequence by mail. */
export interface CampaignFunnel {
  campaign: string;
  channel: "in_app" | "email";
  eligible: number;
  exposed: number;
  clicked: number;
  dismissed: number;
  snoozed: number;
  held_out: number;
  quoted: number;
  upgraded: number;
  revenue: number;
}

export interface Funnel {
  since: number;
  until: number;
  campaign: string | null;
  currency: string;
  steps: FunnelStep[];
  campaigns: CampaignFunnel[];
}

export type FunnelTenants = Page<"tenants", { tenant: string; first: number; last: number; events: number }>;

/** What conversions can be grouped by. */
export const DIMENSIONS = ["signal", "channel", "timing", "hour", "weekday", "campaign", "variant", "placement", "plan", "day"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export const MODELS = ["last_touch", "first_touch", "linear", "time_decay"] as const;

export interface Sum {
  conversions: number;
  tenants: number;
  revenue: number;
}

export type ConversionRow = { [dimension in Dimension]?: string | number | null } & {
  conversions: number;
  revenue: number;
  tenants: number;
  /** Unknown by plan, which touches know nothing of. */
  touches: number | null;
  touched_tenants: number | null;
};

export interface Conversions {
  by: Dimension[];
  model: string;
  window_ms: number;
  currency: string;
  since: number;
  until: number;
  total: Sum;
  prompted: Sum;
  organic: Sum;
  rows: ConversionRow[];
  other_currencies: number;
}

export interface Touch {
  at: number | null;
  channel: string;
  campaign: string;
  variant: string | null;
  placement: string | null;
  signal: string | null;
  /** Its share of the conversion, and of what that is worth. */
  share: number;
  revenue: number;
}

export interface Conversion {
  tenant: string;
  at: number;
  from: string | null;
  to: string | null;
  before: number;
  after: number;
  currency: string;
  upgrade: string | null;
  touches: Touch[];
}

export type ConversionTenants = Page<"conversions", Conversion> & { currency: string };

export interface Day {
  day: string;
  signals: number;
  exposures: number;
  clicks: number;
  mails: number;
  conversions: number;
  prompted: number;
  revenue: number;
  prompted_revenue: number;
}

/** Days on which something happened. */
export interface Trend {
  days: Day[];
  /** The signals that were detected, the most frequent first. */
  signals: { signal: string; detections: number; tenants: number }[];
  currency: string;
}

/** From where to where. */
export type Interval = [low: number, high: number];

export interface Arm {
  tenants: number;
  converted: number;
  rate: number;
  waiting: number;
}

/** Shares are fractions of one. */
export interface Lift {
  campaign: string | null;
  window_ms: number;
  /** How sure its intervals are, at every look. */
  confidence: number;
  treated: Arm;
  control: Arm;
  difference: number;
  interval: Interval | null;
  relative: number | null;
  relative_interval: Interval | null;
  certain: boolean;
  revenue: { currency: string; per_tenant: number; interval: Interval | null } | null;
  sample_ratio: { expected: number; found: number; p: number; mismatch: boolean } | null;
  summary: string;
}

export interface Act {
  at: number;
  tenant: string;
  kind: string;
  campaign?: string;
  sequence?: string;
  signal?: string;
  segment?: string;
  plan?: string;
  user?: string;
  /** Why an upgrade failed. */
  code?: string;
  /** What a quote asked for, an upgrade was charged, or a conversion is worth a month. */
  amount?: number;
}

export type Activity = Page<"activity", Act>;

// Webhooks

export interface Endpoint {
  id: string;
  url: string;
  events: string[];
  state: "enabled" | "disabled";
  disabled_reason: string | null;
  created_at: number;
  failing_since: number | null;
  secrets: { id: string; created_at: number; expires_at: number | null }[];
}

export interface Webhooks {
  endpoints: Endpoint[];
}

/** What creating an endpoint and rotating its secret answer: the only time that the secret is told. */
export interface FreshSecret {
  secret: string;
}

export interface Delivery {
  id: string;
  type: string;
  tenant: string | null;
  at: number;
  state: "pending" | "delivered" | "failed";
  /** Why nothing more is tried. */
  reason?: string | null;
  attempts: { at: number; status: number | null; error: string | null; duration_ms: number }[];
  next_attempt: number | null;
}

export interface Deliveries {
  deliveries: Delivery[];
  next: string | null;
}
