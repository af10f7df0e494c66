// The plans side by side, as cards or as a table: names, prices, what each has of each row, and what can be done about it.

import type { OfferedPlan, OfferedPrice, Row } from "../../buying/types.js";
import { money } from "../../money.js";
import { type Content, drawing, make } from "../dom.js";
import { CHECK, DASH } from "../icons.js";
import { press, violated } from "../parts.js";
import { per, priceText } from "../prices.js";
import { type Offer, actionOf, priceOf } from "./offer.js";

export function offers(offer: Offer, asTable: boolean): HTMLElement {
  const { say_: say, heading_: heading, comparison_: comparison } = offer;
  const { plans, rows, current } = comparison;
  const { locale } = say;

  /** The plan's name and what is to be said of it at once. */
  const nameOf = ({ name, relation, best }: OfferedPlan): Content => [
    make("span", name),
    relation === "current" && make("span:badge:yours.pill", say("yours")),
    best && make("span:badge:fit.pill", say("best")),
  ];

  /** The price, and what it comes to for as many as there are now. */
  const priceLines = (plan: OfferedPlan): Content => {
    const price = priceOf(plan, offer);
    if (!price) return;
    const { unit_amount: amount, currency } = price;
    if (amount === null) return make("div", say("usagePriced"));
    const n = current?.quantity ?? 1;
    return [
      make("div", make("b.number", money(amount, currency, locale, true)), ` ${per(say, price)}`),
      n > 1 &&
        make("div.muted.small.number", say("quantity", { n, price: priceText(say, { ...price, unit_amount: amount * n }) })),
    ];
  };

  /** What the plan has of a row; for eyes a drawing, for ears a word. */
  const valueOf = ({ limits, features }: OfferedPlan, { kind, key }: Row): HTMLElement => {
    if (kind === "meter") {
      const limit = limits[key];
      return make("b.number", limit === undefined ? "–" : limit === null ? say("unlimited") : limit.toLocaleString(locale));
    }
    const has = features[key];
    return make(
      "b",
      make(`span.mark.${has ? "yes" : "muted"}`, drawing(has ? CHECK : DASH)),
      make("span.said", say(has ? "included" : "notIncluded")),
    );
  };

  const choiceText = ({ name: plan, relation }: OfferedPlan, { interval }: OfferedPrice): string =>
    relation === "current"
      ? say(interval === "year" ? "switchYear" : "switchMonth")
      : say(current?.paying ? "switch" : "choose", { plan });

  /** What the change would cost today. */
  const estimateOf = ({ estimate, currency }: OfferedPrice): Content => {
    if (!estimate) return;
    const due = estimate.amount_due;
    const amount = money(due, currency, locale);
    return make("p:estimate.muted.small.number", say(due > 0 ? "estimate" : "estimateNothing", { amount }));
  };

  /** The end of a plan's card or column. */
  const foot = (plan: OfferedPlan): HTMLElement => {
    const { id, best } = plan;
    const price = priceOf(plan, offer);
    const action = actionOf(plan, price, offer);
    return make(
      "div.foot",
      violated(plan.violations, say),
      action === "choose" && [
        estimateOf(price!),
        press(action, choiceText(plan, price!), best, { id, click: () => offer.choose_(plan) }),
      ],
      // Several buttons say the same.
      action === "ask" &&
        press(action, say(action), best, { id, "aria-label": `${say(action)}: ${plan.name}`, click: () => offer.ask_(plan) }),
      // It takes the place of the button that was pressed, and its focus.
      action === "asked" && make("p:asked.quiet.yes", { id, tabindex: "-1" }, drawing(CHECK), say(action)),
      action === "lower" && make("p:lower.quiet.muted", say(action)),
    );
  };

  const card = (plan: OfferedPlan): HTMLElement =>
    make(
      `li:card.panel${plan.best ? ":best" : ""}${plan.relation === "current" ? ":current" : ""}`,
      make(`${heading}:name`, nameOf(plan)),
      make("div:price", priceLines(plan)),
      make("p.muted.small", plan.description),
      make(
        "ul:rows",
        { role: "list" },
        rows.map((row) => make(`li:row${row.highlighted ? ":highlighted" : ""}`, make("span", row.label), valueOf(plan, row))),
      ),
      foot(plan),
    );

  const line = (label: string, cell: (plan: OfferedPlan) => Content, more?: Content, high?: boolean) =>
    make(
      high ? "tr:highlighted" : "tr",
      make("th", { scope: "row" }, make("span", label), more),
      plans.map((plan) => make("td", cell(plan))),
    );

  if (!asTable) return make("ul:cards", { role: "list" }, plans.map(card));
  // Where it is wider than its place, it is scrolled, by keyboard too.
  return make(
    "div.table.panel",
    { id: "table", tabindex: "0", role: "region", "aria-label": say("compared") },
    make(
      "table:table",
      make("caption.said", say("compared")),
      make(
        "thead",
        make(
          "tr",
          make("td", make("span.said", say("what"))),
          plans.map((plan) => make(plan.best ? "th.best" : "th", { scope: "col" }, make("div:name", nameOf(plan)))),
        ),
      ),
      make(
        "tbody",
        line(say("priceRow"), priceLines),
        rows.map((row) =>
          line(
            row.label,
            (plan) => valueOf(plan, row),
            row.kind === "meter" && make("div.muted.small.number", say("used", { n: row.used })),
            row.highlighted,
          ),
        ),
        line(say("choiceRow"), foot),
      ),
    ),
  );
}
