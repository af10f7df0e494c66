// What the user did with nudges, told to other tabs and kept across reloads. Both may be forbidden; then this page
// simply stands alone.

import { attempt } from "./failure.js";

/** A campaign, the position in `NOTES`, and two moments of the Worker's clock. */
export type Note = [campaign: string, kind: number, at: number, until: number];

const MOST = 200;
const EXPOSURE = 0;

export class Tabs {
  readonly #key: string;
  readonly #channel: BroadcastChannel | undefined;

  /** Tells `hear` of what happens in the user's other tabs, and of what was kept. */
  constructor(owner: string, hear: (note: Note) => void) {
    this.#key = `upcue:${owner}`;
    this.#channel = attempt(() => new BroadcastChannel(this.#key));
    // A note is the work of this package, but storage is anyone's.
    const heard = (note: Note) => attempt(() => hear(note));
    this.#channel?.addEventListener("message", ({ data }: MessageEvent<Note>) => heard(data));
    this.#kept().forEach(heard);
  }

  share(note: Note): void {
    attempt(() => this.#channel?.postMessage(note));
    const notes = [...this.#kept(), note];
    while (notes.length > MOST) {
      // Exposures fade by themselves; what was dismissed stays dismissed.
      notes.splice(Math.max(notes.findIndex(([, kind]) => kind === EXPOSURE), 0), 1);
    }
    attempt(() => localStorage.setItem(this.#key, JSON.stringify(notes)));
  }

  close(): void {
    this.#channel?.close();
  }

  #kept(): Note[] {
    const kept = attempt(() => JSON.parse(localStorage.getItem(this.#key)!) as unknown);
    return Array.isArray(kept) ? (kept as Note[]) : [];
  }
}
