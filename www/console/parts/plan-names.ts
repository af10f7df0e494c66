// Plans by their names, and their currency, wherever the API tells ids and amounts alone.

import { useEffect, useState } from "preact/hooks";
import { ask } from "../api/client";
import { session } from "../api/session";
import type { Catalogue, Plan } from "../api/shapes";

let known: { of: string; plans: Promise<Plan[]> } | undefined;

/** The name of a plan; its id while that is not known, or where nobody knows it. */
export function usePlanNames(): (id: string | null | undefined) => string {
  const plans = usePlans();
  return (id) => (id ? (plans.find((plan) => plan.id === id)?.name ?? id) : "–");
}

/** The currency that most prices are in, which is the reports'. */
export function useCurrency(): string {
  const counts = new Map<string, number>();
  for (const { currency } of usePlans().flatMap(({ prices }) => prices)) counts.set(currency, (counts.get(currency) ?? 0) + 1);
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
  return most?.[0] ?? "usd";
}

function usePlans(): Plan[] {
  const [plans, setPlans] = useState<Plan[]>([]);
  useEffect(() => {
    let isOver = false;
    void load().then((plans) => isOver || setPlans(plans));
    return () => {
      isOver = true;
    };
  }, []);
  return plans;
}

/** Asked for once in a visit; a catalogue that cannot be read leaves the ids, which say as much. */
function load(): Promise<Plan[]> {
  const of = session()?.key ?? "";
  if (known?.of !== of) {
    const plans = ask<Catalogue>("/v1/catalog").then(
      ({ plans }) => plans,
      () => ((known = undefined), []),
    );
    known = { of, plans };
  }
  return known.plans;
}
