// Draws the nudge of one placement: claims it, shows it in its kind's way, and tells what becomes of it.

import { after } from "../../host.js";
import type { Nudge } from "../../types.js";
import type { Upcue } from "../../upcue.js";
import { drawing, make, write } from "../dom.js";
import { type UpcueElement, type View, isModal, redrawAll } from "../element.js";
import { CROSS } from "../icons.js";
import { whenSeen } from "../seen.js";
import { ghostWatch } from "./ghosts.js";
import { placeBy, stack, unstack } from "./places.js";
import { STYLE } from "./style.js";

/** So long an element that has only what an earlier visit left waits for something newer, in milliseconds. */
const SETTLES = 1000;

/** What a nudge says by itself. */
export interface NudgeMessages {
  /** The accessible name of the button that puts a nudge away. */
  dismiss: string;
  /** The button that puts it off. */
  later: string;
}

const WORDS: NudgeMessages = { dismiss: "Dismiss", later: "Later" };

/** The element whose dialog is open, or is about to be: there is one at a time. */
let modal: object | undefined;

/** What draws one `<upcue-nudge>`. */
export function nudgeView(host: UpcueElement<NudgeMessages>): View {
  const title = make("p:title", { id: "title" });
  const body = make("p:body", { id: "body" });
  // The region is there before its words are, or nobody would be told of them; it interrupts nobody.
  const text = make("div:text", { role: "status" }, title, body);
  const cta = make("button:cta.button.primary", { click: () => follow() });
  const later = make("button:later.button", { click: () => putAway("snooze") });
  const actions = make("div:actions", cta, later);
  const dismiss = make("button:dismiss.round", { click: () => putAway("dismiss") }, drawing(CROSS));
  const mark = make("span:mark");
  const keydown = (event: Event) => {
    // Dialogs and what badges open have a way of their own.
    if ((event as KeyboardEvent).key !== "Escape" || dialog.open || box.popover === "auto") return;
    event.stopPropagation();
    putAway("dismiss");
  };
  const box = make("div", { keydown }, mark, text, actions, dismiss);
  const pill = make<HTMLButtonElement>("button:pill", { click: () => press() });
  const dialog = make<HTMLDialogElement>("dialog:dialog.panel", {
    "aria-labelledby": "title",
    "aria-describedby": "body",
    // Escape, or whatever else closes dialogs. It is told late: by then the next one may be open.
    close: () => modal === host && !dialog.open && putAway("dismiss"),
  });
  const ghosts = ghostWatch(host.stage_);
  /** What is shown: the decision it was claimed for, and what it says now. */
  let shown: Nudge | undefined;
  let said: Nudge | undefined;
  let claiming: Nudge | undefined;
  let unwatch = () => {};
  /** The instance that was seen last, and whether it had its time. */
  let met: Upcue | undefined;
  let settled = false;

  const meet = (upcue: Upcue) => {
    met = upcue;
    settled = false;
    after(SETTLES, () => {
      if (met !== upcue) return;
      settled = true;
      host.redraw_();
    });
  };

  const clear = (upcue: Upcue | undefined) => {
    const last = shown;
    shown = claiming = undefined;
    if (last) upcue?.hidden(last);
    empty();
    // Without an instance the page's own content is in its place.
    if (upcue?.ready) host.setAttribute("state", "empty");
    else host.removeAttribute("state");
  };

  /** Whether no other dialog is open, of ours or of the page. */
  const takeTurn = () => {
    if (!isModal()) modal ??= host;
    return modal === host;
  };

  /** Asks for a share of the budget before anything is drawn; another tab may have been quicker. */
  const claim = async (upcue: Upcue, nudge: Nudge, placement: string) => {
    claiming = nudge;
    const ours = await upcue.claim(nudge, () => claiming === nudge).catch(() => false);
    const now = claiming === nudge ? upcue.decide(placement).nudge : null;
    if (ours && now && same(now, nudge)) {
      claiming = undefined;
      shown = nudge;
      return show(upcue, now);
    }
    if (ours) upcue.hidden(nudge);
    if (claiming === nudge) clear(upcue);
  };

  const show = (upcue: Upcue, nudge: Nudge) => {
    const { kind } = nudge;
    host.setAttribute("kind", kind);
    host.setAttribute("state", "shown");
    box.part.value = `nudge ${kind}`;
    box.className = `panel ${box.part}`;
    mark.hidden = dismiss.hidden = false;
    if (kind === "modal") {
      // A dialog is told of by its name.
      text.role = null;
      dialog.append(box);
      host.stage_.append(dialog);
    } else if (kind === "toast") {
      box.popover = "manual";
      box.showPopover();
      stack(box);
    } else if (kind === "badge") {
      box.popover = "auto";
      box.before(pill);
    }
    fill(nudge);
    if (kind === "modal") dialog.showModal();
    unwatch = whenSeen(kind === "badge" ? pill : box, () => shown && upcue.exposure(shown));
  };

  /** What a nudge says may change while it is shown. */
  const fill = (nudge: Nudge) => {
    const say = host.say_("nudge", WORDS);
    said = nudge;
    write(title, nudge.title);
    write(pill, nudge.title);
    write(body, nudge.body);
    write(cta, nudge.cta?.label ?? "");
    write(later, say("later"));
    cta.hidden = !nudge.cta;
    later.hidden = !nudge.snooze;
    actions.hidden = cta.hidden && later.hidden;
    dismiss.ariaLabel = say("dismiss");
    pill.popoverTargetElement = nudge.body || !nudge.cta ? box : null;
  };

  const empty = () => {
    unwatch();
    host.removeAttribute("kind");
    unstack(box);
    box.popover = null;
    box.className = box.part.value = "";
    mark.hidden = actions.hidden = dismiss.hidden = true;
    text.role = "status";
    pill.remove();
    write(title, "");
    write(body, "");
    if (modal !== host) return;
    modal = undefined;
    if (!dialog.isConnected) return;
    dialog.close();
    dialog.remove();
    host.stage_.append(box);
    // Another may have waited for its turn.
    queueMicrotask(redrawAll);
  };

  /** Who has followed a toast or a dialog is done with it; it is not drawn again as long as it is decided. */
  const follow = () => {
    const nudge = shown;
    const action = said?.cta?.action;
    if (!nudge || action === undefined) return;
    const { kind } = nudge;
    host.upcue?.click(nudge);
    if (kind === "badge") box.hidePopover();
    if (kind === "toast" || kind === "modal") {
      empty();
      host.setAttribute("state", "empty");
    }
    host.tell_("upcue-action", { action, ...named(nudge) });
  };

  /** A badge without a body leads on at once; others open what they have to say, which the browser does by itself. */
  const press = () => {
    if (pill.popoverTargetElement) requestAnimationFrame(() => placeBy(pill, box));
    else follow();
  };

  const putAway = (how: "dismiss" | "snooze") => {
    const nudge = shown;
    const { upcue } = host;
    if (!nudge) return;
    upcue?.[how](nudge);
    clear(upcue);
    host.tell_(`upcue-${how}`, named(nudge));
  };

  host.wear_(STYLE);
  host.stage_.append(box);
  empty();
  return {
    draw_(upcue) {
      if (upcue !== met) meet(upcue);
      const placement = host.getAttribute("placement") ?? "";
      const { nudge } = upcue.decide(placement);
      // A nudge that is taken back at once by what is newer would be a flash.
      const ripe = upcue.fresh || settled;
      if (ripe) ghosts.watch(upcue.ghosts(placement), (ghost) => upcue.ghost(ghost));
      if (nudge && same(nudge, shown)) return host.hasAttribute("kind") ? fill(nudge) : undefined;
      if (nudge && same(nudge, claiming)) return;
      clear(upcue);
      if (nudge && ripe && (nudge.kind !== "modal" || takeTurn())) {
        // What this browser cannot show is put away without a word.
        claim(upcue, nudge, placement).catch(() => clear(upcue));
      }
    },
    clear_(upcue) {
      ghosts.watch([], () => {});
      clear(upcue);
    },
  };
}

/** Another decision for what is shown already. */
const same = (a: Nudge, b: Nudge | undefined): boolean =>
  a.campaign === b?.campaign && a.variant === b.variant && a.kind === b.kind;

const named = ({ campaign, decision }: Nudge) => ({ campaign, decision });
