// The last snapshot, kept so that the next page need not wait for the network with its first decision.

import { attempt } from "./failure.js";
import { now } from "./host.js";
import { keep, recall } from "./store.js";

/** A snapshot as it came: when, by the device's clock, and whose it is. */
export type Kept = readonly [frame: Uint8Array, at: number, etag: string, owner: string];

const NAME = "upcue:frame";
const enum Limit {
  /** Not more bytes than this: the page has use for its storage as well. */
  LARGEST = 500_000,
  /** Not longer than a day. */
  OLDEST = 86_400_000,
}

/** Keeps a snapshot under the name `whose`, in place of any other: only one is kept. */
export function keepFrame(whose: string, [frame, ...rest]: Kept): void {
  const written = (bytes: string, byte: number) => bytes + String.fromCharCode(byte);
  keep(NAME, frame.length < Limit.LARGEST && [whose, btoa(frame.reduce(written, "")), ...rest]);
}

/** What is kept under that name, if it is young enough. */
export const recallFrame = (whose: string): Kept | undefined =>
  attempt(() => {
    const [name, base64, at, ...rest] = recall(NAME) as [string, string, number, string, string];
    // A clock that was turned back does not make it younger.
    if (name !== whose || !(Math.abs(now() - at) < Limit.OLDEST)) return undefined;
    return [Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)), at, ...rest];
  });
