// How much of a meter is used, and where the pace leads.

import type { VNode } from "preact";
import type { Meter } from "../api/shapes";
import { date, number, percent } from "./format";

/** A meter against its limit; where the pace leads by the end of the period is a mark on it. */
export function Usage({
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
