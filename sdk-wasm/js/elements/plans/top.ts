// What stands above the plans: why the user is here, how they stand, what the team asked for, and how often they would pay.

import type { Comparison, ComparisonReason } from "../../buying/types.js";
import { type Content, make } from "../dom.js";
import { press } from "../parts.js";
import { priceText } from "../prices.js";
import type { Say, Values } from "../speech.js";
import type { Offer } from "./offer.js";
import type { PlansMessages } from "./words.js";

type Speaks = Say<PlansMessages>;

export function top(offer: Offer, contact: string | null): HTMLElement {
  const { comparison, say } = offer;
  const { reason, fit, role, upgrade } = comparison;
  const none = fit.outcome === "contact_us";
  return make(
    "div.top",
    reason && make("p:reason", reasonText(reason, say)),
    none ? role !== "member" && contactBox(offer, contact) : reason && make("p:fit", fitText(comparison, say)),
    // What keeps an admin from upgrading; members have their own buttons.
    role === "admin" && !upgrade.available && make("p:refusal.box", upgrade.detail),
    wishList(comparison, say),
    make("div.row", make("p:standing.muted", standingText(comparison, say)), intervalSwitch(offer)),
  );
}

function reasonText(reason: ComparisonReason, say: Speaks): string {
  const { kind, reached, count, percent = 0 } = reason as ComparisonReason & { reached?: boolean; count?: number; percent?: number };
  return say(kind === "limit" && reached ? "limitReached" : kind, {
    ...(reason as unknown as Values),
    n: count,
    percent: (percent / 100).toLocaleString(say.locale, { style: "percent" }),
  });
}

function fitText({ fit, plans }: Comparison, say: Speaks): string {
  const plan = fit.outcome === "upgrade" && plans.find(({ id }) => id === fit.plan);
  return plan ? say("fitting", { plan: plan.name }) : say("covered");
}

/** Never asks people who pay to start paying. */
function standingText({ current, plans }: Comparison, say: Speaks): string {
  if (!current) return say("none");
  const { name: plan, renews_at, trial_end, quantity, status } = current;
  const date = (at: number) => ({ plan, date: new Date(at) });
  if (status === "trialing" && trial_end) return say("trial", date(trial_end));
  if (current.cancels_at_period_end && renews_at) return say("ending", date(renews_at));
  const price = plans.flatMap(({ prices }) => prices).find(({ id }) => id === current.price);
  if (!current.paying || !renews_at || !price) return say("free", { plan });
  const unit_amount = price.unit_amount === null ? null : price.unit_amount * quantity;
  return say("paying", { ...date(renews_at), price: priceText(say, { ...price, unit_amount }) });
}

/** What the reason has not said already. */
function wishList({ requests, reason }: Comparison, say: Speaks): Content {
  const told = reason && reasonText(reason, say);
  const texts = requests.map(({ count: n, label }) => say("requests", { n, label })).filter((text) => text !== told);
  return (
    !!texts.length &&
    make(
      "ul:wishes.box.row",
      { role: "list", "aria-label": say("wishes") },
      texts.map((text) => make("li:wish", text)),
    )
  );
}

function contactBox({ say, heading, contact }: Offer, href: string | null): HTMLElement {
  return make(
    "div:contact-us.box.row",
    make("div", make(heading, say("contactTitle")), make("p.muted", say("contactText"))),
    press("contact", say("contact"), true, { href, click: contact }),
  );
}

function intervalSwitch({ comparison, interval, say, switch: change }: Offer): Content {
  const { intervals } = comparison;
  return (
    intervals.length > 1 &&
    make(
      "fieldset:interval",
      make("legend.said", say("interval")),
      intervals.map((value) =>
        make(
          "label",
          make("input", {
            type: "radio",
            name: "interval",
            value,
            "data-key": value,
            checked: value === interval,
            change: () => change(value),
          }),
          say(value),
        ),
      ),
    )
  );
}
