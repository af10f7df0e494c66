// What prompting has earned.

import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { query } from "../api/client";
import type { Conversions, Day, Funnel, Lift, TenantRow, Tenants, Trend, Upgrades } from "../api/shapes";
import { Bars, Card, Choice, Figure, Head, Period, TenantLink, usePeriod } from "../parts/bits";
import { Chart, type Series } from "../parts/chart";
import { compact, compactMoney, count, duration, money, number, share } from "../parts/format";
import { TenantsOfStep } from "../parts/funnel-tenants";
import { FunnelBars } from "../parts/funnel";
import { LiftFigures } from "../parts/lift";
import { Loaded, useAnswer } from "../parts/load";
import { usePlanNames } from "../parts/plan-names";
import { href, useRoute } from "../parts/router";
import { named } from "../parts/words";

export function Overview(): VNode {
  const { since, until, days } = usePeriod();
  const of = useAnswer<Conversions>(query("/v1/reports/conversions", { by: "signal", since, until }));
  const trend = useAnswer<Trend>(query("/v1/reports/trend", { since, until }));
  const funnel = useAnswer<Funnel>(query("/v1/reports/funnel", { since, until }));
  const lift = useAnswer<Lift>("/v1/reports/lift");
  const tenants = useAnswer<Tenants>(query("/v1/tenants", { sort: "score", limit: 7 }));
  const upgrades = useAnswer<Upgrades>(query("/v1/reports/upgrades", { since }));
  return (
    <>
      <Head title="Overview" lead={`What prompts have earned in the last ${days} days.`}>
        <Period />
      </Head>
      <div class="grid">
        <section class="card wide" aria-label="Figures">
          <Loaded of={of} lines={4}>
            {(found) => <Won found={found} days={days} />}
          </Loaded>
        </section>
        <Card
          title="Day by day"
          wide
          tools={
            <Choice
              name="show"
              label="What the chart shows"
              usual="revenue"
              options={[
                ["revenue", "MRR"],
                ["conversions", "Upgrades"],
                ["prompts", "Prompts"],
              ]}
            />
          }
        >
          <Loaded of={trend} lines={10} empty={(found) => (found.days.length === 0 ? "Nothing has happened in this time." : undefined)}>
            {(found) => <Days trend={found} since={since} until={until} />}
          </Loaded>
        </Card>
        <Card title="Funnel">
          <Loaded of={funnel} lines={6}>
            {(found) => <FunnelBars steps={found.steps} currency={found.currency} />}
          </Loaded>
        </Card>
        <Card title="Lift" tools={<a href={href(["campaigns"])}>By campaign</a>}>
          <Loaded of={lift} lines={6}>
            {(found) => <LiftFigures lift={found} />}
          </Loaded>
        </Card>
        <TenantsOfStep since={since} until={until} />
        <Card title="What upgrades came from">
          <Loaded
            of={of}
            lines={5}
            empty={(found) => (found.prompted.conversions === 0 ? "No upgrade has followed a prompt in this time." : undefined)}
          >
            {(found) => <Sources found={found} />}
          </Loaded>
        </Card>
        <Card title="Readiest for more" tools={<a href={href(["tenants"])}>All tenants</a>}>
          <Loaded
            of={tenants}
            lines={5}
            empty={({ tenants }) =>
              tenants.some(({ score }) => score) ? undefined : "No tenant has a score yet: it rises with the signals that are detected."
            }
          >
            {(found) => <Readiest rows={found.tenants} />}
          </Loaded>
        </Card>
        <Card title="How upgrading went" wide>
          <Loaded
            of={upgrades}
            lines={3}
            empty={(found) =>
              found.upgraded === 0 && Object.keys(found.failed).length === 0 ? "Nobody has upgraded through Upcue in this time." : undefined
            }
          >
            {(found) => <Going found={found} />}
          </Loaded>
        </Card>
      </div>
    </>
  );
}

function Won({
  found: { prompted, organic, total, currency, other_currencies: others, window_ms: window, model },
  days,
}: {
  found: Conversions;
  days: number;
}): VNode {
  return (
    <>
      <dl class="figures">
        <Figure
          lead
          label="MRR won by prompts"
          value={money(prompted.revenue, currency)}
          note={`${share(prompted.revenue, total.revenue)} of all expansion in ${days} days`}
        />
        <Figure
          label="Upgrades after a prompt"
          value={<a href={href(["conversions"])}>{number(prompted.conversions)}</a>}
          note={count(prompted.tenants, "tenant")}
        />
        <Figure label="Organic upgrades" value={number(organic.conversions)} note={`${money(organic.revenue, currency)} a month`} />
        <Figure label="All expansion" value={money(total.revenue, currency)} note={count(total.conversions, "upgrade")} />
      </dl>
      <p class="fine">
        An upgrade within {duration(window)} of a prompt counts as won by it ({model.replace("_", " ")}).
        {others > 0 && ` ${count(others, "upgrade")} in other currencies ${others === 1 ? "is" : "are"} counted, but not in the money.`}
      </p>
    </>
  );
}

