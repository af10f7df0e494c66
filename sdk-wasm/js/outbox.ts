// Events on their way to the Worker. When to send, wait or give up is the core's to say; here is the queue itself.
//
// The Worker counts a batch once by its client and number, in whatever order batches come and from whichever page. So what a page could not be sure
// of when it went away is kept, and the user's next page sends it again as it was.

import { attempt, quietly } from "./failure.js";
import { after, now, random16 } from "./host.js";
import type { Page } from "./page.js";
import { keep, keptNames, recall } from "./store.js";

/** One event as the Worker takes it. */
export interface Report {
  type: string;
  /** The Worker's clock. */
  at: number;
  [field: string]: string | number;
}

/** An event that carries an app's own words is written at once: they may be anything, and may change the next moment. */
type Waiting = Report | string;

/** Closed: nothing joins it any more. `size` is about how long it is, written. */
type Batch = readonly [client: string, seq: number, events: readonly Waiting[], count: number, at: number, size: number];

/** A batch is closed at this many events or characters; one event is no longer than `LONGEST`, and mostly about as long as `USUAL`. */
const FULL = 100;
const FULL_SIZE = 40_000;
const LONGEST = 2000;
const USUAL = 80;
/** So many batches and characters wait for a network; beyond that the oldest are given up. */
const MOST = 50;
const MOST_SIZE = 400_000;
/** The Worker knows again which batches it has counted for three days. */
const OLDEST = 3 * 86_400_000;
/** The core asks for no longer wait, in milliseconds. */
const LONGEST_WAIT = 300_001;
/** What a browser still carries to its end when the page goes away; 64 kB for everything that is under way. */
const OUTLIVES = 50_000;

// Answers of `Core.answered`.
const DROP = 1;
const RETRY = 2;
const REFRESH = 3;

export class Outbox {
  readonly #page: Page;
  readonly #accepted: () => void;
  #open: Waiting[] = [];
  #openSize = 0;
  /** Closed and unanswered, oldest first. */
  #batches: Batch[] = [];
  #sending = false;
  #waiting = false;
  #kept = false;
  #wake = () => {};

  constructor(page: Page, accepted: () => void) {
    this.#page = page;
    this.#accepted = accepted;
  }

  /**
   * Counts `n` more on a counter, `at` the device's clock. What is counted without a break within one second is told as one: order is kept,
   * and days, and all else that history is sorted by, begin with a second.
   */
  count(meter: string, n: number, at: number): void {
    const time = at + this.#page.skew;
    const last = this.#open[this.#open.length - 1] as Report | undefined;
    if (last?.["meter"] === meter) {
      const sum = (last["value"] as number) + n;
      if (Number.isSafeInteger(sum) && Math.floor(last.at / 1000) === Math.floor(time / 1000)) {
        last["value"] = sum;
        return;
      }
    }
    this.add({ type: "usage", meter, value: n, at: time }, at);
  }

