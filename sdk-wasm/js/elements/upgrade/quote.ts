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

/** Everything but the number of seats. `heldUntil`: by the device's clock. */
export const quoteParts = (quote: Quote, heldUntil: number, say: Speaks): Content => [
  violated(quote.violations, say),
  lines(quote, say),
  make("div:notes.stack.muted.small.number", paragraphs(notes(quote, heldUntil, say))),
  changes(quote, true, say),
  changes(quote, false, say),
];

export const paragraphs = (texts: readonly string[]): Content => texts.map((text) => text && make("p", text));

export function fromTo({ from, plan, price, quantity }: Quote, say: Speaks): HTMLElement {
  const side = (which: "from" | "to", plan: string, price: Price | null | undefined, n: number) =>
    make(
      "div",
      make("span.muted.small", say(which)),
      make("b", plan),
      make(
        "span.small.number",
        price && (n > 1 ? say("times", { n, price: priceText(say, price) }) : priceText(say, price)),
      ),
    );
  return make(
    "div:change",
    side("from", from?.plan?.name ?? say("noPlan"), from?.price, from?.quantity ?? 1),
    drawing(ARROW),
    side("to", plan.name, price, quantity),
  );
}

function lines(quote: Quote, say: Speaks): HTMLElement {
  const { discount, tax, balance_applied, lines } = quote;
  const row = (label: string, amount: number, spec = "div:line") =>
    make(spec, make("dt", label), make("dd.number", money(amount, quote.currency, say.locale)));
  // Whichever sign it comes with, a discount is taken off.
  const extra = Object.entries({ discount: -Math.abs(discount), tax, balance: balance_applied }).filter(([, amount]) => amount);
  return make(
    "dl:lines.stack",
    lines.map(({ description, amount, kind }) => row(description, amount, `div:line:${kind}`)),
    extra.length > 0 && lines.length > 1 && row(say("subtotal"), quote.subtotal),
    extra.map(([key, amount]) => row(say(key as "tax"), amount)),
    row(say("due"), quote.amount_due, "div:due"),
  );
}

function notes({ next_invoice: next, currency, notes, flow, locked }: Quote, heldUntil: number, say: Speaks): string[] {
  const time = new Date(heldUntil).toLocaleTimeString(say.locale, { timeStyle: "short" });
  return [
    next ? say("next", { amount: money(next.amount, currency, say.locale), date: new Date(next.at) }) : "",
    // Of a note that is new there are no words.
    ...notes.map((note) => say(note)),
    flow === "change" ? say(locked ? "held" : "unlocked", { time }) : "",
  ];
}

/** What is unlocked, or lost: features, and limits that rise or fall. */
export function changes(
  change: Pick<Quote, "features_gained" | "limits"> & Partial<Pick<Quote, "features_lost">>,
  gained: boolean,
  say: Speaks,
): Content {
  const value = (limit: number | null) => limit ?? say("unlimited");
  const size = (limit: number | null) => limit ?? Infinity;
  const items = [
    ...((gained ? change.features_gained : change.features_lost) ?? []).map(({ label }) => label),
    ...change.limits
      .filter(({ before, after }) => size(after) > size(before) === gained)
      .map(({ label, before, after }) => say("limit", { label, before: value(before), after: value(after) })),
  ];
  const title = gained ? "gained" : "lost";
  const icon = (gained: boolean) => make(gained ? "span.yes" : "span.warn", drawing(gained ? CHECK : CROSS));
  return (
    !!items.length &&
    make(
      `div:${title}.stack`,
      make("h3", say(title)),
      make(
        "ul.list.stack",
        { role: "list" },
        items.map((text) => make("li", icon(gained), make("span", text))),
      ),
    )
  );
}

/** The button says what it costs. */
export function confirmText(quote: Quote, say: Speaks): string {
  const { flow, amount_due: due, total, currency } = quote;
  const amount = money(due > 0 ? due : -total, currency, say.locale);
  if (flow === "checkout") return say("payCheckout");
  if (due > 0) return say(isSwitch(quote) ? "paySwitch" : "pay", { amount });
  return say(total < 0 ? "payCredit" : "payNothing", { amount });
}

/** The plan stays, how it is paid for changes. */
export const isSwitch = ({ from, plan }: Quote): boolean => from?.plan?.id === plan.id;

/** What is different in the quote that holds now. */
export function differences(old: Quote, fresh: Quote, say: Speaks): string[] {
  const amount = ({ amount_due, currency }: Quote) => money(amount_due, currency, say.locale);
  const price = (quote: Quote) => priceText(say, quote.price);
  const differs = (key: "staleAmount" | "stalePrice", text: (quote: Quote) => string) =>
    text(old) === text(fresh) ? [] : [say(key, { before: text(old), after: text(fresh) })];
  return [...differs("staleAmount", amount), ...differs("stalePrice", price), say("stale")];
}