const CHARTS: Record<string, [first: (day: Day) => number, name: string, second: (day: Day) => number, name: string]> = {
  revenue: [(day) => day.revenue, "All expansion MRR", (day) => day.prompted_revenue, "Won by prompts"],
  conversions: [(day) => day.conversions, "All upgrades", (day) => day.prompted, "After a prompt"],
  prompts: [(day) => day.exposures, "Prompts seen", (day) => day.clicks, "Clicked"],
};

const DAY = 86_400_000;
const QUIET: Omit<Day, "day"> = {
  signals: 0,
  exposures: 0,
  clicks: 0,
  mails: 0,
  conversions: 0,
  prompted: 0,
  revenue: 0,
  prompted_revenue: 0,
};

/** Every day of a time; the report is silent about those on which nothing happened. */
function everyDay(found: Day[], since: number, until: number): Day[] {
  const days: Day[] = [];
  for (let at = Math.floor(since / DAY) * DAY; at < until; at += DAY) {
    const day = new Date(at).toISOString().slice(0, 10);
    days.push(found.find((known) => known.day === day) ?? { day, ...QUIET });
  }
  return days;
}

function Days({ trend, since, until }: { trend: Trend; since: number; until: number }): VNode {
  const { currency } = trend;
  const show = useRoute().query.get("show") ?? "revenue";
  const days = useMemo(() => everyDay(trend.days, since, until), [trend, since, until]);
  const names = useMemo(() => days.map(({ day }) => day), [days]);
  const [first, all, second, part] = CHARTS[show] ?? (CHARTS.revenue as (typeof CHARTS)[string]);
  const series: Series[] = [
    { label: all, values: days.map(first), colour: "--fill" },
    { label: part, values: days.map(second), colour: "--lamp" },
  ];
  const isMoney = show === "revenue" || !(show in CHARTS);
  return (
    <Chart
      label={`${all} and ${part.toLowerCase()}, day by day`}
      days={names}
      series={series}
      shown={isMoney ? (value) => money(value, currency) : number}
      axis={isMoney ? (value) => compactMoney(value, currency) : compact}
    />
  );
}

function Sources({ found: { rows, currency } }: { found: Conversions }): VNode {
  const earning = rows.filter(({ conversions }) => conversions > 0);
  const best = earning.toSorted((a, b) => b.revenue - a.revenue).slice(0, 7);
  return (
    <Bars
      caption="Expansion MRR by signal"
      rows={best.map(({ signal, revenue, conversions }) => ({
        key: String(signal),
        name: <a href={href(["conversions"], { by: "signal", "is.signal": String(signal ?? "") })}>{named("signal", signal)}</a>,
        value: revenue,
        shown: (
          <>
            {money(revenue, currency)}
            <span class="note">{count(conversions, "upgrade")}</span>
          </>
        ),
      }))}
    />
  );
}

function Readiest({ rows }: { rows: TenantRow[] }): VNode {
  const planName = usePlanNames();
  return (
    <Bars
      caption="Expansion scores"
      of={100}
      rows={rows
        .filter(({ score }) => score)
        .map(({ tenant, score, plan }) => ({
          key: tenant,
          name: (
            <>
              <TenantLink tenant={tenant} />
              <span class="note">{planName(plan)}</span>
            </>
          ),
          value: score ?? 0,
          shown: number(score),
        }))}
    />
  );
}

function Going({ found }: { found: Upgrades }): VNode {
  const failed = Object.entries(found.failed);
  const { quote } = found.proration;
  return (
    <dl class="figures">
      <Figure
        label="Upgraded"
        value={number(found.upgraded)}
        note={failed.map(([code, times]) => `${number(times)} × ${code.replaceAll("_", " ")}`).join(", ") || "none failed"}
      />
      <Figure
        label="From click to upgraded"
        value={duration(found.duration_ms.p50)}
        note={`median; Stripe’s part ${duration(found.gateway_ms.p50)}`}
      />
      <Figure label="From signal to upgrade" value={duration(found.signal_to_upgrade_ms.p50)} note="median" />
      <Figure
        label="Charged as quoted"
        value={quote.compared > 0 ? share(quote.exact, quote.compared) : "–"}
        note={`${number(quote.exact)} of ${count(quote.compared, "invoice")} to the cent`}
      />
    </dl>
  );
}
