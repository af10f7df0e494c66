// What the user did with nudges: one ledger for all tabs of this browser, also when they race for the last of a budget.
//
// IndexedDB is what settles a race: its transactions follow each other across tabs and their processes, which neither localStorage
// nor messages promise. Beside it the notes are kept in localStorage, because that answers at once when a page starts. Where storage is refused
// tabs still tell each other; where that is refused too, a page stands alone.

import { attempt } from "./failure.js";
import { after } from "./host.js";
import { keep, recall } from "./store.js";

/** A campaign's key, the position in `NOTES` or `CONVERT`, the decision's key, and two moments of the Worker's clock. */
export type Note = readonly [campaign: number, kind: number, tag: number, at: number, until: number];

/** The kind of a note that says: the tenant has upgraded. */
export const CONVERT = 6;

const enum Limit {
  MOST = 200,
  /** What has a smaller kind is counted by its decision. Of the rest only the last matters, and it stays: what was dismissed stays dismissed. */
  LASTING = 3,
  /** A storage that takes longer than this, in milliseconds, counts as none. */
  PATIENCE = 1000,
}
const STORE = "notes";

export interface Ledger {
  /** Adds an own note and tells the other tabs. */
  add_(note: Note): void;
  /** Calls `run` when it is this tab's turn and all notes of others are in; what it adds is kept before the next tab has its turn. Never rejects. */
  turn_(run?: () => void): Promise<void>;
  close_(): void;
}

/** Tells `hear` once of each note: of those that were kept, and of those of other tabs. */
export function ledgerOf(owner: string, storage: boolean, hear: (note: Note) => void): Ledger {
  const name = `upcue:ledger:${owner}`;
  const notes = new Map<string, Note>();
  const channel = attempt(() => new BroadcastChannel(name));

  /** Whether it is a new one. */
  const remember = (note: Note): boolean => {
    const [campaign, kind, tag, at] = note;
    const name = `${campaign} ${kind < Limit.LASTING ? tag : kind}`;
    if (notes.get(name)?.[3]! >= at) return false;
    notes.set(name, note);
    if (notes.size > Limit.MOST) {
      const all = [...notes];
      notes.delete((all.find(([, [, kind]]) => kind < Limit.LASTING) ?? all[0]!)[0]);
    }
    return true;
  };

  /** Notes are the work of this package, but storage is anyone's. */
  const take = (found: unknown) =>
    attempt(() => {
      for (const note of found as Iterable<Note>) if (remember(note)) hear(note);
    });

  /** The turn among all tabs, or none in time; the database is closed after it, so a broken one is opened anew. */
  const exchange = (run: () => void) =>
    new Promise<void>((done) => {
      after(Limit.PATIENCE, done);
      const opening = indexedDB.open("upcue");
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
      opening.onerror = () => done();
      opening.onsuccess = () => {
        const database = opening.result;
        const end = () => done(database.close());
        try {
          const transaction = database.transaction(STORE, "readwrite");
          const store = transaction.objectStore(STORE);
          const asked = store.get(owner);
          asked.onsuccess = () =>
            attempt(() => {
              take(asked.result);
              run();
              store.put([...notes.values()], owner);
            });
          transaction.oncomplete = transaction.onabort = end;
        } catch {
          // Somebody else's, without the store.
          end();
        }
      };
    });

  if (channel) channel.onmessage = ({ data }) => take([data]);
  if (storage) take(recall(name));

  return {
    add_(note) {
      remember(note);
      attempt(() => channel?.postMessage(note));
      if (!storage) return;
      take(recall(name));
      keep(name, [...notes.values()]);
    },

    async turn_(run) {
      const once = () => {
        const due = run;
        run = undefined;
        due?.();
      };
      try {
        if (storage) await exchange(once);
      } catch {
        // Refused: this page stands alone.
      }
      once();
    },

    close_: () => channel?.close(),
  };
}
