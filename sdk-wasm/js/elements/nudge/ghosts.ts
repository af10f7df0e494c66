// Those held out of a campaign see nothing; that they would have seen it is what they are compared by.

import type { Ghost } from "../../types.js";
import { make } from "../dom.js";
import { whenSeen } from "../seen.js";

export interface GhostWatch {
  /** Tells of each campaign among `ghosts` once, as long as it is among them. */
  watch(ghosts: readonly Ghost[], tell: (ghost: Ghost) => void): void;
  end(): void;
}

/** Watches for ghosts where the nudge would be. */
export function ghostWatch(stage: HTMLElement): GhostWatch {
  const stand = make("span.ghost", { "aria-hidden": "true" });
  let told: string[] = [];
  let untold: readonly Ghost[] = [];
  let stop: (() => void) | undefined;

  const leave = () => {
    stop?.();
    stop = undefined;
    stand.remove();
  };

  return {
    watch(ghosts, tell) {
      told = told.filter((name) => ghosts.some(({ campaign }) => campaign === name));
      untold = ghosts.filter(({ campaign }) => !told.includes(campaign));
      if (!untold.length) return leave();
      if (stop) return;
      // Toasts and dialogs would be in view wherever the element is.
      stand.classList.toggle("fixed", untold.some(({ kind }) => kind === "toast" || kind === "modal"));
      stage.append(stand);
      stop = whenSeen(stand, () => {
        leave();
        for (const ghost of untold) {
          told.push(ghost.campaign);
          tell(ghost);
        }
      });
    },
    end() {
      leave();
      told = [];
    },
  };
}
