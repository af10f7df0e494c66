// Stripe: the catalogue as it was read, what Stripe told last, and whether anything has drifted.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { ask, part, query } from "../api/client";
import type { Catalogue, Plan, StripeEvents, Sweep } from "../api/shapes";
import { Card, Choice, Head, Lamp, Sheet, TenantLink, Time } from "../parts/bits";
import { count, money, number } from "../parts/format";
import { Empty, Loaded, asRefusal, useAnswer } from "../parts/load";
import { useRoute } from "../parts/router";
import { sentence } from "../parts/words";

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

/** Every subscription at Stripe beside its mirror, when somebody asks. */
function Drift(): VNode {
  const [sweep, setSweep] = useState<Sweep>();
  const [said, setSaid] = useState("");
  const compare = async (): Promise<void> => {
    setSaid("Comparing every subscription");
    await ask<Sweep>("/v1/stripe/reconcile", { method: "POST", body: {} }).then(
      (found) => (setSweep(found), setSaid("")),
      (error: unknown) => setSaid(asRefusal(error).message),
    );
  };
  return (
    <Card title="Drift">
      <p>Every hour, and now if you like, each subscription at Stripe is compared with its mirror here, and mended.</p>
      <button type="button" onClick={compare}>
        Compare now
      </button>
      <p role="status">
        {said}
        {sweep &&
          `${count(sweep.checked, "subscription")} compared: ${sweep.drifted.length === 0 ? "none had drifted" : `${count(sweep.drifted.length, "one", "ones")} had drifted and ${sweep.drifted.length === 1 ? "is" : "are"} mended`}, ${number(sweep.unmatched)} of nobody, ${number(sweep.failed.length)} could not be read.`}
      </p>
      <ul>
        {sweep?.drifted.map(({ tenant, subscription }) => (
          <li key={subscription}>
            <TenantLink tenant={tenant} /> <code>{subscription}</code>
          </li>
        ))}
        {sweep?.failed.map(({ subscription, detail }) => (
          <li key={subscription}>
            <code>{subscription}</code> {detail}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Customers of Stripe who are nobody's here, and the way to say whose they are. */
function Unmatched(): VNode {
  const events = useAnswer<StripeEvents>(query("/v1/stripe/events", { state: "unmatched" }));
  const [said, setSaid] = useState("");
  const link = async (customer: string, form: HTMLFormElement): Promise<void> => {
    const tenant = String(new FormData(form).get("tenant") ?? "").trim();
    await ask(`/v1/tenants/${part(tenant)}/customer`, { method: "PUT", body: { customer } }).then(
      () => (setSaid(`${customer} is ${tenant} from now on.`), events.again()),
      (error: unknown) => setSaid(asRefusal(error).message),
    );
  };
  return (
    <Card title="Unmatched customers">
      <Loaded of={events} lines={3}>
        {({ events: found }) => {
          const customers = [...new Set(found.flatMap(({ customer }) => customer ?? []))];
          return (
            <>
              {customers.length === 0 && <Empty>Every customer is known.</Empty>}
              {customers.map((customer) => (
                <form
                  key={customer}
                  class="controls"
                  onSubmit={(event) => (event.preventDefault(), void link(customer, event.currentTarget))}
                >
                  <label class="field grow">
                    <span>
                      <code>{customer}</code> is
                    </span>
                    <input name="tenant" required maxLength={128} placeholder="Name of the tenant" spellcheck={false} autocomplete="off" />
                  </label>
                  <button>Link</button>
                </form>
              ))}
            </>
          );
        }}
      </Loaded>
      <p role="status">{said}</p>
    </Card>
  );
}

function Events(): VNode {
  const state = useRoute().query.get("state");
  const events = useAnswer<StripeEvents>(query("/v1/stripe/events", { state }));
  const states = [
    ["", "All"],
    ["pending", "Pending"],
    ["unmatched", "Unmatched"],
    ["done", "Done"],
    ["ignored", "Ignored"],
  ] as const;
  return (
    <Card title="Last events" wide tools={<Choice name="state" label="State" options={states} usual="" />}>
      <Loaded of={events} lines={8} empty={({ events }) => (events.length === 0 ? "Stripe has told of nothing like that." : undefined)}>
        {({ events: found }) => (
          <Sheet label="Events of Stripe’s">
            <thead>
              <tr>
                <th scope="col">Event</th>
                <th scope="col">State</th>
                <th scope="col">Customer</th>
                <th scope="col" class="num">
                  Attempts
                </th>
                <th scope="col">Received</th>
              </tr>
            </thead>
            <tbody>
              {found.map(({ id, type, state, customer, attempts, received_at: at, detail }) => (
                <tr key={id}>
                  <th scope="row">
                    {type}
                    <span class="note">{id}</span>
                  </th>
                  <td>
                    <Lamp state={state} label={sentence(state)} />
                    {detail && <span class="note">{detail}</span>}
                  </td>
                  <td>{customer ?? "–"}</td>
                  <td class="num">{number(attempts)}</td>
                  <td>
                    <Time at={at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </Sheet>
        )}
      </Loaded>
    </Card>
  );
}
