import type { OfferedPlan, Row } from "../../buying/types.js";
import { element } from "../dom.js";
import type { Offer } from "./offer.js";
import { type Say, foot, nameOf, priceLines, valueOf, violationLines } from "./offers.js";

/** One card for each plan. */
export const cards = (offer: Offer, say: Say): HTMLElement =>
  element("ul", { class: "cards", part: "cards", role: "list" }, ...offer.comparison.plans.map((plan) => card(plan, offer, say)));

function card(plan: OfferedPlan, offer: Offer, say: Say): HTMLElement {
  const kinds = `${plan.best ? " best" : ""}${plan.relation === "current" ? " current" : ""}`;
  const rows = offer.comparison.rows.map((row) => line(plan, row, say));
  return element(
    "li",
    { class: `card${kinds}`, part: `card${kinds}` },
    element(offer.heading, { class: "name", part: "name" }, ...nameOf(plan, say)),
    element("div", { class: "price", part: "price" }, ...priceLines(plan, offer, say)),
    element("p", { class: "muted small", dir: "auto" }, plan.description),
    element("ul", { class: "rows", part: "rows", role: "list" }, ...rows),
    element("div", { class: "foot" }, ...violationLines(plan, say), ...foot(plan, offer, say)),
  );
}

const line = (plan: OfferedPlan, row: Row, say: Say): HTMLElement =>
  element(
    "li",
    row.highlighted ? { class: "high", part: "row highlighted" } : { part: "row" },
    element("span", { dir: "auto" }, row.label),
    valueOf(plan, row, say),
  );
