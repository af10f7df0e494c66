// The Worker's word: a snapshot to begin with, then frames over a socket, or snapshots every half minute without one.

import { loadCore } from "./core.js";
import { UpcueError, attempt, quietly } from "./failure.js";
import { type Words, split } from "./frame.js";
import { after, now, random16, randomName } from "./host.js";
import { type Kept, keepFrame, recallFrame } from "./kept.js";
import type { Outbox } from "./outbox.js";
import type { Page } from "./page.js";
import { isSpent, ownerOf, tokens } from "./token.js";
import type { Options } from "./types.js";

const enum Wait {
  BEAT = 30_000,
  FIRST_WAIT = 1000,
  LONGEST_WAIT = 60_000,
  /** Snapshots are kept no more often than this. */
  KEEP = 1000,
}
/** The Worker closes a socket with this when its token has run out. */
const TOKEN_EXPIRED = 4401;
/** `WebSocket.OPEN`. */
const OPEN = 1;
/** No snapshot's tag. */
const NO_TAG = '""';

// Answers of `Core.apply`.
const enum Answer {
  NOTHING = 0,
  WHOLE = 1,
  REFUSED = 2,
  REFUSED_FORMAT = 3,
}

/** Hears that a frame was taken in: its words, and whether everything is new. */
export type Taken = (words: Partial<Words>, whole: boolean) => void;

export interface Live {
  /** Tries once, and again in the background when that fails; never rejects. */
  start_(): Promise<void>;
  /** Asks for news, unless a socket brings them anyway. */
  poll_(): void;
  /** Tries again now, if there is no socket. */
  again_(): void;
  /** Closes the socket. */
  hangUp_(): void;
  /** Nothing is heard or decided from here on. */
  end_(): void;
}

