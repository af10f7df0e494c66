// What the dialog shows, one scene at a time: a title, a body, and the buttons below.

import type { Quote, RequiresAction, Upgraded } from "../../buying/types.js";
import type { UpcueError } from "../../failure.js";
import { element } from "../dom.js";
import { type Say, confirmText, fromTo, gains, isSwitch, quoteParts } from "./quote.js";
import { seats } from "./seats.js";
import type { UpgradeMessages } from "./words.js";

/** Said above a quote. */
export interface Notice {
  readonly title: string;
  readonly lines: readonly string[];
  readonly bad?: boolean;
  /** A page that mends it. */
  readonly url?: string | undefined;
}

export type Scene =
  | { readonly kind: "loading" | "checking" }
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
  | { readonly kind: "unsettled" }
  | { readonly kind: "done"; readonly result: Upgraded };

export interface Drawing {
  readonly title: string;
  readonly body: readonly HTMLElement[];
  readonly actions: readonly HTMLElement[];
  /** Read out, where no alert says it. */
  readonly status: string;
}

export function drawScene(scene: Scene, say: Say): Drawing {
  switch (scene.kind) {
    case "loading":
    case "checking":
      return { title: say.say(scene.kind), body: [spinner()], actions: [], status: say.say(scene.kind) };
    case "quote":
      return drawQuote(scene, say);
    case "refused":
      return {
        title: scene.notice.title,
        body: [lines(scene.notice.lines)],
        actions: refusedActions(scene, say),
        status: scene.notice.lines.join(" "),
      };
    case "leaving":
      return drawLeaving(scene, say);
    case "unsettled":
      return {
        title: say.say("waiting"),
        body: [lines([say.say("waitingHelp")])],
        actions: [button("close", say.say("close")), button("again", say.say("again"), true)],
        status: say.say("waitingHelp"),
      };
    case "done":
      return drawDone(scene.result, say);
  }
}

function refusedActions({ notice, retry }: Scene & { kind: "refused" }, say: Say): HTMLElement[] {
  const ways = [...mend(notice, say, true), ...(retry ? [button("retry", say.say("retry"), true)] : [])];
  return [button("close", say.say("close"), !ways.length), ...ways];
}

function drawQuote(scene: Scene & { kind: "quote" }, say: Say): Drawing {
  const { quote, notice, waiting } = scene;
  const busy = waiting === "upgrade";
  const status = waiting ? say.say(busy ? "busy" : "loading") : "";
  const confirm = button("confirm", status || confirmText(quote, say), true);
  if (waiting) {
    confirm.classList.add("busy");
    confirm.setAttribute("aria-disabled", "true");
  }
  const cancel = button("close", say.say("cancel"));
  if (busy) cancel.setAttribute("aria-disabled", "true");
  return {
    title: say.say(isSwitch(quote) ? "titleSwitch" : "title", { plan: quote.plan.name }),
    body: [
      ...(notice ? [noticeBox(notice, say)] : []),
      fromTo(quote, say),
      ...(scene.seats ? [seats(quote.quantity, say)] : []),
      ...quoteParts(quote, scene.heldUntil, say),
    ],
    actions: [cancel, confirm],
    status,
  };
}

function drawLeaving({ result, returned }: Scene & { kind: "leaving" }, say: Say): Drawing {
  const { reason, url } = result;
  const help = say.say(`${reason}Help`);
  const go = element("a", { class: "button primary", part: "go", href: url, "data-key": "go" }, say.say("go"));
  return {
    title: say.say(returned ? "unfinished" : reason),
    body: [lines(returned ? [say.say(reason), help] : [help])],
    actions: [button("close", say.say("cancel")), go],
    status: help,
  };
}

function drawDone(result: Upgraded, say: Say): Drawing {
  const { amount_charged: amount, currency } = result;
  const charged = amount > 0 ? say.say("charged", { amount: say.money(amount, currency) }) : say.say("chargedNothing");
  return {
    title: say.say("done", { plan: result.plan.name }),
    body: [element("p", { class: "muted", part: "charged" }, charged), ...gains(result, say)],
    actions: [button("close", say.say("finish"), true)],
    status: charged,
  };
}

function noticeBox(notice: Notice, say: Say): HTMLElement {
  const tone = notice.bad ? "bad" : "";
  return element(
    "div",
    { class: `box stack notice ${tone}`, part: `notice ${tone}`, role: "alert" },
    element("b", {}, notice.title),
    ...notice.lines.map((text) => element("p", { class: "small", dir: "auto" }, text)),
    ...mend(notice, say),
  );
}

const mend = ({ url }: Notice, say: Say, primary = false): HTMLElement[] =>
  url
    ? [
        element(
          "a",
          { class: primary ? "button primary" : "button", part: "mend", href: url, "data-key": "mend" },
          say.say("mend"),
        ),
      ]
    : [];

const lines = (texts: readonly string[]): HTMLElement =>
  element("div", { class: "stack" }, ...texts.map((text) => element("p", { dir: "auto" }, text)));

const spinner = (): HTMLElement => element("div", { class: "center" }, element("span", { class: "spin" }));

function button(act: string, text: string, primary = false): HTMLElement {
  const look = primary ? "button primary" : "button";
  return element("button", { type: "button", class: look, part: act, "data-act": act, "data-key": act, dir: "auto" }, text);
}

/** What a refusal says, and what may be done about it. */
export function refusal({ code, detail, url }: UpcueError, say: Say): Notice {
  const help = HELP[code] ?? "failedHelp";
  if (code === "already_on_plan") return { title: say.say("already"), lines: [say.say("alreadyHelp")] };
  if (code === "network") return { title: say.say("failed"), lines: [say.say("failedHelp")] };
  const said = help === "forbidden" || !detail ? [say.say(help)] : [detail, say.say(help)];
  return { title: say.say(code === "payment_failed" ? "declined" : "failed"), lines: said, bad: true, url };
}

const HELP: Record<string, keyof UpgradeMessages> = {
  payment_failed: "declinedHelp",
  forbidden_role: "forbidden",
  upgrade_in_progress: "inProgress",
};
