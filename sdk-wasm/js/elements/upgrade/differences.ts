import type { Quote } from "../../buying/types.js";
import type { Say } from "./quote.js";
import type { Notice } from "./scenes.js";

/** What is different in the quote that holds now. */
export function differences(before: Quote, after: Quote, say: Say): Notice {
  const lines: string[] = [];
  const amount = ({ amount_due, currency }: Quote) => say.money(amount_due, currency);
  if (amount(before) !== amount(after)) lines.push(say.say("staleAmount", { before: amount(before), after: amount(after) }));
  if (say.price(before.price) !== say.price(after.price)) {
    lines.push(say.say("stalePrice", { before: say.price(before.price), after: say.price(after.price) }));
  }
  return { title: say.say("staleTitle"), lines: [...lines, say.say("stale")] };
}
