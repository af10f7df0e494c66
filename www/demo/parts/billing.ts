// The billing portal: it talks to Stripe, never to Upcue.

import type { Upcue } from "upcue";

import { say, tell } from "./backstage.js";
import { by, make, number, redraw } from "./dom.js";

interface Plan {
  product: string;
  price: string;
  name: string;
  description: string;
  amount: number;
  currency: string;
  interval: string;
  limits: Record<string, string>;
  features: string[];
}

interface Plans {
  current: string | null;
  plans: Plan[];
}

const METERS: Record<string, string> = { api_calls: "API calls", seats: "team members" };
const FEATURES: Record<string, string> = { sso: "Single sign-on" };

export function watchBilling(upcue: () => Upcue | undefined) {
  const list = by("plans");
  let offer: Plans | undefined;
  let busy = "";
  /** The product that Stripe has confirmed and whose webhook is awaited, and since when. */
  let awaited: { plan: Plan; since: number } | undefined;

  list.addEventListener("click", ({ target }) => {
    const price = (target as Element).closest<HTMLElement>("button[data-price]")?.dataset.price;
    if (price) void change(price);
  });
  void ask("GET", "/api/plans").then(take, () => note("Plans are not to be had: the billing portal does not answer."));

  function take(plans: Plans): void {
    offer = plans;
    draw();
  }

  async function change(price: string): Promise<void> {
    const plan = offer?.plans.find((candidate) => candidate.price === price);
    if (busy || !plan) return;
    busy = price;
    draw();
    const since = performance.now();
    try {
      const plans = await ask("POST", "/api/plan", { price });
      awaited = { plan, since: performance.now() };
      tell(`Stripe: ${plan.name}, after ${Math.round(performance.now() - since)} ms`);
      note(`Stripe has confirmed ${plan.name}. Its webhook is on the way.`);
      take(plans);
    } catch (error) {
      say("Stripe has not changed the plan.");
      tell(String(error));
    } finally {
      busy = "";
      draw();
    }
  }

  function draw(instance: Upcue | undefined = upcue()): void {
    const { plan: now } = { plan: instance?.plan() };
    if (awaited && now?.id === awaited.plan.product) {
      const ms = Math.round(performance.now() - awaited.since);
      tell(`Webhook: ${awaited.plan.name} is in force here, ${ms} ms after Stripe’s answer`);
      note(`${awaited.plan.name} is in force, ${ms} ms after Stripe’s answer.`);
      say(`Welcome to ${awaited.plan.name}.`);
      awaited = undefined;
    }
    if (!offer) return;
    const { current, plans } = offer;
    const place = plans.findIndex(({ price }) => price === current);
    redraw(list, `${current} ${busy}`, () => plans.map((plan, i) => card(plan, i - place, busy === plan.price)));
  }

  return {
    draw,
    show(): void {
      by("billing").scrollIntoView({ block: "center" });
      by("billing-title").focus({ preventScroll: true });
      by("billing").classList.remove("called");
      // Starts the highlight again when it is called twice.
      void by("billing").offsetWidth;
      by("billing").classList.add("called");
    },
  };
}

/** `distance`: how many plans above the present one. */
function card(plan: Plan, distance: number, busy: boolean): HTMLLIElement {
  const money = new Intl.NumberFormat("en", { style: "currency", currency: plan.currency, maximumFractionDigits: 0 });
  const lines = Object.entries(METERS).map(([meter, label]) => `${amount(plan.limits[meter])} ${label}`);
  lines.push(...plan.features.map((feature) => FEATURES[feature] ?? feature));
  const action =
    distance === 0
      ? make("span", { class: "current" }, "Your plan")
      : make(
          "button",
          { type: "button", class: distance === 1 ? "button solid" : "button", "data-price": plan.price, "aria-busy": String(busy) },
          busy ? "One moment…" : distance > 0 ? `Upgrade to ${plan.name}` : `Back to ${plan.name}`,
        );
  return make(
    "li",
    { "data-current": String(distance === 0) },
    make("h3", {}, plan.name),
    make("p", { class: "price" }, make("b", {}, money.format(plan.amount / 100)), ` a ${plan.interval}`),
    make("p", { class: "about" }, plan.description),
    make("ul", {}, ...lines.map((line) => make("li", {}, line))),
    action,
  );
}

const amount = (limit: string | undefined): string => (limit && limit !== "unlimited" ? number(Number(limit)) : "Unlimited");

const note = (text: string): void => {
  by("billing-note").textContent = text;
};

async function ask(method: string, address: string, body?: object): Promise<Plans> {
  const answer = await fetch(address, {
    method,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const plans = await answer.json();
  if (!answer.ok) throw new Error(plans.detail ?? `${address} answered ${answer.status}`);
  return plans;
}
