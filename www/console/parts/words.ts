// Codes of the API in plain words.

import type { Dimension } from "../api/shapes";

/** Why a campaign is or is not shown. */
export const REASONS: Record<string, string> = {
  match: "Shown",
  no_campaign: "No campaign uses this placement",
  not_scheduled: "Not within its schedule",
  audience_false: "Not in the audience",
  audience_unknown: "The audience cannot be computed",
  missing_value: "A value in its texts is unknown",
  dismissed: "Put away by the user",
  snoozed: "The user said: later",
  capped: "Shown often enough",
  outranked: "Another campaign goes first",
  held_out: "In the control group",
  not_rolled_out: "Not rolled out to this tenant",
  converted: "Upgraded just now",
  quiet_hours: "Quiet hours",
  excluded: "Another of its group is shown",
};

/** How letters stand. */
export const LETTER_STATES: Record<string, string> = {
  ready: "Ready",
  sending: "On its way",
  waiting: "Waiting",
  sent: "Sent",
  ghost: "Held out",
  failed: "Failed",
  cancelled: "Cancelled",
};

export const STEPS: Record<string, string> = {
  eligible: "Eligible",
  exposed: "Saw a prompt",
  clicked: "Clicked",
  quoted: "Asked for a quote",
  upgraded: "Upgraded",
};

export const TIMINGS: Record<string, string> = {
  under_1m: "Within a minute",
  under_1h: "Within an hour",
  under_1d: "Within a day",
  under_7d: "Within a week",
  over_7d: "After more than a week",
  no_signal: "No signal before it",
};

export const CHANNELS: Record<string, string> = { in_app: "In the app", email: "By mail" };

export const MODEL_WORDS: Record<string, string> = {
  last_touch: "Last touch",
  first_touch: "First touch",
  linear: "Shared evenly",
  time_decay: "More for later touches",
};

export const DIMENSION_WORDS: Record<string, string> = {
  signal: "Signal",
  channel: "Channel",
  timing: "Timing",
  hour: "Hour",
  weekday: "Weekday",
  campaign: "Campaign",
  variant: "Variant",
  placement: "Placement",
  plan: "Plan",
  day: "Day",
};

/** What happened, for the live view: who is the tenant, named beside it. */
export const ACTS: Record<string, string> = {
  exposure: "saw a prompt",
  ghost: "would have seen a prompt",
  render: "was shown a prompt",
  click: "clicked",
  dismiss: "put a prompt away",
  snooze: "said: later",
  signal_detected: "showed",
  signal_rearmed: "no longer shows",
  segment_entered: "entered",
  segment_left: "left",
  mail_sent: "was sent a letter",
  mail_clicked: "clicked in a letter",
  quoted: "asked for a quote",
  upgrade_requested: "confirmed an upgrade",
  upgraded: "upgraded",
  upgrade_failed: "could not upgrade",
  conversion: "converted",
};

/** The tone in which something is told. */
export type Tone = "go" | "standby" | "out" | "bad" | "plain";

export function tone(word: string | null | undefined): Tone {
  if (!word) return "plain";
  if (/^(active|sent|done|delivered|match|enabled|upgraded|conversion|pass|within_limit)$/.test(word)) return "go";
  if (/^(trialing|waiting|pending|ready|sending|snoozed|above_soft_limit|running|quoted|upgrade_requested|signal_detected)$/.test(word))
    return "standby";
  if (/^(past_due|unpaid|failed|incomplete|limit_reached|disabled|upgrade_failed|unmatched)$/.test(word)) return "bad";
  return "out";
}

/** `SubscriptionUpgraded` → “Subscription upgraded”, `past_due` → “Past due”. */
export function sentence(code: string): string {
  const words = code
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/[_.]/g, " ")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const word = (of: Record<string, string>, code: string | null | undefined): string => (code ? (of[code] ?? sentence(code)) : "–");

/** What a row without a value is about. */
const NOTHING: Partial<Record<Dimension, string>> = { variant: "The only one", signal: "No signal" };

/** Values that come in an order of their own, whatever their rows are worth. */
const ORDERS: Partial<Record<Dimension, readonly string[]>> = {
  timing: Object.keys(TIMINGS),
  weekday: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
  hour: Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0")),
};

/** Rows by the order of what they are grouped by first; as they came where that has none. */
export function inOrder<T extends Partial<Record<Dimension, unknown>>>(rows: readonly T[], name: Dimension): T[] {
  const order = ORDERS[name];
  return order ? rows.toSorted((a, b) => order.indexOf(String(a[name])) - order.indexOf(String(b[name]))) : [...rows];
}

/** A key of a row as people read it. */
export function named(name: Dimension, value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === "" || value === "none") return NOTHING[name] ?? "None";
  if (name === "timing") return word(TIMINGS, String(value));
  if (name === "channel") return word(CHANNELS, String(value));
  if (name === "weekday") return sentence(String(value));
  if (name === "hour") return `${String(value).padStart(2, "0")}:00`;
  return String(value);
}