/** Also makes `page.token_`. */
export function liveOf(page: Page, { token: source, user, wasm }: Options, outbox: Outbox, taken: Taken): Live {
  /** Under which name a snapshot is kept; where the app does not say who its user is, the token does. */
  const nameFor = (owner?: string) => `${page.endpoint_} ${user || owner}`;
  const someToken = tokens(page, source);
  let socket: WebSocket | undefined;
  /** Something was heard since the last beat. */
  let alive = false;
  let failures = 0;
  /** Call off the next try, and the next beat. */
  let waiting: (() => void) | undefined;
  let beating: (() => void) | undefined;
  let etag = NO_TAG;
  /** Snapshots that were asked for, and the last of them that is no longer waited for. */
  let asked = 0;
  let heard = 0;
  /** The kept snapshot; `undefined` before it was looked for, `null` when there is none or it is judged. */
  let kept: Kept | null | undefined;
  /** The last snapshot, as long as it is to be kept yet. */
  let latest: Kept | undefined;

  const ended = () => page.end_.signal.aborted;
  const isOpen = () => socket?.readyState === OPEN;
  const failed = (cause: unknown) => page.failed_("snapshot", cause);

  const start = async (): Promise<void> => {
    try {
      if (!page.fresh_) await news();
      await connect();
    } catch (error) {
      failed(error);
      retry();
    }
  };

  const again = () => {
    if (!socket && !ended()) quietly(start());
  };

  /** Exponential, with jitter: a whole fleet of pages does not come back at the same moment. Whoever fails meanwhile waits with the others. */
  const retry = () => {
    waiting?.();
    const wait = Math.min(Wait.FIRST_WAIT * 2 ** failures++, Wait.LONGEST_WAIT);
    waiting = after((wait / 2) * (1 + random16() / 65_535), again);
  };

  const news = async (once?: boolean): Promise<void> => {
    const loading = load();
    quietly(loading);
    // Neither waits for the other, unless something failed before: then there may be no point in asking. With a kept snapshot
    // the first decision comes first: making a request takes a slow device as long.
    if (failures || kept) await loading;
    const headers = { authorization: `Bearer ${await page.token_()}`, accept: "application/vnd.upcue.snapshot", "if-none-match": etag };
    const turn = ++asked;
    const asking = fetch(`${page.endpoint_}/v1/snapshot?client=${page.client_}`, { headers, cache: "no-store" });
    quietly(asking);
    // What was kept is there even where the Worker is not.
    await loading;
    const answer = await asking;
    const { status } = answer;
    // What was kept could not be used, and that nothing has changed is of no use either.
    const isUseless = status === 401 || (status === 304 && !page.ready_);
    if (isUseless && !once) {
      page.jwt_ = "";
      etag = NO_TAG;
      return news(true);
    }
    if (answer.ok) {
      const frame = new Uint8Array(await answer.arrayBuffer());
      // What was asked for later, or came over the socket meanwhile, is newer.
      if (turn > heard) take(frame);
    } else if (isUseless || status !== 304) {
      throw new UpcueError(status === 401 ? "token" : "snapshot", status);
    } else {
      const time = Number(answer.headers.get("upcue-time"));
      // The device's clock may have been set meanwhile.
      if (kept && time) accept(kept[0], kept[1] + page.skew_ + now() - time);
      freshen();
    }
    heard = Math.max(heard, turn);
  };

  const freshen = () => {
    if (page.fresh_ || !page.ready_) return;
    page.fresh_ = true;
    kept = null;
    outbox.adopt_();
    page.changed_();
  };

  const load = async () => {
    recall();
    if (!page.core_) {
      const core = await loadCore(wasm);
      page.core_ ??= core;
    }
    begin();
  };

  /** Looks for a snapshot that was kept, as soon as it is known for whom. */
  const recall = () => {
    if (kept !== undefined || !(user || page.owner_) || !page.storage_) return;
    kept = recallFrame(nameFor(page.owner_)) ?? null;
    if (kept) [, , etag, page.owner_] = kept;
    begin();
  };

  /** Begins with the kept snapshot, once there is one and a core. It is of its own time: the clocks were compared then. */
  const begin = () => {
    if (page.core_ && !page.ready_ && kept) attempt(() => accept(kept![0], kept![1]));
  };

  /** Keeps what is to be kept. */
  const store = () => {
    if (latest) keepFrame(nameFor(latest[3]), latest);
    latest = undefined;
  };

  page.token_ = async () => {
    const jwt = await someToken();
    const owner = ownerOf(jwt);
    const before = page.owner_;
    if (before && before !== owner) {
      // The same user, but of another tenant: nothing of the one is shown to the other.
      if (page.fresh_) outbox.leave_();
      hangUp();
      kept = null;
      etag = NO_TAG;
      heard = asked;
      page.ready_ = page.fresh_ = false;
      page.client_ = randomName();
      page.owner_ = owner;
      page.core_ &&= await loadCore(wasm);
      page.changed_();
      // Whoever asked for the token may have no use for a snapshot.
      after(0, () => heard === asked && again());
    }
    page.owner_ = owner;
    recall();
    return jwt;
  };

  const connect = async () => {
    const jwt = await page.token_();
    if (socket || ended()) return;
    // It is another's by now, of whom nothing is known yet.
    if (!page.fresh_) return again();
    const made = (socket = new WebSocket(`${page.endpoint_.replace(/^http/, "ws")}/v1/live?client=${page.client_}`, ["upcue.v1", jwt]));
    alive = true;
    made.binaryType = "arraybuffer";
    made.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      alive = true;
      if (typeof data === "string") return;
      try {
        take(new Uint8Array(data));
        heard = asked;
        failures = 0;
      } catch (error) {
        // What comes next builds on what could not be read: all of it is asked for anew.
        failed(error);
        made.close();
        poll();
      }
    };
    made.onclose = ({ code }) => {
      if (socket !== made) return;
      socket = undefined;
      if (code !== TOKEN_EXPIRED) return attempt(retry);
      page.jwt_ = "";
      again();
    };
  };

  const hangUp = () => {
    socket = socket?.close() as undefined;
    store();
  };

  const end = () => {
    beating?.();
    page.ready_ = false;
    page.end_.abort();
    hangUp();
    page.changed_();
  };

  const poll = () => {
    if (page.ready_ && !isOpen()) quietly(news().catch(failed));
  };

  const beat = () => {
    beating = after(Wait.BEAT, beat);
    // Schedules begin and cool-downs end without a word from anyone.
    page.changed_();
    if (!isOpen()) return page.ready_ ? poll() : again();
    if (alive && !isSpent(page)) socket!.send("ping");
    else {
      hangUp();
      again();
    }
    alive = false;
  };

  const take = (frame: Uint8Array) => {
    const at = now();
    const answer = accept(frame, at);
    if (answer === Answer.REFUSED_FORMAT) {
      // What is known grows stale from here on: better nothing than a nudge after the upgrade.
      end();
      page.failed_("format");
    } else if (answer >= Answer.REFUSED) {
      throw new UpcueError("frame");
    } else if (answer === Answer.WHOLE && page.storage_) {
      if (!latest) after(Wait.KEEP, store);
      latest = [frame, at, etag, page.owner_!];
    }
    freshen();
  };

  const accept = (frame: Uint8Array, at: number): number => {
    if (ended()) return Answer.NOTHING;
    // Without its words nothing is taken in; the core still says whether the format is another one.
    let numbers = frame.subarray(0, 3);
    let words: Partial<Words> = {};
    attempt(() => ([numbers, words] = split(frame)));
    const answer = page.core_!.apply_(numbers, at);
    if (answer < Answer.REFUSED) {
      page.skew_ = page.core_!.now_(0);
      etag = words.tag ? `"${words.tag}b"` : NO_TAG;
      taken(words, answer === Answer.WHOLE);
    }
    return answer;
  };

  return {
    start_() {
      beating = after(Wait.BEAT, beat);
      return start();
    },
    poll_: poll,
    again_: again,
    hangUp_: hangUp,
    end_: end,
  };
}
