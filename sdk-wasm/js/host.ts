// What the page's host is asked for: the moment, chance, a wake-up call. Nothing else in this package asks.

import { attempt } from "./failure.js";

// Elements and what is loaded later want the host of a page that has the core: with this, one script holds all that they share.
import "./upcue.js";
export * from "./latest.js";

/** The device's clock, in milliseconds since 1970. */
export const now = (): number => Date.now();

/** A random whole number of 16 bits. */
export const random16 = (): number => crypto.getRandomValues(new Uint16Array(1))[0]!;

/** A name nobody else has. */
export const randomName = (): string => crypto.getRandomValues(new Uint32Array(3)).join("");

/** The longest delay that timers keep; they treat longer ones as none at all. */
const LONGEST = 2 ** 31 - 1;

/**
 * Calls `wake` in `ms` milliseconds; the answer calls it off. Nobody hears what is thrown in a timer, except the app's error reports: a page
 * whose own scripts broke the language is none of ours to report.
 */
export function after(ms: number, wake: () => void): () => void {
  const timer = setTimeout(() => attempt(wake), Math.min(ms, LONGEST));
  return () => clearTimeout(timer);
}
