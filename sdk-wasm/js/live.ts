// The Worker's word: a snapshot to begin with, then frames over a socket, or snapshots every half minute without one.

import { loadCore } from "./core.js";
import { UpcueError, attempt, failsAs } from "./failure.js";
import { type Words, split } from "./frame.js";
import { after, now, random16, randomName } from "./host.js";
import { type Kept, keepFrame, recallFrame } from "./kept.js";
import { type Page, quietly } from "./page.js";
import { ownerOf } from "./token.js";
import type { WasmSource } from "./types.js";

const enum Wait {
  BEAT = 30_000,
  FIRST_WAIT = 1000,
  LONGEST_WAIT = 60_000,
}
/** The Worker closes a socket with this when its token has run out. */
const TOKEN_EXPIRED = 4401;
/** No snapshot's tag. */
const NO_TAG = '""';

// Answers of `Core.apply`.
const enum Answer {
  WHOLE = 1,
  REFUSED = 2,
  REFUSED_FORMAT = 3,
}

export interface Live {
  /** Tries once, and again in the background when that fails; never rejects. */
  start_(): Promise<void>;
  /** Asks for news, unless a socket brings them anyway. */
  poll_(): void;
  /** Tries again now, if there is no socket. */
  again_(): void;
  /** Closes the socket. */
  hangUp_(): void;
  close_(): void;
}

/**
 * `whose`: under which name a snapshot is kept; none before the token says it. `taken` hears of each frame that was taken in: its words, whether
 * everything is new, and whose it is.
 */
