// A quote in words and numbers: what changes, what it costs and why, what is gained and lost.

import type { LimitChange, Price, Quote } from "../../buying/types.js";
import { drawing, element } from "../dom.js";
import { ARROW, CHECK, CROSS } from "../icons.js";
import type { Speech } from "../speech.js";
import type { UpgradeMessages } from "./words.js";

export type Say = Speech<UpgradeMessages>;

/** Everything but the number of seats. `heldUntil`: by the device's clock. */
export function quoteParts(quote: Quote, heldUntil: number, say: Say): HTMLElement[] {
  return [
    ...warnings(quote, say),
    lines(quote, say),
    ...later(quote, heldUntil, say),
    ...changes("gained", CHECK, [...quote.features_gained.map(({ label }) => label), ...limits(quote.limits, true, say)], say),
    ...changes("lost", CROSS, [...quote.features_lost.map(({ label }) => label), ...limits(quote.limits, false, say)], say),
  ];
}

export function fromTo({ from, plan, price, quantity }: Quote, say: Say): HTMLElement {
  return element(
    "div",
    { class: "change", part: "change" },
    side(say.say("from"), from?.plan?.name ?? say.say("noPlan"), from?.price ?? null, from?.quantity ?? 1, say),
    drawing(ARROW) as unknown as HTMLElement,
    side(say.say("to"), plan.name, price, quantity, say),
  );
}

function side(which: string, plan: string, price: Price | null, n: number, say: Say): HTMLElement {
  const paid = price && (n > 1 ? say.say("times", { n: say.number(n), price: say.price(price) }) : say.price(price));
  return element(
    "div",
    {},
    element("span", { class: "muted small" }, which),
    element("b", { dir: "auto" }, plan),
    element("span", { class: "small number" }, paid ?? ""),
  );
}

function lines(quote: Quote, say: Say): HTMLElement {
  const { currency, subtotal, discount, tax, balance_applied } = quote;
  const row = (label: string, amount: number, kind = "line") =>
    element(
      "div",
      { class: kind, part: kind },
      element("dt", { dir: "auto" }, label),
      element("dd", { dir: "auto" }, say.money(amount, currency)),
    );
  const extras = [
    // Whichever sign it comes with, a discount is taken off.
    discount && row(say.say("discount"), -Math.abs(discount)),
    tax && row(say.say("tax"), tax),
    balance_applied && row(say.say("balance"), balance_applied),
  ].filter((line) => line !== 0);
  return element(
    "dl",
    { class: "lines", part: "lines" },
    ...quote.lines.map(({ description, amount, kind }) => row(description, amount, `line ${kind}`)),
    ...(extras.length && quote.lines.length > 1 ? [row(say.say("subtotal"), subtotal)] : []),
    ...extras,
    row(say.say("due"), quote.amount_due, "due"),
  );
}

function later({ next_invoice, currency, notes, flow, locked }: Quote, heldUntil: number, say: Say): HTMLElement[] {
  const said = notes.filter((note) => note in say.messages).map((note) => say.say(note));
  if (next_invoice)
    said.unshift(say.say("next", { amount: say.money(next_invoice.amount, currency), date: say.date(next_invoice.at) }));
  if (flow === "change") said.push(locked ? say.say("held", { time: say.time(heldUntil) }) : say.say("unlocked"));
  return [
    element(
      "div",
      { class: "stack muted small number", part: "notes" },
      ...said.map((text) => element("p", { dir: "auto" }, text)),
    ),
  ];
}

const warnings = ({ violations }: Quote, say: Say): HTMLElement[] =>
  violations.map(({ label, used, limit }) =>
    element(
      "p",
      { class: "warn", part: "violation" },
      say.say("tooSmall", { label, used: say.number(used), limit: say.number(limit) }),
    ),
  );

/** Limits that rise, or those that fall. */
function limits(all: readonly LimitChange[], rising: boolean, say: Say): string[] {
  const value = (limit: number | null) => (limit === null ? say.say("unlimited") : say.number(limit));
  const size = (limit: number | null) => limit ?? Infinity;
  return all
    .filter(({ before, after }) => size(after) > size(before) === rising)
    .map(({ label, before, after }) => say.say("limit", { label, before: value(before), after: value(after) }));
}

/** A headed list, when there is anything in it. */
function changes(title: "gained" | "lost", icon: string, items: string[], say: Say): HTMLElement[] {
  if (!items.length) return [];
  const tone = title === "gained" ? "yes" : "warn";
  const line = (text: string) =>
    element("li", {}, element("span", { class: tone }, drawing(icon)), element("span", { dir: "auto" }, text));
  return [
    element(
      "div",
      { class: "stack", part: title },
      element("h3", {}, say.say(title)),
      element("ul", { class: "list", role: "list" }, ...items.map(line)),
    ),
  ];
}

/** What is unlocked, by itself. */
export const gains = (change: Pick<Quote, "features_gained" | "limits">, say: Say): HTMLElement[] =>
  changes("gained", CHECK, [...change.features_gained.map(({ label }) => label), ...limits(change.limits, true, say)], say);

/** The button says what it costs. */
export function confirmText(quote: Quote, say: Say): string {
  const { flow, amount_due, total, currency } = quote;
  if (flow === "checkout") return say.say("payCheckout");
  if (amount_due > 0) return say.say(isSwitch(quote) ? "paySwitch" : "pay", { amount: say.money(amount_due, currency) });
  return total < 0 ? say.say("payCredit", { amount: say.money(-total, currency) }) : say.say("payNothing");
}

/** The plan stays, how it is paid for changes. */
export const isSwitch = ({ from, plan }: Quote): boolean => from?.plan?.id === plan.id;
