// Names, where only numbers cross.

import type { Words } from "./frame.js";

/** The positions of names in a snapshot. */
export interface Names {
  readonly meters: ReadonlyMap<string, number>;
  readonly features: ReadonlyMap<string, number>;
  readonly events: ReadonlyMap<string, number>;
  readonly campaigns: ReadonlyMap<string, number>;
}

const positions = (names: readonly string[]) => new Map(names.map((name, i) => [name, i]));
const first = (rows: readonly (readonly [string, ...unknown[]])[]) => positions(rows.map(([name]) => name));

export const namesOf = ({ meters, features, events, campaigns }: Words): Names => ({
  meters: first(meters),
  features: first(features),
  events: positions(events),
  campaigns: first(campaigns),
});

/** `key` of engine/src/hash.rs: 32-bit FNV-1a, and never 0. */
export function key(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0 || 1;
}
