// A quote in words and numbers: what changes, what it costs and why, what is gained and lost.

import type { Price, Quote } from "../../buying/types.js";
import { money } from "../../money.js";
import { type Content, drawing, make } from "../dom.js";
import { ARROW, CHECK, CROSS } from "../icons.js";
import { violated } from "../parts.js";
import { priceText } from "../prices.js";
import type { Say } from "../speech.js";
import type { UpgradeMessages } from "./words.js";

export type Speaks = Say<UpgradeMessages>;

export const paragraphs = (texts: readonly string[]): Content => texts.map((text) => text && make("p", text));

/** `heldUntil`: by the device's clock. `seats`: what their number is changed with. */
export function quoteParts(quote: Quote, heldUntil: number, seats: Content, say: Speaks): Content {
  const { from, plan, price, quantity, currency, discount, tax, balance_applied, lines, next_invoice: next } = quote;
  const { locale } = say;
  const cash = (amount: number) => money(amount, currency, locale);

  const side = (which: "from" | "to", plan: string, price: Price | null | undefined, n: number) =>
    make(
      "div",
      make("span.muted.small", say(which)),
      make("b", plan),
      make("span.small.number", price && (n > 1 ? say("times", { n, price: priceText(say, price) }) : priceText(say, price))),
    );

  const row = (label: string, amount: number, spec = "div:line") => make(spec, make("dt", label), make("dd.number", cash(amount)));
  // Whichever sign it comes with, a discount is taken off.
  const extra = Object.entries({ discount: -Math.abs(discount), tax, balance: balance_applied }).filter(([, amount]) => amount);
  const time = new Date(heldUntil).toLocaleTimeString(locale, { timeStyle: "short" });

  return [
    make(
      "div:change",
      side("from", from?.plan?.name ?? say("noPlan"), from?.price, from?.quantity ?? 1),
      drawing(ARROW),
      side("to", plan.name, price, quantity),
    ),
    seats,
    violated(quote.violations, say),
    make(
      "dl:lines.stack",
      lines.map(({ description, amount, kind }) => row(description, amount, `div:line:${kind}`)),
      extra.length > 0 && lines.length > 1 && row(say("subtotal"), quote.subtotal),
      extra.map(([key, amount]) => row(say(key as "tax"), amount)),
      row(say("due"), quote.amount_due, "div:due"),
    ),
    make(
      "div:notes.stack.muted.small.number",
      paragraphs([
        next ? say("next", { amount: cash(next.amount), date: new Date(next.at) }) : "",
        // Of a note that is new there are no words.
        ...quote.notes.map((note) => say(note)),
        quote.flow === "change" ? say(quote.locked ? "held" : "unlocked", { time }) : "",
      ]),
    ),
    changes(quote, "gained", say),
    changes(quote, "lost", say),
  ];
}

/** What is unlocked, or lost: features, and limits that rise or fall. */
export function changes(
  change: Pick<Quote, "features_gained" | "features_lost" | "limits">,
  which: "gained" | "lost",
  say: Speaks,
): Content {
  const gained = which === "gained";
  const value = (limit: number | null) => limit ?? say("unlimited");
  const size = (limit: number | null) => limit ?? Infinity;
  const texts = [
    ...(change[`features_${which}`] ?? []).map(({ label }) => label),
    ...change.limits
      .filter(({ before, after }) => size(after) > size(before) === gained)
      .map(({ label, before, after }) => say("limit", { label, before: value(before), after: value(after) })),
  ];
  const item = (text: string) => make("li", make(gained ? "span.yes" : "span.warn", drawing(gained ? CHECK : CROSS)), make("span", text));
  return (
    !!texts.length &&
    make(`div:${which}.stack`, make("h3", say(which)), make("ul.list.stack", { role: "list" }, texts.map(item)))
  );
}

/** The button says what it costs. */
export function confirmText(quote: Quote, say: Speaks): string {
  const { flow, amount_due: due, total, currency } = quote;
  const amount = money(due > 0 ? due : -total, currency, say.locale);
  return say(
    flow === "checkout"
      ? "payCheckout"
      : due > 0
        ? isSwitch(quote)
          ? "paySwitch"
          : "pay"
        : total < 0
          ? "payCredit"
          : "payNothing",
    { amount },
  );
}

/** The plan stays, how it is paid for changes. */
export const isSwitch = ({ from, plan }: Quote): boolean => from?.plan?.id === plan.id;

/** What is different in the quote that holds now. */
export function differences(old: Quote, fresh: Quote, say: Speaks): string[] {
  const differs = (key: "staleAmount" | "stalePrice", text: (quote: Quote) => string) =>
    text(old) === text(fresh) ? [] : [say(key, { before: text(old), after: text(fresh) })];
  return [
    ...differs("staleAmount", ({ amount_due, currency }) => money(amount_due, currency, say.locale)),
    ...differs("stalePrice", ({ price }) => priceText(say, price)),
    say("stale"),
  ];
}
