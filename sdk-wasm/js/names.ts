// Names, where only numbers cross.

import type { Words } from "./frame.js";

/** The positions of names in a snapshot. */
export interface Names {
  readonly meters: ReadonlyMap<string, number>;
  readonly features: ReadonlyMap<string, number>;
  readonly events: ReadonlyMap<string, number>;
  readonly campaigns: ReadonlyMap<string, number>;
}

/** Of rows that are names, or begin with one. */
const positions = (rows: readonly (string | readonly [string, ...unknown[]])[]) => new Map(rows.map((row, i) => [[row].flat()[0] as string, i]));

export const namesOf = ({ meters, features, events, campaigns }: Words): Names => ({
  meters: positions(meters),
  features: positions(features),
  events: positions(events),
  campaigns: positions(campaigns),
});

/** `key` of engine/src/hash.rs: 32-bit FNV-1a, and never 0. */
export function key(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0 || 1;
}
