// What Stripe has told, and of whom nobody knows whose they are.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { ask, part, query } from "../api/client";
import type { StripeEvents } from "../api/shapes";
import { Card, Choice, Lamp, Sheet, Time } from "../parts/bits";
import { number } from "../parts/format";
import { Empty, Loaded, asRefusal, useAnswer } from "../parts/load";
import { useRoute } from "../parts/router";
import { sentence } from "../parts/words";

/** Customers of Stripe who are nobody's here, and the way to say whose they are. */
export function Unmatched(): VNode {
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

export function Events(): VNode {
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
