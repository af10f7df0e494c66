import type { OfferedPlan } from "../../buying/types.js";
import { type Content, make } from "../dom.js";
import { type Offer, foot, nameOf, priceLines, valueOf } from "./offers.js";

/** All plans against all rows. Where it is wider than its place, it is scrolled, by keyboard too. */
export function matrix(offer: Offer): HTMLElement {
  const { say, comparison } = offer;
  const line = (label: string, cell: (plan: OfferedPlan) => Content, more?: Content, high?: boolean) =>
    make(
      high ? "tr:highlighted" : "tr",
      make("th", { scope: "row" }, make("span", label), more),
      comparison.plans.map((plan) => make("td", cell(plan))),
    );
  return make(
    "div.table.panel",
    { tabindex: "0", role: "region", "aria-label": say("compared"), "data-key": "table" },
    make(
      "table:table",
      make("caption.said", say("compared")),
      make(
        "thead",
        make(
          "tr",
          make("td", make("span.said", say("what"))),
          comparison.plans.map((plan) =>
            make(plan.best ? "th.best" : "th", { scope: "col" }, make("div:name", nameOf(plan, offer))),
          ),
        ),
      ),
      make(
        "tbody",
        line(say("priceRow"), (plan) => priceLines(plan, offer)),
        comparison.rows.map((row) =>
          line(
            row.label,
            (plan) => valueOf(plan, row, offer),
            row.kind === "meter" && make("div.muted.small.number", say("used", { n: row.used })),
            row.highlighted,
          ),
        ),
        line(say("choiceRow"), (plan) => foot(plan, offer)),
      ),
    ),
  );
}
