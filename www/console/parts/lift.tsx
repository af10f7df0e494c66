// What prompting has added beside the control group, and how sure that is.

import type { VNode } from "preact";
import type { Arm, Interval, Lift } from "../api/shapes";
import { duration, money, number, percent, points } from "./format";

/** The report's own sentence, under the alarm where the arms are not as large as they were meant to be. */
export function LiftWords({ lift }: { lift: Lift }): VNode {
  return (
    <>
      {lift.sample_ratio?.mismatch && (
        <p class="alarm" role="alert">
          <b>Sample ratio mismatch.</b> The arms should be {percent(lift.sample_ratio.expected)} treated and are{" "}
          {percent(lift.sample_ratio.found)}. Something keeps tenants out of one arm; until it is found, believe no difference below.
        </p>
      )}
      <p class="verdict">{lift.summary}</p>
    </>
  );
}

export function LiftFigures({ lift }: { lift: Lift }): VNode {
  return (
    <>
      <LiftWords lift={lift} />
      {lift.interval && <Whisker interval={lift.interval} value={lift.difference} />}
      <div class="sheet" role="group" aria-label="The two arms" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Arm</th>
              <th scope="col" class="num">
                Tenants
              </th>
              <th scope="col" class="num">
                Upgraded
              </th>
              <th scope="col" class="num">
                Share
              </th>
              <th scope="col" class="num" title={`Their ${duration(lift.window_ms)} are not over yet`}>
                Waiting
              </th>
            </tr>
          </thead>
          <tbody>
            <ArmRow name="Prompted" arm={lift.treated} />
            <ArmRow name="Control group" arm={lift.control} />
          </tbody>
        </table>
      </div>
      <p class="fine">
        Difference {points(lift.difference)}
        {lift.relative !== null && `, ${percent(lift.relative)} relative`}
        {lift.relative_interval && ` (${percent(lift.relative_interval[0])} to ${percent(lift.relative_interval[1])})`}
        {lift.revenue &&
          Number.isFinite(lift.revenue.per_tenant) &&
          `; ${money(Math.round(lift.revenue.per_tenant), lift.revenue.currency)} a month per tenant`}
        . The interval holds at {percent(lift.confidence, 0)} however often it is looked at.
      </p>
    </>
  );
}

const ArmRow = ({ name, arm }: { name: string; arm: Arm }): VNode => (
  <tr>
    <th scope="row">{name}</th>
    <td class="num">{number(arm.tenants)}</td>
    <td class="num">{number(arm.converted)}</td>
    <td class="num">{percent(arm.rate)}</td>
    <td class="num">{number(arm.waiting)}</td>
  </tr>
);

/** The interval as a line over zero, and in words. */
function Whisker({ interval: [low, high], value }: { interval: Interval; value: number }): VNode {
  const reach = Math.max(Math.abs(low), Math.abs(high), 0.001) * 1.15;
  const at = (difference: number): number => 50 + (difference / reach) * 50;
  return (
    <figure class="whisker" aria-label={`Between ${points(low)} and ${points(high)}`}>
      <div aria-hidden="true">
        <i class="zero" />
        <i class={low > 0 ? "reach sure" : "reach"} style={{ insetInlineStart: `${at(low)}%`, inlineSize: `${at(high) - at(low)}%` }} />
        <i class="middle" style={{ insetInlineStart: `${at(value)}%` }} />
      </div>
      <figcaption>
        <span>{points(-reach)}</span>
        <span>no difference</span>
        <span>{points(reach)}</span>
      </figcaption>
    </figure>
  );
}
