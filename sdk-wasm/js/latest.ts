// The instance that elements use when they are given none: the one loaded last.

import type { Upcue } from "./upcue.js";

let latest: Upcue | undefined;
const waiting = new Set<() => void>();

export const latestUpcue = (): Upcue | undefined => latest;

export function setLatest(upcue: Upcue | undefined): void {
  latest = upcue;
  waiting.forEach((wake) => wake());
}

/** Calls `wake` whenever there is another one; the answer ends that. */
export function onLatest(wake: () => void): () => void {
  waiting.add(wake);
  return () => waiting.delete(wake);
}
