// What stands above the plans: why the user is here, how they stand, what the team asked for, and how often they would pay.

import { type Content, make } from "../dom.js";
import { press } from "../parts.js";
import { priceText } from "../prices.js";
import type { Values } from "../speech.js";
import type { Offer } from "./offer.js";

/** `contact`: where "Contact us" leads. */
export function top({ comparison_, interval_, heading_, say_: say, contact_, switch_ }: Offer, contact: string | null): HTMLElement {
  const { reason, fit, role, upgrade, plans, current, requests, intervals } = comparison_;
  const admin = role === "admin";

  const reasonText = (): string => {
    const { kind, reached, count: n, percent = 0 } = reason as unknown as Values & { kind: "limit"; percent?: number };
    return say(kind === "limit" && reached ? "limitReached" : kind, {
      ...(reason as unknown as Values),
      n,
      percent: (percent / 100).toLocaleString(say.locale, { style: "percent" }),
    });
  };

  const fitText = (): string => {
    const plan = fit.outcome === "upgrade" && plans.find(({ id }) => id === fit.plan);
    return plan ? say("fitting", { plan: plan.name }) : say("covered");
  };

  /** Never asks people who pay to start paying. */
  const standingText = (): string => {
    if (!current) return say("none");
    const { name: plan, renews_at, trial_end, quantity, status } = current;
    const date = (at: number) => ({ plan, date: new Date(at) });
    if (status === "trialing" && trial_end) return say("trial", date(trial_end));
    if (current.cancels_at_period_end && renews_at) return say("ending", date(renews_at));
    const price = plans.flatMap(({ prices }) => prices).find(({ id }) => id === current.price);
    if (!current.paying || !renews_at || !price) return say("free", { plan });
    const unit_amount = price.unit_amount === null ? null : price.unit_amount * quantity;
    return say("paying", { ...date(renews_at), price: priceText(say, { ...price, unit_amount }) });
  };

  const told = reason && reasonText();
  // What the reason has not said already.
  const wishes = requests.map(({ count: n, label }) => say("requests", { n, label })).filter((text) => text !== told);
  const choice = (value: (typeof intervals)[number]): Content =>
    make(
      "label",
      make("input", {
        type: "radio",
        name: "interval",
        value,
        id: value,
        checked: value === interval_,
        change: () => switch_(value),
      }),
      say(value),
    );
  return make(
    "div.top",
    told && make("p:reason", told),
    fit.outcome === "contact_us"
      ? role !== "member" &&
          make(
            "div:contact-us.box.panel.row",
            make("div", make(heading_, say("contactTitle")), make("p.muted", say("contactText"))),
            press("contact", say("contact"), true, { href: contact, click: contact_ }),
          )
      : told && make("p:fit", fitText()),
    // What keeps an admin from upgrading; members have their own buttons.
    admin && !upgrade.available && make("p:refusal.box.panel", upgrade.detail),
    !!wishes.length &&
      make(
        "ul:wishes.box.panel.row",
        { role: "list", "aria-label": say("wishes") },
        wishes.map((text) => make("li:wish", text)),
      ),
    make(
      "div.row",
      make("p:standing.muted", standingText()),
      intervals.length > 1 && make("fieldset:interval", make("legend.said", say("interval")), intervals.map(choice)),
    ),
  );
}
