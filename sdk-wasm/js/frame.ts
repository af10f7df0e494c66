// A frame: the letter U, the format, what it is, the length of the numbers, the numbers (the core's), the words (ours) as JSON.
// engine/src/snapshot.rs and engine/src/page/words.rs say how each is written.

/** A text, with the values it reads of the page: each by its number, and 1 when it is per cent. */
export type Text = string | readonly (string | readonly [value: number, percent: 0 | 1])[];

/** What a live frame says in words. */
export interface State {
  readonly plan: readonly [id: string, name: string] | null;
  /** By meter: what it will read when its period ends, and when its limit is reached. */
  readonly courses: readonly (readonly [projected: number | null, exhaustsAt: number | null])[];
}

/** All words of a snapshot; a live frame brings those of its state alone. */
export interface Words extends State {
  readonly meters: readonly (readonly [key: string, label: string, unit: string])[];
  readonly features: readonly (readonly [key: string, label: string])[];
  readonly events: readonly string[];
  readonly campaigns: readonly Campaign[];
}

export type Campaign = readonly [
  name: string,
  placement: string,
  kind: number,
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
  for (let shift = 0, byte = 128; byte & 128; shift += 7) {
    byte = frame[at++]!;
    length += (byte & 127) * 2 ** shift;
  }
  at += length;
  return [frame.subarray(0, at), JSON.parse(new TextDecoder().decode(frame.subarray(at))) as Partial<Words>];
}
