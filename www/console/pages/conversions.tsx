// Upgrades and what led to them, by whatever somebody wants to know; every number opens to its tenants.

import type { VNode } from "preact";
import { query } from "../api/client";
import {
  type Conversion,
  type ConversionRow,
  type ConversionTenants,
  type Conversions,
  DIMENSIONS,
  type Dimension,
  MODELS,
} from "../api/shapes";
import { Card, Figure, Head, More, Period, SaveTable, Select, Sheet, TenantLink, Time, usePeriod } from "../parts/bits";
import { count, money, number, percent, share } from "../parts/format";
import { Loaded, Refused, useAnswer } from "../parts/load";
import { usePages } from "../parts/pages";
import { usePlanNames } from "../parts/plan-names";
import { here, useRoute } from "../parts/router";
import { CHANNELS, DIMENSION_WORDS, MODEL_WORDS, TIMINGS, sentence, word } from "../parts/words";

const WINDOWS = [
  ["1d", "1 day"],
  ["3d", "3 days"],
  ["7d", "7 days"],
  ["14d", "14 days"],
  ["30d", "30 days"],
] as const;

export function ConversionsPage(): VNode {
  const { query: chosen } = useRoute();
  const { since, until } = usePeriod();
  const by = [...new Set([chosen.get("by") ?? "signal", chosen.get("then") ?? ""])].filter(isDimension);
  const asked = { by: by.join(), since, until, model: chosen.get("model"), window: chosen.get("window") };
  const report = useAnswer<Conversions>(query("/v1/reports/conversions", asked));
  const names = DIMENSIONS.map((name) => [name, word(DIMENSION_WORDS, name)] as const);
  return (
    <>
      <Head title="Conversions" lead="Upgrades, and what led to them.">
        <Period />
      </Head>
      <div class="controls">
        <Select name="by" label="By" usual="signal" options={names} />
        <Select name="then" label="Then by" options={[["", "Nothing"], ...names.filter(([name]) => name !== by[0])]} />
        <Select
          name="model"
          label="Credit"
          options={[["", "As configured"], ...MODELS.map((model) => [model, word(MODEL_WORDS, model)] as const)]}
        />
        <Select name="window" label="Within" options={[["", "As configured"], ...WINDOWS]} />
        <SaveTable path={query("/v1/reports/conversions", asked)} name={`conversions-by-${by.join("-")}.csv`} />
      </div>
      <div class="grid">
        <section class="card wide" aria-label="Figures">
          <Loaded of={report} lines={3}>
            {(found) => <Sums found={found} />}
          </Loaded>
        </section>
        <Card title={`By ${by.map((name) => word(DIMENSION_WORDS, name).toLowerCase()).join(" and ")}`} wide>
          <Loaded
            of={report}
            lines={8}
            empty={(found) => (found.rows.length === 0 ? "No upgrade has followed a prompt in this time." : undefined)}
          >
            {(found) => <Grouped found={found} by={by} />}
          </Loaded>
        </Card>
        <Behind by={by} asked={asked} />
      </div>
    </>
  );
}

const isDimension = (name: string): name is Dimension => (DIMENSIONS as readonly string[]).includes(name);

function Sums({ found: { total, prompted, organic, currency, model, window, other_currencies: others } }: { found: Conversions }): VNode {
  return (
    <>
      <dl class="figures">
        <Figure
          lead
          label="After a prompt"
          value={money(prompted.revenue, currency)}
          note={`${count(prompted.conversions, "upgrade")} of ${count(prompted.tenants, "tenant")}`}
        />
        <Figure
          label="Organic"
          value={<a href={here({ organic: "true" })}>{money(organic.revenue, currency)}</a>}
          note={`${count(organic.conversions, "upgrade")}`}
        />
        <Figure
          label="All"
          value={money(total.revenue, currency)}
          note={`${share(prompted.conversions, total.conversions)} after a prompt`}
        />
      </dl>
      <p class="fine">
        {word(MODEL_WORDS, model)}, within {window}.{others > 0 && ` ${count(others, "upgrade")} in other currencies, not in the money.`}
      </p>
    </>
  );
}

/** A key of a row as people read it. */
export function named(name: Dimension, value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === "") return name === "variant" ? "The only one" : "None";
  if (name === "timing") return word(TIMINGS, String(value));
  if (name === "channel") return word(CHANNELS, String(value));
  if (name === "weekday") return sentence(String(value));
  if (name === "hour") return `${String(value).padStart(2, "0")}:00`;
  return String(value);
}

