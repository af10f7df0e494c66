import type { OfferedPlan, Row } from "../../buying/types.js";
import { element } from "../dom.js";
import type { Offer } from "./offer.js";
import { type Say, foot, nameOf, priceLines, valueOf, violationLines } from "./offers.js";

type Cell = (plan: OfferedPlan) => (Node | string)[];

/** All plans against all rows. Where it is wider than its place, it is scrolled, by keyboard too. */
export function matrix(offer: Offer, say: Say): HTMLElement {
  const { plans, rows } = offer.comparison;
  const line = (name: HTMLElement, cell: Cell, attributes = {}) =>
    element("tr", attributes, name, ...plans.map((plan) => element("td", plan.best ? { class: "best" } : {}, ...cell(plan))));
  const table = element(
    "table",
    { part: "table" },
    element("caption", { class: "said" }, say.say("compared")),
    element("thead", {}, heads(plans, say)),
    element(
      "tbody",
      {},
      line(rowHead(say.say("priceRow")), (plan) => priceLines(plan, offer, say)),
      ...rows.map((row) => line(rowHead(row.label, ...used(row, say)), (plan) => [valueOf(plan, row, say)], high(row))),
      line(rowHead(say.say("choiceRow")), (plan) => [ending(plan, offer, say)]),
    ),
  );
  const scrolled = { tabindex: "0", role: "region", "aria-label": say.say("compared"), "data-key": "table" };
  return element("div", { class: "table", ...scrolled }, table);
}

function heads(plans: readonly OfferedPlan[], say: Say): HTMLElement {
  const corner = element("td", {}, element("span", { class: "said" }, say.say("what")));
  return element("tr", {}, corner, ...plans.map((plan) => head(plan, say)));
}

function head(plan: OfferedPlan, say: Say): HTMLElement {
  const name = element("div", { class: "name", part: "name" }, ...nameOf(plan, say));
  return element("th", { scope: "col", ...(plan.best && { class: "best" }) }, name);
}

const rowHead = (label: string, ...more: HTMLElement[]): HTMLElement =>
  element("th", { scope: "row" }, element("span", { dir: "auto" }, label), ...more);

function used(row: Row, say: Say): HTMLElement[] {
  if (row.kind !== "meter") return [];
  return [element("div", { class: "muted small number" }, say.say("used", { n: say.number(row.used) }))];
}

const high = (row: Row): Record<string, string> => (row.highlighted ? { class: "high", part: "highlighted" } : {});

const ending = (plan: OfferedPlan, offer: Offer, say: Say): HTMLElement =>
  element("div", { class: "foot" }, ...violationLines(plan, say), ...foot(plan, offer, say));
