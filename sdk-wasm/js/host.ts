// What the page's host is asked for: the moment, chance, a wake-up call. Nothing else in this package asks.

import { attempt } from "./failure.js";

/** The device's clock, in milliseconds since 1970. */
export const now = (): number => Date.now();

/** A random whole number of 16 bits, for what need not be hard to guess. */
export const random16 = (): number => (Math.random() * 65_536) | 0;

/** A name nobody else has. */
export const randomName = (): string => crypto.getRandomValues(new Uint16Array(6)).join("");

/**
 * Calls `wake` in `ms` milliseconds; the answer calls it off. Nobody hears what is thrown in a timer, except the app's error reports: a page
 * whose own scripts broke the language is none of ours to report.
 */
export function after(ms: number, wake: () => void): () => void {
  const timer = setTimeout(() => attempt(wake), ms);
  return () => clearTimeout(timer);
}
