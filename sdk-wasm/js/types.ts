// What an app sees of Upcue.

import type { ENTITLEMENT_REASONS, REASONS } from "./words.js";

/** Where the wasm core comes from, when not from beside the script. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

export interface Options {
  /** The Worker's address, as `https://upcue.example.com`. */
  endpoint: string;
  /** The user's token, or what fetches one from your back end; it is asked again before a token runs out. */
  token: string | (() => string | Promise<string>);
  /** Whose page this is. Needed only where users change without the page being loaded anew. */
  user?: string;
  /** Where the wasm core comes from, when not from beside the script. */
  wasm?: WasmSource;
  /** How numbers in texts are written; the page's `lang` when absent. */
  locale?: string;
  /** Tells every decision and failure on the console and in an overlay, as `?upcue-debug` in the page's address does. */
  debug?: boolean;
  /** `false`: nothing is kept in this browser. What the user has put away is then known from the Worker alone. */
  storage?: boolean;
}

/** Why a campaign is shown or is not. `not_ready`: nothing is known yet. */
export type Reason = (typeof REASONS)[number] | "not_ready";
/** Why something is granted or is not. `not_ready`: nothing is known yet, so it is. */
export type EntitlementReason = (typeof ENTITLEMENT_REASONS)[number] | "not_ready";
export type NudgeKind = "banner" | "toast" | "modal" | "inline" | "badge";

export interface Nudge {
  /** The campaign's name. */
  readonly campaign: string;
  /** Which of the campaign's variants; `null` when it has none. */
  readonly variant: string | null;
  readonly kind: NudgeKind;
  readonly title: string;
  /** May be empty. */
  readonly body: string;
  readonly cta: { readonly label: string; readonly action: string } | null;
  /** For how long "later" puts it off, in milliseconds; `null`: it offers no "later". */
  readonly snooze: number | null;
  /** This very decision; what the user does about it is counted under this name. */
  readonly decision: string;
}

/** A campaign that would be shown, were the tenant not in its control group. */
export interface Ghost {
  readonly campaign: string;
  readonly variant: string | null;
  readonly kind: NudgeKind;
  readonly decision: string;
}

/** What became of one campaign of a placement. */
export interface Verdict {
  readonly campaign: string;
  readonly reason: Reason;
}

export interface Decision {
  readonly nudge: Nudge | null;
  /** Why this nudge; without one, why the campaign of highest priority was held back. */
  readonly reason: Reason;
  /** What became of every campaign of the placement, highest priority first. */
  trace(): Verdict[];
}

/** A gate that campaigns pass, in this order; `cap` once for each cap. */
export type GateName =
  | "rollout"
  | "schedule"
  | "audience"
  | "texts"
  | "converted"
  | "dismissed"
  | "snoozed"
  | "quiet_hours"
  | "cap"
  | "exclusive"
  | "holdout"
  | "placement";

export interface Gate {
  readonly gate: GateName;
  /** `unknown`: stopped, as something could not be computed; `not_reached`: a gate before had stopped the campaign. */
  readonly verdict: "pass" | "stop" | "unknown" | "not_reached";
  /** What the gate looks at, written as in expressions. */
  readonly inputs: readonly { readonly name: string; readonly value: string }[];
  /** What it asks of them; `null`: nothing. */
  readonly threshold: string | null;
  /** What would open it, as `usage.api_calls.ratio >= 0.8; now 0.74`; `null`: it is open, or nothing can. */
  readonly would: string | null;
}

/** What became of one campaign, gate by gate. */
export interface Account extends Verdict {
  /** Absent when the Worker could not be asked. */
  readonly gates?: readonly Gate[];
  /** What would have to change for it to be shown; `null`: nothing, or nothing that can. */
  readonly would_show_if?: string | null;
}

export interface Explanation {
  readonly placement: string;
  readonly ready: boolean;
  readonly plan: Plan | null;
  /** The campaign that is shown, as the Worker has it. */
  readonly campaign: string | null;
  /** Why; `network`: the Worker could not be asked, and all that is told is what this page knows by itself. */
  readonly reason: Reason | "network";
  /** Of every campaign that this page knows, highest priority first. */
  readonly trace: readonly Account[];
  /** How many more the placement has, which cannot be shown whatever happens in the page. */
  readonly settled: number;
  /** What this page decides: what it shows is not capped by its own exposure, and what it counts counts here first. */
  readonly local: { readonly campaign: string | null; readonly reason: Reason };
}

export interface Entitlement {
  readonly granted: boolean;
  /** `null`: none. */
  readonly limit: number | null;
  readonly used: number;
  /** `null`: without limit. */
  readonly remaining: number | null;
  readonly reason: EntitlementReason;
}

export interface Meter {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly value: number;
  /** `null`: unlimited. */
  readonly limit: number | null;
  readonly softLimit: number | null;
  /** When it starts again at zero; `null` for a gauge. */
  readonly resetsAt: Date | null;
  /** What it will read when its period ends, at the present pace; `null`: there is no telling, or it is a gauge. */
  readonly projected: number | null;
  /** When the limit is reached at the present pace; `null`: not before it starts again, or no telling. */
  readonly exhaustsAt: Date | null;
}

export interface Plan {
  readonly id: string;
  readonly name: string;
}

/** What went wrong; nothing of it ever reaches your users. */
export type ErrorCode =
  /** The wasm core could not be loaded: 404, `script-src` without `'wasm-unsafe-eval'`. */
  | "wasm"
  /** Your `token` function rejected or the token was refused. */
  | "token"
  /** The snapshot could not be had. */
  | "snapshot"
  /** A frame was damaged. */
  | "frame"
  /** The Worker speaks a newer format: update this package. */
  | "format"
  /** Events were refused. */
  | "events"
  /** `usage` was called with something that is no whole number of at least 0. */
  | "usage"
  /** The engine stopped. */
  | "engine";
