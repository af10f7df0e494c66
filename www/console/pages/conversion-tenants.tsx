// The upgrades behind one number.

import type { VNode } from "preact";
import { query } from "../api/client";
import { type Conversion, type ConversionTenants, DIMENSIONS, type Dimension } from "../api/shapes";
import { Card, More, Sheet, TenantLink, Time } from "../parts/bits";
import { money, percent } from "../parts/format";
import { Loaded, Refused } from "../parts/load";
import { usePages } from "../parts/pages";
import { usePlanNames } from "../parts/plan-names";
import { here, useRoute } from "../parts/router";
import { CHANNELS, named, word } from "../parts/words";

/** The upgrades behind the number that the address names. */
export function Behind({ by, asked }: { by: Dimension[]; asked: Record<string, string | number | null> }): VNode | null {
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
  const list = usePages<ConversionTenants>(path, (page) => page.next_cursor);
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
  of: { tenant, at, from, to, before, after, currency, touches },
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
    <td>
      {touches.length === 0
        ? "None"
        : touches.map((touch, i) => (
            <span key={i} class="line">
              {touch.campaign}
              {touch.variant && ` (${touch.variant})`}, {word(CHANNELS, touch.channel).toLowerCase()}, <Time at={touch.at} /> ·{" "}
              {percent(touch.share)}
            </span>
          ))}
    </td>
  </tr>
);
