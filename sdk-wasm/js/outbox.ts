// Events on their way to the Worker. When to send, wait or give up is the core's to say; here is the queue itself.
//
// The Worker counts a batch once by its client and number, in whatever order batches come and from whichever page. So what a page could not be sure
// of when it went away is kept, and the user's next page sends it again as it was.

import { attempt } from "./failure.js";
import { after, now, random16 } from "./host.js";
import { type Page, quietly } from "./page.js";
import { keep, recall } from "./store.js";
import { ownerOf } from "./token.js";

/** One event as the Worker takes it; `at`, of the Worker's clock, is put in when it joins the queue. */
export interface Report {
  type: string;
  at?: number;
  [field: string]: string | number | undefined;
}

/** An event that carries an app's own words is written at once: they may be anything, and may change the next moment. */
type Waiting = Report | string;

/** Closed: nothing joins it any more. `size` is about how long it is, written. */
type Batch = readonly [client: string, seq: number, events: readonly Waiting[], count: number, at: number, size: number];

const enum Limit {
  /** A batch is closed at this many events or characters; one event is no longer than `Limit.LONGEST`, and mostly about as long as `Limit.USUAL`. */
  FULL = 100,
  FULL_SIZE = 40_000,
  LONGEST = 2000,
  USUAL = 80,
  /** So many batches and characters wait for a network; beyond that the oldest are given up. */
  MOST = 50,
  MOST_SIZE = 400_000,
  /** The Worker knows again which batches it has counted for three days. */
  OLDEST = 3 * 86_400_000,
  /** The core asks for no longer wait, in milliseconds. */
  LONGEST_WAIT = 300_001,
  /** What a browser still carries to its end when the page goes away; 64 kB for everything that is under way. */
  OUTLIVES = 50_000,
}

// Answers of `Core.answered`.
const enum Answer {
  DROP = 1,
  RETRY = 2,
  REFRESH = 3,
}

export interface Outbox {
  /**
   * Counts `n` more on a counter, `at` the device's clock. What is counted without a break within one second is told as one: order is kept,
   * and days, and all else that history is sorted by, begin with a second.
   */
  count_(meter: string, n: number, at: number): void;
  /** Only once the page is ready: a batch is numbered by the core. */
  add_(event: Report, at: number): void;
  /** The same for an event with an app's own words. */
  addWritten_(event: object, at: number): void;
  /** Sends what waits; `leaving`: the page may be gone the next moment, and with it whoever would hear an answer. */
  flush_(leaving?: boolean): void;
  /** Takes over what earlier pages of this user were not sure to have sent. */
  adopt_(): void;
  close_(): void;
}

