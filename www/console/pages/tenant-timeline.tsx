// What has happened to a tenant, the newest first.

import type { VNode } from "preact";
import { part } from "../api/client";
import type { Held, Timeline, TimelineEntry } from "../api/shapes";
import { Card, More, Time } from "../parts/bits";
import { duration, money, number } from "../parts/format";
import { Loaded, Refused } from "../parts/load";
import { usePages } from "../parts/pages";
import { usePlanNames } from "../parts/plan-names";
import { sentence } from "../parts/words";

type PlanName = (id: string | null) => string;

export function TenantTimeline({ id }: { id: string }): VNode {
  const planName = usePlanNames();
  const list = usePages<Timeline>(`/v1/tenants/${part(id)}/timeline`, (page) => page.next_cursor);
  return (
    <Card title="Timeline" wide>
      <Loaded of={list.first} lines={10} empty={({ entries }) => (entries.length === 0 ? "Nothing has happened yet." : undefined)}>
        {() => (
          <>
            <ol class="cues">
              {list
                .rows(({ entries }) => entries)
                .map((entry) => (
                  <li key={entry.seq}>
                    <Time at={entry.at} />
                    <div>
                      <b>{sentence(entry.type)}</b>
                      <p>{details(entry, planName)}</p>
                    </div>
                    <span class="fine">{entry.actor.kind === "user" ? entry.actor.user : sentence(entry.actor.kind)}</span>
                  </li>
                ))}
            </ol>
            <More next={list.next} busy={list.busy} more={list.more} />
            {list.refusal && <Refused refusal={list.refusal} again={list.more} />}
          </>
        )}
      </Loaded>
    </Card>
  );
}

/** What there is to say of an entry beyond its name. */
function details(entry: TimelineEntry, planName: PlanName): string {
  const { before, after, quoted, invoiced, currency, amount_due: due, duration_ms: took } = entry;
  const text = (name: string): string | undefined => (typeof entry[name] === "string" ? (entry[name] as string) : undefined);
  const said = [
    isHeld(before) && isHeld(after) ? `${held(before, planName)} → ${held(after, planName)}` : undefined,
    text("plan") && planName(text("plan") ?? null),
    ...["signal", "segment", "label", "sequence", "code", "detail", "subscription", "target", "report"].map(text),
    text("recipient") && `to ${text("recipient")}`,
    text("reason") && sentence(text("reason") ?? "").toLowerCase(),
    typeof entry.score === "number" ? `score ${number(entry.score)}` : undefined,
    typeof due === "number" ? `${money(due, String(currency ?? "usd"))} due` : undefined,
    typeof quoted === "number" && typeof invoiced === "number"
      ? quoted === invoiced
        ? "invoiced as quoted"
        : `invoiced ${number(Math.abs(invoiced - quoted))} minor units ${invoiced > quoted ? "more" : "less"} than quoted`
      : undefined,
    typeof took === "number" ? `in ${duration(took)}` : undefined,
  ];
  return said.filter(Boolean).join(" · ");
}

const isHeld = (value: unknown): value is Held => typeof value === "object" && value !== null && "plan" in value;

const held = ({ plan, quantity, status }: Held, planName: PlanName): string =>
  plan
    ? `${planName(plan)}${quantity > 1 ? ` × ${number(quantity)}` : ""}${status && status !== "active" ? ` (${status})` : ""}`
    : "nothing";
