// The Worker's word: a snapshot to begin with, then frames over a socket, or snapshots every half minute without one.

import { loadCore } from "./core.js";
import { UpcueError, attempt, quietly } from "./failure.js";
import { type Words, split } from "./frame.js";
import { after, every, listen, now, random16, randomName } from "./host.js";
import { type Kept, keepFrame, recallFrame } from "./kept.js";
import type { Page } from "./page.js";
import type { WasmSource } from "./types.js";

const BEAT = 30_000;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;
/** The Worker closes a socket with this when its token has run out. */
const TOKEN_EXPIRED = 4401;

// Answers of `Core.apply`.
const WHOLE = 1;
const REFUSED = 2;
const REFUSED_FORMAT = 3;

/** Hears of each frame that was taken in: its words, and whether everything is new. */
type Taken = (words: Partial<Words>, whole: boolean, owner: string) => void;

export class Live {
  readonly #page: Page;
  readonly #wasm: WasmSource | undefined;
  /** Under which name a snapshot is kept; none before the token says it. */
  readonly #user: string | undefined;
  readonly #taken: Taken;
  readonly #listening = new AbortController();
  #stopBeat = () => {};
  #cancelRetry = () => {};
  #socket: WebSocket | undefined;
  /** Something was heard since the last beat. */
  #alive = false;
  #failures = 0;
  #kept: Kept | undefined;
  #recalled = false;
  #etag = "";
  #stopped = false;

  constructor(page: Page, wasm: WasmSource | undefined, user: string | undefined, taken: Taken) {
    this.#page = page;
    this.#wasm = wasm;
    this.#user = user;
    this.#taken = taken;
  }

