// Decisions, each held as long as nothing can have changed it.

import { attempt } from "./failure.js";
import type { Campaign, Text } from "./frame.js";
import { now } from "./host.js";
import { key } from "./names.js";
import type { Page } from "./page.js";
import { format } from "./text.js";
import type { Decision, Ghost, Nudge, Verdict } from "./types.js";
import { REASONS } from "./words.js";

const enum Limit {
  /** A decision is not made anew within this time, unless something changes; what time alone changes can wait so long. */
  HOLDS = 1000,
  /** So many placements are remembered. */
  MOST = 500,
}

// Positions in `REASONS`.
const enum Why {
  MATCH = 0,
  HELD_OUT = 10,
}

interface Place {
  /** Its position in the snapshot; -1: no campaign uses it, and the core decides for none. */
  readonly i_: number;
  /** What was decided last: at which state of affairs, when, and what the core said. */
  version_?: number;
  at_?: number;
  packed_?: number;
  decision_?: Decision;
  /** The values that its texts read, and what they were. */
  values_?: Map<number, number>;
}

/** What is decided from one snapshot; `at` is the device's clock. */
export interface Places {
  decide_(placement: string, at: number): Decision;
  /** The campaigns that a placement does not show only because they are held out. */
  ghosts_(placement: string, at: number): Ghost[];
  /** Whether the campaign at this position is the one that its placement shows now. */
  shows_(i: number, at: number): boolean;
  /** The next decision is another one, even if it says the same: the campaign is shown once more. */
  renew_(i: number): void;
}

/** The position of a campaign (-1: none), as the core packs it with the reason. */
const campaignOf = (packed: number) => (packed & 0xffff) - 1;

export function placesOf(page: Page): Places {
  const core = page.core_!;
  const { campaigns } = page.words_;
  const places = new Map<string, Place>();

  const placeOf = (name: string): Place => {
    let place = places.get(name);
    if (!place) {
      if (places.size >= Limit.MOST) places.clear();
      place = { i_: core.place_(key(name)) };
      places.set(name, place);
    }
    return place;
  };

  /** What became of each campaign of a placement, highest priority first. */
  const trace = (placement: string, at: number): number[] => {
    const { i_ } = placeOf(placement);
    const trace: number[] = [];
    for (let n = 0, packed; (packed = core.trace_(i_, n, at)); n++) trace.push(packed);
    return trace;
  };

  const nudgeOf = ([campaign, , kind, variant, title, body, cta, snooze]: Campaign, place: Place, decision: string, at: number): Nudge => {
    const read = (i: number) => {
      const value = core.value_(i, at);
      place.values_!.set(i, value);
      return value;
    };
    const locale = page.locale_();
    const written = (text: Text) => format(text, read, locale);
    return {
      campaign,
      variant,
      kind,
      title: written(title),
      body: written(body),
      cta: cta && { label: written(cta[0]), action: cta[1] },
      snooze,
      decision,
    };
  };

  const verdictOf = (packed: number): Verdict => ({ campaign: campaigns[campaignOf(packed)]![0], reason: REASONS[packed >>> 16]! });

  const made = (placement: string, place: Place, packed: number, at: number): Decision => {
    const campaign = campaigns[campaignOf(packed)];
    // Other words for the same campaign are the same decision.
    const before = place.packed_ === packed && place.decision_?.nudge?.decision;
    place.packed_ = packed;
    place.values_ = new Map();
    return {
      nudge: campaign ? nudgeOf(campaign, place, before || `${page.client_}-${++page.decisions_}`, at) : null,
      reason: REASONS[packed >>> 16]!,
      trace: () => attempt(() => trace(placement, now()).map(verdictOf)) ?? [],
    };
  };

  /** Whether the texts would say something else than before. */
  const differs = ({ values_ }: Place, at: number): boolean => {
    for (const [read, value] of values_!) if (core.value_(read, at) !== value) return true;
    return false;
  };

  return {
    decide_(placement, at) {
      const place = placeOf(placement);
      const held = place.decision_;
      // A clock that was turned back holds nothing.
      if (held && place.version_ === page.version_ && (at - place.at_!) >>> 0 < Limit.HOLDS) return held;
      const packed = core.decide_(place.i_, at);
      place.version_ = page.version_;
      place.at_ = at;
      return held && place.packed_ === packed && !differs(place, at) ? held : (place.decision_ = made(placement, place, packed, at));
    },

    ghosts_(placement, at) {
      const ghosts: Ghost[] = [];
      for (const packed of trace(placement, at)) {
        if (packed >>> 16 === Why.MATCH) break;
        if (packed >>> 16 !== Why.HELD_OUT) continue;
        const [campaign, , kind, variant] = campaigns[campaignOf(packed)]!;
        // One for each page: how often it would have been put up and taken down in one, nobody knows.
        ghosts.push({ campaign, variant, kind, decision: `${page.client_}-g${key(campaign).toString(36)}` });
      }
      return ghosts;
    },

    shows_: (i, at) => campaignOf(core.decide_(placeOf(campaigns[i]![1]).i_, at)) === i,

    renew_(i) {
      places.delete(campaigns[i]?.[1]!);
    },
  };
}
