// What the dialog shows, one scene at a time: a title, a body, and the buttons below.

import type { Quote, RequiresAction, Upgraded } from "../../buying/types.js";
import { money } from "../../money.js";
import { type Content, make } from "../dom.js";
import { press } from "../parts.js";
import { type Speaks, changes, confirmText, fromTo, isSwitch, paragraphs, quoteParts } from "./quote.js";
import type { UpgradeMessages } from "./words.js";

/** What went wrong, in the Worker's words. */
export interface Problem {
  readonly code: string;
  readonly detail?: string | undefined;
  readonly url?: string | undefined;
  /** Of the answer; a word where an upgrade ended badly. */
  readonly status?: number | string;
}

/** Said above a quote. */
export interface Notice {
  readonly title: string;
  readonly lines: readonly string[];
  readonly bad?: boolean;
  /** A page that mends it. */
  readonly url?: string | undefined;
}

export type Scene =
  | { readonly kind: "loading" | "checking" | "waiting" }
  | {
      readonly kind: "quote";
      readonly quote: Quote;
      readonly heldUntil: number;
      readonly notice?: Notice | undefined;
      /** A new quote is on its way, or the upgrade is. */
      readonly waiting?: "quote" | "upgrade";
      readonly seats: boolean;
    }
  | { readonly kind: "refused"; readonly notice: Notice; readonly retry: boolean }
  | { readonly kind: "leaving"; readonly result: RequiresAction; readonly returned: boolean }
  | { readonly kind: "done"; readonly result: Upgraded };

/** What buttons do. */
export interface Acts {
  close(): void;
  confirm(): void;
  retry(): void;
  again(): void;
  resize(quantity: number): void;
}

/** The title, the body, the buttons, and what is read out where no alert says it. */
export type Drawing = readonly [title: string, body: Content, actions: readonly Content[], status: string];

export function drawScene(scene: Scene, say: Speaks, acts: Acts): Drawing {
  const close = (text: "close" | "cancel" | "finish", primary = false) => press("close", say(text), primary, { click: acts.close });
  switch (scene.kind) {
    case "loading":
    case "checking":
      return [say(scene.kind), make("i"), [], say(scene.kind)];
    case "quote":
      return drawQuote(scene, say, acts);
    case "waiting":
      return told(say("waiting"), [say("waitingHelp")], close("close"), press("again", say("again"), true, { click: acts.again }));
    case "refused": {
      const { notice, retry } = scene;
      const { title, lines, url } = notice;
      const again = retry && press("retry", say("retry"), true, { click: acts.retry });
      return told(title, lines, close("close", !url && !again), mend(url, say, true), again);
    }
    case "leaving": {
      const { reason, url } = scene.result;
      const lines = [scene.returned ? say(reason) : "", say(`${reason}Help`)];
      const title = say(scene.returned ? "unfinished" : reason);
      return told(title, lines, close("cancel"), press("go", say("go"), true, { href: url }));
    }
    case "done": {
      const { amount_charged: n, currency, plan } = scene.result;
      const charged = say(n > 0 ? "charged" : "chargedNothing", { amount: money(n, currency, say.locale) });
      const body = [make("p:charged.muted", charged), changes(scene.result, true, say)];
      return [say("done", { plan: plan.name }), body, [close("finish", true)], charged];
    }
  }
}

function drawQuote(scene: Scene & { kind: "quote" }, say: Speaks, acts: Acts): Drawing {
  const { quote, notice, waiting } = scene;
  const busy = waiting === "upgrade";
  const status = waiting ? say(busy ? "busy" : "loading") : "";
  return [
    say(isSwitch(quote) ? "titleSwitch" : "title", { plan: quote.plan.name }),
    [
      notice &&
        make(
          `div:notice${notice.bad ? ":bad" : ""}.box.stack`,
          { role: "alert" },
          make("b", notice.title),
          paragraphs(notice.lines),
          mend(notice.url, say),
        ),
      fromTo(quote, say),
      scene.seats && seats(quote.quantity, say, acts),
      quoteParts(quote, scene.heldUntil, say),
    ],
    [
      press("close", say("cancel"), false, { click: acts.close, "aria-disabled": busy && "true" }),
      press("confirm", status || confirmText(quote, say), true, { click: acts.confirm, "aria-disabled": waiting && "true" }),
    ],
    status,
  ];
}

/** How many: a number with a step down and a step up. */
function seats(n: number, say: Speaks, { resize }: Acts): HTMLElement {
  const change = () => resize(input.valueAsNumber);
  const input = make<HTMLInputElement>("input.number", {
    id: "seats",
    type: "number",
    min: "1",
    inputmode: "numeric",
    value: `${n}`,
    "data-key": "seats",
    change,
  });
  const step = (key: "fewer" | "more", sign: string, way: "stepDown" | "stepUp") => {
    const click = () => {
      input[way]();
      change();
    };
    return make("button.round", { "aria-label": say(key), "data-key": key, click }, sign);
  };
  return make(
    "div:seats.row",
    make("label", { for: "seats" }, say("seats")),
    make("div.row", step("fewer", "−", "stepDown"), input, step("more", "+", "stepUp")),
  );
}

const mend = (url: string | undefined, say: Speaks, primary = false): Content =>
  url && press("mend", say("mend"), primary, { href: url });

const told = (title: string, lines: readonly string[], ...actions: Content[]): Drawing => [
  title,
  paragraphs(lines),
  actions,
  lines.join(" "),
];

/** What a refusal says, and what may be done about it. */
export function refusal({ code, detail, url }: Problem, say: Speaks): Notice {
  if (code === "already_on_plan") return { title: say("already"), lines: [say("alreadyHelp")] };
  if (code === "network") return { title: say("failed"), lines: [say("failedHelp")] };
  const help = HELP[code] ?? "failedHelp";
  const lines = [help === "forbidden" ? "" : (detail ?? ""), say(help)];
  return { title: say(code === "payment_failed" ? "declined" : "failed"), lines, bad: true, url };
}

const HELP: Record<string, keyof UpgradeMessages> = {
  payment_failed: "declinedHelp",
  forbidden_role: "forbidden",
  upgrade_in_progress: "inProgress",
};
