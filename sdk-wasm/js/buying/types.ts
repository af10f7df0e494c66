// What the Worker says about plans and upgrades, as it says it. Money is in whole minor units, as Stripe counts them, with
// the currency's name in small letters; moments are in milliseconds since 1970.

export type Interval = "day" | "week" | "month" | "year";

export interface Price {
  readonly id: string;
  readonly currency: string;
  /** `null`: the price depends on use. */
  readonly unit_amount: number | null;
  readonly interval: Interval;
  /** One price for so many intervals. */
  readonly interval_count: number;
}

/** What is wanted or refused, in the words of the configuration. */
interface Named {
  readonly key: string;
  readonly label: string;
}

/** A plan that is too small for what is used. */
export interface Violation {
  readonly meter: string;
  readonly label: string;
  readonly used: number;
  readonly limit: number;
}

/** A meter or a feature, as a line of the comparison. */
export type Row =
  | (Named & {
      readonly kind: "meter";
      readonly unit: string;
      readonly used: number;
      /** Where use is heading by the end of the period. */
      readonly projected?: number | null;
      readonly highlighted?: boolean;
    })
  | (Named & { readonly kind: "feature"; readonly highlighted?: boolean });

/** Why this user is here. */
export type ComparisonReason =
  | {
      readonly kind: "limit";
      readonly meter: string;
      readonly label: string;
      readonly unit: string;
      readonly used: number;
      readonly limit: number;
      readonly percent: number;
      readonly reached: boolean;
    }
  | {
      readonly kind: "pace";
      readonly meter: string;
      readonly label: string;
      readonly unit: string;
      readonly used: number;
      readonly projected: number;
      readonly limit: number;
      readonly percent: number;
    }
  | { readonly kind: "feature"; readonly feature: string; readonly label: string }
  | ({ readonly kind: "requests"; readonly count: number; readonly label: string } & Wish);

/** What somebody asked for; `null` where they named nothing. */
export interface Wish {
  readonly plan: string | null;
  readonly feature: string | null;
  readonly meter: string | null;
}

/** What the tenant's members have asked their admins for. */
export interface UpgradeRequest extends Wish {
  readonly label: string;
  readonly count: number;
  readonly last_at: number;
}

export interface Current {
  readonly plan: string;
  readonly name: string;
  readonly price: string | null;
  readonly interval: Interval | null;
  readonly interval_count: number;
  readonly unit_amount: number | null;
  readonly quantity: number;
  readonly status: string | null;
  /** Whether money is paid for it. */
  readonly paying: boolean;
  readonly renews_at: number | null;
  readonly trial_end: number | null;
  readonly cancels_at_period_end: boolean;
}

export interface OfferedPrice extends Price {
  readonly current: boolean;
  /** Upcue's own reckoning of what a change costs today; the quote has Stripe's figure. */
  readonly estimate: { readonly credit: number; readonly charge: number; readonly amount_due: number } | null;
}

export interface OfferedPlan {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly rank: number;
  readonly relation: "upgrade" | "current" | "lower";
  readonly fits: boolean;
  /** The cheapest one that fits. */
  readonly best: boolean;
  /** By meter; `null`: unlimited. */
  readonly limits: Readonly<Record<string, number | null>>;
  readonly soft_limits: Readonly<Record<string, number>>;
  readonly features: Readonly<Record<string, boolean>>;
  readonly violations: readonly Violation[];
  readonly prices: readonly OfferedPrice[];
}

export type Fit =
  | { readonly outcome: "upgrade"; readonly plan: string; readonly price: string; readonly binds: readonly Row[] }
  | { readonly outcome: "current" }
  | { readonly outcome: "contact_us"; readonly binds: readonly Row[] };

/** What `comparePlans` answers. */
export interface Comparison {
  readonly tenant: string;
  readonly role: "admin" | "member" | null;
  readonly current: Current | null;
  readonly currency: string | null;
  readonly reason: ComparisonReason | null;
  /** The mail that the user came from, while it is known. */
  readonly letter: { readonly id: string; readonly sequence: string } | null;
  readonly fit: Fit;
  /** Those this user needs first. */
  readonly rows: readonly Row[];
  readonly intervals: readonly Interval[];
  /** Lowest rank first. */
  readonly plans: readonly OfferedPlan[];
  readonly upgrade: { readonly available: true } | { readonly available: false; readonly code: string; readonly detail: string };
  /** For admins. */
  readonly requests: readonly UpgradeRequest[];
  /** What this user has asked for. */
  readonly asked: readonly Wish[];
  readonly revision: number;
  readonly server_time: number;
}

