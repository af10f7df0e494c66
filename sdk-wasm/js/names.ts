// Names, where only numbers cross.

/** A list of names, or of rows that begin with one. Once it was asked for a position, it knows all of them: to look through it would be a good part of what an event costs. */
type Names = readonly (string | readonly [name: string, ...unknown[]])[] & { at_?: Map<string, number> };

/** The position of a name; -1, which the core knows as none, where there is no such name. */
export const positionOf = (names: Names, name: string): number =>
  (names.at_ ??= new Map(names.map((row, i) => [[row].flat()[0] as string, i]))).get(name) ?? -1;

/** `key` of engine/src/hash.rs: 32-bit FNV-1a, and never 0. */
export function key(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0 || 1;
}
