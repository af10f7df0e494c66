// What became of what one endpoint was told.

import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ask, part, query } from "../api/client";
import type { Deliveries, Delivery } from "../api/shapes";
import { Lamp, More, Sheet, TenantLink, Time } from "../parts/bits";
import { count, duration } from "../parts/format";
import { Loaded, Refused, asRefusal } from "../parts/load";
import { usePages } from "../parts/pages";

/** They are asked for again with every `turn`. */
export function WebhookDeliveries({ endpoint, url, turn }: { endpoint: string; url: string; turn: number }): VNode {
  const [state, setState] = useState("");
  const [said, setSaid] = useState("");
  const path = `/v1/webhooks/${part(endpoint)}/deliveries`;
  const list = usePages<Deliveries>(query(path, { state, limit: 20 }), (page) => page.next);
  useEffect(() => {
    if (turn > 0) list.first.again();
  }, [turn, list.first.again]);
  const replay = async ({ id }: Delivery): Promise<void> => {
    await ask(`${path}/${part(id)}/replay`, { method: "POST", body: {} }).then(
      () => (setSaid("It is sent once more."), list.first.again()),
      (error: unknown) => setSaid(asRefusal(error).message),
    );
  };
  return (
    <details class="deliveries" open>
      <summary>Deliveries</summary>
      <label class="field narrow">
        <span>State</span>
        <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
          <option value="">All</option>
          <option value="pending">Pending</option>
          <option value="delivered">Delivered</option>
          <option value="failed">Failed</option>
        </select>
      </label>
      <p role="status">{said}</p>
      <Loaded of={list.first} lines={4} empty={({ deliveries }) => (deliveries.length === 0 ? "Nothing was sent yet." : undefined)}>
        {() => (
          <>
            <Sheet label={`Deliveries to ${url}`}>
              <thead>
                <tr>
                  <th scope="col">Event</th>
                  <th scope="col">Tenant</th>
                  <th scope="col">State</th>
                  <th scope="col">Last attempt</th>
                  <th scope="col">When</th>
                  <th scope="col">Once more</th>
                </tr>
              </thead>
              <tbody>
                {list
                  .rows(({ deliveries }) => deliveries)
                  .map((delivery) => (
                    <tr key={delivery.id}>
                      <th scope="row">
                        {delivery.type}
                        <span class="note">{delivery.id}</span>
                      </th>
                      <td>{delivery.tenant ? <TenantLink tenant={delivery.tenant} /> : "–"}</td>
                      <td>
                        <Lamp state={delivery.state} />
                        {delivery.reason && <span class="note">{delivery.reason}</span>}
                        {delivery.next_attempt !== null && (
                          <span class="note">
                            again <Time at={delivery.next_attempt} />
                          </span>
                        )}
                      </td>
                      <td>{attempt(delivery)}</td>
                      <td>
                        <Time at={delivery.at} />
                      </td>
                      <td>
                        <button type="button" onClick={() => replay(delivery)} aria-label={`Replay ${delivery.id}`}>
                          Replay
                        </button>
                      </td>
                    </tr>
                  ))}
              </tbody>
            </Sheet>
            <More next={list.next} busy={list.busy} more={list.more} />
            {list.refusal && <Refused refusal={list.refusal} again={list.more} />}
          </>
        )}
      </Loaded>
    </details>
  );
}

function attempt({ attempts }: Delivery): string {
  const last = attempts.at(-1);
  return last
    ? `${last.error ?? last.status ?? "no answer"} in ${duration(last.duration_ms)}, ${count(attempts.length, "attempt")}`
    : "none yet";
}