/** Calls `accepted` after each batch that the Worker has taken. */
export function outboxOf(page: Page, accepted: () => void): Outbox {
  let open: Waiting[] = [];
  let openSize = 0;
  /** Closed and unanswered, oldest first. */
  let batches: Batch[] = [];
  /** So many of them are under way, 0 or 1. */
  let sending = 0;
  let kept = false;
  /** Calls off the wait for the moment that the core named. */
  let wake: (() => void) | undefined;

  const address = () => `${page.endpoint_}/v1/events`;
  const queueOf = (client: string) => `upcue:queue:${ownerOf(page)}:${client}`;

  const written = ([client, seq, events]: Batch): string => {
    const head = JSON.stringify({ client, seq, token: page.jwt_ });
    return `${head.slice(0, -1)},"events":[${events.map((event) => (typeof event === "string" ? event : JSON.stringify(event))).join()}]}`;
  };

  const drop = ([client, seq, , count]: Batch) => {
    if (client === page.client_) page.core_!.abandon(seq);
    page.failed_("events", `${count} given up`);
    page.changed_();
  };

  const close = () => {
    if (!open.length) return;
    batches.push([page.client_, page.core_!.closeBatch(), open, open.length, now(), openSize]);
    open = [];
    openSize = 0;
    let size = 0;
    for (const batch of batches) size += batch[5];
    // What is under way is answered yet.
    while (batches.length > sending + 1 && (batches.length > Limit.MOST || size > Limit.MOST_SIZE)) {
      const [batch] = batches.splice(sending, 1);
      size -= batch![5];
      drop(batch!);
    }
  };

  /** What waits outlives the page. */
  const keepAll = () => {
    if (!page.storage_ || (!kept && !batches.length)) return;
    kept = !!batches.length;
    keep(queueOf(page.client_), kept && batches);
  };

  /** Does what is due. */
  const pump = () => {
    wake = wake?.() as undefined;
    if (!page.ready_ || sending) return;
    const at = now();
    const due = page.core_!.nextSend(at);
    // Farther ahead than any wait there is, and the clock was turned back.
    if (due > at && due < at + Limit.LONGEST_WAIT) wake = after(due - at, pump);
    else if (due >= 0) quietly(send());
  };

  const send = async () => {
    const { core_: core } = page;
    if (!batches.length) close();
    const [batch] = batches;
    if (!batch) return;
    sending = 1;
    core!.sent();
    let status = 0;
    let wait = -1;
    try {
      await page.token_();
      const body = written(batch);
      // A string goes as text/plain, which needs no preflight: the token is in the body for that reason.
      const answer = await fetch(address(), { method: "POST", body, keepalive: body.length < Limit.OUTLIVES });
      status = answer.status;
      wait = 1000 * (Number(answer.headers.get("retry-after")) || -1);
      // Single events may be refused although their batch was taken.
      if (answer.ok) for (const { detail } of ((await answer.json()) as Receipt).rejected ?? []) page.failed_("events", detail);
    } catch {
      // No answer is status 0, and an answer that was cut off is an answer.
    }
    sending = 0;
    const verdict = core!.answered(status, batch[3], wait, random16(), now());
    if (verdict === Answer.REFRESH) page.jwt_ = "";
    if (verdict < Answer.RETRY) {
      batches.shift();
      if (verdict === Answer.DROP) drop(batch);
      else accepted();
    }
    if (kept || verdict >= Answer.RETRY) keepAll();
    pump();
  };

  const add = (event: Waiting, at: number) => {
    const waiting = open.push(event);
    openSize += typeof event === "string" ? event.length : Limit.USUAL;
    page.core_!.queued(at);
    if (waiting >= Limit.FULL || openSize > Limit.FULL_SIZE) close();
    // A timer that is set already need not be set again, but half a batch does not wait for it.
    if (!wake || waiting === Limit.FULL / 2) pump();
  };

  const outbox: Outbox = {
    count_(meter, n, at) {
      const last = open[open.length - 1] as Report | undefined;
      if (last?.["meter"] === meter) {
        const sum = (last["value"] as number) + n;
        if (Number.isSafeInteger(sum) && Math.floor(last.at! / 1000) === Math.floor((at + page.skew_) / 1000)) {
          last["value"] = sum;
          return;
        }
      }
      outbox.add_({ type: "usage", meter, value: n }, at);
    },

    add_(event, at) {
      event.at = at + page.skew_;
      add(event, at);
    },

    addWritten_(event, at) {
      const json = attempt(() => JSON.stringify({ ...event, at: at + page.skew_ })) ?? "";
      if (json && json.length <= Limit.LONGEST) add(json, at);
      else page.failed_("events", "too long");
    },

    flush_(leaving) {
      attempt(() => {
        if (!page.ready_) return;
        close();
        keepAll();
        // One request is under way already; the Worker sorts out which came first.
        if (leaving) for (const batch of batches.slice(sending)) navigator.sendBeacon(address(), written(batch));
        else if (!sending) quietly(send());
      });
    },

    adopt_() {
      const names = page.storage_ && attempt(() => Object.keys(localStorage));
      for (const name of names || []) {
        if (!name.startsWith(queueOf(""))) continue;
        attempt(() => {
          for (const [client, seq, events, , at, size] of recall(name) as Batch[]) {
            if (now() - at > Limit.OLDEST) continue;
            batches.push([client, seq, events, 1, at, size]);
            page.core_!.queued(now());
          }
        });
        keepAll();
        keep(name);
      }
      pump();
    },

    close_() {
      outbox.flush_();
      wake?.();
    },
  };
  return outbox;
}

interface Receipt {
  rejected?: { detail?: string }[];
}
