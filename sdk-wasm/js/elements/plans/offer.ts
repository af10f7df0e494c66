// What may be done about each plan, by whom and at which price.

import type { Comparison, Current, Interval, OfferedPlan, OfferedPrice } from "../../buying/types.js";
import type { Say } from "../speech.js";
import type { PlansMessages } from "./words.js";

/** What the page shows besides what the Worker said. */
export interface Offer {
  readonly comparison_: Comparison;
  readonly interval_: Interval | undefined;
  /** Plans this user asked for while the page was open. */
  readonly asked_: ReadonlySet<string>;
  /** What names of plans are headed with, below the page's own heading. */
  readonly heading_: string;
  readonly say_: Say<PlansMessages>;
  choose_(plan: OfferedPlan): void;
  ask_(plan: OfferedPlan): void;
  contact_(event: Event): void;
  switch_(interval: Interval): void;
}

/** What stands below a plan. */
export type Action = "yours" | "lower" | "nothing" | "choose" | "ask" | "asked";

const LENGTHS: Record<Interval, number> = { day: 1, week: 7, month: 30, year: 365 };

/** The price that is shown: of the interval that was chosen, if there is one; the one that is paid, else the cheapest. */
export function priceOf({ prices }: OfferedPlan, { interval_, comparison_: { currency } }: Offer): OfferedPrice | undefined {
  const offered = prices.filter((price) => price.interval === interval_);
  const cost = (price: OfferedPrice) => (price.current ? -1 : (price.unit_amount ?? Infinity));
  const ours = offered.filter((price) => !currency || price.currency === currency);
  return ours.sort((a, b) => cost(a) - cost(b))[0] ?? offered[0] ?? prices[0];
}

export function actionOf(plan: OfferedPlan, price: OfferedPrice | undefined, { comparison_, asked_ }: Offer): Action {
  const { role, upgrade, current, asked } = comparison_;
  const { id, relation, best } = plan;
  const buys = role === "admin" && upgrade.available;
  const length = ({ interval, interval_count }: Pick<Current, "interval" | "interval_count">) => LENGTHS[interval!] * interval_count;
  if (relation === "lower") return relation;
  // The same plan, paid for a longer time at once.
  const longer = buys && price && !price.current && current?.interval && length(price) > length(current);
  if (relation === "current" && !longer) return "yours";
  if (plan.violations.length) return "nothing";
  if (role === "admin") return buys && price ? "choose" : "nothing";
  // Who asked for a feature has asked for the plan that fits.
  return asked_.has(id) || asked.some((wish) => (wish.plan === null ? best : wish.plan === id)) ? "asked" : "ask";
}
