import { after } from "../host.js";
import type { Nudge } from "../types.js";
import type { Upcue } from "../upcue.js";
import { drawing, make, write } from "./dom.js";
import { UpcueElement, isModal, redrawAll } from "./element.js";
import { CROSS } from "./icons.js";
import { Ghosts } from "./nudge/ghosts.js";
import { placeBy, stack, unstack } from "./nudge/places.js";
import { STYLE } from "./nudge/style.js";
import { whenSeen } from "./seen.js";

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
let modal: UpcueNudge | undefined;

/**
 * The nudge of a placement, as long as there is one: a banner, a card in the text (`inline`), a toast in the corner of the
 * window, a dialog (`modal`), or a badge that opens a little card.
 *
 * @tag upcue-nudge
 * @attr {string} placement - The placement whose nudge is shown.
 * @attr {"shown" | "empty"} state - Set by the element; absent until Upcue is ready.
 * @attr {"banner" | "inline" | "toast" | "modal" | "badge"} kind - Set by the element while a nudge is shown.
 * @prop {Upcue | undefined} upcue - The instance to ask; the one loaded last when none is given.
 * @prop {Partial<NudgeMessages>} messages - Words of this element alone.
 * @fires {CustomEvent<ActionDetail>} upcue-action - The call to action was followed.
 * @fires {CustomEvent<NudgeEventDetail>} upcue-dismiss - The nudge was put away.
 * @fires {CustomEvent<NudgeEventDetail>} upcue-snooze - The nudge was put off.
 * @slot - What shows until Upcue is ready.
 * @csspart nudge - The box; with it `banner`, `inline`, `toast`, `modal` or `badge`.
 * @csspart pill - The badge itself; the box is what it opens.
 * @csspart dialog - What holds the box of a modal.
 * @csspart mark - The stroke in the accent's colour.
 * @csspart text - What holds title and body.
 * @csspart title - The title.
 * @csspart body - The body.
 * @csspart actions - What holds the buttons.
 * @csspart cta - The call to action.
 * @csspart later - The button that puts the nudge off.
 * @csspart dismiss - The button that puts the nudge away.
 * @cssprop [--upcue-accent] - Marks, buttons, links.
 * @cssprop [--upcue-on-accent] - Texts on the accent's colour.
 * @cssprop [--upcue-surface] - Behind everything.
 * @cssprop [--upcue-text] - Texts.
 * @cssprop [--upcue-muted] - Texts that matter less.
 * @cssprop [--upcue-border] - Lines around things.
 * @cssprop [--upcue-radius=12px] - How round corners are.
 * @cssprop [--upcue-font=inherit] - The font, as the CSS property `font` takes it.
 * @cssprop [--upcue-nudge-background] - Behind a nudge.
 */
export class UpcueNudge extends UpcueElement<NudgeMessages> {
  static readonly observedAttributes = ["placement"];
  /** For all nudges. */
  static messages: Partial<NudgeMessages> = {};

  readonly #title = make("p:title", { id: "title" });
  readonly #body = make("p:body", { id: "body" });
  // The region is there before its words are, or nobody would be told of them; it interrupts nobody.
  readonly #text = make("div:text", { role: "status" }, this.#title, this.#body);
  readonly #cta = make("button:cta.button.primary", { click: () => this.#follow() });
  readonly #later = make("button:later.button", { click: () => this.#putAway("snooze") });
  readonly #actions = make("div:actions", this.#cta, this.#later);
  readonly #dismiss = make("button:dismiss.round", { click: () => this.#putAway() }, drawing(CROSS));
  readonly #mark = make("span:mark");
  readonly #box = make("div", this.#mark, this.#text, this.#actions, this.#dismiss);
  readonly #pill = make<HTMLButtonElement>("button:pill", { click: () => this.#press() });
  readonly #dialog = make<HTMLDialogElement>("dialog:dialog.panel", { "aria-labelledby": "title", "aria-describedby": "body" });
  readonly #ghosts = new Ghosts();
  /** What is shown: the decision it was claimed for, and what it says now. */
  #nudge: Nudge | undefined;
  #said: Nudge | undefined;
  #claiming: Nudge | undefined;
  #unwatch = () => {};
  /** The instance that was seen last, and whether it had its time. */
  #met: Upcue | undefined;
  #settled = false;

  constructor() {
    super(STYLE);
    this.stage.append(this.#box);
    this.#empty();
    this.#box.addEventListener("keydown", (event) => {
      // Dialogs and what badges open have a way of their own.
      if (event.key !== "Escape" || this.#dialog.open || this.#box.popover === "auto") return;
      event.stopPropagation();
      this.#putAway();
    });
    // Escape, or whatever else closes dialogs.
    this.#dialog.addEventListener("close", () => modal === this && this.#putAway());
  }

