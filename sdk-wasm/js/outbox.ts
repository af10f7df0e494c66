// Events on their way to the Worker. When to send, wait or give up is the core's to say; here is the queue itself.
//
// The Worker counts a batch once by its client and number, in whatever order batches come and from whichever page. So what a page could not be sure
// of when it went away is kept, and the user's next page sends it again as it was.

import { attempt, quietly } from "./failure.js";
import { after, now, random16 } from "./host.js";
import type { Page } from "./page.js";
import { keep, recall } from "./store.js";

/** One event as the Worker takes it; `at`, of the Worker's clock, is put in when it joins the queue. */
export interface Report {
  type: string;
  at?: number;
  meter?: string;
  value?: number;
  /** What the app says of it, apart: what it calls `tenant` or `id` must not pass for the event's own. */
  properties?: object | undefined;
  [field: string]: string | number | object | undefined;
}

/** Closed: nothing joins it any more; since when. */
type Batch = readonly [client: string, seq: number, events: readonly Report[], at: number];

const enum Limit {
  /** A batch is closed at this many events or characters; one event is no longer than `Limit.LONGEST`, and mostly about as long as `Limit.USUAL`. */
  FULL = 100,
  FULL_SIZE = 20_000,
  LONGEST = 2000,
  USUAL = 80,
  /** So many batches wait for a network; beyond that the oldest are given up. */
  MOST = 40,
  /** The Worker knows again which batches it has counted for three days. */
  OLDEST = 3 * 86_400_000,
  /** The core asks for no longer wait, in milliseconds. */
  LONGEST_WAIT = 300_001,
  /** What a browser still carries to its end when the page goes away; 64 kB for everything that is under way. */
  OUTLIVES = 50_000,
  /** Up to here numbers are exact. */
  EXACT = 2 ** 53 - 1,
}

// Answers of `Core.answered`.
const enum Answer {
  DROP = 1,
  RETRY = 2,
  REFRESH = 3,
}

export interface Outbox {
  /**
   * Only once the page is ready: a batch is numbered by the core. `at` is the device's clock. What is counted without a break within one second
   * is told as one: order is kept, and days, and all else that history is sorted by, begin with a second.
   */
  add_(event: Report, at: number): void;
  /** Sends what waits; `leaving`: the page may be gone the next moment, and with it whoever would hear an answer. */
  flush_(leaving?: boolean): void;
  /** The page is ready: what waits may be sent. */
  begin_(): void;
  /** Takes over what earlier pages of this user were not sure to have sent. */
  adopt_(): void;
  /** What waits is left to the next page of its owner. */
  leave_(): void;
}

/** Calls `accepted` after each batch that the Worker has taken. */
export function outboxOf(page: Page, accepted: () => void): Outbox {
  let open: Report[] = [];
  let openSize = 0;
  /** Closed and unanswered, oldest first. */
  let batches: Batch[] = [];
  let sending = false;
  /** Under which name they are kept. */
  let kept = "";
  /** Calls off the wait for the moment that the core named. */
  let wake: (() => void) | undefined;

  const address = () => `${page.endpoint_}/v1/events`;
  const queueOf = (client: string) => `upcue:queue:${page.owner_}:${client}`;

  const written = ([client, seq, events]: Batch) => JSON.stringify({ client, seq, token: page.jwt_, events });

  const drop = ([client, seq, events]: Batch) => {
    if (client === page.client_) page.core_!.abandon_(seq);
    page.failed_("events", `${events.length} given up`);
    page.changed_();
  };

  const close = () => {
    if (!open.length) return;
    batches.push([page.client_, page.core_!.closeBatch_(), open, now()]);
    open = [];
    openSize = 0;
    // The first may be under way.
    if (batches.length > Limit.MOST) drop(batches.splice(1, 1)[0]!);
  };

  /** What waits outlives the page. */
  const keepAll = () => {
    const name = page.storage_ && batches.length ? queueOf(page.client_) : "";
    if (kept && kept !== name) keep(kept);
    if (name) keep(name, batches);
    kept = name;
  };

  /** Does what is due. */
  const pump = () => {
    wake = wake?.() as undefined;
    if (!page.ready_ || sending) return;
    const at = now();
    const due = page.core_!.nextSend_(
      batches.reduce((waiting, [, , events]) => waiting + events.length, open.length),
      at,
    );
    // Farther ahead than any wait there is, and the clock was turned back.
    if (due > at && due < at + Limit.LONGEST_WAIT) wake = after(due - at, pump);
    else if (due >= 0) quietly(send());
  };

  const send = async () => {
    sending = true;
    let batch: Batch | undefined;
    let status = 0;
    let wait = -1;
    try {
      // It says whose the page is, and so what waits.
      await page.token_();
      if (!batches.length) close();
      [batch] = batches;
      if (!batch) return void (sending = false);
      page.core_!.sent_();
      const body = written(batch);
      // A string goes as text/plain, which needs no preflight: the token is in the body for that reason.
      const answer = await fetch(address(), { method: "POST", body, keepalive: body.length < Limit.OUTLIVES });
      status = answer.status;
      wait = 1000 * (Number(answer.headers.get("retry-after")) || -1);
      // Single events may be refused although their batch was taken.
      for (const { detail } of ((await answer.json()) as Receipt).rejected ?? []) page.failed_("events", detail);
    } catch {
      // No answer is status 0, and an answer that was cut off is an answer.
    }
    sending = false;
    const verdict = page.core_!.answered_(status, wait, random16(), now());
    if (verdict === Answer.REFRESH) page.jwt_ = "";
    if (verdict < Answer.RETRY) {
      batches = batches.filter((other) => other !== batch);
      if (verdict === Answer.DROP) drop(batch!);
      else accepted();
    }
    if (kept || verdict >= Answer.RETRY) keepAll();
    pump();
  };

  return {
    add_(event, at) {
      event.at = at + page.skew_;
      const last = open.at(-1);
      const sum = last?.value! + event.value!;
      if (last?.meter === event.meter && sum <= Limit.EXACT && second(last!) === second(event)) return void (last!.value = sum);
      let size = Limit.USUAL as number;
      if (event.properties) {
        // An app's own words may be anything, and may change the next moment.
        const written = attempt(() => JSON.stringify(event)) ?? "";
        size = written.length;
        if (!size || size > Limit.LONGEST) return page.failed_("events", "too long");
        event = JSON.parse(written) as Report;
      }
      const many = open.push(event);
      openSize += size;
      if (many >= Limit.FULL || openSize > Limit.FULL_SIZE) close();
      // A timer that is set already need not be set again, but half a batch does not wait for it.
      if (!wake || many === Limit.FULL / 2) pump();
    },

    flush_(leaving) {
      attempt(() => {
        if (!page.ready_) return;
        close();
        keepAll();
        // One of them may be under way already; the Worker counts it once.
        if (leaving) for (const batch of batches) navigator.sendBeacon(address(), written(batch));
        else if (!sending) quietly(send());
      });
    },

    begin_: pump,

    adopt_() {
      const names = page.storage_ && attempt(() => Object.keys(localStorage));
      for (const name of names || []) {
        if (name === kept || !name.startsWith(queueOf(""))) continue;
        attempt(() => {
          for (const batch of recall(name) as Batch[]) {
            if (now() - batch[3] > Limit.OLDEST) continue;
            batches.push(batch);
          }
        });
        keepAll();
        keep(name);
      }
      pump();
    },

    leave_() {
      close();
      keepAll();
      batches = [];
      kept = "";
    },
  };
}

const second = ({ at }: Report) => Math.floor(at! / 1000);

interface Receipt {
  rejected?: { detail?: string }[];
}