  /** Only once the page is ready: a batch is numbered by the core. */
  add(event: Waiting, at: number): void {
    const waiting = this.#open.push(event);
    this.#openSize += typeof event === "string" ? event.length : USUAL;
    this.#page.core!.queued(at);
    if (waiting >= FULL || this.#openSize > FULL_SIZE) this.#close();
    // A timer that is set already need not be set again, but half a batch does not wait for it.
    if (!this.#waiting || waiting === FULL / 2) this.pump();
  }

  /** The same for an event with an app's own words. */
  addWritten(event: object, at: number): void {
    const json = attempt(() => JSON.stringify(event)) ?? "";
    if (json && json.length <= LONGEST) this.add(json, at);
    else this.#page.failed("events", "too long, or not to be written");
  }

  /** Does what is due. */
  pump(): void {
    const { core, ready } = this.#page;
    this.#wake();
    this.#waiting = false;
    if (!core || !ready || this.#sending) return;
    const at = now();
    const due = core.nextSend(at);
    // Farther ahead than any wait there is, and the clock was turned back.
    this.#waiting = due > at && due < at + LONGEST_WAIT;
    if (this.#waiting) this.#wake = after(due - at, () => this.pump());
    else if (due >= 0) quietly(this.#send());
  }

  /** Sends what waits; `leaving`: the page may be gone the next moment, and with it whoever would hear an answer. */
  flush(leaving?: boolean): void {
    attempt(() => this.#flush(leaving));
  }

  #flush(leaving?: boolean): void {
    const { core, ready } = this.#page;
    if (!core || !ready) return;
    this.#close();
    this.#keep();
    // One request is under way already; the Worker sorts out which came first.
    if (leaving) for (const batch of this.#batches.slice(+this.#sending)) navigator.sendBeacon(this.#address, this.#body(batch));
    else if (!this.#sending) quietly(this.#send());
  }

  stop(): void {
    this.flush();
    this.#wake();
  }

  /** Takes over what earlier pages of this user were not sure to have sent. */
  adopt(): void {
    const { core, storage, token } = this.#page;
    if (!storage) return;
    for (const name of keptNames(`queue:${token.owner}:`)) {
      attempt(() => {
        for (const [client, seq, events, , at, size] of recall(name) as Batch[]) {
          if (now() - at > OLDEST) continue;
          this.#batches.push([client, seq, events, 1, at, size]);
          core!.queued(now());
        }
      });
      this.#keep();
      keep(name, undefined);
    }
    this.pump();
  }

  get #address(): string {
    return `${this.#page.endpoint}/v1/events`;
  }

  get #name(): string {
    return `queue:${this.#page.token.owner}:${this.#page.client}`;
  }

  #body([client, seq, events]: Batch): string {
    const head = JSON.stringify({ client, seq, token: this.#page.token.current });
    const written = events.map((event) => (typeof event === "string" ? event : JSON.stringify(event)));
    return `${head.slice(0, -1)},"events":[${written.join()}]}`;
  }

  #close(): void {
    const { client, core } = this.#page;
    const events = this.#open;
    const batches = this.#batches;
    if (!core || !events.length) return;
    batches.push([client, core.closeBatch(), events, events.length, now(), this.#openSize]);
    this.#open = [];
    this.#openSize = 0;
    let size = 0;
    for (const batch of batches) size += batch[5];
    // What is under way is answered yet.
    const first = +this.#sending;
    while (batches.length > first + 1 && (batches.length > MOST || size > MOST_SIZE)) {
      const [batch] = batches.splice(first, 1);
      size -= batch![5];
      this.#drop(batch!);
    }
  }

  #drop([client, seq, , count]: Batch): void {
    const { core, changed, failed, client: own } = this.#page;
    if (client === own) core?.abandon(seq);
    failed("events", `${count} given up`);
    changed();
  }

  /** What waits outlives the page. */
  #keep(): void {
    if (!this.#page.storage || (!this.#kept && !this.#batches.length)) return;
    this.#kept = !!this.#batches.length;
    keep(this.#name, this.#kept ? this.#batches : undefined);
  }

  async #send(): Promise<void> {
    const { core, token, failed } = this.#page;
    if (!this.#batches.length) this.#close();
    const [batch] = this.#batches;
    if (!core || !batch) return;
    this.#sending = true;
    core.sent();
    let status = 0;
    let wait = -1;
    try {
      await token.get();
      const body = this.#body(batch);
      // A string goes as text/plain, which needs no preflight: the token is in the body for that reason.
      const answer = await fetch(this.#address, { method: "POST", body, keepalive: body.length < OUTLIVES });
      status = answer.status;
      wait = 1000 * (Number(answer.headers.get("retry-after")) || -1);
      // Single events may be refused although their batch was taken.
      if (answer.ok) for (const { detail } of ((await answer.json()) as Receipt).rejected ?? []) failed("events", detail);
    } catch {
      // No answer is status 0, and an answer that was cut off is an answer.
    }
    this.#sending = false;
    const verdict = core.answered(status, batch[3], wait, random16(), now());
    if (verdict === REFRESH) token.refused();
    if (verdict < RETRY) {
      this.#batches.shift();
      if (verdict === DROP) this.#drop(batch);
      else this.#accepted();
      if (this.#kept) this.#keep();
    } else this.#keep();
    this.pump();
  }
}

interface Receipt {
  rejected?: { detail?: string }[];
}
