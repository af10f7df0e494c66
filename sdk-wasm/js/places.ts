// Decisions, each held as long as nothing can have changed it.

import type { Core } from "./core.js";
import { attempt } from "./failure.js";
import type { Campaign } from "./frame.js";
import { now } from "./host.js";
import { key } from "./names.js";
import { format, reads } from "./text.js";
import type { Decision, Ghost, Nudge, Reason, Verdict } from "./types.js";
import { NUDGE_KINDS, REASONS } from "./words.js";

/** A decision is not made anew within this time, unless something changes; what time alone changes can wait so long. */
const HOLDS = 1000;
/** So many placements are remembered. */
const MOST = 500;

const NONE: readonly number[] = [];
const MATCH = REASONS.indexOf("match");
const HELD_OUT = REASONS.indexOf("held_out");

interface Place {
  /** Its position in the snapshot; -1: no campaign uses it. */
  readonly i: number;
  /** What was decided last: at which state of affairs, when, and what the core said. */
  version: number;
  at: number;
  packed: number;
  decision: Decision | undefined;
  /** The values that its texts read, and what they were. */
  reads: readonly number[];
  values: number[];
}

/** The position of a campaign (-1: none), as the core packs it with the reason. */
const campaignOf = (packed: number) => (packed & 0xffff) - 1;

/** What is decided from one snapshot. */
export class Places {
  readonly #core: Core;
  readonly #client: string;
  readonly #campaigns: readonly Campaign[];
  readonly #locale: () => string | undefined;
  readonly #places = new Map<string, Place>();
  readonly #decisions: { n: number };
  /** Raised by whatever may change a decision. */
  version = 0;

  /** `counted`: how many decisions this page has named so far. */
  constructor(core: Core, client: string, campaigns: readonly Campaign[], counted: { n: number }, locale: () => string | undefined) {
    this.#core = core;
    this.#client = client;
    this.#campaigns = campaigns;
    this.#decisions = counted;
    this.#locale = locale;
  }

  /** The decision for a placement, `at` the device's clock; `told` hears of it when it was made anew. */
  decide(placement: string, at: number, told?: (placement: string, decision: Decision) => void): Decision {
    const place = this.#place(placement);
    const { decision: held } = place;
    // A clock that was turned back holds nothing.
    if (held && place.version === this.version && (at - place.at) >>> 0 < HOLDS) return held;
    const packed = place.i < 0 ? 1 << 16 : this.#core.decide(place.i, at);
    place.version = this.version;
    place.at = at;
    const decision = held && place.packed === packed && this.#same(place, at) ? held : this.#made(placement, place, packed, at);
    told?.(placement, decision);
    return decision;
  }

  /** Whether the campaign at this position is the one that its placement shows now. */
  shows(i: number, at: number): boolean {
    const place = this.#place(this.#campaigns[i]![1]);
    return campaignOf(this.#core.decide(place.i, at)) === i;
  }

  /** The next decision is another one, even if it says the same: the campaign is shown once more. */
  renew(i: number): void {
    this.#places.delete(this.#campaigns[i]?.[1] ?? "");
  }

  /** What became of each campaign of a placement, highest priority first. */
  trace(placement: string, at: number): Verdict[] {
    return this.#trace(placement, at).map((packed) => ({ campaign: this.#campaigns[campaignOf(packed)]![0], reason: reasonOf(packed) }));
  }

  /** The campaigns that a placement does not show only because they are held out. */
  ghosts(placement: string, at: number): Ghost[] {
    const ghosts: Ghost[] = [];
    for (const packed of this.#trace(placement, at)) {
      if (packed >>> 16 === MATCH) break;
      if (packed >>> 16 !== HELD_OUT) continue;
      const [campaign, , kind, variant] = this.#campaigns[campaignOf(packed)]!;
      // One for each page: how often it would have been put up and taken down in one, nobody knows.
      ghosts.push({ campaign, variant, kind: NUDGE_KINDS[kind]!, decision: `${this.#client}-g${key(campaign).toString(36)}` });
    }
    return ghosts;
  }

  #trace(placement: string, at: number): number[] {
    const { i } = this.#place(placement);
    const trace: number[] = [];
    if (i < 0) return trace;
    for (let n = 0, packed; (packed = this.#core.trace(i, n, at)); n++) trace.push(packed);
    return trace;
  }

  #place(name: string): Place {
    const places = this.#places;
    let place = places.get(name);
    if (!place) {
      if (places.size >= MOST) places.clear();
      place = { i: this.#core.place(key(name)), version: -1, at: 0, packed: -1, decision: undefined, reads: NONE, values: [] };
      places.set(name, place);
    }
    return place;
  }

  /** Whether the texts say the same as before. */
  #same({ reads, values }: Place, at: number): boolean {
    for (let i = 0; i < reads.length; i++) if (this.#core.value(reads[i]!, at) !== values[i]) return false;
    return true;
  }

  #made(placement: string, place: Place, packed: number, at: number): Decision {
    const i = campaignOf(packed);
    const before = place.packed === packed ? place.decision?.nudge?.decision : undefined;
    place.packed = packed;
    place.reads = NONE;
    const trace = () => attempt(() => this.trace(placement, now())) ?? [];
    return (place.decision = { nudge: i < 0 ? null : this.#nudge(i, place, before, at), reason: reasonOf(packed), trace });
  }

  #nudge(i: number, place: Place, before: string | undefined, at: number): Nudge {
    const [campaign, , kind, variant, title, body, cta, snooze] = this.#campaigns[i]!;
    const known = new Map<number, number>();
    for (const text of [title, body, cta?.[0] ?? ""]) for (const read of reads(text)) known.set(read, this.#core.value(read, at));
    place.reads = [...known.keys()];
    place.values = [...known.values()];
    const locale = this.#locale();
    const written = (text: Campaign[4]) => format(text, (read) => known.get(read)!, locale);
    return {
      campaign,
      variant,
      kind: NUDGE_KINDS[kind]!,
      title: written(title),
      body: written(body),
      cta: cta && { label: written(cta[0]), action: cta[1] },
      snooze,
      decision: before ?? `${this.#client}-${++this.#decisions.n}`,
    };
  }
}

const reasonOf = (packed: number): Reason => REASONS[packed >>> 16]!;
