import { UpcueElement } from "./element.js";
import { type NudgeMessages, nudgeView } from "./nudge/view.js";

export type { NudgeMessages };

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

  /** @internal */
  protected override readonly view_ = nudgeView(this);
}
