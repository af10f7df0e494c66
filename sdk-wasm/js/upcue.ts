import type { Buying } from "./buying/buying.js";
import type {
  Choice,
  Comparison,
  Quote,
  UpgradeRequested,
  UpgradeResult,
  UpgradeState,
  UpgradeWish,
} from "./buying/types.js";
import type { Debug } from "./debug.js";
import { Display } from "./display.js";
import { UpcueError, attempt, quietly } from "./failure.js";
import type { Words } from "./frame.js";
import { after, listen, now, randomName } from "./host.js";
import { latestUpcue, setLatest } from "./latest.js";
import { Live } from "./live.js";
import { namesOf } from "./names.js";
import { Outbox } from "./outbox.js";
import { type Page, read } from "./page.js";
import { Places } from "./places.js";
import { Token } from "./token.js";
import type { Decision, Entitlement, EntitlementReason, Explanation, Ghost, Meter, Nudge, Options, Plan } from "./types.js";
import { ENTITLEMENT_REASONS } from "./words.js";

/** `load` does not keep an app waiting longer than this. */
const PATIENCE = 5000;
/** So much is remembered of what happens before the first snapshot. */
const EARLIEST = 500;
/** Up to here numbers are exact. */
const MOST_USED = 2 ** 53 - 1;
/** How long "later" is where a campaign does not say. */
const LATER = 86_400_000;

// Positions in `NOTES`.
const CLICK = 3;
const DISMISS = 4;
const SNOOZE = 5;

const UNDECIDED: Decision = { nudge: null, reason: "not_ready", trace: () => [] };
const grant = (reason: EntitlementReason): Entitlement => ({ granted: true, limit: null, used: 0, remaining: null, reason });

const loads = new Map<string, Promise<Upcue>>();

type EventName = "change" | "ready" | "error";
type Listener = (error: UpcueError) => void;

/**
 * Decides in the browser, without a network call, what to show to whom. Whatever fails, the answers are "no nudge" and
 * "granted".
 */
export class Upcue {
  readonly #options: Options;
  readonly #key: string;
  readonly #page: Page;
  readonly #live: Live;
  readonly #outbox: Outbox;
  readonly #display: Display;
  readonly #listeners = { change: new Set<Listener>(), error: new Set<Listener>(), ready: new Set<Listener>() };
  readonly #listening = new AbortController();
  readonly #decisions = { n: 0 };
  #owner: string | undefined;
  #buying: Buying | undefined;
  #debug: Debug | undefined;
  #early: (() => void)[] = [];
  #telling = false;
  /** What failed last. */
  #trouble: UpcueError | undefined;

