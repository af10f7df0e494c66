// The last snapshot, kept so that the next page need not wait for the network with its first decision.

import { attempt } from "./failure.js";
import { now } from "./host.js";
import { keepText, recallText } from "./store.js";

/** A snapshot as it came. */
export interface Kept {
  /** When, by the device's clock. */
  readonly at: number;
  readonly etag: string;
  /** Whose it is. */
  readonly owner: string;
  readonly frame: Uint8Array;
}

const NAME = "frame";
/** Not more bytes than this: the page has use for its storage as well. */
const LARGEST = 500_000;
/** Not longer than a day. */
const OLDEST = 86_400_000;

/** Keeps a snapshot under the name `whose`, in place of any other: only one is kept. */
export function keepFrame(whose: string, { at, etag, owner, frame }: Kept): void {
  if (frame.length > LARGEST) return keepText(NAME, undefined);
  let bytes = "";
  for (let i = 0; i < frame.length; i += 8192) bytes += String.fromCharCode(...frame.subarray(i, i + 8192));
  keepText(NAME, `${JSON.stringify([whose, at, etag, owner])}\n${bytes}`);
}

/** What is kept under that name, if it is young enough. */
export const recallFrame = (whose: string): Kept | undefined =>
  attempt(() => {
    const text = recallText(NAME)!;
    const end = text.indexOf("\n");
    const [name, at, etag, owner] = JSON.parse(text.slice(0, end)) as [string, number, string, string];
    // A clock that was turned back does not make it younger.
    if (name !== whose || !(Math.abs(now() - at) < OLDEST)) return undefined;
    const frame = new Uint8Array(text.length - end - 1);
    for (let i = 0; i < frame.length; i++) frame[i] = text.charCodeAt(end + 1 + i);
    return { at, etag, owner, frame };
  });
