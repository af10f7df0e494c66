// Texts with values in them, as their reader's language writes them. What the edge filled in is marked: engine/src/template.rs.

import type { Text } from "./frame.js";

/** The text; `value` tells a value by its number. */
export function format(text: Text, value: (i: number) => number, locale: string | undefined): string {
  if (typeof text !== "string") {
    let whole = "";
    for (const piece of text) {
      whole += typeof piece === "string" ? format(piece, value, locale) : written(value(piece[0]), piece[1], locale);
    }
    return whole;
  }
  return text.replace(/\u0001(.)([^\u0002]*)\u0002/g, (_, kind: string, marked: string) =>
    kind === "t" ? marked : written(+marked, kind === "p", locale),
  );
}

/** The values that a text reads. */
export const reads = (text: Text): number[] =>
  typeof text === "string" ? [] : text.flatMap((piece) => (typeof piece === "string" ? [] : [piece[0]]));

const formatters = new Map<string, Intl.NumberFormat>();

/** Making a formatter takes longer than deciding. */
function written(value: number, percent: unknown, locale: string | undefined): string {
  const style = percent ? "percent" : "decimal";
  const name = style + locale;
  let made = formatters.get(name);
  if (!made) formatters.set(name, (made = new Intl.NumberFormat(locale, { style })));
  return made.format(percent ? value / 100 : value);
}
