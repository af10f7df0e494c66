// What an element says: its messages filled in, with numbers and dates as the reader's language writes them.

import { now } from "../host.js";

/** What goes into the holes of a message. */
export type Values = Readonly<Record<string, string | number | Date | undefined>>;

/** Says a message, with its `{holes}` filled; the form by number is that of `{n}`. */
export interface Say<M> {
  (key: keyof M & string, values?: Values): string;
  readonly locale: string | undefined;
}

/** Messages may differ by number; each form has the key of the message with the form's name behind it, as `asked_one`. */
export function speech<M extends object>(locale: string | undefined, messages: M): Say<M> {
  const known = messages as Record<string, string>;
  const spell = (value: Values[string]) =>
    typeof value === "number" ? value.toLocaleString(locale) : value instanceof Date ? day(value, locale) : value;
  const say = (key: string, values: Values = {}) => {
    const { n } = values;
    const form = typeof n === "number" ? `_${new Intl.PluralRules(locale).select(n)}` : "";
    const message = known[key + form] ?? known[key] ?? "";
    return message.replace(/\{(\w+)\}/g, (hole, name: string) => spell(values[name]) ?? hole);
  };
  return Object.assign(say, { locale });
}

/** "Dec 1", and the year where it is not this one. */
const day = (date: Date, locale: string | undefined): string =>
  date.toLocaleDateString(locale, {
    month: "short",
    day: "numeric",
    year: date.getFullYear() === new Date(now()).getFullYear() ? undefined : "numeric",
  });
