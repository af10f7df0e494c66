// Signals: how often each was detected, and what came of it.

import type { VNode } from "preact";
import { query } from "../api/client";
import type { Config, ConversionRow, Conversions, Trend } from "../api/shapes";
import { Card, Head, Num, Period, Sheet, usePeriod } from "../parts/bits";
import { useConfig } from "../parts/config";
import { count, money, number } from "../parts/format";
import { Loaded, Refused, useAnswer } from "../parts/load";
import { href } from "../parts/router";

export function Signals(): VNode {
  const { since, until } = usePeriod();
  const config = useConfig();
  const earned = useAnswer<Conversions>(query("/v1/reports/conversions", { by: "signal", since, until }));
  const trend = useAnswer<Trend>(query("/v1/reports/trend", { since, until }));
  const detected = trend.data?.days.reduce((sum, day) => sum + day.signals, 0);
  return (
    <>
      <Head
        title="Signals"
        lead={
          detected === undefined
            ? "What makes a tenant ready for more."
            : `What makes a tenant ready for more: ${count(detected, "detection")} in this time.`
        }
      >
        <Period />
      </Head>
      <Loaded of={config} lines={8} empty={(found) => ((found.signals ?? []).length === 0 ? <None /> : undefined)}>
        {(found) => (
          <Card title="In force" wide>
            {earned.refusal && <Refused refusal={earned.refusal} again={earned.again} />}
            <Listed signals={found.signals ?? []} earned={earned.data} trend={trend.data} />
          </Card>
        )}
      </Loaded>
    </>
  );
}

const None = (): VNode => (
  <>
    There are no signals yet. <a href={href(["configuration"])}>Write the first one.</a>
  </>
);

interface ListedSignals {
  signals: NonNullable<Config["signals"]>;
  earned: Conversions | undefined;
  trend: Trend | undefined;
}

function Listed({ signals, earned, trend }: ListedSignals): VNode {
  const detections = (id: string): number | undefined => trend && (trend.signals.find(({ signal }) => signal === id)?.detections ?? 0);
  const of = (id: string): ConversionRow | undefined => earned?.rows.find(({ signal }) => signal === id);
  const zero = earned ? 0 : undefined;
  return (
    <Sheet label="Signals">
      <thead>
        <tr>
          <th scope="col">Signal</th>
          <th scope="col">Detected when</th>
          <th scope="col" class="num">
            Weight
          </th>
          <th scope="col" class="num">
            Detections
          </th>
          <th scope="col" class="num">
            Prompts after it
          </th>
          <th scope="col" class="num">
            Tenants prompted
          </th>
          <th scope="col" class="num">
            Upgrades
          </th>
          <th scope="col" class="num">
            MRR won
          </th>
        </tr>
      </thead>
      <tbody>
        {signals.map(({ id, label, when, builtin, meter, feature, weight }) => (
          <tr key={id}>
            <th scope="row">
              <a href={href(["conversions"], { by: "signal", "is.signal": id })}>{label ?? id}</a>
              {label && <span class="note">{id}</span>}
            </th>
            <td class="rule">
              <code>{when ?? [builtin, meter ?? feature].filter(Boolean).join(": ")}</code>
            </td>
            <td class="num">{weight ?? "usual"}</td>
            <Num nil={!detections(id)}>{number(detections(id))}</Num>
            <Num nil={!of(id)?.touches}>{number(of(id)?.touches ?? zero)}</Num>
            <Num nil={!of(id)?.touched_tenants}>{number(of(id)?.touched_tenants ?? zero)}</Num>
            <Num nil={!of(id)?.conversions}>{number(of(id)?.conversions ?? zero)}</Num>
            <Num nil={!of(id)?.revenue}>{earned ? money(of(id)?.revenue ?? 0, earned.currency) : "–"}</Num>
          </tr>
        ))}
      </tbody>
    </Sheet>
  );
}