/** What a plan allows before and after; `null`: unlimited. */
export interface LimitChange {
  readonly meter: string;
  readonly label: string;
  readonly unit: string;
  readonly before: number | null;
  readonly after: number | null;
}

export interface QuoteLine {
  readonly kind: "credit" | "charge" | "period";
  /** In Stripe's words. */
  readonly description: string;
  readonly amount: number;
  readonly quantity: number;
  readonly from: number | null;
  readonly until: number | null;
}

export type QuoteNote = "trial_continues" | "cancellation_withdrawn" | "interval_changes" | "invoice_sent" | "tax_at_checkout";

interface PlanName {
  readonly id: string;
  readonly name: string;
}

/** What a change costs, to the cent, until it expires. */
export interface Quote {
  readonly token: string;
  /** `checkout`: there is no subscription yet, and Stripe's page takes the payment. */
  readonly flow: "change" | "checkout";
  readonly plan: PlanName;
  readonly price: Price;
  readonly quantity: number;
  readonly from: { readonly plan: PlanName | null; readonly price: Price | null; readonly quantity: number } | null;
  readonly currency: string;
  readonly amount_due: number;
  readonly subtotal: number;
  readonly discount: number;
  readonly tax: number;
  readonly total: number;
  /** Below nought where the customer's credit pays a part, above where an earlier debt is paid too. */
  readonly balance_applied: number;
  readonly lines: readonly QuoteLine[];
  readonly next_invoice: { readonly at: number; readonly amount: number } | null;
  readonly proration_date: number | null;
  /** `false`: the amount is checked once more when it is confirmed. */
  readonly locked: boolean;
  readonly expires_at: number;
  /** The Worker's clock when it made the quote; a device's own may be wrong. */
  readonly server_time?: number;
  /** Whether the quantity counts seats. */
  readonly per_seat?: boolean;
  readonly catalogue_version: number;
  readonly features_gained: readonly Named[];
  readonly features_lost: readonly Named[];
  /** Those that change. */
  readonly limits: readonly LimitChange[];
  readonly violations: readonly Violation[];
  readonly notes: readonly QuoteNote[];
}

export interface Upgraded {
  readonly status: "upgraded";
  /** Its name at Upcue. */
  readonly upgrade: string;
  /** When it was known to be done, by the Worker's clock. */
  readonly upgraded_at: number;
  readonly plan: PlanName;
  readonly amount_charged: number;
  readonly currency: string;
  readonly invoice: string | null;
  readonly features_gained: readonly Named[];
  readonly features_lost: readonly Named[];
  readonly limits: readonly LimitChange[];
}

/** Only the user can go on, at `url`. */
export interface RequiresAction {
  readonly status: "requires_action";
  readonly upgrade: string;
  readonly url: string;
  readonly reason: "authentication" | "payment_method" | "checkout";
}

export type UpgradeResult = Upgraded | RequiresAction;

/** How an upgrade stands. */
export type UpgradeState =
  | UpgradeResult
  | { readonly status: "pending" }
  | { readonly status: "failed"; readonly code: ProblemCode; readonly detail: string; readonly decline_code?: string };

/** Which plan, at which of its prices, for how many. */
export interface Choice {
  readonly plan: string;
  readonly price?: string;
  readonly quantity?: number;
}

/** What `requestUpgrade` asks for; at most one of `feature` and `meter`. */
export interface UpgradeWish {
  readonly plan?: string;
  readonly feature?: string;
  readonly meter?: string;
}

export interface UpgradeRequested {
  readonly status: "asked" | "already_asked";
  readonly label: string;
  /** How many of the team have asked for it. */
  readonly count: number;
}

/** Why a call about plans or an upgrade was refused. */
export type ProblemCode =
  | "already_on_plan"
  | "not_an_upgrade"
  | "payment_failed"
  | "quote_stale"
  | "forbidden_role"
  | "upgrade_in_progress"
  | "not_rolled_out"
  | "unknown_plan"
  | "subscription_past_due"
  | "subscription_paused"
  | "subscription_incomplete"
  | "subscription_scheduled"
  | "several_plans"
  | "price_unavailable"
  | "stripe_unavailable"
  | "too_many_requests"
  /** The Worker was not reached. */
  | "network"
  /** Whatever else the Worker's table has. */
  | (string & {});
