// From who could be prompted to who upgraded. Steps are counted by themselves, so each is a share of the first: who is quoted need not
// have clicked.

import type { VNode } from "preact";
import type { FunnelStep } from "../api/shapes";
import { money, number, share } from "./format";
import { here } from "./router";
import { STEPS, word } from "./words";

export function FunnelBars({ steps, currency }: { steps: FunnelStep[]; currency: string }): VNode {
  const first = steps[0]?.tenants ?? 0;
  return (
    <table class="bars funnel">
      <caption class="unseen">Funnel: tenants at each step</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">Step</th>
          <td />
          <th scope="col">Tenants</th>
          <th scope="col">Share of the first step</th>
        </tr>
      </thead>
      <tbody>
        {steps.map(({ step, tenants, revenue }, i) => (
          <tr key={step}>
            <th scope="row">
              <a href={here({ step })}>{word(STEPS, step)}</a>
            </th>
            <td class="track">
              <span class="bar" style={{ inlineSize: `${first > 0 ? Math.min(100, (tenants / first) * 100) : 0}%` }} />
            </td>
            <td class="num">
              {number(tenants)}
              {revenue !== undefined && <span class="note">{money(revenue, currency)}</span>}
            </td>
            <td class="num fine">{i > 0 ? share(tenants, first) : ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
