// What cards and table share: names, prices, what a plan has of each row, and what can be done about it.

import type { OfferedPlan, OfferedPrice, Row } from "../../buying/types.js";
import { drawing, element } from "../dom.js";
import { CHECK, DASH } from "../icons.js";
import type { Speech } from "../speech.js";
import { type Offer, actionOf, priceOf } from "./offer.js";
import type { PlansMessages } from "./words.js";

export type Say = Speech<PlansMessages>;

/** The plan's name and what is to be said of it at once. */
export function nameOf(plan: OfferedPlan, say: Say): (Node | string)[] {
  const badge = (kind: string, text: string) => element("span", { class: `badge ${kind}`, part: `badge ${kind}` }, text);
  const badges = [];
  if (plan.relation === "current") badges.push(badge("yours", say.say("yours")));
  if (plan.best) badges.push(badge("fit", say.say("best")));
  return [element("span", { dir: "auto" }, plan.name), ...badges];
}

/** The price, and what it comes to for as many as there are now. */
export function priceLines(plan: OfferedPlan, offer: Offer, say: Say): HTMLElement[] {
  const price = priceOf(plan, offer);
  if (!price) return [];
  const { unit_amount: amount, currency } = price;
  if (amount === null) return [element("div", { dir: "auto" }, say.say("usagePriced"))];
  const each = element("b", { class: "number", dir: "auto" }, say.money(amount, currency, true));
  const lines = [element("div", { dir: "auto" }, each, ` ${say.per(price)}`)];
  const n = offer.comparison.current?.quantity ?? 1;
  if (n > 1) {
    const all = say.price({ ...price, unit_amount: amount * n });
    lines.push(element("div", { class: "muted small number", dir: "auto" }, say.count("quantity", n, { price: all })));
  }
  return lines;
}

/** What the plan has of a row; for eyes a drawing, for ears a word. */
export function valueOf(plan: OfferedPlan, row: Row, say: Say): HTMLElement {
  if (row.kind === "meter") {
    const limit = plan.limits[row.key];
    const text = limit === undefined ? say.say("notIncluded") : limit === null ? say.say("unlimited") : say.number(limit);
    return element("b", { class: "number" }, limit === undefined ? "–" : text);
  }
  const has = plan.features[row.key] ?? false;
  const drawn = element("span", { class: `mark ${has ? "yes" : "muted"}` }, drawing(has ? CHECK : DASH));
  return element("b", {}, drawn, element("span", { class: "said" }, say.say(has ? "included" : "notIncluded")));
}

export const violationLines = (plan: OfferedPlan, say: Say): HTMLElement[] =>
  plan.violations.map(({ label, used, limit }) =>
    element(
      "p",
      { class: "warn small", part: "violation", dir: "auto" },
      say.say("tooSmall", { label, used: say.number(used), limit: say.number(limit) }),
    ),
  );

/** The end of a plan's card or column. */
export function foot(plan: OfferedPlan, offer: Offer, say: Say): HTMLElement[] {
  const price = priceOf(plan, offer);
  const action = actionOf(plan, price, offer);
  if (action === "nothing" || action === "yours") return [];
  if (action === "choose" || action === "ask") {
    const look = plan.best ? "button primary" : "button";
    const text = action === "ask" ? say.say("ask") : chooseText(plan, price, offer, say);
    const button = element(
      "button",
      { type: "button", class: look, part: action, "data-key": plan.id, "data-act": action },
      text,
    );
    // Several buttons say the same.
    if (action === "ask") button.setAttribute("aria-label", `${text}: ${plan.name}`);
    return [...(action === "choose" ? estimateLines(price, say) : []), button];
  }
  if (action === "lower") return [element("p", { class: "quiet muted", part: "lower" }, say.say("lower"))];
  // It takes the place of the button that was pressed, and its focus.
  return [
    element("p", { class: "quiet yes", part: "asked", tabindex: "-1", "data-key": plan.id }, drawing(CHECK), say.say("asked")),
  ];
}

function chooseText(plan: OfferedPlan, price: OfferedPrice | undefined, { comparison }: Offer, say: Say): string {
  if (plan.relation === "current") return say.say(price?.interval === "year" ? "switchYear" : "switchMonth");
  return say.say(comparison.current?.paying ? "switch" : "choose", { plan: plan.name });
}

function estimateLines(price: OfferedPrice | undefined, say: Say): HTMLElement[] {
  if (!price?.estimate) return [];
  const due = price.estimate.amount_due;
  const text = due > 0 ? say.say("estimate", { amount: say.money(due, price.currency) }) : say.say("estimateNothing");
  return [element("p", { class: "muted small number", part: "estimate", dir: "auto" }, text)];
}
