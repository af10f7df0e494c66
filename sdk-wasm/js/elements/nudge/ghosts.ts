// Those held out of a campaign see nothing; that they would have seen it is what they are compared by.

import type { Ghost } from "../../types.js";
import { make } from "../dom.js";
import { whenSeen } from "../seen.js";

export class Ghosts {
  /** Stands where the nudge would. */
  readonly #stand = make("span.ghost", { "aria-hidden": "true" });
  readonly #told = new Set<string>();
  #present: readonly Ghost[] = [];
  #stop: (() => void) | undefined;

  /** Tells of each campaign among `ghosts` once, as long as it is among them. */
  watch(stage: HTMLElement, ghosts: readonly Ghost[], tell: (ghost: Ghost) => void): void {
    this.#present = ghosts;
    for (const campaign of this.#told) if (!ghosts.some((ghost) => ghost.campaign === campaign)) this.#told.delete(campaign);
    const untold = () => this.#present.filter(({ campaign }) => !this.#told.has(campaign));
    if (!untold().length) return this.#leave();
    if (this.#stop) return;
    // Toasts and dialogs would be in view wherever the element is.
    const kinds = untold().map(({ kind }) => kind);
    this.#stand.classList.toggle("fixed", kinds.includes("toast") || kinds.includes("modal"));
    stage.append(this.#stand);
    this.#stop = whenSeen(this.#stand, () => {
      this.#leave();
      for (const ghost of untold()) {
        this.#told.add(ghost.campaign);
        tell(ghost);
      }
    });
  }

  end(): void {
    this.#leave();
    this.#told.clear();
  }

  #leave(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#stand.remove();
  }
}
