// Segments, and who is in one now.

import type { VNode } from "preact";
import { part, query } from "../api/client";
import type { Segment, Segments as All } from "../api/shapes";
import { Card, Head, Lamp, More, SaveTable, Sheet, TenantLink, Time } from "../parts/bits";
import { count, number } from "../parts/format";
import { Loaded, Refused, useAnswer } from "../parts/load";
import { usePages } from "../parts/pages";
import { usePlanNames } from "../parts/plan-names";
import { href } from "../parts/router";

export function Segments({ id }: { id: string | undefined }): VNode {
  const all = useAnswer<All>("/v1/segments");
  const shown = id ?? all.data?.segments[0]?.segment;
  return (
    <>
      <Head title="Segments" lead="Who is in which segment now." />
      <Loaded of={all} lines={6} empty={({ segments }) => (segments.length === 0 ? <None /> : undefined)}>
        {({ segments }) => (
          <>
            <nav class="choice" aria-label="Segment">
              {segments.map(({ segment, label, members }) => (
                <a key={segment} href={href(["segments", segment])} aria-current={segment === shown ? "true" : undefined}>
                  {label ?? segment} <span class="tally">{number(members)}</span>
                </a>
              ))}
            </nav>
            {shown && <Members key={shown} id={shown} />}
          </>
        )}
      </Loaded>
    </>
  );
}

const None = (): VNode => (
  <>
    There are no segments yet. <a href={href(["configuration"])}>Write the first one.</a>
  </>
);

function Members({ id }: { id: string }): VNode {
  const path = `/v1/segments/${part(id)}`;
  const list = usePages<Segment>(query(path, { limit: 100 }), (page) => page.next_cursor);
  const planName = usePlanNames();
  const page = list.first.data;
  return (
    <Card title={page ? (page.label ?? id) : id} wide tools={<SaveTable path={query(path, { format: "csv" })} name={`${id}.csv`} />}>
      <Loaded of={list.first} lines={8} empty={({ members }) => (members.length === 0 ? "Nobody is in this segment now." : undefined)}>
        {({ total }) => (
          <>
            <p class="fine">{count(total, "member")}, the highest score first.</p>
            <Sheet label="Members">
              <thead>
                <tr>
                  <th scope="col">Tenant</th>
                  <th scope="col" class="num">
                    Score
                  </th>
                  <th scope="col">Member since</th>
                  <th scope="col">Plan</th>
                  <th scope="col">Subscription</th>
                  <th scope="col">Last seen</th>
                </tr>
              </thead>
              <tbody>
                {list
                  .rows(({ members }) => members)
                  .map((member) => (
                    <tr key={member.tenant}>
                      <th scope="row">
                        <TenantLink tenant={member.tenant} />
                      </th>
                      <td class="num">{number(member.score)}</td>
                      <td>
                        <Time at={member.since} />
                      </td>
                      <td>{planName(member.plan)}</td>
                      <td>
                        <Lamp state={member.status} />
                      </td>
                      <td>
                        <Time at={member.seen_at} />
                      </td>
                    </tr>
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
