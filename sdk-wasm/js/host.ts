// What the page's host is asked for: the moment, chance, a wake-up call. Nothing else in this package asks.

import { attempt } from "./failure.js";

/** The device's clock, in milliseconds since 1970. */
export const now = (): number => Date.now();

/** A random whole number of 16 bits. */
export const random16 = (): number => crypto.getRandomValues(new Uint16Array(1))[0]!;

/** A name nobody else has. */
export const randomName = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The longest delay that timers keep; they treat longer ones as none at all. */
const LONGEST = 2 ** 31 - 1;

// Nobody hears what is thrown in a timer or a listener, except the app's error reports: a page whose own scripts broke the
// language is none of ours to report.

/** Calls `wake` in `ms` milliseconds; the answer calls it off. */
export function after(ms: number, wake: () => void): () => void {
  const timer = setTimeout(() => attempt(wake), Math.min(Math.max(ms, 0), LONGEST));
  return () => clearTimeout(timer);
}

/** Calls `wake` every `ms` milliseconds; the answer stops it. */
export function every(ms: number, wake: () => void): () => void {
  const timer = setInterval(() => attempt(wake), ms);
  return () => clearInterval(timer);
}

/** Calls `hear` at each event of the page, until `signal` ends it. */
export const listen = (name: string, hear: (event: Event) => void, signal: AbortSignal): void =>
  addEventListener(name, (event) => attempt(() => hear(event)), { signal });
