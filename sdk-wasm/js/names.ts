// Names, where only numbers cross.

/** The position of the row of that name; -1, which the core knows as none, where there is no such row. There are some dozens at most; to take each apart would be most of what an event costs. */
export const positionOf = (rows: readonly (readonly [name: string, ...unknown[]])[], name: string): number => rows.findIndex((row) => row[0] === name);

/** `key` of engine/src/hash.rs: 32-bit FNV-1a, and never 0. */
export function key(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0 || 1;
}
