// Behind the scenes: what staff could do in Stripe's dashboard. Upcue is told of none of it, except by Stripe.

import type { Upcue } from "upcue";

import { say, tell } from "./backstage.js";
import { by, make } from "./dom.js";

interface Price {
  id: string;
  product: string;
  name: string;
  amount: number;
  currency: string;
  interval: string;
}

interface Standing {
  current: string | null;
  card: string;
  prices: Price[];
}

/** The value of the option that ends the subscription. */
const NO_PLAN = "";

export function watchStripe(upcue: () => Upcue | undefined) {
  const plan = by("stripe-plan") as HTMLSelectElement;
  const card = by("stripe-card") as HTMLSelectElement;
  /** The product that Stripe has confirmed and whose webhook is awaited, and since when. */
  let awaited: { product: string | undefined; since: number } | undefined;
  let prices: Price[] = [];

  plan.addEventListener("change", () => void change("plan", { price: plan.value || null }));
  card.addEventListener("change", () => void change("card", { card: card.value }));
  // An upgrade through Upcue changes it too.
  document.addEventListener("upcue-upgraded", () => void refresh());
  void refresh();

  function refresh(): Promise<void> {
    return ask("GET", "").then(take, () => note("Stripe does not answer."));
  }

  function take(standing: Standing): void {
    prices = standing.prices;
    plan.replaceChildren(
      ...prices.map(({ id, name, amount, currency, interval }) =>
        option(id, `${name}, ${money(amount, currency)} a ${interval}`),
      ),
      option(NO_PLAN, "No subscription"),
    );
    plan.value = standing.current ?? NO_PLAN;
    card.value = standing.card;
  }

  async function change(what: "plan" | "card", body: object): Promise<void> {
    const since = performance.now();
    const wanted = plan.value;
    plan.disabled = card.disabled = true;
    try {
      take(await ask("POST", `/${what}`, body));
      note(`Stripe has changed the ${what}, ${Math.round(performance.now() - since)} ms.`);
      tell(`Stripe: another ${what}, by its dashboard`);
      if (what === "plan") awaited = { product: prices.find(({ id }) => id === wanted)?.product, since: performance.now() };
      draw();
    } catch (error) {
      say(`Stripe has not changed the ${what}.`);
      note(error instanceof Error ? error.message : String(error));
      await refresh();
    } finally {
      plan.disabled = card.disabled = false;
    }
  }

  function draw(): void {
    const instance = upcue();
    if (!awaited || !instance?.ready || instance.plan()?.id !== awaited.product) return;
    const ms = Math.round(performance.now() - awaited.since);
    tell(`Webhook: the plan is in force here, ${ms} ms after Stripe’s answer`);
    note(`The webhook brought it here ${ms} ms after Stripe’s answer.`);
    awaited = undefined;
  }

  return { draw };
}

const option = (value: string, text: string): HTMLOptionElement => make("option", { value }, text);

const money = (amount: number, currency: string): string =>
  (amount / 100).toLocaleString("en", { style: "currency", currency, maximumFractionDigits: 0 });

const note = (text: string): void => {
  by("stripe-note").textContent = text;
};

async function ask(method: string, address: string, body?: object): Promise<Standing> {
  const answer = await fetch(`/api/stripe${address}`, {
    method,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const standing = await answer.json();
  if (!answer.ok) throw new Error(standing.detail ?? `Stripe answered ${answer.status}`);
  return standing;
}
