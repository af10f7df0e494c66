// Prices in words, for the plans and the dialog.

import type { Interval, Price } from "../buying/types.js";
import { money } from "../money.js";
import type { Say } from "./speech.js";

/** What a price is for. */
export interface PriceMessages {
  perDay: string;
  perWeek: string;
  perMonth: string;
  perYear: string;
  /** `{span}`, as "3 months" */
  perMany: string;
  usagePriced: string;
  /** `{used}`, `{limit}`, `{label}` */
  tooSmall: string;
  retry: string;
}

export const PRICES: PriceMessages = {
  perDay: "per day",
  perWeek: "per week",
  perMonth: "per month",
  perYear: "per year",
  perMany: "every {span}",
  usagePriced: "Priced by use",
  tooSmall: "Too small: {used} of {limit} {label} used",
  retry: "Try again",
};

const PER = { day: "perDay", week: "perWeek", month: "perMonth", year: "perYear" } as const;

/** "per month", "every 3 months". */
export function per(say: Say<PriceMessages>, { interval, interval_count: n }: { interval: Interval; interval_count: number }): string {
  if (n === 1) return say(PER[interval]);
  return say("perMany", { span: n.toLocaleString(say.locale, { style: "unit", unit: interval, unitDisplay: "long" }) });
}

/** "$99 per month". */
export const priceText = (say: Say<PriceMessages>, price: Price): string =>
  price.unit_amount === null
    ? say("usagePriced")
    : `${money(price.unit_amount, price.currency, say.locale, true)} ${per(say, price)}`;
