// Texts with numbers in them, as their reader's language writes them.

import type { Text } from "./frame.js";

/** The text, which is in pieces or is one; `value` tells a value by its place. */
export const format = (text: Text, value: (i: number) => number, locale: string | undefined): string =>
  ([text].flat() as Exclude<Text, string>[number][])
    .map((piece) => (typeof piece === "string" ? piece : written(piece[2] ? piece[0] : value(piece[0]), piece[1], locale)))
    .join("");

const formatters = new Map<string, Intl.NumberFormat>();

/** Making a formatter takes longer than deciding. */
function written(value: number, percent: unknown, locale: string | undefined): string {
  const style = percent ? "percent" : "decimal";
  const name = style + locale;
  let made = formatters.get(name);
  if (!made) formatters.set(name, (made = new Intl.NumberFormat(locale, { style })));
  return made.format(percent ? value / 100 : value);
}
