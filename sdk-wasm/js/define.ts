// Importing this registers the elements; importing it twice, or on a server, does no harm.

import { UpcueMeter } from "./elements/meter.js";
import { UpcueNudge } from "./elements/nudge.js";

export { UpcueMeter, UpcueNudge };
export type { MeterMessages } from "./elements/meter.js";
export type { NudgeMessages } from "./elements/nudge.js";

/** What `upcue-action` and `upcue-dismiss` carry. */
export interface NudgeEventDetail {
  readonly campaign: string;
  readonly decision: string;
}
export interface ActionDetail extends NudgeEventDetail {
  readonly action: string;
}

if (typeof customElements !== "undefined") {
  for (const [name, constructor] of [
    ["upcue-nudge", UpcueNudge],
    ["upcue-meter", UpcueMeter],
  ] as const) {
    if (!customElements.get(name)) customElements.define(name, constructor);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "upcue-nudge": UpcueNudge;
    "upcue-meter": UpcueMeter;
  }
  interface GlobalEventHandlersEventMap {
    "upcue-action": CustomEvent<ActionDetail>;
    "upcue-dismiss": CustomEvent<NudgeEventDetail>;
  }
}