function Grouped({ found: { rows, currency, by: grouped }, by }: { found: Conversions; by: Dimension[] }): VNode {
  const names = grouped.length > 0 ? grouped : by;
  const planName = usePlanNames();
  const most = Math.max(1, ...rows.map(({ revenue }) => revenue));
  return (
    <Sheet label="Conversions">
      <thead>
        <tr>
          {names.map((name) => (
            <th key={name} scope="col">
              {word(DIMENSION_WORDS, name)}
            </th>
          ))}
          <th scope="col">
            <span class="unseen">Share of the largest</span>
          </th>
          <th scope="col" class="num">
            MRR won
          </th>
          <th scope="col" class="num">
            Upgrades
          </th>
          <th scope="col" class="num">
            Tenants
          </th>
          <th scope="col" class="num">
            Prompts
          </th>
          <th scope="col" class="num">
            Tenants prompted
          </th>
          <th scope="col" class="num">
            Rate
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={names.map((name) => row[name]).join(" ")}>
            {names.map((name, i) => {
              const text = name === "plan" && row.plan ? planName(String(row.plan)) : named(name, row[name]);
              return i === 0 ? (
                <th key={name} scope="row">
                  {text}
                </th>
              ) : (
                <td key={name}>{text}</td>
              );
            })}
            <td class="track">
              <span class="bar" style={{ inlineSize: `${(row.revenue / most) * 100}%` }} />
            </td>
            <td class="num">{money(row.revenue, currency)}</td>
            <td class="num">
              <a href={here(pick(row, names))} aria-label={`${number(row.conversions)} upgrades: their tenants`}>
                {number(row.conversions)}
              </a>
            </td>
            <td class="num">{number(row.tenants)}</td>
            <td class="num">{number(row.touches)}</td>
            <td class="num">{number(row.touched_tenants)}</td>
            <td class="num">{percent(row.touched_tenants > 0 ? row.tenants / row.touched_tenants : null)}</td>
          </tr>
        ))}
      </tbody>
    </Sheet>
  );
}

/** The address that names one row; the keys of others are taken out of it. */
function pick(row: ConversionRow, names: Dimension[]): Record<string, string | undefined> {
  const chosen = Object.fromEntries(DIMENSIONS.map((name) => [`is.${name}`, names.includes(name) ? String(row[name] ?? "") : undefined]));
  return { ...chosen, organic: undefined };
}

/** The upgrades behind the number that the address names. */
function Behind({ by, asked }: { by: Dimension[]; asked: Record<string, string | number | null> }): VNode | null {
  const { query: chosen } = useRoute();
  const picked = by.flatMap((name) => (chosen.has(`is.${name}`) ? [[name, chosen.get(`is.${name}`) ?? ""] as const] : []));
  const isOrganic = chosen.get("organic") === "true";
  if (picked.length === 0 && !isOrganic) return null;
  const title = isOrganic ? "Organic upgrades" : picked.map(([name, value]) => named(name, value)).join(", ");
  return (
    <Opened
      key={title}
      title={title}
      path={query("/v1/reports/conversions/tenants", { ...asked, ...Object.fromEntries(picked), organic: isOrganic ? "true" : null })}
    />
  );
}

function Opened({ title, path }: { title: string; path: string }): VNode {
  const planName = usePlanNames();
  const list = usePages<ConversionTenants>(path, (page) => page.next);
  const close = Object.fromEntries([...DIMENSIONS.map((name) => [`is.${name}`, undefined]), ["organic", undefined]]);
  return (
    <Card title={`Upgrades: ${title}`} wide tools={<a href={here(close)}>Close</a>}>
      <Loaded of={list.first} empty={({ conversions }) => (conversions.length === 0 ? "There is none in this time." : undefined)}>
        {() => (
          <>
            <Sheet label={`Upgrades: ${title}`}>
              <thead>
                <tr>
                  <th scope="col">Tenant</th>
                  <th scope="col">When</th>
                  <th scope="col">From, to</th>
                  <th scope="col" class="num">
                    MRR
                  </th>
                  <th scope="col" class="num">
                    Share
                  </th>
                  <th scope="col">Prompts before it</th>
                </tr>
              </thead>
              <tbody>
                {list
                  .rows((page) => page.conversions)
                  .map((conversion) => (
                    <Row key={`${conversion.tenant} ${conversion.at}`} of={conversion} planName={planName} />
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

const Row = ({
  of: { tenant, at, from, to, before, after, currency, share: part, touches },
  planName,
}: {
  of: Conversion;
  planName: (id: string) => string;
}): VNode => (
  <tr>
    <th scope="row">
      <TenantLink tenant={tenant} />
    </th>
    <td>
      <Time at={at} />
    </td>
    <td>
      {from ? planName(from) : "nothing"} → {to ? planName(to) : "nothing"}
    </td>
    <td class="num">
      {money(after - before, currency)}
      <span class="note">
        {money(before, currency)} → {money(after, currency)}
      </span>
    </td>
    <td class="num">{percent(part)}</td>
    <td>
      {touches.length === 0
        ? "None"
        : touches.map((touch, i) => (
            <span key={i} class="line">
              {touch.campaign ?? "–"}
              {touch.variant && ` (${touch.variant})`}, {word(CHANNELS, touch.channel).toLowerCase()}, <Time at={touch.at} /> ·{" "}
              {percent(touch.share)}
            </span>
          ))}
    </td>
  </tr>
);
