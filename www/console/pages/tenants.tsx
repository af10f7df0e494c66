// All tenants: filtered, sorted, searched.

import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ask, query } from "../api/client";
import type { Catalogue, Segments, TenantRow, Tenants } from "../api/shapes";
import { Card, Head, Lamp, More, Select, Sheet, TenantLink, Time } from "../parts/bits";
import { count, number } from "../parts/format";
import { Loaded, Refused, useAnswer, useLoad } from "../parts/load";
import { usePages } from "../parts/pages";
import { go, here, useRoute } from "../parts/router";
import { usePlanNames } from "../parts/plan-names";
import { sentence } from "../parts/words";

const STATUSES = ["active", "trialing", "past_due", "incomplete", "incomplete_expired", "unpaid", "paused", "canceled"];

export function TenantsPage(): VNode {
  const { query: chosen } = useRoute();
  const catalogue = useAnswer<Catalogue>("/v1/catalog");
  const segments = useAnswer<Segments>("/v1/segments");
  const search = chosen.get("search") ?? "";
  const filters = {
    segment: chosen.get("segment"),
    plan: chosen.get("plan"),
    status: chosen.get("status"),
    sort: chosen.get("sort") ?? "score",
  };
  const plans = catalogue.data?.plans ?? [];
  const planName = usePlanNames();
  return (
    <>
      <Head title="Tenants" lead="The higher the expansion score, the readier for more." />
      <div class="controls">
        <Find />
        <Select
          name="sort"
          label="Sort"
          usual="score"
          options={[
            ["score", "By score"],
            ["tenant", "By name"],
          ]}
        />
        <Select
          name="segment"
          label="Segment"
          options={[["", "All"], ...(segments.data?.segments ?? []).map(({ segment, label }) => [segment, label ?? segment] as const)]}
        />
        <Select name="plan" label="Plan" options={[["", "All"], ...plans.map(({ id, name }) => [id, name] as const)]} />
        <Select
          name="status"
          label="Subscription"
          options={[["", "All"], ...STATUSES.map((status) => [status, sentence(status)] as const)]}
        />
      </div>
      {search ? <Found search={search} filters={filters} planName={planName} /> : <Listed filters={filters} planName={planName} />}
    </>
  );
}

type Filters = Record<string, string | null>;

/** The field for names; what is written in it is in the address with every letter. */
function Find(): VNode {
  const { query: chosen } = useRoute();
  const field = useRef<HTMLInputElement>(null);
  const value = chosen.get("search") ?? "";
  useEffect(() => {
    if (field.current && document.activeElement !== field.current) field.current.value = value;
  }, [value]);
  return (
    <label class="field grow">
      <span>Name</span>
      <input
        ref={field}
        type="search"
        defaultValue={value}
        spellcheck={false}
        maxLength={128}
        placeholder="Part of a name"
        onInput={(event) => go(here({ search: event.currentTarget.value.trim() || undefined }), true)}
      />
    </label>
  );
}

interface Listing {
  filters: Filters;
  planName: (id: string | null) => string;
}

function Listed({ filters, planName }: Listing): VNode {
  const list = usePages<Tenants>(query("/v1/tenants", { ...filters, limit: 100 }), (page) => page.next_cursor);
  return (
    <Card title="Tenants listed" wide>
      <Loaded
        of={list.first}
        lines={12}
        empty={({ tenants }) =>
          tenants.length === 0 ? "No tenant is known that fits. One appears with its first event or subscription." : undefined
        }
      >
        {() => (
          <>
            <Rows rows={list.rows(({ tenants }) => tenants)} planName={planName} />
            <More next={list.next} busy={list.busy} more={list.more} />
            {list.refusal && <Refused refusal={list.refusal} again={list.more} />}
          </>
        )}
      </Loaded>
    </Card>
  );
}

/** So many tenants are looked through for a name, and so many of those that fit are shown. */
const [AT_A_TIME, MOST_PAGES, MOST_SHOWN] = [500, 20, 200];

function Found({ search, filters, planName }: Listing & { search: string }): VNode {
  const all = useLoad(JSON.stringify(filters), (signal) => everybody(filters, signal));
  return (
    <Card title="Tenants found" wide>
      <Loaded of={all} lines={12}>
        {({ rows, isAll }) => {
          const found = rows.filter(({ tenant }) => tenant.toLowerCase().includes(search.toLowerCase()));
          return (
            <>
              <p class="fine" role="status">
                {count(found.length, "tenant")} of {number(rows.length)} {found.length === 1 ? "has" : "have"} “{search}” in the name.
                {found.length > MOST_SHOWN && ` The first ${MOST_SHOWN} are shown.`}
                {!isAll && " There are more tenants than were looked through: write the whole name to open one."}
              </p>
              {found.length > 0 && <Rows rows={found.slice(0, MOST_SHOWN)} planName={planName} />}
              {!found.some(({ tenant }) => tenant === search) && (
                <p>
                  Open <TenantLink tenant={search} /> by its whole name.
                </p>
              )}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}

/** The API has no search, so the names are looked through here; of very many, the first ones. */
async function everybody(filters: Filters, signal: AbortSignal): Promise<{ rows: TenantRow[]; isAll: boolean }> {
  const rows: TenantRow[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const found: Tenants = await ask<Tenants>(query("/v1/tenants", { ...filters, limit: AT_A_TIME, cursor }), { signal });
    rows.push(...found.tenants);
    cursor = found.next_cursor;
    if (!cursor) return { rows, isAll: true };
  }
  return { rows, isAll: false };
}

function Rows({ rows, planName }: { rows: TenantRow[]; planName: Listing["planName"] }): VNode {
  return (
    <Sheet label="Tenants">
      <thead>
        <tr>
          <th scope="col">Tenant</th>
          <th scope="col" class="num">
            Score
          </th>
          <th scope="col">
            <span class="unseen">Score as a bar</span>
          </th>
          <th scope="col">Plan</th>
          <th scope="col">Subscription</th>
          <th scope="col">Segments</th>
          <th scope="col">Last seen</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ tenant, score, plan, status, segments, seen_at }) => (
          <tr key={tenant}>
            <th scope="row">
              <TenantLink tenant={tenant} />
            </th>
            <td class="num">{number(score)}</td>
            <td class="track">
              <span class="bar" style={{ inlineSize: `${Math.min(100, score ?? 0)}%` }} />
            </td>
            <td>{planName(plan)}</td>
            <td>
              <Lamp state={status} />
            </td>
            <td>{segments.length > 0 ? segments.map(sentence).join(", ") : "–"}</td>
            <td>
              <Time at={seen_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </Sheet>
  );
}
