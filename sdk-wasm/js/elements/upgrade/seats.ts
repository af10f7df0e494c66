import { element } from "../dom.js";
import type { Say } from "./quote.js";

/** How many: a number with a step down and a step up. Its changes are heard as `change` of the input. */
export function seats(n: number, say: Say): HTMLElement {
  const input = element("input", {
    id: "seats",
    type: "number",
    min: "1",
    step: "1",
    inputmode: "numeric",
    value: String(n),
    "data-key": "seats",
  });
  const step = (key: "fewer" | "more", sign: string) =>
    element("button", { type: "button", "aria-label": say.say(key), "data-act": key, "data-key": key }, sign);
  return element(
    "div",
    { class: "seats", part: "seats" },
    element("label", { for: "seats" }, say.say("seats")),
    element("div", {}, step("fewer", "−"), input, step("more", "+")),
  );
}
