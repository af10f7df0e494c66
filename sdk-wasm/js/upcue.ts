import type { Api } from "./api.js";
import { displayOf } from "./display.js";
import { UpcueError, attempt, failsAs } from "./failure.js";
import type { Words } from "./frame.js";
import { after, latestUpcue, now, randomName, setLatest } from "./host.js";
import { liveOf } from "./live.js";
import { namesOf } from "./names.js";
import { outboxOf } from "./outbox.js";
import { type Page, quietly, read } from "./page.js";
import { placesOf } from "./places.js";
import { tokens } from "./token.js";
import type { Decision, Entitlement, EntitlementReason, Meter, Options } from "./types.js";
import { ENTITLEMENT_REASONS } from "./words.js";

const enum Limit {
  /** `load` does not keep an app waiting longer than this. */
  PATIENCE = 5000,
  /** So much is remembered of what happens before the first snapshot. */
  EARLIEST = 500,
  /** Up to here numbers are exact. */
  EXACT = 2 ** 53 - 1,
}

const UNDECIDED: Decision = { nudge: null, reason: "not_ready", trace: () => [] };
const grant = (reason: EntitlementReason): Entitlement => ({ granted: true, limit: null, used: 0, remaining: null, reason });

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
    const { endpoint, user, token } = options;
    const name = [endpoint, user, typeof token === "string" ? token : ""].join();
    let loading = loads.get(name);
    if (!loading) {
      loads.set(name, (loading = Upcue.#start(options, name)));
      // What was wrong with the options may be mended.
      loading.catch(() => loads.delete(name));
    }
    return loading;
  }

  static async #start(options: Options, name: string): Promise<Upcue> {
    // On a server there is nobody to nudge.
    if (typeof document === "undefined") return new Upcue(options, name);
    if (!options.token) throw new TypeError("Upcue.load: `token` is missing");
    const endpoint = new URL(options.endpoint, document.baseURI).href.replace(/\/+$/, "");
    return new Promise((done) => {
      const upcue: Upcue = new Upcue({ ...options, endpoint }, name, () => done(upcue));
    });
  }

  /** Knows nothing and asks for nothing, unless it is told whom to tell when there is something to decide from, or no hope of it soon. */
  private constructor(options: Options, name: string, loaded?: () => void) {
    const { endpoint, storage = true, token, user, wasm } = options;
    const heard = new EventTarget();
    /** What is to be done once there is something to do it to. */
    const early: (() => void)[] = [];
    let owner: string | undefined;
    let telling = false;
    /** What failed last. */
    let trouble: UpcueError | undefined;

    const tell = (event: string, detail?: UpcueError) => attempt(() => heard.dispatchEvent(new CustomEvent(event, { detail })));

    const page = (this.#page = {
      endpoint_: endpoint,
      storage_: storage,
      end_: new AbortController(),
      client_: randomName(),
      jwt_: typeof token === "string" ? token : "",
      ready_: false,
      fresh_: false,
      skew_: 0,
      version_: 0,
      decisions_: 0,
      token_: () => ask(),
      // A page may call its language what it likes; Intl throws at names it does not know.
      locale_: () => attempt(() => Intl.getCanonicalLocales(options.locale || document.documentElement.lang)[0]),
      changed_() {
        page.version_++;
        if (telling) return;
        telling = true;
        // Listeners are told once, however much changes in one go.
        attempt(() => queueMicrotask(tellChange));
      },
      failed_(code, cause) {
        trouble = cause instanceof UpcueError ? cause : new UpcueError(code, cause);
        tell("error", trouble);
      },
    } as Page);
    const ask = tokens(page, token);
    const tellChange = () => {
      telling = false;
      tell("change");
    };

    const taken = (words: Partial<Words>, whole: boolean, whose: string) => {
      page.words_ = { ...page.words_, ...words };
      if (whole) {
        page.names_ = namesOf(page.words_);
        page.places_ = placesOf(page);
      }
      if (!page.ready_) {
        page.ready_ = true;
        page.owner_ = whose;
        if (owner !== whose) display.open_((owner = whose));
        for (const run of early.splice(0)) run();
        outbox.adopt_();
        tell("ready");
      }
      page.changed_();
    };

    const live = liveOf(page, wasm, user && `${endpoint} ${user}`, taken);
    const outbox = outboxOf(page, live.poll_);
    const display = displayOf(page, outbox);

    /** Counts something, as of the moment it happened, as soon as there is something to count it. */
    const count = (run: (at: number) => void, at = now()) => {
      if (!page.ready_) {
        if (early.length < Limit.EARLIEST) early.push(() => count(run, at));
        return;
      }
      try {
        run(at);
      } catch (cause) {
        page.failed_("engine", cause);
      }
      page.changed_();
    };

    const decide: Api["decide"] = (placement) => read(page, (at) => page.places_.decide_(placement, at), UNDECIDED);
    const plan: Api["plan"] = () => read(page, () => page.words_.plan && { id: page.words_.plan[0], name: page.words_.plan[1] }, null);

    Object.assign(this, display.calls_, {
      decide,
      plan,

      usage(meter, value) {
        const set = typeof value === "object";
        const n = set ? value?.set : value;
        if (!(n >= 0 && n <= Limit.EXACT && n % 1 === 0)) return page.failed_("usage", `${meter}: ${n}`);
        count((at) => {
          const i = page.names_.meters.get(meter)!;
          if (i >= 0) page.core_![set ? "set" : "add"](i, n, at);
          if (set) outbox.add_({ type: "usage", meter, set: n }, at);
          else outbox.count_(meter, n, at);
        });
      },

      track(name, properties) {
        const { feature, ...given } = properties ?? {};
        count((at) => {
          const i = page.names_.events.get(name)!;
          if (i >= 0) page.core_!.track(i, at);
          const event = { type: "track", name };
          // Apart: what an app calls `tenant` or `id` must not pass for the event's own.
          if (properties) outbox.addWritten_({ ...event, feature, properties: given }, at);
          else outbox.add_(event, at);
        });
      },

      entitlement: (name) =>
        read(page, (at, core) => {
          const meter = page.names_.meters.get(name);
          if (meter === undefined) {
            const reason = ENTITLEMENT_REASONS[core.feature(page.names_.features.get(name) ?? -1)]!;
            return { ...grant(reason), granted: reason !== "not_included" };
          }
          const [used, limit, why] = [0, 1, 4].map((field) => core.meter(meter, field, at)) as [number, number, number];
          const reason = ENTITLEMENT_REASONS[why]!;
          const granted = reason !== "limit_reached";
          return { granted, limit: some(limit), used, remaining: limit < 0 ? null : Math.max(limit - used, 0), reason };
        }, grant("not_ready")),

      meter: (key) =>
        read<Meter | null>(page, (at, core) => {
          const i = page.names_.meters.get(key);
          if (i === undefined) return null;
          const [value, limit, softLimit, resetsAt] = [0, 1, 2, 3].map((field) => core.meter(i, field, at)) as Four;
          const [, label, unit] = page.words_.meters[i]!;
          const [projected, exhaustsAt] = page.words_.courses[i] ?? [null, null];
          return {
            key,
            label,
            unit,
            value,
            limit: some(limit),
            softLimit: some(softLimit),
            resetsAt: moment(some(resetsAt)),
            // What was counted in this page is not in it yet.
            projected: projected && Math.max(projected, value),
            exhaustsAt: moment(exhaustsAt),
          };
        }, null),

      async explain(placement) {
        const { nudge, reason, trace } = decide(placement);
        const campaign = nudge?.campaign ?? null;
        const local = { campaign, reason };
        const told = { placement, ready: page.ready_, plan: plan(), campaign, reason: "network", trace: trace(), settled: 0, local } as const;
        // The Worker explains by what it knows: what waits here goes first.
        outbox.flush_();
        try {
          return await (await import("./explain.js")).ask(page, told);
        } catch {
          return told;
        }
      },

      ghosts: (placement) => read(page, (at) => page.places_.ghosts_(placement, at), []),

      on(event: string, listener: (error: UpcueError) => void) {
        const hear = (told: Event) => listener((told as CustomEvent<UpcueError>).detail);
        heard.addEventListener(event, hear);
        // What came before it listened.
        const missed = page.ready_ ? event === "ready" : event === "error" && trouble;
        if (missed) queueMicrotask(() => listener(trouble!));
        return () => heard.removeEventListener(event, hear);
      },

      close() {
        outbox.close_();
        live.close_();
        display.close_();
        page.end_.abort();
        page.ready_ = false;
        loads.delete(name);
        page.changed_();
        if (latestUpcue() === this) setLatest(undefined);
      },
    } satisfies Partial<Api> & ThisType<Upcue>);

    // Few pages sell: what it takes is loaded when it is first asked for.
    for (const call of ["comparePlans", "quote", "upgrade", "upgradeState", "requestUpgrade"] as const) {
      this[call] = async (...given: unknown[]) => {
        // The Worker compares by what it knows: what waits here goes first.
        outbox.flush_();
        const buying = await failsAs("network", import("./buying/buying.js"));
        const answer = await (buying[call] as (page: Page, ...given: unknown[]) => Promise<any>)(page, ...given);
        if (answer.status === "upgraded") display.convert_();
        return answer;
      };
    }

    if (!loaded) return;
    const listen = (types: string, hear: (event: PageTransitionEvent) => void) => {
      for (const type of types.split(" ")) {
        addEventListener(type, (event) => attempt(() => hear(event as PageTransitionEvent)), { signal: page.end_.signal });
      }
    };
    // Sends what waits while there is still somebody to send it.
    listen("visibilitychange", () => document.hidden && outbox.flush_());
    listen("pagehide", () => {
      outbox.flush_(true);
      // A page with an open socket cannot be kept for the way back.
      live.hangUp_();
    });
    // A page that was put by could not be reached by other tabs; one that was just opened has nothing to catch up with.
    listen("online pageshow", ({ persisted }) => {
      if (persisted === false) return;
      outbox.flush_();
      display.catchUp_();
      live.again_();
    });
    if (options.debug || location.search.includes("upcue-debug")) {
      quietly(
        import("./debug.js").then(({ observe }) => {
          if (loads.has(name)) observe(this);
          page.changed_();
        }),
      );
    }
    if (location.search.includes("upcue=")) quietly(import("./arrival.js").then(({ arrive }) => arrive(this, outbox)));
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

/** As the core hands out several numbers; -1 stands for none. */
type Four = [number, number, number, number];

const some = (n: number): number | null => (n < 0 ? null : n);
const moment = (at: number | null): Date | null => (at === null ? null : new Date(at));
