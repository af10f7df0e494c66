// What may be done about each plan, by whom and at which price.

import type { Comparison, Interval, OfferedPlan, OfferedPrice } from "../../buying/types.js";
import type { Say } from "../speech.js";
import type { PlansMessages } from "./words.js";

/** What the page shows besides what the Worker said. */
export interface Offer {
  readonly comparison: Comparison;
  readonly interval: Interval | undefined;
  /** Plans this user asked for while the page was open. */
  readonly asked: ReadonlySet<string>;
  /** What names of plans are headed with, below the page's own heading. */
  readonly heading: string;
  readonly say: Say<PlansMessages>;
  choose(plan: OfferedPlan): void;
  ask(plan: OfferedPlan): void;
  contact(event: Event): void;
  switch(interval: Interval): void;
}

/** What stands below a plan. */
export type Action = "yours" | "lower" | "nothing" | "choose" | "ask" | "asked";

const LENGTHS: Record<Interval, number> = { day: 1, week: 7, month: 30, year: 365 };

/** The price that is shown: of the interval that was chosen, if there is one; the one that is paid, else the cheapest. */
export function priceOf({ prices }: OfferedPlan, { interval, comparison }: Offer): OfferedPrice | undefined {
  const offered = prices.filter((price) => price.interval === interval);
  const cost = (price: OfferedPrice) => (price.current ? -1 : (price.unit_amount ?? Infinity));
  const ours = offered.filter(({ currency }) => !comparison.currency || currency === comparison.currency);
  return ours.sort((a, b) => cost(a) - cost(b))[0] ?? offered[0] ?? prices[0];
}

export function actionOf(plan: OfferedPlan, price: OfferedPrice | undefined, { comparison, asked }: Offer): Action {
  const { role, upgrade, current, asked: before } = comparison;
  const { id, relation, best } = plan;
  const admin = role === "admin";
  if (relation === "lower") return relation;
  // The same plan, paid for a longer time at once.
  const longer =
    price &&
    !price.current &&
    current?.interval &&
    LENGTHS[price.interval] * price.interval_count > LENGTHS[current.interval] * current.interval_count;
  if (relation === "current" && !(longer && admin && upgrade.available)) return "yours";
  if (plan.violations.length) return "nothing";
  if (admin) return upgrade.available && price ? "choose" : "nothing";
  // Who asked for a feature has asked for the plan that fits.
  return asked.has(id) || before.some((wish) => (wish.plan === null ? best : wish.plan === id)) ? "asked" : "ask";
}
