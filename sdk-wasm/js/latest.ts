// The instance that elements use when they are given none: the one loaded last. Elements and components are bundles of their own, and a page
// may hold several copies of any of them, so they meet in the page itself.

import type { Upcue } from "./upcue.js";

/** Where it is found, and what is fired when there is another one. */
const NAME = "upcue:latest";

const page = globalThis as { [NAME]?: Upcue | undefined };

export const latestUpcue = (): Upcue | undefined => page[NAME];

export function setLatest(upcue: Upcue | undefined): void {
  page[NAME] = upcue;
  dispatchEvent(new Event(NAME));
}

/** Calls `wake` whenever there is another one; the answer ends that. */
export function onLatest(wake: () => void): () => void {
  addEventListener(NAME, wake);
  return () => removeEventListener(NAME, wake);
}
