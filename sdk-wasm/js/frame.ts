// A frame: the letter U, the format, what it is, the length of the numbers, the numbers (the core's), the words (ours) as JSON.
// engine/src/snapshot.rs and engine/src/page/words.rs say how each is written.

import type { NudgeKind, Plan } from "./types.js";

/** A text, with numbers in it: those that it reads of the page by their place, those with a 1 at the end as they are; `percent`: 1. */
export type Text = string | readonly (string | readonly [value: number, percent: 0 | 1, settled?: 1])[];

/** What a live frame says in words. */
export interface State {
  readonly plan: Plan | null;
  /** By meter: what it will read when its period ends, and when its limit is reached. */
  readonly courses: readonly (readonly [projected: number | null, exhaustsAt: number | null])[];
}

/** All words of a snapshot; a live frame brings those of its state alone. */
export interface Words extends State {
  /** What the snapshot's ETag is made of; a live frame brings none. */
  readonly tag: string;
  readonly meters: readonly (readonly [key: string, label: string, unit: string])[];
  readonly features: readonly (readonly [key: string, label: string])[];
  readonly events: readonly string[];
  readonly campaigns: readonly Campaign[];
}

export type Campaign = readonly [
  name: string,
  placement: string,
  kind: NudgeKind,
  variant: string | null,
  title: Text,
  body: Text,
  cta: readonly [label: Text, action: string] | null,
  snooze: number | null,
];

const HEADER = 3;

/** The part of a frame that the core reads, and the words behind it; throws when there are none to be read. */
export function split(frame: Uint8Array): [numbers: Uint8Array, words: Partial<Words>] {
  let at = HEADER;
  let length = 0;
  // Seven bits to a byte, the lowest first; the last byte has its highest bit unset.
  for (let unit = 1, byte = 128; byte > 127; unit *= 128) {
    byte = frame[at++]!;
    length += (byte & 127) * unit;
  }
  at += length;
  return [frame.subarray(0, at), JSON.parse(new TextDecoder().decode(frame.subarray(at))) as Partial<Words>];
}
