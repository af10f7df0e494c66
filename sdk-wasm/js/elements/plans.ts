import { UpcueElement } from "./element.js";
import { plansView } from "./plans/view.js";
import type { PlansMessages } from "./plans/words.js";

export type { PlansMessages };

/**
 * The plans, which of them fits and why, and what it takes to get it.
 *
 * @tag upcue-plans
 * @attr {string} for - The meter or feature that made the user ask, as `api_calls`.
 * @attr {"cards" | "matrix"} view - Cards, or a table of everything.
 * @attr {"2" | "3" | "4" | "5" | "6"} heading-level - Of the plans' names; 3 otherwise.
 * @attr {string} contact - Where "Contact us" leads when no plan fits: an address, `mailto:` too.
 * @attr {"loading" | "ready" | "empty" | "error"} state - Set by the element.
 * @prop {Upcue | undefined} upcue - The instance to ask; the one loaded last when none is given.
 * @prop {Partial<PlansMessages>} messages - Words of this element alone.
 * @fires {CustomEvent<ChooseDetail>} upcue-choose - A plan was chosen; the page's `<upcue-upgrade>` opens unless it is prevented.
 * @fires {CustomEvent<object>} upcue-contact - Somebody wants to talk; can be prevented.
 * @slot - What shows while the plans are loaded.
 * @csspart plans - Everything.
 * @csspart reason - Why the user is here.
 * @csspart fit - Which plan covers it.
 * @csspart refusal - What keeps an admin from upgrading.
 * @csspart contact-us - What is said when no plan fits.
 * @csspart contact - The button or link in it.
 * @csspart wishes - What the team asked for.
 * @csspart wish - One of that.
 * @csspart standing - The present plan in words.
 * @csspart interval - The switch between monthly and yearly.
 * @csspart cards - All cards.
 * @csspart card - One; with it `best` and `current`.
 * @csspart name - A plan's name.
 * @csspart badge - What is said of a plan; with it `fit` or `yours`.
 * @csspart price - A plan's price.
 * @csspart rows - What a plan has.
 * @csspart row - One of that; with it `highlighted`.
 * @csspart table - The table.
 * @csspart highlighted - The row that made the user ask.
 * @csspart violation - Why a plan is too small.
 * @csspart estimate - What a change costs now.
 * @csspart choose - The button that chooses a plan.
 * @csspart ask - The button that asks the admins for it.
 * @csspart asked - What stands there afterwards.
 * @csspart lower - What stands below a smaller plan.
 * @csspart notice - Why asking failed.
 * @csspart skeleton - The drawing while the plans are loaded.
 * @csspart error - What is said when they cannot be.
 * @csspart retry - The button in it.
 * @csspart empty - What is said when there are none.
 * @cssprop [--upcue-accent] - Marks, buttons, links.
 * @cssprop [--upcue-on-accent] - Texts on the accent's colour.
 * @cssprop [--upcue-surface] - Behind everything.
 * @cssprop [--upcue-text] - Texts.
 * @cssprop [--upcue-muted] - Texts that matter less.
 * @cssprop [--upcue-border] - Lines around things.
 * @cssprop [--upcue-danger] - What stands in the way.
 * @cssprop [--upcue-radius=12px] - How round corners are.
 * @cssprop [--upcue-font=inherit] - The font, as the CSS property `font` takes it.
 * @cssprop [--upcue-plans-height=420px] - How high the drawing is while the plans are loaded.
 */
export class UpcuePlans extends UpcueElement<PlansMessages> {
  static readonly observedAttributes = ["for", "view", "contact", "heading-level"];
  /** For all comparisons. */
  static messages: Partial<PlansMessages> = {};

  /** @internal */
  protected override readonly view_ = plansView(this);

  /** Asks for the plans again. */
  reload(): void {
    void this.view_.reload_();
  }

  override focus(): void {
    this.view_.focus_();
  }
}
