// What cards and table share: names, prices, what a plan has of each row, and what can be done about it.

import type { OfferedPlan, OfferedPrice, Row } from "../../buying/types.js";
import { money } from "../../money.js";
import { type Content, drawing, make } from "../dom.js";
import { CHECK, DASH } from "../icons.js";
import { press, violated } from "../parts.js";
import { per, priceText } from "../prices.js";
import type { Say } from "../speech.js";
import { type Offer, actionOf, priceOf } from "./offer.js";
import type { PlansMessages } from "./words.js";

export type { Offer };

/** The plan's name and what is to be said of it at once. */
export const nameOf = ({ name, relation, best }: OfferedPlan, { say }: Offer): Content => [
  make("span", name),
  relation === "current" && make("span:badge:yours.pill", say("yours")),
  best && make("span:badge:fit.pill", say("best")),
];

/** The price, and what it comes to for as many as there are now. */
export function priceLines(plan: OfferedPlan, offer: Offer): Content {
  const { say, comparison } = offer;
  const price = priceOf(plan, offer);
  if (!price) return;
  const { unit_amount: amount, currency } = price;
  if (amount === null) return make("div", say("usagePriced"));
  const n = comparison.current?.quantity ?? 1;
  return [
    make("div", make("b.number", money(amount, currency, say.locale, true)), ` ${per(say, price)}`),
    n > 1 &&
      make("div.muted.small.number", say("quantity", { n, price: priceText(say, { ...price, unit_amount: amount * n }) })),
  ];
}

/** What the plan has of a row; for eyes a drawing, for ears a word. */
export function valueOf(plan: OfferedPlan, row: Row, { say }: Offer): HTMLElement {
  if (row.kind === "meter") {
    const limit = plan.limits[row.key];
    return make("b.number", limit === undefined ? "–" : limit === null ? say("unlimited") : limit.toLocaleString(say.locale));
  }
  const has = plan.features[row.key];
  return make(
    "b",
    make(`span.mark.${has ? "yes" : "muted"}`, drawing(has ? CHECK : DASH)),
    make("span.said", say(has ? "included" : "notIncluded")),
  );
}

/** The end of a plan's card or column. */
export function foot(plan: OfferedPlan, offer: Offer): HTMLElement {
  const { say } = offer;
  const { id, name, best, violations } = plan;
  const price = priceOf(plan, offer);
  const action = actionOf(plan, price, offer);
  return make(
    "div.foot",
    violated(violations, say),
    action === "choose" && [
      estimateOf(price!, say),
      press(action, choiceText(plan, price!, offer), best, { "data-key": id, click: () => offer.choose(plan) }),
    ],
    // Several buttons say the same.
    action === "ask" &&
      press(action, say(action), best, { "data-key": id, "aria-label": `${say(action)}: ${name}`, click: () => offer.ask(plan) }),
    // It takes the place of the button that was pressed, and its focus.
    action === "asked" && make("p:asked.quiet.yes", { "data-key": id, tabindex: "-1" }, drawing(CHECK), say(action)),
    action === "lower" && make("p:lower.quiet.muted", say(action)),
  );
}

/** What the change would cost today. */
function estimateOf({ estimate, currency }: OfferedPrice, say: Say<PlansMessages>): Content {
  if (!estimate) return;
  const due = estimate.amount_due;
  const amount = money(due, currency, say.locale);
  return make("p:estimate.muted.small.number", say(due > 0 ? "estimate" : "estimateNothing", { amount }));
}

const choiceText = ({ name: plan, relation }: OfferedPlan, { interval }: OfferedPrice, { say, comparison }: Offer): string =>
  relation === "current"
    ? say(interval === "year" ? "switchYear" : "switchMonth")
    : say(comparison.current?.paying ? "switch" : "choose", { plan });
