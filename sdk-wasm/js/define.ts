// Importing this registers the elements; importing it twice, or on a server, does no harm.

// Like beside like: compressed, it travels in less. Rules first, then words, then what acts.
import "./elements/theme.js";
import "./elements/nudge/style.js";
import "./elements/style.js";
import "./elements/plans/words.js";
import "./elements/upgrade/words.js";

import { setLocale } from "./elements/element.js";
import { UpcueMeter } from "./elements/meter.js";
import { UpcueNudge } from "./elements/nudge.js";
import { UpcuePlans } from "./elements/plans.js";
import { UpcueUpgrade } from "./elements/upgrade.js";

export { UpcueMeter, UpcueNudge, UpcuePlans, UpcueUpgrade, setLocale };
export type { Locale } from "./elements/locale.js";
export type { MeterMessages } from "./elements/meter.js";
export type { NudgeMessages } from "./elements/nudge.js";
export type { PlansMessages } from "./elements/plans.js";
export type { UpgradeMessages } from "./elements/upgrade.js";

/** What `upcue-action`, `upcue-dismiss` and `upcue-snooze` carry. */
export interface NudgeEventDetail {
  readonly campaign: string;
  readonly decision: string;
}
/** What `upcue-action` carries besides. */
export interface ActionDetail extends NudgeEventDetail {
  readonly action: string;
}
/** What `upcue-choose` carries. */
export interface ChooseDetail {
  readonly plan: string;
  readonly price: string | undefined;
}
/** What `upcue-upgraded` carries: the plan, and the upgrade's name. */
export interface UpgradedDetail {
  readonly plan: string;
  readonly upgrade: string;
}

if (typeof customElements !== "undefined") {
  for (const [name, constructor] of [
    ["upcue-nudge", UpcueNudge],
    ["upcue-meter", UpcueMeter],
    ["upcue-upgrade", UpcueUpgrade],
    ["upcue-plans", UpcuePlans],
  ] as const) {
    if (!customElements.get(name)) customElements.define(name, constructor);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "upcue-nudge": UpcueNudge;
    "upcue-meter": UpcueMeter;
    "upcue-plans": UpcuePlans;
    "upcue-upgrade": UpcueUpgrade;
  }
  interface GlobalEventHandlersEventMap {
    "upcue-action": CustomEvent<ActionDetail>;
    "upcue-dismiss": CustomEvent<NudgeEventDetail>;
    "upcue-snooze": CustomEvent<NudgeEventDetail>;
    "upcue-choose": CustomEvent<ChooseDetail>;
    "upcue-contact": CustomEvent<object>;
    "upcue-upgraded": CustomEvent<UpgradedDetail>;
  }
}
