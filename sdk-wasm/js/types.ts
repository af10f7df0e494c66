// What an app sees of Upcue.

import type { ENTITLEMENT_REASONS, NUDGE_KINDS, REASONS } from "./words.js";

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
  /** Tells the first failure on the console. */
  debug?: boolean;
}

/** Why a campaign is shown or is not. `not_ready`: nothing is known yet. */
export type Reason = (typeof REASONS)[number] | "not_ready";
/** Why something is granted or is not. `not_ready`: nothing is known yet, so it is. */
export type EntitlementReason = (typeof ENTITLEMENT_REASONS)[number] | "not_ready";
export type NudgeKind = (typeof NUDGE_KINDS)[number];

export interface Nudge {
  /** The campaign's name. */
  readonly campaign: string;
  readonly kind: NudgeKind;
  readonly title: string;
  /** May be empty. */
  readonly body: string;
  readonly cta: { readonly label: string; readonly action: string } | null;
  /** This very decision; what the user does about it is counted under this name. */
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

export interface Explanation {
  readonly placement: string;
  readonly ready: boolean;
  readonly plan: Plan | null;
  /** The campaign that is shown. */
  readonly campaign: string | null;
  readonly reason: Reason;
  readonly trace: Verdict[];
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
