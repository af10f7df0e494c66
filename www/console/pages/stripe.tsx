// Stripe: the catalogue as it was read, what Stripe told last, and whether anything has drifted.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { ask } from "../api/client";
import type { Catalogue, Plan } from "../api/shapes";
import { Card, Head, Sheet, Time } from "../parts/bits";
import { count, money, number } from "../parts/format";
import { Loaded, asRefusal, useAnswer } from "../parts/load";
import { Drift } from "./stripe-drift";
import { Events, Unmatched } from "./stripe-events";

export function StripePage(): VNode {
  const catalogue = useAnswer<Catalogue>("/v1/catalog");
  const [said, setSaid] = useState("");
  const sync = async (): Promise<void> => {
    setSaid("Reading Stripe");
    await ask<Catalogue>("/v1/catalog/sync", { method: "POST", body: {} }).then(
      ({ changes = [] }) => (
        setSaid(
          changes.length === 0
            ? "Nothing has changed."
            : `${count(changes.length, "change")}: ${changes.map(({ plan, field }) => `${plan} ${field}`).join(", ")}`,
        ),
        catalogue.again()
      ),
      (error: unknown) => setSaid(asRefusal(error).message),
    );
  };
  return (
    <>
      <Head title="Catalogue & Stripe" lead="What was read from Stripe, and what Stripe has told.">
        <button type="button" onClick={sync}>
          Read again
        </button>
      </Head>
      <p class="fine" role="status">
        {said}
      </p>
      <div class="grid">
        <Card title="Plans" wide>
          <Loaded
            of={catalogue}
            lines={5}
            empty={({ plans, problems }) =>
              plans.length + problems.length === 0 ? "No product has the metadata `upcue_rank`, so there are no plans." : undefined
            }
          >
            {(found) => <Plans catalogue={found} />}
          </Loaded>
        </Card>
        <Drift />
        <Unmatched />
        <Events />
      </div>
    </>
  );
}

function Plans({ catalogue: { plans, problems, synced_at: synced, version } }: { catalogue: Catalogue }): VNode {
  const meters = [...new Set(plans.flatMap(({ limits }) => Object.keys(limits)))];
  return (
    <>
      {problems.length > 0 && (
        <div class="alarm" role="alert">
          <b>{count(problems.length, "problem")} in the catalogue.</b> The last good plans stay in force.
          <ul>
            {problems.map(({ product, price, key, detail }) => (
              <li key={`${product} ${price} ${key}`}>
                <code>{[product, price, key].filter(Boolean).join(" · ")}</code> {detail}
              </li>
            ))}
          </ul>
        </div>
      )}
      <Sheet label="Plans">
        <thead>
          <tr>
            <th scope="col">Plan</th>
            <th scope="col" class="num">
              Rank
            </th>
            <th scope="col">Prices</th>
            {meters.map((meter) => (
              <th key={meter} scope="col" class="num">
                {meter}
              </th>
            ))}
            <th scope="col">Features</th>
          </tr>
        </thead>
        <tbody>
          {plans.map((plan) => (
            <PlanRow key={plan.id} plan={plan} meters={meters} />
          ))}
        </tbody>
      </Sheet>
      <p class="fine">
        Version {number(version)};{" "}
        {synced === null ? (
          "never read from Stripe"
        ) : (
          <>
            read <Time at={synced} />
          </>
        )}
        .
      </p>
    </>
  );
}

const PlanRow = ({ plan: { id, name, rank, active, prices, limits, features }, meters }: { plan: Plan; meters: string[] }): VNode => (
  <tr class={active ? undefined : "faint"}>
    <th scope="row">
      {name}
      <span class="note">
        {id}
        {!active && ", archived"}
      </span>
    </th>
    <td class="num">{number(rank)}</td>
    <td>
      {prices.map((price) => (
        <span key={price.id} class="line">
          {price.unit_amount === null ? "varies" : money(price.unit_amount, price.currency)} /{" "}
          {price.interval_count > 1 ? `${price.interval_count} ${price.interval}s` : price.interval}
          {!price.active && " (archived)"}
        </span>
      ))}
    </td>
    {meters.map((meter) => {
      const limit = limits[meter]?.limit;
      return (
        <td key={meter} class="num">
          {typeof limit === "number" ? number(limit) : (limit ?? "–")}
        </td>
      );
    })}
    <td>{features.join(", ") || "–"}</td>
  </tr>
);
