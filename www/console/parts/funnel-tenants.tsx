// The tenants behind one step of a funnel.

import type { VNode } from "preact";
import { query } from "../api/client";
import type { FunnelTenants } from "../api/shapes";
import { Card, More, Sheet, TenantLink, Time } from "./bits";
import { number } from "./format";
import { Loaded, Refused } from "./load";
import { usePages } from "./pages";
import { here, useRoute } from "./router";
import { STEPS, word } from "./words";

/** What the funnel is of that the tenants are behind: the same time to the millisecond, or another number would open. */
interface Of {
  since: number;
  until: number;
  campaign?: string;
}

/** Shown when the address names a step. */
export function TenantsOfStep(of: Of): VNode | null {
  const step = useRoute().query.get("step");
  return step ? <Listed key={step} step={step} {...of} /> : null;
}

function Listed({ step, campaign, since, until }: Of & { step: string }): VNode {
  const list = usePages<FunnelTenants>(query("/v1/reports/funnel/tenants", { step, campaign, since, until }), (page) => page.next_cursor);
  return (
    <Card title={`Tenants: ${word(STEPS, step)}`} wide tools={<a href={here({ step: undefined })}>Close</a>}>
      <Loaded of={list.first} empty={({ tenants }) => (tenants.length === 0 ? "No tenant has come this far in this time." : undefined)}>
        {() => (
          <>
            <Sheet label="Tenants of this step">
              <thead>
                <tr>
                  <th scope="col">Tenant</th>
                  <th scope="col">First</th>
                  <th scope="col">Last</th>
                  <th scope="col" class="num">
                    Times
                  </th>
                </tr>
              </thead>
              <tbody>
                {list
                  .rows((page) => page.tenants)
                  .map(({ tenant, first, last, events }) => (
                    <tr key={tenant}>
                      <th scope="row">
                        <TenantLink tenant={tenant} />
                      </th>
                      <td>
                        <Time at={first} />
                      </td>
                      <td>
                        <Time at={last} />
                      </td>
                      <td class="num">{number(events)}</td>
                    </tr>
                  ))}
              </tbody>
            </Sheet>
            <More next={list.next} busy={list.busy} more={list.more} />
            {list.refusal && <Refused refusal={list.refusal} again={list.more} />}
          </>
        )}
      </Loaded>
    </Card>
  );
}