export function liveOf(
  page: Page,
  wasm: WasmSource | undefined,
  whose: string | undefined,
  taken: (words: Partial<Words>, whole: boolean, owner: string) => void,
): Live {
  let socket: WebSocket | undefined;
  /** Something was heard since the last beat. */
  let alive = false;
  let failures = 0;
  let etag = NO_TAG;
  /** The kept snapshot; `undefined` before it was looked for, `null` when there is none or it is judged. */
  let kept: Kept | null | undefined;
  let cancelBeat: (() => void) | undefined;
  let cancelRetry: (() => void) | undefined;

  const ended = () => page.end_.signal.aborted;
  const isOpen = () => socket?.readyState === WebSocket.OPEN;
  const failed = (cause: unknown) => page.failed_("snapshot", cause);

  const start = async (): Promise<void> => {
    cancelRetry?.();
    try {
      if (!page.fresh_) await news();
      if (!ended()) await connect();
    } catch (error) {
      failed(error);
      retry();
    }
  };

  const again = () => {
    if (!socket && !ended()) quietly(start());
  };

  /** Exponential, with jitter: a whole fleet of pages does not come back at the same moment. */
  const retry = () => {
    const wait = Math.min(Wait.FIRST_WAIT * 2 ** failures++, Wait.LONGEST_WAIT);
    if (!ended()) cancelRetry = after((wait / 2) * (1 + random16() / 65_535), again);
  };

  const news = async (): Promise<void> => {
    const loading = load();
    // Neither waits for the other, unless something failed before: then there may be no point in asking.
    if (failures) await loading;
    const [answer] = await Promise.all([ask(), loading]);
    if (answer.status !== 304) {
      const tag = answer.headers.get("etag") ?? NO_TAG;
      const frame = new Uint8Array(await answer.arrayBuffer());
      const at = now();
      const owner = ownerOf(page);
      take(frame, at, owner);
      etag = tag;
      if (page.storage_) after(0, () => keepFrame(whose ?? owner, [frame, at, tag, owner]));
    } else if (!page.ready_) {
      // What was kept could not be used.
      etag = NO_TAG;
      return news();
    }
    freshen();
  };

  const freshen = () => {
    if (page.fresh_ || !page.ready_) return;
    page.fresh_ = true;
    page.changed_();
  };

  const load = async () => {
    recall();
    page.core_ ??= await failsAs("wasm", loadCore(wasm));
    begin();
  };

  /** Looks for a snapshot that was kept, as soon as it is known for whom. */
  const recall = () => {
    if (kept !== undefined || page.ready_ || !page.storage_ || !(whose ?? page.jwt_)) return;
    kept = recallFrame(whose ?? ownerOf(page)) ?? null;
    etag = kept?.[2] ?? NO_TAG;
    begin();
  };

  /** Begins with the kept snapshot, once there is one and a core. It is of its own time: the clocks were compared then. */
  const begin = () => {
    if (page.core_ && !page.ready_ && kept) attempt(() => accept(kept![0], kept![1], kept![3]));
  };

  const token = async (): Promise<string> => {
    let jwt;
    try {
      jwt = await page.token_();
    } catch (cause) {
      throw new UpcueError("token", cause);
    }
    const owner = kept?.[3];
    if (owner && owner !== ownerOf(page)) {
      kept = null;
      // The same user, but of another tenant: nothing of the one is shown to the other.
      etag = NO_TAG;
      page.ready_ = false;
      page.client_ = randomName();
      page.core_ &&= await loadCore(wasm);
      page.changed_();
    } else if (kept && page.ready_) kept = null;
    recall();
    return jwt;
  };

  const ask = async (refused?: boolean): Promise<Response> => {
    const headers = { authorization: `Bearer ${await token()}`, accept: "application/vnd.upcue.snapshot", "if-none-match": etag };
    const answer = await fetch(`${page.endpoint_}/v1/snapshot?client=${page.client_}`, { headers, cache: "no-store" });
    const { ok, status } = answer;
    if (status === 401 && !refused) {
      page.jwt_ = "";
      return ask(true);
    }
    if (!ok && status !== 304) throw new UpcueError(status === 401 ? "token" : "snapshot", status);
    return answer;
  };

  const connect = async () => {
    const jwt = await token();
    if (socket || ended()) return;
    const made = new WebSocket(`${page.endpoint_.replace(/^http/, "ws")}/v1/live?client=${page.client_}`, ["upcue.v1", jwt]);
    made.binaryType = "arraybuffer";
    made.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      alive = true;
      failures = 0;
      if (typeof data === "string") return;
      try {
        take(new Uint8Array(data), now(), ownerOf(page));
        // What the last answer's tag stood for is no longer what is known.
        etag = NO_TAG;
        freshen();
      } catch (error) {
        failed(error);
      }
    };
    made.onclose = ({ code }) => {
      if (socket !== made) return;
      socket = undefined;
      if (code === TOKEN_EXPIRED) page.jwt_ = "";
      attempt(retry);
    };
    socket = made;
    alive = true;
  };

  const hangUp = () => {
    const made = socket;
    socket = undefined;
    made?.close();
  };

  const poll = () => {
    if (page.ready_ && !isOpen()) quietly(news().catch(failed));
  };

  const beat = () => {
    cancelBeat = after(Wait.BEAT, beat);
    // Schedules begin and cool-downs end without a word from anyone.
    page.changed_();
    if (!isOpen()) return poll();
    if (alive) socket!.send("ping");
    else {
      hangUp();
      retry();
    }
    alive = false;
  };

  const close = () => {
    cancelBeat?.();
    cancelRetry?.();
    hangUp();
  };

  const take = (frame: Uint8Array, at: number, owner: string) => {
    const answer = accept(frame, at, owner);
    if (answer < Answer.REFUSED) return;
    if (answer !== Answer.REFUSED_FORMAT) throw new UpcueError("frame");
    // What is known grows stale from here on: better nothing than a nudge after the upgrade.
    page.ready_ = false;
    page.end_.abort();
    close();
    page.failed_("format");
    page.changed_();
  };

  const accept = (frame: Uint8Array, at: number, owner: string): number => {
    // Without its words nothing is taken in; the core still says whether the format is another one.
    let numbers = frame.subarray(0, 3);
    let words = {};
    attempt(() => ([numbers, words] = split(frame)));
    const answer = page.core_!.apply(numbers, at);
    if (answer < Answer.REFUSED) {
      page.skew_ = page.core_!.now(0);
      taken(words, answer === Answer.WHOLE, owner);
    }
    return answer;
  };

  return {
    start_() {
      cancelBeat = after(Wait.BEAT, beat);
      return start();
    },
    poll_: poll,
    again_: again,
    hangUp_: hangUp,
    close_: close,
  };
}