  /**
   * Loads once for each endpoint and user; the same call answers the same promise. It does not reject for want of a network,
   * a snapshot or wasm: the instance then answers "no nudge" and "granted", and goes on trying.
   */
  static load(options: Options): Promise<Upcue> {
    // On a server there is nobody to nudge.
    if (typeof document === "undefined") return Promise.resolve(new Upcue(options, ""));
    const { endpoint, user, token } = options;
    const name = [endpoint, user, typeof token === "string" ? token : ""].join();
    let loading = loads.get(name);
    if (!loading) loads.set(name, (loading = Upcue.#start(options, name)));
    return loading;
  }

  static async #start(options: Options, name: string): Promise<Upcue> {
    let upcue: Upcue;
    try {
      if (!options.token) throw new TypeError("Upcue.load: `token` is missing; pass the user's JWT or a function that fetches one");
      const endpoint = new URL(options.endpoint, document.baseURI).href.replace(/\/+$/, "");
      upcue = new Upcue({ ...options, endpoint }, name);
    } catch (error) {
      // What was wrong with the options may be mended.
      loads.delete(name);
      throw error;
    }
    upcue.#watch();
    setLatest(upcue);
    await new Promise<void>((done) => {
      after(PATIENCE, done);
      // A snapshot that was kept is there before the Worker's answer.
      upcue.#listeners.ready.add(() => done());
      quietly(upcue.#live.start().then(done));
    });
    return upcue;
  }

  /** Knows nothing and asks for nothing: `load` makes instances. */
  private constructor(options: Options, name: string) {
    const { endpoint, token, storage = true, user, wasm } = options;
    this.#options = options;
    this.#key = name;
    this.#page = {
      endpoint,
      storage,
      client: randomName(),
      token: new Token(token),
      ready: false,
      fresh: false,
      skew: 0,
      changed: () => this.#changed(),
      failed: (code, cause) => this.#failed(code, cause),
    };
    this.#live = new Live(this.#page, wasm, user && `${endpoint} ${user}`, (words, whole, owner) => this.#taken(words, whole, owner));
    this.#outbox = new Outbox(this.#page, () => this.#live.poll());
    this.#display = new Display(this.#page, this.#outbox);
  }

  /** Whether there is a snapshot to decide from. */
  get ready(): boolean {
    return this.#page.ready;
  }

  /** `false` while all there is is a snapshot kept from an earlier visit, or nothing. */
  get fresh(): boolean {
    return this.#page.fresh;
  }

  /** How numbers are written. */
  get locale(): string | undefined {
    // A page may call its language what it likes; Intl throws at names it does not know.
    return attempt(() => Intl.getCanonicalLocales(this.#options.locale || document.documentElement.lang)[0]);
  }

  /** Counts `value` more on a counter, or shows what a gauge stands at: `usage("seats", { set: 7 })`. */
  usage(meter: string, value: number | { set: number }): void {
    const set = typeof value === "object";
    const n = set ? value?.set : value;
    if (n >= 0 && n <= MOST_USED && n % 1 === 0) this.#use(meter, n, set, now());
    else this.#failed("usage", `${meter}: ${n}`);
  }

  /** Counts something worth a name: `track("premium_feature_blocked", { feature: "sso" })`. */
  track(name: string, properties?: Record<string, string | number | boolean>): void {
    this.#count(name, properties && { ...properties }, now());
  }

  /** What to show at a point of your interface, from what is known this moment. Never throws. */
  decide(placement: string): Decision {
    if (!this.#page.ready) return UNDECIDED;
    try {
      return this.#page.known!.places.decide(placement, now(), this.#debug?.decided);
    } catch (cause) {
      this.#failed("engine", cause);
      return UNDECIDED;
    }
  }

  /** Whether a meter or feature may be used. Never throws; granted when nothing is known. */
  entitlement(name: string): Entitlement {
    return read(this.#page, grant("not_ready"), (core, at, { names }) => {
      const meter = names.meters.get(name);
      if (meter !== undefined) {
        const [used, limit, why] = [0, 1, 4].map((field) => core.meter(meter, field, at)) as [number, number, number];
        const reason = ENTITLEMENT_REASONS[why]!;
        const granted = reason !== "limit_reached";
        return { granted, limit: some(limit), used, remaining: limit < 0 ? null : Math.max(limit - used, 0), reason };
      }
      const feature = names.features.get(name);
      const reason = feature === undefined ? "unknown" : ENTITLEMENT_REASONS[core.feature(feature)]!;
      return { ...grant(reason), granted: reason !== "not_included" };
    });
  }

  /** How a meter stands; `null` when it is unknown. */
  meter(name: string): Meter | null {
    return read<Meter | null>(this.#page, null, (core, at, { names, words }) => {
      const i = names.meters.get(name);
      if (i === undefined) return null;
      const [value, limit, softLimit, resetsAt] = [0, 1, 2, 3].map((field) => core.meter(i, field, at)) as Four;
      const [, label, unit] = words.meters[i]!;
      const [projected, exhaustsAt] = words.courses[i] ?? [null, null];
      return {
        key: name,
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
    });
  }

  /** The tenant's plan; `null` without one. */
  plan(): Plan | null {
    return read<Plan | null>(this.#page, null, (_, _at, { words: { plan } }) => plan && { id: plan[0], name: plan[1] });
  }

  /**
   * Answers "why did this (not) show, and what would change it?". The Worker has the words, so it is asked; without an answer
   * from it, what this page knows is told, with the reason `network`. Never rejects.
   */
  async explain(placement: string): Promise<Explanation> {
    const { nudge, reason, trace } = this.decide(placement);
    const campaign = nudge?.campaign ?? null;
    const local = { campaign, reason };
    const { ready } = this;
    const told = { placement, ready, plan: this.plan(), campaign, reason: "network", trace: trace(), settled: 0, local } as const;
    // The Worker explains by what it knows: what waits here goes first.
    this.#outbox.flush();
    try {
      const { ask } = await import("./explain.js");
      return await ask(this.#page, told);
    } catch {
      return told;
    }
  }

  /**
   * Asks the ledger that all tabs share whether this nudge may be shown, just before you render it. `true`: it is counted, render it now;
   * `false`: something came between, another tab used up the budget, say. Until `hidden` is called, other places of this
   * page that show it do not count again. Never rejects.
   */
  claim(nudge: Nudge): Promise<boolean> {
    return this.#display.claim(nudge);
  }

  /**
   * The user has seen this nudge: half of it or more, for a second. A nudge that was not claimed is counted now: it is on display from here
   * on, until `hidden` is called.
   */
  exposure(nudge: Nudge): void {
    this.#display.exposure(nudge);
  }

  /** You no longer show this nudge. */
  hidden(nudge: Nudge): void {
    this.#display.hidden(nudge);
  }

  /** The user followed the call to action. */
  click(nudge: Nudge): void {
    this.#display.note(CLICK, nudge);
  }

  /** The user put the nudge away: it stays away for its cool-down, here, in other tabs and on other devices. */
  dismiss(nudge: Nudge): void {
    this.#display.note(DISMISS, nudge);
  }

  /** The user wants it later: it stays away for so many milliseconds, or as long as the campaign says. */
  snooze(nudge: Nudge, ms: number = nudge.snooze ?? LATER): void {
    this.#display.note(SNOOZE, nudge, ms);
  }

  /** The campaigns that a placement would show now, were the tenant not in their control groups. */
  ghosts(placement: string): Ghost[] {
    return read<Ghost[]>(this.#page, [], (_, at, { places }) => places.ghosts(placement, at));
  }

  /** Such a one would have been seen now; it is counted once for each page. */
  ghost(ghost: Ghost): void {
    this.#display.ghost(ghost);
  }

  /**
   * Which plans there are, which fits this tenant, and why. `for`: the meter or feature that made the user ask. Like all
   * calls about plans and upgrades it asks the Worker, and rejects with an `UpcueError`.
   */
  comparePlans(options?: { for?: string }): Promise<Comparison> {
    // The Worker compares by what it knows: what waits here goes first.
    this.#outbox.flush();
    return this.#buy((buying) => buying.comparePlans(options));
  }

  /** What a change to a plan costs, to the cent. For admins. */
  quote(choice: Choice): Promise<Quote> {
    return this.#buy((buying) => buying.quote(choice));
  }

  /**
   * Makes the change that was quoted, once, however often it is called for one quote. With `requires_action` only the user
   * can go on, at Stripe's page; it leads back to `returnUrl` with `upcue_upgrade` in its query.
   */
  upgrade(quote: Quote, options?: { returnUrl?: string }): Promise<UpgradeResult> {
    return this.#bought((buying) => buying.upgrade(quote, options));
  }

  /** How an upgrade stands, by its name. */
  upgradeState(upgrade: string): Promise<UpgradeState> {
    return this.#bought((buying) => buying.upgradeState(upgrade));
  }

  /** Asks the tenant's admins for a plan, or for whatever brings a feature or more of a meter. For members. */
  requestUpgrade(wish?: UpgradeWish): Promise<UpgradeRequested> {
    return this.#buy((buying) => buying.requestUpgrade(wish));
  }

  /**
   * Calls `listener` when decisions may be other ones (`change`), when the first snapshot is in (`ready`; at once if it
   * is), or when something failed (`error`; at once if that is why there is no snapshot). The answer ends that.
   */
  on(event: "change" | "ready", listener: () => void): () => void;
  on(event: "error", listener: (error: UpcueError) => void): () => void;
  on(event: EventName, listener: Listener | (() => void)): () => void {
    this.#listeners[event].add(listener);
    const trouble = event === "error" && !this.ready && this.#trouble;
    if (trouble || (event === "ready" && this.ready)) queueMicrotask(() => listener(trouble as UpcueError));
    return () => this.#listeners[event].delete(listener);
  }

  /** Sends what waits, then falls silent. The next `load` begins anew. */
  close(): void {
    this.#outbox.stop();
    this.#live.stop();
    this.#display.close();
    this.#listening.abort();
    this.#debug?.close();
    this.#page.ready = false;
    loads.delete(this.#key);
    this.#changed();
    if (latestUpcue() === this) setLatest(undefined);
  }

  /** Few pages sell: what it takes is loaded when it is first asked for. */
  async #buy<T>(ask: (buying: Buying) => Promise<T>): Promise<T> {
    let loaded;
    try {
      loaded = await import("./buying/buying.js");
    } catch (cause) {
      throw new UpcueError("network", cause);
    }
    return ask((this.#buying ??= new loaded.Buying(this.#page)));
  }

  /** The same for what may end with an upgrade. */
  async #bought<T extends UpgradeState>(ask: (buying: Buying) => Promise<T>): Promise<T> {
    const result = await this.#buy(ask);
    if (result.status === "upgraded") this.#display.convert();
    return result;
  }

  /** Sends what waits while there is still somebody to send it. */
  #watch(): void {
    const { signal } = this.#listening;
    listen("pagehide", () => this.#outbox.flush(true), signal);
    listen("visibilitychange", () => document.hidden && this.#outbox.flush(), signal);
    listen("online", () => this.#outbox.flush(), signal);
    // Other tabs could not reach this page while it was put by.
    listen("pageshow", (event) => (event as PageTransitionEvent).persisted && (this.#outbox.flush(), this.#display.catchUp()), signal);
    if (this.#options.debug || /[?&]upcue-debug\b/.test(location.search)) quietly(this.#observe());
  }

  async #observe(): Promise<void> {
    const { Debug } = await import("./debug.js");
    if (!this.#listening.signal.aborted) this.#debug = new Debug(this);
    this.#changed();
  }

  #taken(words: Partial<Words>, whole: boolean, owner: string): void {
    const page = this.#page;
    const { known } = page;
    const all = { ...known?.words, ...words } as Words;
    page.known =
      known && !whole
        ? { ...known, words: all }
        : { words: all, names: namesOf(all), places: new Places(page.core!, page.client, all.campaigns, this.#decisions, () => this.locale) };
    if (!page.ready) {
      page.ready = true;
      if (this.#owner !== owner) this.#display.open((this.#owner = owner));
      for (const run of this.#early.splice(0)) run();
      this.#outbox.adopt();
      this.#tell("ready");
    }
    this.#changed();
  }

  #use(meter: string, n: number, set: boolean, at: number): void {
    const { core, ready, skew } = this.#page;
    try {
      if (!ready) return this.#later(() => this.#use(meter, n, set, at));
      const i = this.#page.known!.names.meters.get(meter);
      if (set) {
        if (i !== undefined) core!.set(i, n, at);
        this.#outbox.add({ type: "usage", meter, set: n, at: at + skew }, at);
      } else {
        if (i !== undefined) core!.add(i, n, at);
        this.#outbox.count(meter, n, at);
      }
    } catch (cause) {
      this.#failed("engine", cause);
    }
    this.#changed();
  }

  #count(name: string, properties: object | undefined, at: number): void {
    const { core, ready, skew } = this.#page;
    try {
      if (!ready) return this.#later(() => this.#count(name, properties, at));
      const i = this.#page.known!.names.events.get(name);
      if (i !== undefined) core!.track(i, at);
      const event = { type: "track", name, at: at + skew };
      if (properties) this.#outbox.addWritten({ ...properties, ...event }, at);
      else this.#outbox.add(event, at);
    } catch (cause) {
      this.#failed("engine", cause);
    }
    this.#changed();
  }

  /** Does something as soon as there is something to do it to. */
  #later(run: () => void): void {
    if (this.#early.length < EARLIEST) this.#early.push(run);
  }

  /** Tells listeners once, however much changes in one go. */
  #changed(): void {
    const { known } = this.#page;
    if (known) known.places.version++;
    if (this.#telling) return;
    this.#telling = true;
    attempt(this.#tellSoon);
  }

  readonly #tellSoon = (): void => queueMicrotask(this.#tellChange);

  readonly #tellChange = (): void => {
    this.#telling = false;
    this.#tell("change");
  };

  #failed(code: UpcueError["code"], cause?: unknown): void {
    const error = (this.#trouble = new UpcueError(code, cause));
    this.#debug?.failed(error);
    this.#tell("error", error);
  }

  #tell(event: EventName, error?: UpcueError): void {
    attempt(() => {
      for (const listener of [...this.#listeners[event]]) {
        try {
          listener(error!);
        } catch (thrown) {
          // A listener's mistake is its own; it must not stop the others.
          reportError(thrown);
        }
      }
    });
  }
}

/** As the core hands out several numbers; -1 stands for none. */
type Four = [number, number, number, number];

const some = (n: number): number | null => (n < 0 ? null : n);
const moment = (at: number | null): Date | null => (at === null ? null : new Date(at));
