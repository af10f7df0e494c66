// What stands above the plans: why the user is here, how they stand, what the team asked for, and how often they would pay.

import type { Comparison, ComparisonReason, Interval, UpgradeRequest } from "../../buying/types.js";
import { element } from "../dom.js";
import type { Offer } from "./offer.js";
import type { Say } from "./offers.js";

export function top(offer: Offer, contact: string | null, say: Say): HTMLElement {
  const { comparison } = offer;
  const { reason, fit, role } = comparison;
  const parts: HTMLElement[] = [];
  if (reason) parts.push(element("p", { class: "reason", part: "reason", dir: "auto" }, reasonText(reason, say)));
  if (fit.outcome === "contact_us" && role !== "member") parts.push(contactBox(contact, offer.heading, say));
  else if (reason && fit.outcome !== "contact_us")
    parts.push(element("p", { part: "fit", dir: "auto" }, fitText(comparison, say)));
  const refusal = refusalText(comparison);
  if (refusal) parts.push(element("p", { class: "box", part: "refusal", dir: "auto" }, refusal));
  const wishes = wishList(comparison, say);
  if (wishes) parts.push(wishes);
  const standing = element("p", { class: "muted", part: "standing", dir: "auto" }, standingText(comparison, say));
  parts.push(element("div", { class: "bar" }, standing, ...intervalSwitch(offer, say)));
  return element("div", { class: "top" }, ...parts);
}

function reasonText(reason: ComparisonReason, say: Say): string {
  const { label } = reason;
  const n = (key: "used" | "limit" | "projected") => say.number((reason as Record<typeof key, number | undefined>)[key] ?? 0);
  switch (reason.kind) {
    case "limit":
      return say.say(reason.reached ? "limitReached" : "limit", {
        label,
        used: n("used"),
        limit: n("limit"),
        percent: say.percent(reason.percent),
      });
    case "pace":
      return say.say("pace", { label, used: n("used"), limit: n("limit"), projected: n("projected") });
    case "feature":
      return say.say("feature", { label });
    case "requests":
      return say.count("requests", reason.count, { label });
  }
}

function fitText({ fit, plans }: Comparison, say: Say): string {
  const plan = fit.outcome === "upgrade" && plans.find(({ id }) => id === fit.plan);
  return plan ? say.say("fitting", { plan: plan.name }) : say.say("covered");
}

/** What keeps an admin from upgrading; members have their own buttons. */
const refusalText = ({ role, upgrade }: Comparison): string => (role === "admin" && !upgrade.available ? upgrade.detail : "");

/** Never asks people who pay to start paying. */
function standingText({ current, plans }: Comparison, say: Say): string {
  if (!current) return say.say("none");
  const { name: plan, paying, trial_end, renews_at, cancels_at_period_end } = current;
  if (current.status === "trialing" && trial_end) return say.say("trial", { plan, date: say.date(trial_end) });
  if (cancels_at_period_end && renews_at) return say.say("ending", { plan, date: say.date(renews_at) });
  const price = plans.flatMap(({ prices }) => prices).find(({ id }) => id === current.price);
  if (!paying || !renews_at || !price) return say.say("free", { plan });
  const amount = price.unit_amount === null ? null : price.unit_amount * current.quantity;
  return say.say("paying", { plan, price: say.price({ ...price, unit_amount: amount }), date: say.date(renews_at) });
}

function wishList({ requests, reason }: Comparison, say: Say): HTMLElement | undefined {
  // The reason has said one of them already.
  const told = reason?.kind === "requests" ? reason : undefined;
  const isTold = (wish: UpgradeRequest) =>
    !!told && wish.label === told.label && wish.plan === told.plan && wish.feature === told.feature && wish.meter === told.meter;
  const rest = requests.filter((wish) => !isTold(wish));
  if (!rest.length) return undefined;
  const lines = rest.map(({ count, label }) =>
    element("li", { part: "wish", dir: "auto" }, say.count("requests", count, { label })),
  );
  return element("ul", { class: "box wishes", part: "wishes", role: "list", "aria-label": say.say("wishes") }, ...lines);
}

function contactBox(contact: string | null, heading: Offer["heading"], say: Say): HTMLElement {
  const look = { class: "button primary", part: "contact", "data-key": "contact", "data-act": "contact" };
  const way = contact
    ? element("a", { ...look, href: contact }, say.say("contact"))
    : element("button", { ...look, type: "button" }, say.say("contact"));
  return element(
    "div",
    { class: "box contact", part: "contact-us" },
    element("div", {}, element(heading, {}, say.say("contactTitle")), element("p", { class: "muted" }, say.say("contactText"))),
    way,
  );
}

function intervalSwitch({ comparison, interval }: Offer, say: Say): HTMLElement[] {
  const { intervals } = comparison;
  if (intervals.length < 2) return [];
  const options = intervals.map((value) => option(value, value === interval, say));
  return [
    element(
      "fieldset",
      { class: "switch", part: "interval" },
      element("legend", { class: "said" }, say.say("interval")),
      ...options,
    ),
  ];
}

function option(value: Interval, chosen: boolean, say: Say): HTMLElement {
  const input = element("input", { type: "radio", name: "interval", value, "data-key": value });
  input.checked = chosen;
  return element("label", {}, input, element("span", {}, say.say(value)));
}
