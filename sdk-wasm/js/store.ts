// What is kept in the browser from page to page. All of it may be refused; then nothing is kept.

import { attempt } from "./failure.js";

const PREFIX = "upcue:";

/** What is kept under a name, read as JSON. */
export const recall = (name: string): unknown => attempt(() => JSON.parse(localStorage.getItem(PREFIX + name)!) as unknown);

/** Keeps something under a name; forgets it when there is nothing to keep. */
export const keep = (name: string, what: unknown): void => {
  attempt(() => keepText(name, what && JSON.stringify(what)));
};

export const recallText = (name: string): string | null | undefined => attempt(() => localStorage.getItem(PREFIX + name));

export function keepText(name: string, text: unknown): void {
  attempt(() => (text === undefined ? localStorage.removeItem(PREFIX + name) : localStorage.setItem(PREFIX + name, text as string)));
}

/** The names that begin so. */
export const keptNames = (beginning: string): string[] =>
  attempt(() =>
    Object.keys(localStorage)
      .filter((name) => name.startsWith(PREFIX + beginning))
      .map((name) => name.slice(PREFIX.length)),
  ) ?? [];
