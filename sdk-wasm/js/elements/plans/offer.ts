// What may be done about each plan, by whom and at which price.

import type { Comparison, Interval, OfferedPlan, OfferedPrice, Wish } from "../../buying/types.js";

/** What the page shows besides what the Worker said. */
export interface Offer {
  readonly comparison: Comparison;
  readonly interval: Interval | undefined;
  /** Plans this user asked for while the page was open. */
  readonly asked: ReadonlySet<string>;
  /** What names of plans are headed with, below the page's own heading. */
  readonly heading: "h2" | "h3" | "h4" | "h5" | "h6";
}

/** What stands below a plan. */
export type Action = "yours" | "lower" | "nothing" | "choose" | "ask" | "asked";

const LENGTHS: Record<Interval, number> = { day: 1, week: 7, month: 30, year: 365 };

/** The price that is shown: of the interval that was chosen, if there is one; the one that is paid, else the cheapest. */
export function priceOf(plan: OfferedPlan, { interval, comparison }: Offer): OfferedPrice | undefined {
  const { prices } = plan;
  const offered = prices.filter((price) => price.interval === interval);
  const cost = (price: OfferedPrice) => (price.current ? -1 : (price.unit_amount ?? Infinity));
  const ours = offered.filter(({ currency }) => !comparison.currency || currency === comparison.currency);
  return [...ours].sort((a, b) => cost(a) - cost(b))[0] ?? offered[0] ?? prices[0];
}

export function actionOf(plan: OfferedPlan, price: OfferedPrice | undefined, offer: Offer): Action {
  const { role, upgrade } = offer.comparison;
  if (plan.relation === "lower") return "lower";
  const longer = isLonger(price, offer.comparison);
  if (plan.relation === "current" && !(longer && role === "admin" && upgrade.available)) return "yours";
  if (plan.violations.length) return "nothing";
  if (role !== "admin") return isAsked(plan, offer) ? "asked" : "ask";
  return upgrade.available && price ? "choose" : "nothing";
}

/** The same plan, paid for a longer time at once. */
function isLonger(price: OfferedPrice | undefined, { current }: Comparison): boolean {
  if (!price || price.current || !current?.interval) return false;
  return LENGTHS[price.interval] * price.interval_count > LENGTHS[current.interval] * current.interval_count;
}

/** Who asked for a feature has asked for the plan that fits. */
const isAsked = ({ id, best }: OfferedPlan, { comparison, asked }: Offer): boolean =>
  asked.has(id) || comparison.asked.some(({ plan }: Wish) => (plan === null ? best : plan === id));
