// What is kept in the browser from page to page. All of it may be refused; then nothing is kept.

import { attempt } from "./failure.js";

/** What is kept under a name. */
export const recall = (name: string): unknown => attempt(() => JSON.parse(localStorage[name]) as unknown);

/** Keeps something under a name; forgets it when there is nothing to keep. */
export const keep = (name: string, what?: unknown): void => {
  attempt(() => (what ? localStorage.setItem(name, JSON.stringify(what)) : localStorage.removeItem(name)));
};
