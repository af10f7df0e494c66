// One campaign: where it stands, its funnel, its arms, whether it has made a difference.

import type { VNode } from "preact";
import { query } from "../api/client";
import type { ConversionRow, Conversions, Funnel, Lift } from "../api/shapes";
import { Card, Head, Period, Sheet, usePeriod } from "../parts/bits";
import { useConfig } from "../parts/config";
import { money, number, percent, points } from "../parts/format";
import { TenantsOfStep } from "../parts/funnel-tenants";
import { FunnelBars } from "../parts/funnel";
import { LiftFigures } from "../parts/lift";
import { Loaded, useAnswer } from "../parts/load";
import { href } from "../parts/router";

export function Campaign({ id }: { id: string }): VNode {
  const { since, until, days } = usePeriod();
  const config = useConfig();
  const funnel = useAnswer<Funnel>(query("/v1/reports/funnel", { campaign: id, since, until }));
  const lift = useAnswer<Lift>(query("/v1/reports/lift", { campaign: id }));
  const arms = useAnswer<Conversions>(query("/v1/reports/conversions", { by: "campaign,variant,placement", since, until }));
  const written = config.data?.campaigns?.find((campaign) => campaign.id === id);
  return (
    <>
      <Head title={id} up={<a href={href(["campaigns"])}>Campaigns</a>} lead={written?.nudge?.title}>
        <Period />
      </Head>
      <div class="grid">
        <Card title="Where it stands" wide>
          <Loaded of={funnel} lines={2}>
            {(found) => <Standing funnel={found} lift={lift.data} days={days} />}
          </Loaded>
        </Card>
        <Card title="Funnel">
          <Loaded of={funnel} lines={5}>
            {(found) => <FunnelBars steps={found.steps} currency={found.currency} />}
          </Loaded>
        </Card>
        <Card title="Lift">
          <Loaded of={lift} lines={5}>
            {(found) => <LiftFigures lift={found} />}
          </Loaded>
        </Card>
        <TenantsOfStep campaign={id} since={since} until={until} />
        <Card title="Conversions by variant and placement" wide>
          <Loaded
            of={arms}
            lines={4}
            empty={(found) => (of(found, id).length === 0 ? "No upgrade has followed this campaign in this time." : undefined)}
          >
            {(found) => <Arms rows={of(found, id)} currency={found.currency} />}
          </Loaded>
        </Card>
        <Card title="The rule" wide>
          <Loaded of={config} lines={2} empty={() => (written ? undefined : "It is no longer in the configuration; its figures stay.")}>
            {() => (
              <dl class="pairs">
                <dt>Shown at</dt>
                <dd>{written?.placement}</dd>
                <dt>To</dt>
                <dd>{written?.audience ? <code>{written.audience}</code> : "everybody"}</dd>
                <dt>Held out</dt>
                <dd>{written?.holdout ? percent(written.holdout) : "nobody by this campaign"}</dd>
              </dl>
            )}
          </Loaded>
        </Card>
      </div>
    </>
  );
}

const of = ({ rows }: Conversions, id: string): ConversionRow[] => rows.filter(({ campaign }) => campaign === id);

/** What somebody would say who had looked at all of it. */
function Standing({ funnel, lift, days }: { funnel: Funnel; lift: Lift | undefined; days: number }): VNode {
  const at = (step: string): number => funnel.steps.find((found) => found.step === step)?.tenants ?? 0;
  const revenue = funnel.steps.find(({ step }) => step === "upgraded")?.revenue ?? 0;
  const [exposed, upgraded] = [at("exposed"), at("upgraded")];
  const said =
    exposed === 0
      ? `In the last ${days} days nobody has seen it, though ${number(at("eligible"))} were eligible.`
      : `In the last ${days} days ${number(exposed)} tenants have seen it, and ${number(upgraded)} of them upgraded, for ${money(revenue, funnel.currency)} a month.`;
  return (
    <p class="verdict">
      {said} {lift && outlook(lift)}
    </p>
  );
}

function outlook({ sample_ratio: ratio, certain, difference, control }: Lift): string {
  if (ratio?.mismatch) return "Its arms are not as large as they were meant to be, so nothing can be said of its effect.";
  if (control.tenants + control.waiting === 0) return "Nobody is held out, so nobody knows whether they would have upgraded anyway.";
  if (!certain) return "Whether it makes a difference is not certain yet; let it run.";
  return difference > 0
    ? `It works: ${points(difference)} more upgrade than without it.`
    : `It does harm: ${points(difference)} beside those who never saw it.`;
}

function Arms({ rows, currency }: { rows: ConversionRow[]; currency: string }): VNode {
  return (
    <Sheet label="Conversions by variant and placement">
      <thead>
        <tr>
          <th scope="col">Variant</th>
          <th scope="col">Placement</th>
          <th scope="col" class="num">
            Tenants reached
          </th>
          <th scope="col" class="num">
            Upgrades
          </th>
          <th scope="col" class="num">
            Rate
          </th>
          <th scope="col" class="num">
            MRR won
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ variant, placement, touched_tenants: reached, conversions, tenants, revenue }) => (
          <tr key={`${variant} ${placement}`}>
            <th scope="row">{variant ?? "The only one"}</th>
            <td>{placement ?? "–"}</td>
            <td class="num">{number(reached)}</td>
            <td class="num">{number(conversions)}</td>
            <td class="num">{percent(reached ? tenants / reached : null)}</td>
            <td class="num">{money(revenue, currency)}</td>
          </tr>
        ))}
      </tbody>
    </Sheet>
  );
}
