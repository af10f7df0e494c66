// What cards and table share: names, prices, what a plan has of each row, and what can be done about it.

import type { OfferedPlan, Row } from "../../buying/types.js";
import { money } from "../../money.js";
import { type Content, drawing, make } from "../dom.js";
import { CHECK, DASH } from "../icons.js";
import { press } from "../parts.js";
import { per, priceText } from "../prices.js";
import { type Offer, actionOf, priceOf } from "./offer.js";

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
  const price = priceOf(plan, offer);
  const action = actionOf(plan, price, offer);
  const node = make(
    "div.foot",
    plan.violations.map((violation) => make("p:violation.warn.small", say("tooSmall", { ...violation }))),
  );
  if (action === "choose") {
    const due = price?.estimate?.amount_due;
    const amount = due && due > 0 ? money(due, price.currency, say.locale) : "";
    if (due !== undefined) {
      node.append(make("p:estimate.muted.small.number", say(amount ? "estimate" : "estimateNothing", { amount })));
    }
    const text =
      plan.relation === "current"
        ? say(price?.interval === "year" ? "switchYear" : "switchMonth")
        : say(offer.comparison.current?.paying ? "switch" : "choose", { plan: plan.name });
    node.append(press(action, text, plan.best, () => offer.choose(plan), plan.id));
  } else if (action === "ask") {
    const button = press(action, say(action), plan.best, () => offer.ask(plan), plan.id);
    // Several buttons say the same.
    button.ariaLabel = `${say(action)}: ${plan.name}`;
    node.append(button);
  } else if (action === "asked") {
    // It takes the place of the button that was pressed, and its focus.
    node.append(make("p:asked.quiet.yes", { tabindex: "-1", "data-key": plan.id }, drawing(CHECK), say(action)));
  } else if (action === "lower") node.append(make("p:lower.quiet.muted", say(action)));
  return node;
}
