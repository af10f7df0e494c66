// How a tenant stands: what it uses, what its score is made of, what campaigns did.

import type { VNode } from "preact";
import { query } from "../api/client";
import type { Fit, Tenant } from "../api/shapes";
import { Bars, Card, Lamp, Sheet, Time } from "../parts/bits";
import { count, number } from "../parts/format";
import { Empty, useAnswer } from "../parts/load";
import { href } from "../parts/router";
import { Usage } from "../parts/usage";

export function Standing({ tenant }: { tenant: Tenant }): VNode {
  const fit = useAnswer<Fit>(query("/v1/plans", { tenant: tenant.tenant }));
  const features = Object.entries(tenant.features);
  return (
    <div class="grid">
      <Card title="Usage">
        {tenant.meters.length === 0 ? (
          <Empty>The configuration has no meters.</Empty>
        ) : (
          <>
            {tenant.meters.map((meter) => (
              <Usage key={meter.meter} meter={meter} projected={projected(fit.data, meter.meter)} />
            ))}
            <p class="fine">{fit.data ? advice(fit.data) : ""}</p>
          </>
        )}
      </Card>
      <Card title="Score">
        {tenant.signals.some(({ contribution }) => contribution > 0) ? (
          <Bars
            caption="What each signal adds to the score"
            of={100}
            rows={tenant.signals
              .filter(({ contribution }) => contribution > 0)
              .toSorted((a, b) => b.contribution - a.contribution)
              .map(({ signal, label, active, contribution, ended }) => ({
                key: signal,
                name: (
                  <>
                    {label || signal}
                    <span class="note">
                      {active ? (
                        "active"
                      ) : ended ? (
                        <>
                          fading since <Time at={ended} />
                        </>
                      ) : (
                        "fading"
                      )}
                    </span>
                  </>
                ),
                value: contribution,
                shown: `+${number(contribution)}`,
              }))}
          />
        ) : (
          <Empty>No signal adds to the score now.</Empty>
        )}
      </Card>
      <Card title="Entitlements">
        {features.length === 0 ? (
          <Empty>{tenant.plan ? "The configuration has no features." : "Without a plan there are none to tell."}</Empty>
        ) : (
          <dl class="pairs">
            {features.map(([feature, has]) => (
              <>
                <dt>{feature}</dt>
                <dd>
                  <Lamp state={has ? "active" : "off"} label={has ? "Included" : "Not in the plan"} />
                </dd>
              </>
            ))}
          </dl>
        )}
      </Card>
      <Card title="Signals">{tenant.signals.length === 0 ? <Empty>None was detected yet.</Empty> : <SignalRows tenant={tenant} />}</Card>
      <Card title="What campaigns did" wide>
        {tenant.campaigns.length === 0 ? <Empty>Nobody of this tenant has met a campaign yet.</Empty> : <CampaignRows tenant={tenant} />}
      </Card>
    </div>
  );
}

const projected = (fit: Fit | undefined, meter: string): number | null =>
  fit?.fit?.binds.find((bind) => bind.meter === meter)?.projected ?? null;

function advice({ fit, plans }: Fit): string {
  const best = plans.find(({ id }) => id === fit?.plan);
  return fit?.outcome === "upgrade" && best ? `${best.name} covers this pace.` : "";
}

const SignalRows = ({ tenant: { signals } }: { tenant: Tenant }): VNode => (
  <Sheet label="Signals of this tenant">
    <thead>
      <tr>
        <th scope="col">Signal</th>
        <th scope="col">State</th>
        <th scope="col">Last</th>
        <th scope="col" class="num">
          Times
        </th>
      </tr>
    </thead>
    <tbody>
      {signals.map(({ signal, label, active, last, count }) => (
        <tr key={signal}>
          <th scope="row">{label || signal}</th>
          <td>
            <Lamp state={active ? "active" : "ended"} />
          </td>
          <td>
            <Time at={last} />
          </td>
          <td class="num">{number(count)}</td>
        </tr>
      ))}
    </tbody>
  </Sheet>
);

const CampaignRows = ({ tenant: { campaigns } }: { tenant: Tenant }): VNode => (
  <Sheet label="Campaigns of this tenant">
    <thead>
      <tr>
        <th scope="col">Campaign</th>
        <th scope="col">Arm</th>
        <th scope="col" class="num">
          Seen
        </th>
        <th scope="col" class="num">
          Clicked
        </th>
        <th scope="col" class="num">
          Put away
        </th>
        <th scope="col" class="num">
          Later
        </th>
        <th scope="col">Last seen</th>
      </tr>
    </thead>
    <tbody>
      {campaigns.map(
        ({ campaign, variant, held_out: held, exposures, ghost_exposures: ghosts, clicks, dismissals, snoozes, last_exposure: last }) => (
          <tr key={`${campaign} ${variant} ${held}`}>
            <th scope="row">
              <a href={href(["campaigns", campaign])}>{campaign}</a>
            </th>
            <td>{held ? `Control group: would have seen it ${count(ghosts, "time")}` : (variant ?? "The only one")}</td>
            <td class="num">{number(exposures)}</td>
            <td class="num">{number(clicks)}</td>
            <td class="num">{number(dismissals)}</td>
            <td class="num">{number(snoozes)}</td>
            <td>
              <Time at={last} />
            </td>
          </tr>
        ),
      )}
    </tbody>
  </Sheet>
);
