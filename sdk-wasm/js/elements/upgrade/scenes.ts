// What the dialog shows, one scene at a time: a title, a body, and the buttons below.

import type { Quote, RequiresAction, Upgraded } from "../../buying/types.js";
import { money } from "../../money.js";
import { type Content, make } from "../dom.js";
import { press } from "../parts.js";
import { type Speaks, changes, confirmText, isSwitch, paragraphs, quoteParts } from "./quote.js";
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
  readonly title_: string;
  readonly lines_: readonly string[];
  readonly bad_?: boolean;
  /** A page that mends it. */
  readonly url_?: string | undefined;
}

export type Scene =
  | { readonly kind_: "loading" | "checking" | "waiting" }
  | {
      readonly kind_: "quote";
      readonly quote_: Quote;
      readonly heldUntil_: number;
      readonly notice_?: Notice | undefined;
      /** A new quote is on its way, or the upgrade is. */
      readonly waiting_?: "quote" | "upgrade";
      readonly seats_: boolean;
    }
  | { readonly kind_: "refused"; readonly notice_: Notice; readonly retry_: boolean }
  | { readonly kind_: "leaving"; readonly result_: RequiresAction; readonly returned_: boolean }
  | { readonly kind_: "done"; readonly result_: Upgraded };

/** What buttons do. */
export interface Acts {
  close_(): void;
  confirm_(): void;
  retry_(): void;
  again_(): void;
  resize_(quantity: number): void;
}

/** The title, the body, the buttons, and what is read out where no alert says it. */
export type Drawing = readonly [title: string, body: Content, actions: readonly Content[], status: string];

export function drawScene(scene: Scene, say: Speaks, acts: Acts): Drawing {
  const close = (text: "close" | "cancel" | "finish", primary = false, busy = false) =>
    press("close", say(text), primary, { click: acts.close_, "aria-disabled": busy && "true" });
  const mend = (url: string | undefined, primary = false): Content => url && press("mend", say("mend"), primary, { href: url });
  const told = (title: string, lines: readonly string[], ...actions: Content[]): Drawing => [
    title,
    paragraphs(lines),
    actions,
    lines.join(" "),
  ];
  switch (scene.kind_) {
    case "quote": {
      const { quote_: quote, notice_: notice, waiting_: waiting, seats_: seats, heldUntil_: heldUntil } = scene;
      const busy = waiting === "upgrade";
      const status = waiting ? say(busy ? "busy" : "loading") : "";
      return [
        say(isSwitch(quote) ? "titleSwitch" : "title", { plan: quote.plan.name }),
        [
          notice &&
            make(
              `div:notice${notice.bad_ ? ":bad" : ""}.box.panel.stack`,
              { role: "alert" },
              make("b", notice.title_),
              paragraphs(notice.lines_),
              mend(notice.url_),
            ),
          quoteParts(quote, heldUntil, seats && stepper(quote.quantity, say, acts.resize_), say),
        ],
        [
          close("cancel", false, busy),
          press("confirm", status || confirmText(quote, say), true, { click: acts.confirm_, "aria-disabled": waiting && "true" }),
        ],
        status,
      ];
    }
    case "waiting":
      return told(say("waiting"), [say("waitingHelp")], close("close"), press("again", say("again"), true, { click: acts.again_ }));
    case "refused": {
      const { notice_, retry_ } = scene;
      const { title_, lines_, url_ } = notice_;
      const again = retry_ && press("retry", say("retry"), true, { click: acts.retry_ });
      return told(title_, lines_, close("close", !url_ && !again), mend(url_, true), again);
    }
    case "leaving": {
      const { result_, returned_ } = scene;
      const { reason, url } = result_;
      const lines = [returned_ ? say(reason) : "", say(`${reason}Help`)];
      return told(say(returned_ ? "unfinished" : reason), lines, close("cancel"), press("go", say("go"), true, { href: url }));
    }
    case "done": {
      const { amount_charged: n, currency, plan } = scene.result_;
      const charged = say(n > 0 ? "charged" : "chargedNothing", { amount: money(n, currency, say.locale) });
      const body = [make("p:charged.muted", charged), changes(scene.result_, "gained", say)];
      return [say("done", { plan: plan.name }), body, [close("finish", true)], charged];
    }
    default:
      return [say(scene.kind_), make("i"), [], say(scene.kind_)];
  }
}

/** How many seats: a number with a step down and a step up. */
function stepper(n: number, say: Speaks, resize: Acts["resize_"]): HTMLElement {
  const change = () => resize(input.valueAsNumber);
  const input = make<HTMLInputElement>("input.number", { id: "seats", type: "number", min: "1", inputmode: "numeric", value: `${n}`, change });
  const step = (key: "fewer" | "more", sign: string, way: "stepDown" | "stepUp") => {
    const click = () => {
      input[way]();
      change();
    };
    return make("button.round", { "aria-label": say(key), id: key, click }, sign);
  };
  return make(
    "div:seats.row",
    make("label", { for: "seats" }, say("seats")),
    make("div.row", step("fewer", "−", "stepDown"), input, step("more", "+", "stepUp")),
  );
}

/** What a refusal says, and what may be done about it. */
export function refusal({ code, detail = "", url }: Problem, say: Speaks): Notice {
  if (code === "already_on_plan") return { title_: say("already"), lines_: [say("alreadyHelp")] };
  const help = HELP[code] ?? "failedHelp";
  const title_ = say(code === "payment_failed" ? "declined" : "failed");
  if (code === "network") return { title_, lines_: [say(help)] };
  return { title_, lines_: [help === "forbidden" ? "" : detail, say(help)], bad_: true, url_: url };
}

const HELP: Record<string, keyof UpgradeMessages> = {
  payment_failed: "declinedHelp",
  forbidden_role: "forbidden",
  upgrade_in_progress: "inProgress",
};
