// Those held out of a campaign see nothing; that they would have seen it is what they are compared by.

import type { Ghost } from "../../types.js";
import { make } from "../dom.js";
import { isModal } from "../element.js";
import { whenSeen } from "../seen.js";

/** So far below its top is the middle of a nudge that stands in the page, in CSS pixels: with a title, a line of text and a button. */
const MIDDLES: Partial<Record<Ghost["kind"], number>> = { banner: 35, inline: 64, badge: 12 };

export interface GhostWatch {
  /** Tells of each campaign among `ghosts` once, as long as it is among them. */
  watch(ghosts: readonly Ghost[], tell: (ghost: Ghost) => void): void;
}

/** Watches for ghosts where the nudge would be. */
export function ghostWatch(stage: HTMLElement): GhostWatch {
  /** How to give up on each campaign. */
  const watched = new Map<string, () => void>();
  return {
    watch(ghosts, tell) {
      for (const [campaign, leave] of watched) {
        if (ghosts.some((ghost) => ghost.campaign === campaign)) continue;
        leave();
        watched.delete(campaign);
      }
      for (const ghost of ghosts) {
        const { campaign, kind } = ghost;
        if (watched.has(campaign)) continue;
        const below = MIDDLES[kind];
        // Half of a nudge is in view as long as its middle is. Toasts and dialogs are, wherever their element stands.
        const middle = make(below ? "span.ghost" : "span.ghost.fixed", { "aria-hidden": "true" });
        middle.style.marginBlockStart = `${below ?? 0}px`;
        const seen = () => {
          middle.remove();
          tell(ghost);
        };
        stage.prepend(middle);
        // A dialog waits for others to be closed.
        const stop = whenSeen(middle, seen, () => kind !== "modal" || !isModal());
        watched.set(campaign, () => {
          stop();
          middle.remove();
        });
      }
    },
  };
}
