// One tenant: how it stands, what has happened, what it is shown and why.

import type { VNode } from "preact";
import { part } from "../api/client";
import type { Tenant } from "../api/shapes";
import { Choice, Figure, Head, Lamp } from "../parts/bits";
import { date, number } from "../parts/format";
import { Loaded, useAnswer } from "../parts/load";
import { href, useRoute } from "../parts/router";
import { sentence } from "../parts/words";
import { TenantDecisions } from "./tenant-decisions";
import { TenantMail } from "./tenant-letters";
import { Standing } from "./tenant-standing";
import { TenantTimeline } from "./tenant-timeline";

const TABS = [
  ["standing", "Standing"],
  ["timeline", "Timeline"],
  ["decisions", "Decisions"],
  ["letters", "Letters"],
] as const;

export function TenantPage({ id }: { id: string }): VNode {
  const tab = useRoute().query.get("tab") ?? "standing";
  const tenant = useAnswer<Tenant>(`/v1/tenants/${part(id)}`);
  return (
    <>
      <Head title={id} up={<a href={href(["tenants"])}>Tenants</a>} />
      <section class="card" aria-label="In short">
        <Loaded of={tenant} lines={3}>
          {(found) => <InShort tenant={found} />}
        </Loaded>
      </section>
      <Choice name="tab" label="About this tenant" options={TABS} usual="standing" />
      {tab === "timeline" && <TenantTimeline id={id} />}
      {tab === "decisions" && <TenantDecisions id={id} />}
      {tab === "letters" && <TenantMail id={id} />}
      {tab === "standing" && (
        <Loaded of={tenant} lines={8}>
          {(found) => <Standing tenant={found} />}
        </Loaded>
      )}
    </>
  );
}

function InShort({ tenant: { score, plan, status, subscription, segments, live_connections: live } }: { tenant: Tenant }): VNode {
  const end = subscription?.current_period_end;
  return (
    <dl class="figures">
      <Figure lead label="Expansion score" value={number(score)} note="of 100" />
      <Figure
        label="Plan"
        value={plan?.name ?? "None"}
        note={<Lamp state={status} label={status ? sentence(status) : "No subscription"} />}
      />
      <Figure label={subscription?.cancel_at_period_end ? "Ends" : "Renews"} value={end ? date(end) : "–"} note={subscription?.customer} />
      <Figure
        label="Segments"
        value={number(segments.length)}
        note={segments.map(({ segment, label }) => label || segment).join(", ") || "in none"}
      />
      <Figure label="Open pages" value={number(live)} />
    </dl>
  );
}
