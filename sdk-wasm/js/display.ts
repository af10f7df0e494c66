// What is on display in this page, and what the user does about it: counted here and in the ledger that all tabs share, and told to the Worker.

import type { Api } from "./api.js";
import { now } from "./host.js";
import { CONVERT, type Ledger, type Note, ledgerOf } from "./ledger.js";
import { key, positionOf as campaignAt } from "./names.js";
import type { Outbox } from "./outbox.js";
import { type Page, read } from "./page.js";
import type { Nudge } from "./types.js";
import { NOTES } from "./words.js";

// Positions in `NOTES`.
const enum Kind {
  RENDER = 0,
  EXPOSURE = 1,
  GHOST = 2,
  CLICK = 3,
  DISMISS = 4,
  SNOOZE = 5,
}

/** How long "later" is where a campaign does not say. */
const LATER = 86_400_000;

/** What is told of a decision. */
type Told = Pick<Nudge, "campaign" | "variant" | "decision">;

/** A campaign that is on display in this page. */
interface Shown {
  /** In so many places. */
  places_: number;
  /** The decision under which it was counted. */
  readonly told_: Told;
  seen_: boolean;
}

export interface Display {
  /** What an app calls. */
  readonly calls_: Pick<Api, "claim" | "exposure" | "hidden" | "click" | "dismiss" | "snooze" | "ghost">;
  /** Shares the ledger of the page's user from here on; only now that the core holds notes. */
  open_(): void;
  /** Takes in what other tabs noted meanwhile. */
  catchUp_(): void;
  /** The tenant has upgraded, `at` the Worker's clock: nudges fall silent at once, in all tabs, whatever the network does. */
  convert_(at: number): void;
  close_(): void;
}

export function displayOf(page: Page, outbox: Outbox): Display {
  /** By campaign. */
  const shown = new Map<string, Shown>();
  /** Decisions that were counted; none is counted again. */
  const counted = new Set<string>();
  let ledger: Ledger | undefined;
  /** Whose it is. */
  let owner: string | undefined;

  const positionOf = (campaign: string) => campaignAt(page.words_.campaigns, campaign);

  const hear = (note: Note) => {
    page.core_?.note_(...note);
    page.changed_();
  };

  /** Keeps a note that needs nobody's leave. */
  const add = (note: Note) => {
    ledger?.add_(note);
    ledger?.turn_();
  };

  /** Counts it here and tells the Worker; what the ledger is to be told. */
  const noted = (kind: number, { campaign, variant, decision }: Told, forMs = 0): Note => {
    const device = now();
    const at = device + page.skew_;
    const until = at + forMs;
    const note = [key(campaign), kind, key(decision), at, until] as const;
    hear(note);
    outbox.add_({ type: NOTES[kind]!, campaign, decision, variant: variant || undefined, until: kind === Kind.SNOOZE ? until : undefined }, device);
    return note;
  };

  const note = (kind: number, told: Told, forMs?: number) => read(page, () => add(noted(kind, told, forMs)));

  /** One more place shows it. */
  const show = (nudge: Nudge): Shown => {
    const { campaign, decision } = nudge;
    const place = shown.get(campaign) ?? { places_: 0, told_: nudge, seen_: false };
    if (!place.places_++) {
      shown.set(campaign, place);
      counted.add(decision);
      page.core_!.display_(positionOf(campaign), true);
    }
    return place;
  };

  return {
    calls_: {
      async claim(nudge, wanted) {
        let claimed = false;
        const judge = (at: number) => {
          // Another place of this page may show it already.
          const isShown = shown.has(nudge.campaign);
          const i = positionOf(nudge.campaign);
          // Whoever waited for it may be gone, and a decision that was counted once is over.
          if (wanted?.() === false || (!isShown && (i < 0 || counted.has(nudge.decision) || !page.places_.shows_(i, at)))) return;
          show(nudge);
          claimed = true;
          if (!isShown) ledger?.add_(noted(Kind.RENDER, nudge));
        };
        await ledger?.turn_(() => read(page, judge));
        page.changed_();
        return claimed;
      },

      exposure: (nudge) =>
        read(page, () => {
          const place = shown.get(nudge.campaign) ?? show(nudge);
          if (!place.seen_) note(Kind.EXPOSURE, place.told_);
          place.seen_ = true;
        }),

      hidden: ({ campaign }) =>
        read(page, (_, core) => {
          const place = shown.get(campaign);
          if (!place || --place.places_ > 0) return;
          shown.delete(campaign);
          core.display_(positionOf(campaign), false);
          page.places_.renew_(positionOf(campaign));
          page.changed_();
        }),

      click: (nudge) => note(Kind.CLICK, nudge),
      dismiss: (nudge) => note(Kind.DISMISS, nudge),
      snooze: (nudge, ms = nudge.snooze ?? LATER) => note(Kind.SNOOZE, nudge, ms),

      ghost(ghost) {
        if (!counted.has(ghost.decision)) note(Kind.GHOST, ghost);
        counted.add(ghost.decision);
      },
    },

    open_() {
      if (owner !== page.owner_) {
        // What another's page showed is none of theirs.
        shown.clear();
        ledger?.close_();
        ledger = ledgerOf((owner = page.owner_!), page.storage_, hear);
      }
      ledger?.turn_();
    },
    catchUp_: () => void ledger?.turn_(),
    convert_: (at) =>
      read(page, () => {
        const note = [0, CONVERT, 0, at, 0] as const;
        hear(note);
        add(note);
      }),
    close_: () => ledger?.close_(),
  };
}