  protected override usable(upcue: Upcue): boolean {
    if (upcue !== this.#met) {
      this.#met = upcue;
      this.#settled = false;
      after(SETTLES, () => {
        if (this.#met !== upcue) return;
        this.#settled = true;
        this.redraw();
      });
    }
    return upcue.ready;
  }

  protected override draw(upcue: Upcue): void {
    const placement = this.getAttribute("placement") ?? "";
    const { nudge } = upcue.decide(placement);
    // A nudge that is taken back at once by what is newer would be a flash.
    const settled = upcue.fresh || this.#settled;
    if (settled) this.#ghosts.watch(this.stage, upcue.ghosts(placement), (ghost) => upcue.ghost(ghost));
    if (nudge && same(nudge, this.#nudge)) return this.hasAttribute("kind") ? this.#fill(nudge) : undefined;
    if (nudge && same(nudge, this.#claiming)) return;
    this.#clear(upcue);
    if (nudge && settled && (nudge.kind !== "modal" || this.#takeTurn())) void this.#claim(upcue, nudge, placement);
  }

  protected override clear(upcue: Upcue | undefined): void {
    this.#ghosts.end();
    this.#clear(upcue);
  }

  #clear(upcue: Upcue | undefined): void {
    const shown = this.#nudge;
    this.#nudge = this.#claiming = undefined;
    if (shown) upcue?.hidden(shown);
    this.#empty();
    // Without an instance the page's own content is in its place.
    if (upcue?.ready) this.setAttribute("state", "empty");
    else this.removeAttribute("state");
  }

  /** Whether no other dialog is open, of ours or of the page. */
  #takeTurn(): boolean {
    if (!isModal()) modal ??= this;
    return modal === this;
  }

  /** Asks for a share of the budget before anything is drawn; another tab may have been quicker. */
  async #claim(upcue: Upcue, nudge: Nudge, placement: string): Promise<void> {
    this.#claiming = nudge;
    const ours = await upcue.claim(nudge).catch(() => false);
    const now = this.#claiming === nudge ? upcue.decide(placement).nudge : null;
    if (ours && now && same(now, nudge)) {
      this.#claiming = undefined;
      this.#nudge = nudge;
      return this.#show(upcue, now);
    }
    if (ours) upcue.hidden(nudge);
    if (this.#claiming === nudge) this.#clear(upcue);
  }

  #show(upcue: Upcue, nudge: Nudge): void {
    const { kind } = nudge;
    const box = this.#box;
    this.setAttribute("kind", kind);
    this.setAttribute("state", "shown");
    box.part.value = `nudge ${kind}`;
    box.className = `panel ${box.part}`;
    this.#mark.hidden = this.#dismiss.hidden = false;
    if (kind === "modal") {
      // A dialog is told of by its name.
      this.#text.removeAttribute("role");
      this.#dialog.append(box);
      this.stage.append(this.#dialog);
    } else if (kind === "toast") {
      box.popover = "manual";
      box.showPopover();
      stack(box);
    } else if (kind === "badge") {
      box.popover = "auto";
      box.before(this.#pill);
    }
    this.#fill(nudge);
    if (kind === "modal") this.#dialog.showModal();
    const target = kind === "badge" ? this.#pill : box;
    this.#unwatch = whenSeen(target, () => this.#nudge && upcue.exposure(this.#nudge));
  }

  /** What a nudge says may change while it is shown. */
  #fill(nudge: Nudge): void {
    const say = this.say("nudge", WORDS);
    this.#said = nudge;
    write(this.#title, nudge.title);
    write(this.#pill, nudge.title);
    write(this.#body, nudge.body);
    write(this.#cta, nudge.cta?.label ?? "");
    write(this.#later, say("later"));
    this.#cta.hidden = !nudge.cta;
    this.#later.hidden = !nudge.snooze;
    this.#actions.hidden = !nudge.cta && !nudge.snooze;
    this.#dismiss.setAttribute("aria-label", say("dismiss"));
    this.#pill.popoverTargetElement = nudge.body || !nudge.cta ? this.#box : null;
  }

  #empty(): void {
    const box = this.#box;
    this.#unwatch();
    this.removeAttribute("kind");
    unstack(box);
    box.removeAttribute("popover");
    box.className = box.part.value = "";
    this.#mark.hidden = this.#actions.hidden = this.#dismiss.hidden = true;
    this.#text.setAttribute("role", "status");
    this.#pill.remove();
    for (const node of [this.#title, this.#body]) write(node, "");
    if (modal !== this) return;
    modal = undefined;
    if (!this.#dialog.isConnected) return;
    this.#dialog.close();
    this.#dialog.remove();
    this.stage.append(box);
    // Another may have waited for its turn.
    queueMicrotask(redrawAll);
  }

  /** Who has followed a toast or a dialog is done with it; it is not drawn again as long as it is decided. */
  #follow(): void {
    const nudge = this.#nudge;
    const cta = this.#said?.cta;
    if (!nudge || !cta) return;
    this.upcue?.click(nudge);
    if (nudge.kind === "badge") this.#box.hidePopover();
    if (nudge.kind === "toast" || nudge.kind === "modal") {
      this.#empty();
      this.setAttribute("state", "empty");
    }
    this.tell("upcue-action", { action: cta.action, ...named(nudge) });
  }

  /** A badge without a body leads on at once; others open what they have to say, which the browser does by itself. */
  #press(): void {
    if (this.#pill.popoverTargetElement) requestAnimationFrame(() => placeBy(this.#pill, this.#box));
    else this.#follow();
  }

  #putAway(how: "dismiss" | "snooze" = "dismiss"): void {
    const nudge = this.#nudge;
    const { upcue } = this;
    if (!nudge) return;
    upcue?.[how](nudge);
    this.#clear(upcue);
    this.tell(`upcue-${how}`, named(nudge));
  }
}

/** Another decision for what is shown already. */
const same = (a: Nudge, b: Nudge | undefined): boolean =>
  a.campaign === b?.campaign && a.variant === b.variant && a.kind === b.kind;

const named = ({ campaign, decision }: Nudge) => ({ campaign, decision });
