// What the user did with nudges: one ledger for all tabs of this browser, also when they race for the last of a budget.
//
// IndexedDB is what settles a race: its transactions follow each other across tabs and their processes, which neither localStorage
// nor messages promise. Beside it the notes are kept in localStorage, because that answers at once when a page starts. Where storage is refused
// tabs still tell each other; where that is refused too, a page stands alone.

import { attempt, quietly } from "./failure.js";
import { after } from "./host.js";
import { keep, recall } from "./store.js";

/** A campaign's key, the position in `NOTES` or `CONVERT`, the decision's key, and two moments of the Worker's clock. */
export type Note = readonly [campaign: number, kind: number, tag: number, at: number, until: number];

/** The kind of a note that says: the tenant has upgraded. */
export const CONVERT = 6;

const MOST = 200;
/** What fades by itself has a smaller kind; what was dismissed stays dismissed. */
const LASTING = 3;
/** A storage that takes longer than this, in milliseconds, counts as none. */
const PATIENCE = 1000;
const STORE = "notes";

export class Ledger {
  readonly #owner: string;
  readonly #name: string;
  readonly #storage: boolean;
  readonly #hear: (note: Note) => void;
  readonly #channel: BroadcastChannel | undefined;
  readonly #notes = new Map<string, Note>();
  #opening: Promise<IDBDatabase> | undefined;

  /** Tells `hear` once of each note: of those that were kept, and of those of other tabs. */
  constructor(owner: string, storage: boolean, hear: (note: Note) => void) {
    this.#owner = owner;
    this.#name = `ledger:${owner}`;
    this.#storage = storage;
    this.#hear = hear;
    this.#channel = attempt(() => new BroadcastChannel(`upcue:${owner}`));
    this.#channel?.addEventListener("message", ({ data }: MessageEvent<Note>) => this.#take([data]));
    if (storage) this.#take(recall(this.#name));
  }

  /** Takes in what was kept meanwhile, without adding anything. */
  async catchUp(): Promise<void> {
    await this.turn(() => undefined);
  }

  /** Adds a note that needs nobody's leave. */
  add(note: Note): void {
    this.#told(note);
    quietly(this.turn(() => undefined));
  }

  /**
   * Calls `judge` when it is this tab's turn and all notes of others are in. What it answers is kept before the next tab has its
   * turn; the answer says whether it answered anything.
   */
  async turn(judge: () => Note | undefined): Promise<boolean> {
    let judged = false;
    let note: Note | undefined;
    const run = () => {
      if (judged) return;
      judged = true;
      note = judge();
      if (note) this.#told(note);
    };
    if (this.#storage) await quietly(soon(this.#exchange(run)));
    run();
    return !!note;
  }

  async close(): Promise<void> {
    this.#channel?.close();
    try {
      // Whoever waits for a turn has it before.
      (await this.#opening)?.close();
    } catch {
      // It was never open.
    }
  }

  /** The turn among all tabs; never rejects. */
  async #exchange(run: () => void): Promise<void> {
    try {
      await this.#transact(await (this.#opening ??= open()), run);
    } catch {
      // Refused, or broken: the next turn opens it anew.
      this.#opening = undefined;
    }
  }

  #transact(database: IDBDatabase, run: () => void): Promise<unknown> {
    return new Promise((done, failed) => {
      const transaction = database.transaction(STORE, "readwrite");
      const store = transaction.objectStore(STORE);
      const asked = store.get(this.#owner);
      asked.onsuccess = () => {
        this.#take(asked.result);
        attempt(run);
        attempt(() => store.put([...this.#notes.values()], this.#owner));
      };
      transaction.oncomplete = done;
      transaction.onabort = failed;
    });
  }

  /** Remembers an own note and tells the other tabs. */
  #told(note: Note): void {
    this.#remember(note);
    attempt(() => this.#channel?.postMessage(note));
    if (!this.#storage) return;
    this.#take(recall(this.#name));
    keep(this.#name, [...this.#notes.values()]);
  }

  /** Notes are the work of this package, but storage is anyone's. */
  #take(notes: unknown): void {
    attempt(() => {
      for (const note of notes as Iterable<Note>) if (this.#remember(note)) this.#hear(note);
    });
  }

  /** Whether it is a new one. */
  #remember(note: Note): boolean {
    const notes = this.#notes;
    const name = note.join();
    if (notes.has(name)) return false;
    notes.set(name, note);
    if (notes.size > MOST) {
      for (const [old, [, kind]] of notes) {
        if (kind < LASTING) {
          notes.delete(old);
          return true;
        }
      }
      notes.delete(notes.keys().next().value!);
    }
    return true;
  }
}

const open = () =>
  new Promise<IDBDatabase>((done, failed) => {
    const asked = indexedDB.open("upcue", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = failed;
  });

const soon = async (what: Promise<void>) => Promise.race([what, new Promise<void>((done) => after(PATIENCE, done))]);
