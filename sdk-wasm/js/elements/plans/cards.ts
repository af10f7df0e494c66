import type { OfferedPlan } from "../../buying/types.js";
import { make } from "../dom.js";
import { type Offer, foot, nameOf, priceLines, valueOf } from "./offers.js";

/** One card for each plan. */
export const cards = (offer: Offer): HTMLElement =>
  make(
    "ul:cards",
    { role: "list" },
    offer.comparison.plans.map((plan) => card(plan, offer)),
  );

const card = (plan: OfferedPlan, offer: Offer): HTMLElement =>
  make(
    `li:card.panel${plan.best ? ":best" : ""}${plan.relation === "current" ? ":current" : ""}`,
    make(`${offer.heading}:name`, nameOf(plan, offer)),
    make("div:price", priceLines(plan, offer)),
    make("p.muted.small", plan.description),
    make(
      "ul:rows",
      { role: "list" },
      offer.comparison.rows.map((row) =>
        make(`li:row${row.highlighted ? ":highlighted" : ""}`, make("span", row.label), valueOf(plan, row, offer)),
      ),
    ),
    foot(plan, offer),
  );
