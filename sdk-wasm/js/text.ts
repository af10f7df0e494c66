// Texts with numbers in them, as their reader's language writes them.

import type { Text } from "./frame.js";

/** The text; `value` tells a value by its place. */
export const format = (text: Text, value: (i: number) => number, locale: string | undefined): string =>
  pieces(text)
    .map((piece) => (typeof piece === "string" ? piece : written(piece[2] ? piece[0] : value(piece[0]), piece[1], locale)))
    .join("");

/** The values that a text reads. */
export const reads = (text: Text): number[] => pieces(text).flatMap((piece) => (typeof piece === "string" || piece[2] ? [] : piece[0]));

/** A text that is not in pieces is one. */
const pieces = (text: Text) => [text].flat() as Exclude<Text, string>[number][];

const formatters = new Map<string, Intl.NumberFormat>();

/** Making a formatter takes longer than deciding. */
function written(value: number, percent: unknown, locale: string | undefined): string {
  const style = percent ? "percent" : "decimal";
  const name = style + locale;
  let made = formatters.get(name);
  if (!made) formatters.set(name, (made = new Intl.NumberFormat(locale, { style })));
  return made.format(percent ? value / 100 : value);
}
