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
export const keepFrame = (whose: string, [frame, ...rest]: Kept): void =>
  keep(NAME, frame.length < Limit.LARGEST && [whose, encode(frame), ...rest]);

/** What is kept under that name, if it is young enough. */
export const recallFrame = (whose: string): Kept | undefined =>
  attempt(() => {
    const [name, base64, at, ...rest] = recall(NAME) as [string, string, number, string, string];
    // A clock that was turned back does not make it younger.
    return name === whose && Math.abs(now() - at) < Limit.OLDEST ? [decode(base64), at, ...rest] : undefined;
  });

const encode = (bytes: Uint8Array): string => btoa(bytes.reduce((letters, byte) => letters + String.fromCharCode(byte), ""));

/** The first decision waits for this: with a function for each letter it takes ten times as long. */
export function decode(base64: string): Uint8Array<ArrayBuffer> {
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}
