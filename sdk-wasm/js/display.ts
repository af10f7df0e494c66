// What is on display in this page, and what the user does about it: counted here and in the ledger that all tabs share, and told to the Worker.

import { quietly } from "./failure.js";
import { now } from "./host.js";
import { CONVERT, Ledger, type Note } from "./ledger.js";
import { key } from "./names.js";
import type { Outbox } from "./outbox.js";
import { type Page, read } from "./page.js";
import type { Nudge } from "./types.js";
import { NOTES } from "./words.js";

// Positions in `NOTES`.
const RENDER = 0;
const EXPOSURE = 1;
const GHOST = 2;
const SNOOZE = 5;

/** What is told of a decision. */
type Told = Pick<Nudge, "campaign" | "variant" | "decision">;

/** A campaign that is on display in this page. */
interface Shown {
  /** In so many places. */
  places: number;
  /** The decision under which it was counted. */
  readonly told: Told;
  seen: boolean;
}

export class Display {
  readonly #page: Page;
  readonly #outbox: Outbox;
  /** By campaign. */
  readonly #shown = new Map<string, Shown>();
  /** Decisions that were counted; none is counted again. */
  readonly #counted = new Set<string>();
  #ledger: Ledger | undefined;

  constructor(page: Page, outbox: Outbox) {
    this.#page = page;
    this.#outbox = outbox;
  }

  /** Shares the ledger of this user from here on; only now that the core holds notes. */
  open(owner: string): void {
    this.close();
    this.#ledger = new Ledger(owner, this.#page.storage, (note) => this.#hear(note));
    this.catchUp();
  }

  catchUp(): void {
    quietly(this.#ledger?.catchUp());
  }

  close(): void {
    quietly(this.#ledger?.close());
  }

  async claim(nudge: Nudge): Promise<boolean> {
    let claimed = false;
    const judge = () =>
      read(this.#page, undefined, (_, at, { names, places }) => {
        // Another place of this page may show it already.
        const isShown = this.#shown.has(nudge.campaign);
        const i = names.campaigns.get(nudge.campaign) ?? -1;
        // A decision that was counted once is over.
        if (!isShown && (i < 0 || this.#counted.has(nudge.decision) || !places.shows(i, at))) return undefined;
        this.#show(nudge);
        claimed = true;
        return isShown ? undefined : this.#noted(RENDER, nudge);
      });
    await quietly(this.#ledger?.turn(judge));
    this.#page.changed();
    return claimed;
  }

  exposure(nudge: Nudge): void {
    read(this.#page, undefined, () => {
      const shown = this.#shown.get(nudge.campaign) ?? this.#show(nudge);
      if (!shown.seen) this.note(EXPOSURE, shown.told);
      shown.seen = true;
    });
  }

  hidden({ campaign }: Nudge): void {
    read(this.#page, undefined, (core, _, { names, places }) => {
      const shown = this.#shown.get(campaign);
      if (!shown || --shown.places > 0) return;
      this.#shown.delete(campaign);
      const i = names.campaigns.get(campaign);
      if (i === undefined) return;
      core.display(i, false);
      places.renew(i);
      this.#page.changed();
    });
  }

  ghost(ghost: Told): void {
    if (!this.#counted.has(ghost.decision)) this.note(GHOST, ghost);
    this.#counted.add(ghost.decision);
  }

  /** Notes something, of a kind in `NOTES`; `forMs`: how long "later" is. */
  note(kind: number, told: Told, forMs = 0): void {
    read(this.#page, undefined, () => this.#ledger?.add(this.#noted(kind, told, forMs)));
  }

  /** The tenant has upgraded: nudges fall silent at once, in all tabs, whatever the network does. */
  convert(): void {
    read(this.#page, undefined, (_, at) => {
      const note = [0, CONVERT, 0, at + this.#page.skew, 0] as const;
      this.#hear(note);
      this.#ledger?.add(note);
    });
  }

  /** One more place shows it. */
  #show(nudge: Nudge): Shown {
    const { campaign, decision } = nudge;
    const shown = this.#shown.get(campaign) ?? { places: 0, told: nudge, seen: false };
    if (!shown.places++) {
      this.#shown.set(campaign, shown);
      this.#counted.add(decision);
      read(this.#page, undefined, (core, _, { names }) => {
        const i = names.campaigns.get(campaign);
        if (i !== undefined) core.display(i, true);
      });
    }
    return shown;
  }

  /** Counts it here and tells the Worker; what the ledger is to be told. */
  #noted(kind: number, { campaign, variant, decision }: Told, forMs = 0): Note {
    const device = now();
    const at = device + this.#page.skew;
    const until = at + forMs;
    const note = [key(campaign), kind, key(decision), at, until] as const;
    this.#hear(note);
    const event = { type: NOTES[kind]!, campaign, decision, at, ...(variant && { variant }), ...(kind === SNOOZE && { until }) };
    this.#outbox.add(event, device);
    return note;
  }

  #hear([campaign, kind, tag, at, until]: Note): void {
    const { core } = this.#page;
    if (kind === CONVERT) core?.convert(at);
    else core?.note(campaign, kind, tag, at, until);
    this.#page.changed();
  }
}
