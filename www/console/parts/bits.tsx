// The small parts that every page is set from.

import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";
import { table } from "../api/client";
import { ago, date, dateTime } from "./format";
import { asRefusal } from "./load";
import { go, here, href, useRoute } from "./router";
import { type Tone, sentence, tone } from "./words";

/** A page's head: where it is in the house, its name, what can be done on it. */
export function Head({
  title,
  lead,
  up,
  children,
}: {
  title: ComponentChildren;
  lead?: ComponentChildren;
  up?: VNode;
  children?: ComponentChildren;
}): VNode {
  return (
    <header class="head">
      <div>
        {up && <p class="up">{up}</p>}
        <h1 tabIndex={-1}>{title}</h1>
        {lead && <p class="lead">{lead}</p>}
      </div>
      {children && <div class="tools">{children}</div>}
    </header>
  );
}

/** A part of a page with a name. */
export function Card({
  title,
  tools,
  children,
  wide,
}: {
  title: string;
  tools?: ComponentChildren;
  children: ComponentChildren;
  wide?: boolean;
}): VNode {
  const id = `part-${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
  return (
    <section class={wide ? "card wide" : "card"} aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {tools}
      </div>
      {children}
    </section>
  );
}

/** A state as a stage lamp and a word; the word alone says it as well. */
export const Lamp = ({ state, label, as }: { state: string | null | undefined; label?: string | undefined; as?: Tone }): VNode =>
  state || label ? <span class={`lamp ${as ?? tone(state)}`}>{label ?? sentence(state ?? "")}</span> : <span>–</span>;

/** A moment: as long ago, or its date; the exact time for who points at it. */
export const Time = ({ at }: { at: number | null | undefined }): VNode =>
  at == null ? (
    <span>–</span>
  ) : (
    <time dateTime={new Date(at).toISOString()} title={dateTime(at)}>
      {Math.abs(Date.now() - at) < WEEK ? ago(at) : date(at)}
    </time>
  );

const WEEK = 604_800_000;

export const TenantLink = ({ tenant }: { tenant: string }): VNode => (
  <a class="tenant" href={href(["tenants", tenant])}>
    {tenant}
  </a>
);

/** One figure and what it means. */
export function Figure({
  label,
  value,
  note,
  lead,
}: {
  label: string;
  value: ComponentChildren;
  note?: ComponentChildren;
  lead?: boolean;
}): VNode {
  return (
    <div class={lead ? "figure first" : "figure"}>
      <dt>{label}</dt>
      <dd>
        <b>{value}</b>
        {note && <span class="note">{note}</span>}
      </dd>
    </div>
  );
}

/** A cell with a number; nothing is told softly, so that what is there stands out. */
export const Num = ({ children, nil }: { children: ComponentChildren; nil?: boolean }): VNode => (
  <td class={nil ? "num nil" : "num"}>{children}</td>
);

/** A choice of a few that is kept in the address. */
export function Choice({
  name,
  label,
  options,
  usual,
}: {
  name: string;
  label: string;
  options: readonly (readonly [value: string, words: string])[];
  usual: string;
}): VNode {
  const chosen = useRoute().query.get(name) ?? usual;
  return (
    <nav class="choice" aria-label={label}>
      {options.map(([value, words]) => (
        <a key={value} href={here({ [name]: value === usual ? undefined : value })} aria-current={value === chosen ? "true" : undefined}>
          {words}
        </a>
      ))}
    </nav>
  );
}

/** A choice of many that is kept in the address. */
export function Select({
  name,
  label,
  options,
  usual = "",
}: {
  name: string;
  label: string;
  options: readonly (readonly [value: string, words: string])[];
  usual?: string;
}): VNode {
  const { query } = useRoute();
  return (
    <label class="field">
      <span>{label}</span>
      <select
        value={query.get(name) ?? usual}
        onChange={(event) => go(here({ [name]: event.currentTarget.value === usual ? undefined : event.currentTarget.value }))}
      >
        {options.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

const DAY = 86_400_000;
const PERIODS = [
  ["7", "7 days"],
  ["30", "30 days"],
  ["90", "90 days"],
] as const;

/** The time that a page tells of. It begins with the minute, so that what is asked for at once is asked for alike. */
export function usePeriod(): { since: number; until: number; days: number } {
  const days = Number(PERIODS.find(([days]) => days === useRoute().query.get("days"))?.[0] ?? 30);
  const [until] = useState(() => Math.ceil(Date.now() / 60_000) * 60_000);
  return { since: until - days * DAY, until, days };
}

export const Period = (): VNode => <Choice name="days" label="Period" options={PERIODS} usual="30" />;

/** Pages of a list, one below the other. */
export const More = ({ next, busy, more }: { next: string | null | undefined; busy: boolean; more: () => void }): VNode | null =>
  next ? (
    <p class="more">
      <button type="button" disabled={busy} onClick={more}>
        {busy ? "Loading" : "Show more"}
      </button>
    </p>
  ) : null;

/** Saves what a path answers as a table. Fetched, since a plain link would not carry the key. */
export function SaveTable({ path, name }: { path: string; name: string }): VNode {
  const [said, setSaid] = useState("");
  const save = async (): Promise<void> => {
    setSaid("Preparing");
    await table(path).then(
      (blob) => (saveAs(blob, name), setSaid("")),
      (error: unknown) => setSaid(asRefusal(error).message),
    );
  };
  return (
    <span class="save">
      <button type="button" onClick={save}>
        Save as CSV
      </button>
      <span role="status">{said}</span>
    </span>
  );
}

/** Hands bytes to the browser as a file. */
export function saveAs(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Bars of one row each: a name, a share of the longest, a figure. It is a table, and reads as one. */
export function Bars({
  caption,
  rows,
  of,
}: {
  caption: string;
  rows: { key: string; name: ComponentChildren; value: number; shown: ComponentChildren; second?: number }[];
  of?: number;
}): VNode {
  const most = of ?? Math.max(1, ...rows.map(({ value, second = 0 }) => Math.max(value, second)));
  // What is little is still seen; nothing is not.
  const long = (value: number): string => (value > 0 ? `max(2px, ${Math.min(100, (value / most) * 100)}%)` : "0");
  return (
    <table class="bars">
      <caption class="unseen">{caption}</caption>
      <tbody>
        {rows.map(({ key, name, value, shown, second }) => (
          <tr key={key}>
            <th scope="row">{name}</th>
            <td class="track">
              <span class="bar" style={{ inlineSize: long(value) }} />
              {second !== undefined && <span class="bar second" style={{ inlineSize: long(second) }} />}
            </td>
            <td class="num">{shown}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A table that scrolls sideways by itself where it is too wide, also from the keyboard. */
export const Sheet = ({ label, children }: { label: string; children: ComponentChildren }): VNode => (
  <div class="sheet" role="group" aria-label={label} tabIndex={0}>
    <table>{children}</table>
  </div>
);
