import type { Choice } from "../buying/types.js";
import { UpcueElement } from "./element.js";
import { upgradeView } from "./upgrade/view.js";
import type { UpgradeMessages } from "./upgrade/words.js";

export type { UpgradeMessages };

/**
 * A dialog with what a change of plan costs, to the cent, and the button that makes it. It opens when it is told to, and by
 * itself when the user comes back from Stripe's page.
 *
 * @tag upcue-upgrade
 * @attr {boolean} seats - Shows the number of seats even when there is one.
 * @prop {Upcue | undefined} upcue - The instance to ask; the one loaded last when none is given.
 * @prop {Partial<UpgradeMessages>} messages - Words of this element alone.
 * @fires {CustomEvent<UpgradedDetail>} upcue-upgraded - The plan has changed.
 * @slot - What shows while there is no instance.
 * @csspart dialog - The dialog.
 * @csspart title - Its title.
 * @csspart close - Its cross, and the button that closes it.
 * @csspart body - What is between title and buttons.
 * @csspart actions - The buttons below.
 * @csspart notice - What is said above a quote; with it `bad`.
 * @csspart mend - The way to a page that mends it.
 * @csspart change - From which plan to which.
 * @csspart seats - The number of seats.
 * @csspart lines - The quote.
 * @csspart line - A line of it; with it `credit`, `charge` or `period`.
 * @csspart due - Its last line.
 * @csspart notes - What is said below it.
 * @csspart violation - Why the plan is too small.
 * @csspart gained - What is gained.
 * @csspart lost - What is lost.
 * @csspart charged - What was charged.
 * @csspart confirm - The button that pays.
 * @csspart retry - The button that asks again.
 * @csspart again - The button that looks again.
 * @csspart go - The way to Stripe's page.
 * @cssprop [--upcue-accent] - Marks, buttons, links.
 * @cssprop [--upcue-on-accent] - Texts on the accent's colour.
 * @cssprop [--upcue-surface] - Behind everything.
 * @cssprop [--upcue-text] - Texts.
 * @cssprop [--upcue-muted] - Texts that matter less.
 * @cssprop [--upcue-border] - Lines around things.
 * @cssprop [--upcue-danger] - What went wrong, and what is lost.
 * @cssprop [--upcue-radius=12px] - How round corners are.
 * @cssprop [--upcue-font=inherit] - The font, as the CSS property `font` takes it.
 */
export class UpcueUpgrade extends UpcueElement<UpgradeMessages> {
  /** For all dialogs. */
  static messages: Partial<UpgradeMessages> = {};

  /** @internal */
  protected override readonly view_ = upgradeView(this);

  /** Shows what the change costs, and makes it when the user confirms. Rejects when there is no instance to ask. */
  async open(choice: Choice): Promise<void> {
    const { upcue } = this;
    if (!upcue) throw new Error("upcue: not loaded yet");
    await this.view_.open_(upcue, choice);
  }

  /** Puts the dialog away, unless an upgrade is under way. */
  async close(): Promise<void> {
    this.view_.close_();
  }
}
