// The side of the stage that users never see: decisions, their reasons, and what has happened.

import type { Reason, Upcue, Verdict } from "upcue";

import { by, make, redraw } from "./dom.js";

const PLACEMENTS = ["app.header", "team.panel", "settings.sso"];
const KEPT = 40;

const MEANINGS: Record<Reason, string> = {
  match: "all gates let it through",
  no_campaign: "no campaign uses this place",
  not_scheduled: "outside its schedule",
  audience_false: "not for this tenant now",
  audience_unknown: "its audience could not be computed",
  missing_value: "a value in its text is unknown",
  dismissed: "this user put it away",
  snoozed: "this user wants it later",
  capped: "shown often enough",
  outranked: "another one has the place",
  held_out: "this tenant is in the control group",
  not_rolled_out: "not on for this tenant yet",
  not_ready: "nothing is known yet",
};

/** What a place shows, and why. */
interface Told {
  readonly placement: string;
  readonly campaign: string | null;
  readonly reason: Reason;
  readonly trace: readonly Verdict[];
}

const shown = new Map<string, string | null>();

export function drawBackstage(upcue: Upcue | undefined, state?: "failed"): void {
  const ready = !!upcue?.ready;
  const link = by("link");
  link.dataset.state = state ?? (ready ? "ready" : "waiting");
  link.textContent = state ? "Nimbus’s back end does not answer" : ready ? "Deciding in this page, from a snapshot" : "Connecting…";
  const explanations = PLACEMENTS.map((placement) => decided(upcue, placement));
  if (ready) explanations.forEach(note);
  redraw(by("decisions"), JSON.stringify(explanations), () => explanations.map(decision));
}

function decided(upcue: Upcue | undefined, placement: string): Told {
  if (!upcue) return { placement, campaign: null, reason: "not_ready", trace: [] };
  const { nudge, reason, trace } = upcue.decide(placement);
  return { placement, campaign: nudge?.campaign ?? null, reason, trace: trace() };
}

function decision({ placement, campaign, reason, trace }: Told): HTMLElement {
  const verdicts = trace.map((verdict) =>
    make(
      "li",
      { "data-reason": verdict.reason },
      make("span", { class: "campaign" }, verdict.campaign),
      make("span", { class: "reason" }, verdict.reason),
      make("span", { class: "meaning" }, MEANINGS[verdict.reason]),
    ),
  );
  return make(
    "li",
    { "data-shown": String(!!campaign) },
    make("p", { class: "placement" }, make("code", {}, placement), make("span", { class: "verdict" }, campaign ? "shows" : "quiet")),
    verdicts.length ? make("ul", {}, ...verdicts) : make("p", { class: "meaning" }, MEANINGS[reason]),
  );
}

function note({ placement, campaign, reason }: Told): void {
  const before = shown.get(placement);
  shown.set(placement, campaign);
  if (campaign && campaign !== before) tell(`${placement} shows ${campaign}`);
  if (!campaign && before) tell(`${placement} is quiet again: ${MEANINGS[reason]}`);
}

/** Adds a line to the activity log. */
export function tell(what: string): void {
  const time = new Date().toLocaleTimeString("en-GB");
  const log = by("log");
  log.prepend(make("li", {}, make("time", {}, time), make("span", {}, what)));
  while (log.children.length > KEPT) log.lastElementChild?.remove();
}

let silence: ReturnType<typeof setTimeout> | undefined;

/** Tells the user what came of what they did. */
export function say(what: string): void {
  const notice = by("notice");
  notice.textContent = what;
  notice.classList.add("on");
  clearTimeout(silence);
  silence = setTimeout(() => notice.classList.remove("on"), 5000);
}
