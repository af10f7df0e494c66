// All campaigns, and how far each leads.

import type { VNode } from "preact";
import { query } from "../api/client";
import type { CampaignFunnel, Config, Funnel } from "../api/shapes";
import { Card, Head, Num, Period, Sheet, usePeriod } from "../parts/bits";
import { useConfig } from "../parts/config";
import { money, number, percent, share } from "../parts/format";
import { Loaded, Refused, useAnswer } from "../parts/load";
import { href } from "../parts/router";

const NOTHING: Omit<CampaignFunnel, "campaign" | "channel"> = {
  eligible: 0,
  exposed: 0,
  clicked: 0,
  dismissed: 0,
  snoozed: 0,
  held_out: 0,
  quoted: 0,
  upgraded: 0,
  revenue: 0,
};

export function Campaigns(): VNode {
  const { since, until } = usePeriod();
  const config = useConfig();
  const funnel = useAnswer<Funnel>(query("/v1/reports/funnel", { since, until }));
  return (
    <>
      <Head title="Campaigns" lead="What is shown, and what comes of it. Figures are tenants.">
        <Period />
      </Head>
      <Loaded of={config} lines={8} empty={(found) => (names(found, funnel.data).length === 0 ? <None /> : undefined)}>
        {(found) => (
          <Card title="In force" wide>
            {funnel.refusal && <Refused refusal={funnel.refusal} again={funnel.again} />}
            <Listed config={found} funnel={funnel.data} />
          </Card>
        )}
      </Loaded>
    </>
  );
}

const None = (): VNode => (
  <>
    There are no campaigns yet. <a href={href(["configuration"])}>Write the first one.</a>
  </>
);

/** The campaigns of the configuration in its order of priority, then those that are gone but have figures. */
function names(config: Config, funnel: Funnel | undefined): string[] {
  const now = (config.campaigns ?? []).toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0)).map(({ id }) => id);
  return [...new Set([...now, ...(funnel?.campaigns ?? []).map(({ campaign }) => campaign)])];
}

function Listed({ config, funnel }: { config: Config; funnel: Funnel | undefined }): VNode {
  return (
    <Sheet label="Campaigns">
      <thead>
        <tr>
          <th scope="col">Campaign</th>
          <th scope="col">Where</th>
          <th scope="col" class="num">
            Eligible
          </th>
          <th scope="col" class="num">
            Saw it
          </th>
          <th scope="col" class="num">
            Clicked
          </th>
          <th scope="col" class="num">
            Put away
          </th>
          <th scope="col" class="num">
            Upgraded
          </th>
          <th scope="col" class="num">
            MRR won
          </th>
          <th scope="col" class="num">
            Held out
          </th>
        </tr>
      </thead>
      <tbody>
        {names(config, funnel).map((id) => {
          const written = config.campaigns?.find((campaign) => campaign.id === id);
          const told = funnel?.campaigns.find(({ campaign }) => campaign === id);
          const of = funnel ? { ...NOTHING, ...told } : undefined;
          const isMail = told?.channel === "email";
          return (
            <tr key={id}>
              <th scope="row">
                <a href={href(["campaigns", id])}>{id}</a>
                <span class="note">
                  {written ? (written.nudge?.title ?? "") : isMail ? "A sequence" : "No longer in the configuration"}
                </span>
              </th>
              <td>{written?.placement ?? (isMail ? "by mail" : "–")}</td>
              <Num nil={!of?.eligible}>{number(of?.eligible)}</Num>
              <Num nil={!of?.exposed}>{number(of?.exposed)}</Num>
              <Num nil={!of?.clicked}>
                {number(of?.clicked)} {of && of.clicked > 0 && <span class="note">{share(of.clicked, of.exposed)}</span>}
              </Num>
              <Num nil={!of?.dismissed}>{number(of?.dismissed)}</Num>
              <Num nil={!of?.upgraded}>
                {number(of?.upgraded)} {of && of.upgraded > 0 && <span class="note">{share(of.upgraded, of.exposed)}</span>}
              </Num>
              <Num nil={!of?.revenue}>{of && funnel ? money(of.revenue, funnel.currency) : "–"}</Num>
              <Num nil={!of?.held_out}>
                {number(of?.held_out)} {written?.holdout ? <span class="note">{percent(written.holdout)} meant</span> : null}
              </Num>
            </tr>
          );
        })}
      </tbody>
    </Sheet>
  );
}
