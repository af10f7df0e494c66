// The Worker's word: a snapshot to begin with, then frames over a socket, or snapshots every half minute without one.

import { loadCore } from "./core.js";
import { UpcueError } from "./failure.js";
import { after, every, now, random16 } from "./host.js";
import type { Page } from "./page.js";
import type { WasmSource } from "./types.js";

const BEAT = 30_000;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;
/** The Worker closes a socket with this when its token has run out. */
const TOKEN_EXPIRED = 4401;
/** Answers of `Core.apply` from here on are refusals. */
const REFUSED = 2;
const REFUSED_FORMAT = 3;

export class Live {
  readonly #page: Page;
  readonly #wasm: WasmSource | undefined;
  readonly #taken: () => void;
  readonly #listening = new AbortController();
  #stopBeat = () => {};
  #cancelRetry = () => {};
  #socket: WebSocket | undefined;
  /** Something was heard since the last beat. */
  #alive = false;
  #failures = 0;
  #etag = "";
  #stopped = false;

  /** Calls `taken` after each frame that was taken in. */
  constructor(page: Page, wasm: WasmSource | undefined, taken: () => void) {
    this.#page = page;
    this.#wasm = wasm;
    this.#taken = taken;
  }

  /** Tries once, and again in the background when that fails; never rejects. */
  async start(): Promise<void> {
    this.#stopBeat = every(BEAT, () => this.#beat());
    const on = (name: string, hear: (event: PageTransitionEvent) => void) =>
      addEventListener(name, hear as EventListener, { signal: this.#listening.signal });
    on("online", () => this.#again());
    // A page with an open socket cannot be kept for the way back.
    on("pagehide", () => this.#close());
    on("pageshow", ({ persisted }) => persisted && this.#again());
    await this.#try();
  }

  /** Asks for news, unless a socket brings them anyway. */
  poll(): void {
    if (this.#page.ready && this.#socket?.readyState !== WebSocket.OPEN) this.#fetch().catch((error) => this.#failed(error));
  }

  stop(): void {
    this.#stopped = true;
    this.#listening.abort();
    this.#stopBeat();
    this.#cancelRetry();
    this.#close();
  }

  async #try(): Promise<void> {
    this.#cancelRetry();
    try {
      if (!this.#page.ready) await this.#fetch();
      if (!this.#stopped) await this.#connect();
    } catch (error) {
      this.#failed(error);
      this.#retry();
    }
  }

  #again(): void {
    if (!this.#socket && !this.#stopped) void this.#try();
  }

  /** Exponential, with jitter: a whole fleet of pages does not come back at the same moment. */
  #retry(): void {
    if (this.#stopped) return;
    const wait = Math.min(FIRST_WAIT * 2 ** this.#failures++, LONGEST_WAIT);
    this.#cancelRetry = after((wait / 2) * (1 + random16() / 65_535), () => void this.#try());
  }

  #failed(error: unknown): void {
    const { code, cause } = error instanceof UpcueError ? error : { code: "snapshot" as const, cause: error };
    this.#page.failed(code, cause);
  }

  async #fetch(): Promise<void> {
    const load = async () => {
      this.#page.core ??= await loadCore(this.#wasm).catch((cause) => {
        throw new UpcueError("wasm", cause);
      });
    };
    // Neither waits for the other, unless something failed before: then there may be no point in asking.
    if (this.#failures) await load();
    const [answer] = await Promise.all([this.#ask(), load()]);
    if (answer.status === 304) return;
    this.#take(await answer.arrayBuffer());
    this.#etag = answer.headers.get("etag") ?? "";
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

  #token(): Promise<string> {
    return this.#page.token.get().catch((cause) => {
      throw new UpcueError("token", cause);
    });
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
        this.#take(data);
      } catch (error) {
        this.#failed(error);
      }
    };
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (code === TOKEN_EXPIRED) token.refused();
      this.#retry();
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

  #take(bytes: ArrayBuffer): void {
    const answer = this.#page.core!.apply(new Uint8Array(bytes), now());
    if (answer < REFUSED) return this.#taken();
    if (answer !== REFUSED_FORMAT) throw new UpcueError("frame");
    // What is known grows stale from here on: better nothing than a nudge after the upgrade.
    this.#page.ready = false;
    this.stop();
    this.#page.failed("format");
    this.#page.changed();
  }
}
