import type { Api } from "./api.js";
import type { Core } from "./core.js";
import { displayOf } from "./display.js";
import { UpcueError, attempt, failsAs, quietly } from "./failure.js";
import { after, now, randomName } from "./host.js";
import { latestUpcue, setLatest } from "./latest.js";
import { liveOf } from "./live.js";
import { positionOf } from "./names.js";
import { type Report, outboxOf } from "./outbox.js";
import { type Page, read } from "./page.js";
import { placesOf } from "./places.js";
import type { Decision, Entitlement, Meter, Options } from "./types.js";
import { ENTITLEMENT_REASONS } from "./words.js";

const enum Limit {
  /** `load` does not keep an app waiting longer than this. */
  PATIENCE = 5000,
  /** So much is remembered of what happens before the first snapshot. */
  EARLIEST = 500,
  /** Up to here numbers are exact. */
  EXACT = 2 ** 53 - 1,
}

// Positions in `ENTITLEMENT_REASONS`.
const enum Why {
  NOT_INCLUDED = 2,
  LIMIT_REACHED = 6,
}

const UNDECIDED: Decision = { nudge: null, reason: "not_ready", trace: () => [] };
const UNKNOWN: Entitlement = { granted: true, limit: null, used: 0, remaining: null, reason: "not_ready" };

const loads = new Map<string, Promise<Upcue>>();

/** What an app calls; the constructor puts it in. */
export interface Upcue extends Api {}

/**
 * Decides in the browser, without a network call, what to show to whom. Whatever fails, the answers are "no nudge" and
 * "granted".
 */
export class Upcue {
  readonly #page: Page;

  /**
   * Loads once for each endpoint and user; the same call answers the same promise. It does not reject for want of a network,
   * a snapshot or wasm: the instance then answers "no nudge" and "granted", and goes on trying.
   */
  static load(options: Options): Promise<Upcue> {
    // A function is `null` there: it is asked for its token in time.
    const name = JSON.stringify([options.endpoint, options.user, options.token]);
    let loading = loads.get(name);
    if (!loading) {
      loading = new Promise((done) => {
        // On a server there is nobody to nudge.
        if (typeof document === "undefined") return done(new Upcue(options, name));
        if (!options.token) throw new TypeError("Upcue.load: `token` is missing");
        const endpoint = new URL(options.endpoint, document.baseURI).href.replace(/\/+$/, "");
        const upcue: Upcue = new Upcue({ ...options, endpoint }, name, () => done(upcue));
      });
      loads.set(name, loading);
      // What was wrong with the options may be mended.
      loading.catch(() => loads.delete(name));
    }
    return loading;
  }

  /** Knows nothing and asks for nothing, unless it is told whom to tell when there is something to decide from, or no hope of it soon. */
  private constructor(options: Options, name: string, loaded?: () => void) {
    const listeners = new Set<readonly [event: string, listener: (error: UpcueError) => void]>();
    /** What is to be done once there is something to do it to. */
    const early: (() => void)[] = [];
    let telling = false;
    /** What failed last. */
    let trouble: UpcueError | undefined;

    const tell = (event: string) =>
      attempt(() => {
        // Each by itself: what one throws is told as the page's own, and keeps nobody else from hearing.
        for (const [of, listener] of listeners) if (of === event) queueMicrotask(() => listener(trouble!));
      });

    const page = (this.#page = {
      endpoint_: options.endpoint,
      storage_: options.storage ?? true,
      end_: new AbortController(),
      client_: randomName(),
      jwt_: "",
      ready_: false,
      fresh_: false,
      skew_: 0,
      version_: 0,
      decisions_: 0,
      Problem_: UpcueError,
      // A page may call its language what it likes; Intl throws at names it does not know.
      locale_: () => attempt(() => Intl.getCanonicalLocales(options.locale || document.documentElement.lang)[0]),
      changed_() {
        page.version_++;
        if (telling) return;
        telling = true;
        // Listeners are told once, however much changes in one go.
        attempt(() =>
          queueMicrotask(() => {
            telling = false;
            tell("change");
          }),
        );
      },
      failed_(code, cause) {
        trouble = cause instanceof UpcueError ? cause : new UpcueError(code, cause);
        tell("error");
      },
    } as Page);
    const outbox = outboxOf(page, () => live.poll_());
    const display = displayOf(page, outbox);
    const live = liveOf(page, options, outbox, (words, whole) => {
      page.words_ = { ...page.words_, ...words };
      if (whole) page.places_ = placesOf(page);
      if (!page.ready_) {
        page.ready_ = true;
        outbox.begin_();
        display.open_();
        for (const run of early.splice(0)) run();
        tell("ready");
      }
      page.changed_();
    });

    /** Counts an event, as of the moment it happened, as soon as there is something to count it. An app may tell of thousands in a row. */
    const count = (event: Report, at = now()): void => {
      if (!page.ready_) {
        if (early.length < Limit.EARLIEST) early.push(() => count(event, at));
        return;
      }
      try {
        const { core_, words_ } = page;
        const { meter, name, set, value } = event;
        if (name) core_!.track_(positionOf(words_.events, name as string), at);
        else core_!.count_(positionOf(words_.meters, meter!), set !== undefined, (set ?? value) as number, at);
        outbox.add_(event, at);
      } catch (cause) {
        page.failed_("engine", cause);
      }
      page.changed_();
    };

    const decide: Api["decide"] = (placement) => read(page, (at) => page.places_.decide_(placement, at), UNDECIDED);
    const plan: Api["plan"] = () => read(page, () => page.words_.plan, null);

