// What an element says: its messages filled in, and numbers, money and dates as the reader's language writes them.

import type { Interval, Price } from "../buying/types.js";
import { money } from "../money.js";
import { fill } from "./dom.js";

/** What a price is for. */
export interface PriceMessages {
  perDay: string;
  perWeek: string;
  perMonth: string;
  perYear: string;
  /** `{span}`, as "3 months" */
  perMany: string;
  usagePriced: string;
}

export const PRICES: PriceMessages = {
  perDay: "per day",
  perWeek: "per week",
  perMonth: "per month",
  perYear: "per year",
  perMany: "every {span}",
  usagePriced: "Priced by use",
};

const PER = { day: "perDay", week: "perWeek", month: "perMonth", year: "perYear" } as const;

type Values = Record<string, string>;

/** Messages may differ by number; each form has the key of the message with the form's name behind it, as `asked_one`. */
export class Speech<M extends PriceMessages> {
  readonly messages: M;
  readonly locale: string | undefined;

  constructor(locale: string | undefined, messages: M) {
    this.locale = locale;
    this.messages = messages;
  }

  say(key: keyof M & string, values: Values = {}): string {
    return fill(String(this.messages[key]), values);
  }

  /** The form of a message that goes with `n`: `key_one`, `key_few` … where there is one, or `key`. */
  count(key: keyof M & string, n: number, values: Values = {}): string {
    const form = `${key}_${new Intl.PluralRules(this.locale).select(n)}` as keyof M & string;
    return this.say(form in this.messages ? form : key, { n: this.number(n), ...values });
  }

  number(n: number): string {
    return n.toLocaleString(this.locale);
  }

  percent(n: number): string {
    return (n / 100).toLocaleString(this.locale, { style: "percent" });
  }

  money(amount: number, currency: string, short = false): string {
    return money(amount, currency, this.locale, short);
  }

  date(at: number): string {
    return new Date(at).toLocaleDateString(this.locale, { dateStyle: "medium" });
  }

  time(at: number): string {
    return new Date(at).toLocaleTimeString(this.locale, { timeStyle: "short" });
  }

  /** "per month", "every 3 months". */
  per({ interval, interval_count }: { interval: Interval; interval_count: number }): string {
    if (interval_count === 1) return this.say(PER[interval]);
    const span = interval_count.toLocaleString(this.locale, { style: "unit", unit: interval, unitDisplay: "long" });
    return this.say("perMany", { span });
  }

  /** "$99 per month". */
  price(price: Price): string {
    if (price.unit_amount === null) return this.say("usagePriced");
    return `${this.money(price.unit_amount, price.currency, true)} ${this.per(price)}`;
  }
}
