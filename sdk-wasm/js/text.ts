// Texts with numbers in them, as their reader's language writes them.

import type { Text } from "./frame.js";

/** The text, which is in pieces or is one; `value` tells a value by its place. */
export const format = (text: Text, value: (i: number) => number, locale: string | undefined): string =>
  ([text].flat() as Exclude<Text, string>[number][])
    .map((piece) => (typeof piece === "string" ? piece : written(piece[2] ? piece[0] : value(piece[0]), piece[1], locale)))
    .join("");

const formatters: Record<string, Intl.NumberFormat> = {};

/**
 * A page's first formatter takes longer to make than the whole way from a kept snapshot to a decision, and whole numbers in English need
 * none; any later one still takes longer than deciding.
 */
function written(value: number, percent: unknown, locale: string | undefined): string {
  if (/^en(-GB|-US)? \d+$/.test(`${locale} ${value}`)) return `${value}`.replace(/\B(?=(\d{3})+$)/g, ",") + (percent ? "%" : "");
  const style = percent ? "percent" : "decimal";
  return (formatters[style + locale] ??= new Intl.NumberFormat(locale, { style })).format(percent ? value / 100 : value);
}
