// Events on their way to the Worker. When to send, wait or give up is the core's to say; here is the queue itself.

import { after, now, random16 } from "./host.js";
import type { Page } from "./page.js";

/** One event as the Worker takes it. */
export interface Report {
  type: string;
  /** The Worker's clock. */
  at: number;
  [field: string]: unknown;
}

interface Batch {
  seq: number;
  events: Report[];
}

/** A batch is closed at this size, and so many wait for a network; beyond that the oldest is given up. */
const FULL = 500;
const MOST = 20;
/** What a browser still carries to its end when the page goes away; 64 kB for everything that is under way. */
const OUTLIVES = 50_000;

// Answers of `Core.answered`.
const DROP = 1;
const RETRY = 2;
const REFRESH = 3;

export class Outbox {
  readonly #page: Page;
  readonly #accepted: () => void;
  #open: Report[] = [];
  /** Closed and unanswered, oldest first. */
  #batches: Batch[] = [];
  #sending = false;
  #wake = () => {};

  constructor(page: Page, accepted: () => void) {
    this.#page = page;
    this.#accepted = accepted;
  }

  /** Only once the page is ready: a batch is numbered by the core. */
  add(event: Report): void {
    this.#open.push(event);
    this.#page.core?.queued(now());
    if (this.#open.length >= FULL) this.#close();
    this.pump();
  }

  /** Does what is due. */
  pump(): void {
    const { core, ready } = this.#page;
    this.#wake();
    if (!core || !ready || this.#sending) return;
    const due = core.nextSend(now());
    if (due > 0) this.#wake = after(due - now(), () => this.pump());
    else if (due === 0) void this.#send();
  }

  /** Sends what waits before the page can be gone. */
  flush(): void {
    const { core, ready } = this.#page;
    if (!core || !ready) return;
    if (!this.#sending) return void this.#send();
    this.#close();
    // One request is under way already; nobody is left to hear the answer to these.
    for (const batch of this.#batches.splice(1)) {
      if (navigator.sendBeacon(this.#address, this.#body(batch))) core.answered(202, batch.events.length, -1, 0, now());
      else this.#batches.push(batch);
    }
  }

  stop(): void {
    this.flush();
    this.#wake();
  }

  get #address(): string {
    return `${this.#page.endpoint}/v1/events`;
  }

  #body({ seq, events }: Batch): string {
    const { client, token } = this.#page;
    return JSON.stringify({ client, seq, token: token.current, events });
  }

  #close(): void {
    const { core } = this.#page;
    if (!core || !this.#open.length) return;
    this.#batches.push({ seq: core.closeBatch(), events: this.#open });
    this.#open = [];
    if (this.#batches.length > MOST) this.#drop(this.#batches.splice(this.#sending ? 1 : 0, 1)[0]!);
  }

  #drop({ seq, events }: Batch): void {
    this.#page.core?.abandon(seq);
    this.#page.failed("events", `${events.length} given up`);
    this.#page.changed();
  }

  async #send(): Promise<void> {
    const { core, token } = this.#page;
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
      if (answer.ok) this.#report(await answer.json().catch(() => null));
    } catch {
      // No answer is status 0.
    }
    this.#sending = false;
    const verdict = core.answered(status, batch.events.length, wait, random16(), now());
    if (verdict === REFRESH) token.refused();
    if (verdict < RETRY) {
      this.#batches.shift();
      if (verdict === DROP) this.#drop(batch);
      else this.#accepted();
    }
    this.pump();
  }

  /** Single events may be refused although their batch was taken. */
  #report(answer: { rejected?: { detail?: string }[] } | null): void {
    for (const { detail } of answer?.rejected ?? []) this.#page.failed("events", detail);
  }
}
