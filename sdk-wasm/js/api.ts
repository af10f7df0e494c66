// What an app calls.

import type { Choice, Comparison, Quote, UpgradeRequested, UpgradeResult, UpgradeState, UpgradeWish } from "./buying/types.js";
import type { UpcueError } from "./failure.js";
import type { Decision, Entitlement, Explanation, Ghost, Meter, Nudge, Plan } from "./types.js";

/** The calls of an instance. */
export interface Api {
  /** Counts `value` more on a counter, or shows what a gauge stands at: `usage("seats", { set: 7 })`. */
  usage(meter: string, value: number | { set: number }): void;

  /** Counts something worth a name: `track("premium_feature_blocked", { feature: "sso" })`. */
  track(name: string, properties?: Record<string, string | number | boolean>): void;

  /** What to show at a point of your interface, from what is known this moment. Never throws. */
  decide(placement: string): Decision;

  /** Whether a meter or feature may be used. Never throws; granted when nothing is known. */
  entitlement(name: string): Entitlement;

  /** How a meter stands; `null` when it is unknown. */
  meter(name: string): Meter | null;

  /** The tenant's plan; `null` without one. */
  plan(): Plan | null;

  /**
   * Answers "why did this (not) show, and what would change it?". The Worker has the words, so it is asked; without an answer
   * from it, what this page knows is told, with the reason `network`. Never rejects.
   */
  explain(placement: string): Promise<Explanation>;

  /**
   * Asks the ledger that all tabs share whether this nudge may be shown, just before you render it. `true`: it is counted, render it now;
   * `false`: something came between, another tab used up the budget, say. Until `hidden` is called, other places of this
   * page that show it do not count again. `wanted` is asked when its turn has come: on `false` nothing is counted. Never rejects.
   */
  claim(nudge: Nudge, wanted?: () => boolean): Promise<boolean>;

  /**
   * The user has seen this nudge: half of it or more, for a second. A nudge that was not claimed is counted now: it is on display from here
   * on, until `hidden` is called.
   */
  exposure(nudge: Nudge): void;

  /** You no longer show this nudge. */
  hidden(nudge: Nudge): void;

  /** The user followed the call to action. */
  click(nudge: Nudge): void;

  /** The user put the nudge away: it stays away for its cool-down, here, in other tabs and on other devices. */
  dismiss(nudge: Nudge): void;

  /** The user wants it later: it stays away for so many milliseconds, or as long as the campaign says. */
  snooze(nudge: Nudge, ms?: number): void;

  /** The campaigns that a placement would show now, were the tenant not in their control groups. */
  ghosts(placement: string): Ghost[];

  /** Such a one would have been seen now; it is counted once for each page. */
  ghost(ghost: Ghost): void;

  /**
   * Which plans there are, which fits this tenant, and why. `for`: the meter or feature that made the user ask. Like all
   * calls about plans and upgrades it asks the Worker, and rejects with an `UpcueError`.
   */
  comparePlans(options?: { for?: string }): Promise<Comparison>;

  /** What a change to a plan costs, to the cent. For admins. */
  quote(choice: Choice): Promise<Quote>;

  /**
   * Makes the change that was quoted, once, however often it is called for one quote. With `requires_action` only the user
   * can go on, at Stripe's page; it leads back to `returnUrl` with `upcue_upgrade` in its query.
   */
  upgrade(quote: Quote, options?: { returnUrl?: string }): Promise<UpgradeResult>;

  /** How an upgrade stands, by its name. */
  upgradeState(upgrade: string): Promise<UpgradeState>;

  /** Asks the tenant's admins for a plan, or for whatever brings a feature or more of a meter. For members. */
  requestUpgrade(wish?: UpgradeWish): Promise<UpgradeRequested>;

  /**
   * Calls `listener` when decisions may be other ones (`change`), when the first snapshot is in (`ready`; at once if it
   * is), or when something failed (`error`; at once if that is why there is no snapshot). The answer ends that.
   */
  on(event: "change" | "ready", listener: () => void): () => void;
  on(event: "error", listener: (error: UpcueError) => void): () => void;

  /** Sends what waits, then falls silent. The next `load` begins anew. */
  close(): void;
}
