import type { Choice } from "../buying/types.js";
import type { Upcue } from "../upcue.js";
import { UpcueElement } from "./element.js";
import { returnedUpgrade } from "./returning.js";
import type { UpgradeView } from "./upgrade/view.js";
import type { UpgradeMessages } from "./upgrade/words.js";

export type { UpgradeMessages };

/**
 * `<upcue-upgrade>`: a dialog with what a change of plan costs, to the cent, and the button that makes it. It opens when it
 * is told to, and by itself when the user comes back from Stripe's page. What draws it is loaded then.
 */
export class UpcueUpgrade extends UpcueElement {
  /** For all dialogs; the property of the same name overrides it for one. */
  static messages: Partial<UpgradeMessages> = {};
  messages: Partial<UpgradeMessages> = {};

  #view: Promise<UpgradeView> | undefined;
  #resumed = false;

  constructor() {
    super("");
  }

  /** @internal */
  get wording(): Partial<UpgradeMessages> {
    return { ...UpcueUpgrade.messages, ...this.messages };
  }

  /** Shows what the change costs, and makes it when the user confirms. Rejects when there is no instance to ask. */
  async open(choice: Choice): Promise<void> {
    const { upcue } = this;
    if (!upcue) throw new Error("upcue: not loaded yet");
    await (await this.#loaded()).open(upcue, choice);
  }

  /** Puts the dialog away, unless an upgrade is under way. */
  async close(): Promise<void> {
    (await this.#view)?.close();
  }

  protected override usable(): boolean {
    return true;
  }

  protected override draw(upcue: Upcue): void {
    const upgrade = this.#resumed ? null : returnedUpgrade();
    this.#resumed = true;
    if (upgrade) void this.#loaded().then((view) => view.resume(upcue, upgrade));
  }

  protected override clear(): void {}

  #loaded(): Promise<UpgradeView> {
    this.#view ??= import("./upgrade/view.js").then(
      ({ UpgradeView }) => new UpgradeView(this, this.shadowRoot!),
      (cause) => {
        this.#view = undefined;
        throw cause;
      },
    );
    return this.#view;
  }
}
