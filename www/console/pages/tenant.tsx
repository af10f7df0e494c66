// One tenant: how it stands, what has happened, what it is shown and why.

import type { VNode } from "preact";
import { part, query } from "../api/client";
import type { Fit, Meter, Tenant } from "../api/shapes";
import { Bars, Card, Choice, Figure, Head, Lamp, Sheet, Time } from "../parts/bits";
import { count, date, number, percent } from "../parts/format";
import { Empty, Loaded, useAnswer } from "../parts/load";
import { href, useRoute } from "../parts/router";
import { sentence } from "../parts/words";
import { TenantDecisions } from "./tenant-decisions";
import { TenantMail } from "./tenant-letters";
import { TenantTimeline } from "./tenant-timeline";

const TABS = [
  ["standing", "Standing"],
  ["timeline", "Timeline"],
  ["decisions", "Decisions"],
  ["letters", "Letters"],
] as const;

export function TenantPage({ id }: { id: string }): VNode {
  const tab = useRoute().query.get("tab") ?? "standing";
  const tenant = useAnswer<Tenant>(`/v1/tenants/${part(id)}`);
  return (
    <>
      <Head title={id} up={<a href={href(["tenants"])}>Tenants</a>} />
      <section class="card" aria-label="In short">
        <Loaded of={tenant} lines={3}>
          {(found) => <InShort tenant={found} />}
        </Loaded>
      </section>
      <Choice name="tab" label="About this tenant" options={TABS} usual="standing" />
      {tab === "timeline" && <TenantTimeline id={id} />}
      {tab === "decisions" && <TenantDecisions id={id} />}
      {tab === "letters" && <TenantMail id={id} />}
      {tab === "standing" && (
        <Loaded of={tenant} lines={8}>
          {(found) => <Standing tenant={found} />}
        </Loaded>
      )}
    </>
  );
}

function InShort({ tenant: { score, plan, status, subscription, segments, live_connections: live } }: { tenant: Tenant }): VNode {
  const end = subscription?.current_period_end;
  return (
    <dl class="figures">
      <Figure lead label="Expansion score" value={number(score)} note="of 100" />
      <Figure
        label="Plan"
        value={plan?.name ?? "None"}
        note={<Lamp state={status} label={status ? sentence(status) : "No subscription"} />}
      />
      <Figure label={subscription?.cancel_at_period_end ? "Ends" : "Renews"} value={end ? date(end) : "–"} note={subscription?.customer} />
      <Figure
        label="Segments"
        value={number(segments.length)}
        note={segments.map(({ segment, label }) => label || segment).join(", ") || "in none"}
      />
      <Figure label="Open pages" value={number(live)} />
    </dl>
  );
}

function Standing({ tenant }: { tenant: Tenant }): VNode {
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

/** A meter against its limit; where the pace leads by the end of the period is a mark on it. */
function Usage({
  meter: { label, unit, value, limit, soft_limit: soft, percent: used, resets_at: resets },
  projected,
}: {
  meter: Meter;
  projected: number | null;
}): VNode {
  const whole = Math.max(limit ?? 0, value, 1);
  const at = (amount: number): string => `${Math.min(100, (amount / whole) * 100)}%`;
  const state = limit !== null && value >= limit ? "over" : soft !== null && value >= soft ? "near" : "within";
  return (
    <div class="usage">
      <p class="usage-head">
        <b>{label}</b>
        <span>
          {number(value)}
          {limit === null ? `${unit ? ` ${unit}` : ""}, unlimited` : ` of ${number(limit)}${unit ? ` ${unit}` : ""}`}
        </span>
      </p>
      <div
        class={`gauge ${state}`}
        role="meter"
        aria-label={label}
        aria-valuenow={value}
        aria-valuemin={0}
        aria-valuemax={whole}
        aria-valuetext={limit === null ? `${number(value)}, unlimited` : `${percent(value / Math.max(limit, 1))} of the limit`}
      >
        <i style={{ inlineSize: limit === null ? "0%" : at(value) }} />
        {soft !== null && limit !== null && <s style={{ insetInlineStart: at(soft) }} />}
      </div>
      <p class="fine">
        {used !== null && limit !== null && `${number(used)} % used`}
        {projected !== null && <b class="pace"> At this pace {number(projected)} by the end of the period.</b>}
        {resets !== null && ` Resets ${date(resets)}.`}
      </p>
    </div>
  );
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