  /** Tries once, and again in the background when that fails; never rejects. */
  async start(): Promise<void> {
    const { signal } = this.#listening;
    this.#stopBeat = every(BEAT, () => this.#beat());
    listen("online", () => this.#again(), signal);
    // A page with an open socket cannot be kept for the way back.
    listen("pagehide", () => this.#close(), signal);
    listen("pageshow", (event) => (event as PageTransitionEvent).persisted && this.#again(), signal);
    await quietly(this.#try());
  }

  /** Asks for news, unless a socket brings them anyway. */
  poll(): void {
    if (this.#page.ready && this.#socket?.readyState !== WebSocket.OPEN) quietly(this.#news());
  }

  stop(): void {
    this.#stopped = true;
    this.#listening.abort();
    this.#stopBeat();
    this.#cancelRetry();
    this.#close();
  }

  async #news(): Promise<void> {
    try {
      await this.#fetch();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #try(): Promise<void> {
    this.#cancelRetry();
    try {
      if (!this.#page.fresh) await this.#fetch();
      if (!this.#stopped) await this.#connect();
    } catch (error) {
      this.#failed(error);
      this.#retry();
    }
  }

  #again(): void {
    if (!this.#socket && !this.#stopped) quietly(this.#try());
  }

  /** Exponential, with jitter: a whole fleet of pages does not come back at the same moment. */
  #retry(): void {
    if (this.#stopped) return;
    const wait = Math.min(FIRST_WAIT * 2 ** this.#failures++, LONGEST_WAIT);
    this.#cancelRetry = after((wait / 2) * (1 + random16() / 65_535), () => this.#again());
  }

  #failed(error: unknown): void {
    const { code, cause } = error instanceof UpcueError ? error : { code: "snapshot" as const, cause: error };
    this.#page.failed(code, cause);
  }

  async #fetch(): Promise<void> {
    const loading = this.#load();
    // Neither waits for the other, unless something failed before: then there may be no point in asking.
    if (this.#failures) await loading;
    const [asked, loaded] = await Promise.allSettled([this.#ask(), loading]);
    for (const outcome of [loaded, asked]) if (outcome.status === "rejected") throw outcome.reason;
    const answer = (asked as PromiseFulfilledResult<Response>).value;
    if (answer.status !== 304) {
      const etag = answer.headers.get("etag") ?? "";
      const frame = new Uint8Array(await answer.arrayBuffer());
      const at = now();
      const { owner } = this.#page.token;
      this.#take(frame, at, owner);
      this.#etag = etag;
      if (this.#page.storage) after(0, () => keepFrame(this.#user ?? owner, { at, etag, owner, frame }));
    } else if (!this.#page.ready) {
      // What was kept could not be used.
      this.#etag = "";
      return this.#fetch();
    }
    this.#freshen();
  }

  #freshen(): void {
    if (this.#page.fresh || !this.#page.ready) return;
    this.#page.fresh = true;
    this.#page.changed();
  }

  async #load(): Promise<void> {
    const page = this.#page;
    if (this.#user ?? page.token.current) this.#recall();
    if (page.core) return;
    try {
      page.core = await loadCore(this.#wasm);
    } catch (cause) {
      throw new UpcueError("wasm", cause);
    }
    this.#begin();
  }

  /** Looks for a snapshot that was kept, as soon as it is known for whom. */
  #recall(): void {
    const { ready, storage, token } = this.#page;
    if (ready || !storage || this.#recalled) return;
    this.#recalled = true;
    this.#kept = recallFrame(this.#user ?? token.owner);
    this.#etag = this.#kept?.etag ?? "";
    this.#begin();
  }

  /** Begins with the kept snapshot, once there is one and a core. It is of its own time: the clocks were compared then. */
  #begin(): void {
    const { core, ready } = this.#page;
    const kept = this.#kept;
    if (!core || ready || !kept) return;
    try {
      this.#accept(kept.frame, kept.at, kept.owner);
    } catch {
      // Damaged, or of another version: the Worker is asked anyway.
    }
  }

  async #ask(again = false): Promise<Response> {
    const { endpoint, client } = this.#page;
    const headers = new Headers({ authorization: `Bearer ${await this.#token()}`, accept: "application/vnd.upcue.snapshot" });
    if (this.#etag) headers.set("if-none-match", this.#etag);
    const answer = await fetch(`${endpoint}/v1/snapshot?client=${client}`, { headers, cache: "no-store" });
    if (answer.status === 401 && !again) {
      this.#page.token.refused();
      return this.#ask(true);
    }
    if (!answer.ok && answer.status !== 304) throw new UpcueError(answer.status === 401 ? "token" : "snapshot", answer.status);
    return answer;
  }

  async #token(): Promise<string> {
    const page = this.#page;
    let token;
    try {
      token = await page.token.get();
    } catch (cause) {
      throw new UpcueError("token", cause);
    }
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept && kept.owner !== page.token.owner) {
      // The same user, but of another tenant: nothing of the one is shown to the other.
      this.#etag = "";
      page.ready = false;
      page.client = randomName();
      page.core &&= await loadCore(this.#wasm);
    }
    this.#recall();
    return token;
  }

  async #connect(): Promise<void> {
    const { endpoint, client, token } = this.#page;
    const jwt = await this.#token();
    if (this.#socket || this.#stopped) return;
    const socket = new WebSocket(`${endpoint.replace(/^http/, "ws")}/v1/live?client=${client}`, ["upcue.v1", jwt]);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      this.#alive = true;
      this.#failures = 0;
      if (typeof data === "string") return;
      try {
        this.#take(new Uint8Array(data), now(), token.owner);
        // What the last answer's tag stood for is no longer what is known.
        this.#etag = "";
        this.#freshen();
      } catch (error) {
        this.#failed(error);
      }
    };
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (code === TOKEN_EXPIRED) token.refused();
      attempt(() => this.#retry());
    };
    this.#socket = socket;
    this.#alive = true;
  }

  #close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #beat(): void {
    // Schedules begin and cool-downs end without a word from anyone.
    this.#page.changed();
    const open = this.#socket?.readyState === WebSocket.OPEN;
    if (!open) return this.poll();
    if (!this.#alive) {
      this.#close();
      return this.#retry();
    }
    this.#alive = false;
    this.#socket?.send("ping");
  }

  #take(frame: Uint8Array, at: number, owner: string): void {
    const answer = this.#accept(frame, at, owner);
    if (answer < REFUSED) return;
    if (answer !== REFUSED_FORMAT) throw new UpcueError("frame");
    // What is known grows stale from here on: better nothing than a nudge after the upgrade.
    this.#page.ready = false;
    this.stop();
    this.#page.failed("format");
    this.#page.changed();
  }

  #accept(frame: Uint8Array, at: number, owner: string): number {
    const core = this.#page.core!;
    let words;
    let numbers;
    try {
      [numbers, words] = split(frame);
    } catch {
      // Without its words nothing is taken in; the core still says whether the format is another one.
      return core.apply(frame.subarray(0, 3), at);
    }
    const answer = core.apply(numbers, at);
    if (answer < REFUSED) {
      this.#page.skew = core.now(0);
      this.#taken(words, answer === WHOLE, owner);
    }
    return answer;
  }
}