    /** Few pages ask or sell: what it takes is loaded when it is first asked for. */
    const ask = async (call: keyof typeof import("#asking"), ...given: unknown[]): Promise<any> => {
      // The Worker answers by what it knows: what waits here goes first.
      outbox.flush_();
      const asking = await failsAs("network", import("#asking"));
      return (asking[call] as (page: Page, ...given: unknown[]) => unknown)(page, ...given);
    };

    Object.assign(this, display.calls_, {
      decide,
      plan,

      usage(meter, value) {
        const set = typeof value === "object";
        const n = set ? value?.set : value;
        if (!(n >= 0 && n <= Limit.EXACT && n % 1 === 0)) return page.failed_("usage", `${meter}: ${n}`);
        count(set ? { type: "usage", at: 0, meter, set: n } : { type: "usage", at: 0, meter, value: n });
      },

      track(name, properties) {
        // The feature stands beside them, and not twice.
        const given = properties && { ...properties, feature: undefined };
        count({ type: "track", at: 0, name, feature: properties?.feature as string, properties: given });
      },

      entitlement: (name) =>
        read(page, (at, core) => {
          const i = positionOf(page.words_.meters, name);
          const [used, limit, , , why] = i < 0 ? [0, null, null, null, core.feature_(positionOf(page.words_.features, name))] : standing(core, i, at);
          const granted = why !== Why.NOT_INCLUDED && why !== Why.LIMIT_REACHED;
          return { granted, limit, used, remaining: limit && Math.max(limit - used, 0), reason: ENTITLEMENT_REASONS[why]! };
        }, UNKNOWN),

      meter: (key) =>
        read<Meter | null>(page, (at, core) => {
          const i = positionOf(page.words_.meters, key);
          if (i < 0) return null;
          const [value, limit, softLimit, resetsAt] = standing(core, i, at);
          const [, label, unit] = page.words_.meters[i]!;
          const [projected, exhaustsAt] = page.words_.courses[i]!;
          return {
            key,
            label,
            unit,
            value,
            limit,
            softLimit,
            resetsAt: moment(resetsAt),
            // What was counted in this page is not in it yet.
            projected: projected && Math.max(projected, value),
            exhaustsAt: moment(exhaustsAt),
          };
        }, null),

      async explain(placement) {
        const { nudge, reason, trace } = decide(placement);
        const local = { campaign: nudge?.campaign ?? null, reason };
        const told = { ...local, placement, ready: page.ready_, plan: plan(), reason: "network", trace: trace(), settled: 0, local } as const;
        // Without `catch` of a promise, which a page may have broken.
        try {
          return await ask("explain", told);
        } catch {
          return told;
        }
      },

      ghosts: (placement) => read(page, (at) => page.places_.ghosts_(placement, at), []),

      on(event: string, listener: (error: UpcueError) => void) {
        const entry = [event, listener] as const;
        listeners.add(entry);
        // What came before it listened.
        const missed = page.ready_ ? event === "ready" : event === "error" && trouble;
        if (missed) queueMicrotask(() => listener(trouble!));
        return () => listeners.delete(entry);
      },

      close() {
        // All of it: nobody is here to send the rest when one has been answered.
        outbox.flush_(true);
        live.end_();
        display.close_();
        loads.delete(name);
        if (latestUpcue() === this) setLatest(undefined);
      },
    } satisfies Partial<Api> & ThisType<Upcue>);

    for (const call of ["comparePlans", "quote", "upgrade", "upgradeState", "requestUpgrade"] as const) {
      this[call] = async (...given: unknown[]) => {
        const answer = await ask(call, ...given);
        if (answer.status === "upgraded") display.convert_(answer.upgraded_at);
        return answer;
      };
    }

    if (!loaded) return;
    const listen = (type: string, hear: (event: PageTransitionEvent) => void) =>
      addEventListener(type, (event) => attempt(() => hear(event as PageTransitionEvent)), { signal: page.end_.signal });
    const comeBack = () => {
      outbox.flush_();
      display.catchUp_();
      live.again_();
    };
    // Sends what waits while there is still somebody to send it.
    listen("visibilitychange", () => document.hidden && outbox.flush_());
    listen("pagehide", () => {
      outbox.flush_(true);
      // A page with an open socket cannot be kept for the way back.
      live.hangUp_();
    });
    listen("online", comeBack);
    // A page that was put by could not be reached by other tabs; one that was just opened has nothing to catch up with.
    listen("pageshow", ({ persisted }) => persisted && comeBack());
    if (options.debug || location.search.includes("upcue-debug")) {
      quietly(import("#debug").then(({ observe }) => loads.has(name) && observe(this, page)));
    }
    if (location.search.includes("upcue=")) quietly(import("#asking").then(({ arrive }) => loads.has(name) && arrive(this, outbox)));
    setLatest(this);
    after(Limit.PATIENCE, loaded);
    // A snapshot that was kept is there before the Worker's answer.
    this.on("ready", loaded);
    quietly(live.start_().then(loaded));
  }

  /** Whether there is a snapshot to decide from. */
  get ready(): boolean {
    return this.#page.ready_;
  }

  /** `false` while all there is is a snapshot kept from an earlier visit, or nothing. */
  get fresh(): boolean {
    return this.#page.fresh_;
  }

  /** How numbers are written. */
  get locale(): string | undefined {
    return this.#page.locale_();
  }
}

/** How a meter stands, as the core tells it field by field; what is not there it calls -1. */
const standing = (core: Core, meter: number, at: number) =>
  [0, 1, 2, 3, 4].map((field) => {
    const n = core.meter_(meter, field, at);
    return n < 0 ? null : n;
  }) as [value: number, limit: number | null, softLimit: number | null, resetsAt: number | null, why: number];

const moment = (at: number | null): Date | null => (at === null ? null : new Date(at));
