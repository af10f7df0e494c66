// Upgrades and what led to them, by whatever somebody wants to know; every number opens to its tenants.

import type { VNode } from "preact";
import { query } from "../api/client";
import { type ConversionRow, type Conversions, DIMENSIONS, type Dimension, MODELS } from "../api/shapes";
import { Card, Figure, Head, Period, SaveTable, Select, Sheet, usePeriod } from "../parts/bits";
import { count, duration, money, number, percent, share } from "../parts/format";
import { Loaded, useAnswer } from "../parts/load";
import { usePlanNames } from "../parts/plan-names";
import { here, useRoute } from "../parts/router";
import { DIMENSION_WORDS, MODEL_WORDS, inOrder, named, word } from "../parts/words";
import { Behind } from "./conversion-tenants";

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

function Sums({
  found: { total, prompted, organic, currency, model, window_ms: window, other_currencies: others },
}: {
  found: Conversions;
}): VNode {
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
        {word(MODEL_WORDS, model)}, within {duration(window)}.
        {others > 0 && ` ${count(others, "upgrade")} in other currencies, not in the money.`}
      </p>
    </>
  );
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
        {inOrder(rows, names[0] ?? "signal").map((row) => (
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
            <td class="num">{percent(row.touched_tenants ? row.tenants / row.touched_tenants : null)}</td>
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
