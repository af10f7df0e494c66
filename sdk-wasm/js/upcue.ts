import type { Buying } from "./buying/buying.js";
import type { Choice, Comparison, Quote, UpgradeRequested, UpgradeResult, UpgradeState, UpgradeWish } from "./buying/types.js";
import type { Core } from "./core.js";
import { UpcueError, attempt } from "./failure.js";
import { after, now, randomName } from "./host.js";
import { latestUpcue, setLatest } from "./latest.js";
import { Live } from "./live.js";
import { Outbox } from "./outbox.js";
import type { Page } from "./page.js";
import { Tabs } from "./tabs.js";
import { format } from "./text.js";
import { Token } from "./token.js";
import type { Decision, Entitlement, Explanation, Meter, Nudge, Options, Plan, Verdict } from "./types.js";
import { ENTITLEMENT_REASONS, NOTES, NUDGE_KINDS, REASONS } from "./words.js";

/** `load` does not keep an app waiting longer than this. */
const PATIENCE = 5000;
/** A decision is not made anew within this time, unless something changes; what time alone changes can wait so long. */
const HOLDS = 1000;
/** So much is remembered of what happens before the first snapshot. */
const EARLIEST = 500;

const [EXPOSURE, CLICK, DISMISS, SNOOZE] = [0, 1, 2, 3] as const; // positions in NOTES

const UNDECIDED: Decision = { nudge: null, reason: "not_ready", trace: () => [] };
const GRANTED: Entitlement = { granted: true, limit: null, used: 0, remaining: null, reason: "not_ready" };

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
  readonly #listeners = { change: new Set<Listener>(), error: new Set<Listener>(), ready: new Set<Listener>() };
  readonly #listening = new AbortController();
  /** How many elements show which campaign. */
  readonly #shown = new Map<string, number>();
  readonly #decided = new Map<string, Decision>();
  #decidedUntil = 0;
  #tabs: Tabs | undefined;
  #buying: Buying | undefined;
  #early: (() => void)[] = [];
  #telling = false;
  #decisions = 0;

  /**
   * Loads once for each endpoint and user; the same call answers the same promise. It does not reject for want of a network,
   * a snapshot or wasm: the instance then answers "no nudge" and "granted", and goes on trying.
   */
  static load(options: Options): Promise<Upcue> {
    // On a server there is nobody to nudge.
    if (typeof document === "undefined") return Promise.resolve(new Upcue(options, ""));
    const { endpoint, user, token } = options;
    const key = [endpoint, user, typeof token === "string" ? token : ""].join();
    let loading = loads.get(key);
    if (!loading) {
      loading = Upcue.#start(options, key);
      loads.set(key, loading);
      // What was wrong with the options may be mended.
      loading.catch(() => loads.delete(key));
    }
    return loading;
  }

  static async #start(options: Options, key: string): Promise<Upcue> {
    if (!options.token) throw new TypeError("Upcue.load: `token` is missing; pass the user's JWT or a function that fetches one");
    const endpoint = new URL(options.endpoint, document.baseURI).href.replace(/\/+$/, "");
    const upcue = new Upcue({ ...options, endpoint }, key);
    upcue.#watch();
    setLatest(upcue);
    await new Promise<void>((done) => {
      after(PATIENCE, done);
      void upcue.#live.start().then(done);
    });
    return upcue;
  }

  /** Knows nothing and asks for nothing: `load` makes instances. */
  private constructor(options: Options, key: string) {
    this.#options = options;
    this.#key = key;
    this.#page = {
      endpoint: options.endpoint,
      client: randomName(),
      token: new Token(options.token),
      ready: false,
      changed: () => this.#changed(),
      failed: (code, cause) => this.#failed(code, cause),
    };
    this.#live = new Live(this.#page, options.wasm, () => this.#taken());
    this.#outbox = new Outbox(this.#page, () => this.#live.poll());
  }

  /** Whether there is a snapshot to decide from. */
  get ready(): boolean {
    return this.#page.ready;
  }

  /** How numbers are written. */
  get locale(): string | undefined {
    // A page may call its language what it likes; Intl throws at names it does not know.
    return attempt(() => Intl.getCanonicalLocales(this.#options.locale || document.documentElement.lang)[0]);
  }

  /** Counts `value` more on a counter, or shows what a gauge stands at: `usage("seats", { set: 7 })`. */
  usage(meter: string, value: number | { set: number }): void {
    const set = typeof value === "object";
    const n = set ? value.set : value;
    if (!Number.isSafeInteger(n) || n < 0) return this.#failed("usage", `${meter}: ${n}`);
    this.#local((core, at) => {
      if (set) core.set(meter, n, at);
      else core.add(meter, n, at);
      this.#outbox.add({ type: "usage", meter, [set ? "set" : "value"]: n, at: core.now(at) });
    });
  }

  /** Counts something worth a name: `track("premium_feature_blocked", { feature: "sso" })`. */
  track(name: string, properties?: Record<string, string | number | boolean>): void {
    this.#local((core, at) => {
      core.track(name, at);
      this.#outbox.add({ ...properties, type: "track", name, at: core.now(at) });
    });
  }

  /** What to show at a point of your interface, from what is known this moment. Never throws. */
  decide(placement: string): Decision {
    if (now() >= this.#decidedUntil) {
      this.#decided.clear();
      this.#decidedUntil = now() + HOLDS;
    }
    let decision = this.#decided.get(placement);
    if (!decision) {
      decision = this.#decide(placement);
      this.#decided.set(placement, decision);
    }
    return decision;
  }

  /** Whether a meter or feature may be used. Never throws; granted when nothing is known. */
  entitlement(key: string): Entitlement {
    return this.#read(GRANTED, (core, at) => {
      const [granted, limit, used, remaining, reason] = core.entitlement(key, at) as unknown as Five;
      return { granted: !!granted, limit: some(limit), used, remaining: some(remaining), reason: ENTITLEMENT_REASONS[reason]! };
    });
  }

  /** How a meter stands; `null` when it is unknown. */
  meter(key: string): Meter | null {
    return this.#read<Meter | null>(null, (core, at) => {
      const meter = core.meter(key, at);
      if (!meter) return null;
      const [value, limit, softLimit, resetsAt] = meter as unknown as Five;
      return {
        key,
        label: core.meterText(key, 0) ?? key,
        unit: core.meterText(key, 1) ?? "",
        value,
        limit: some(limit),
        softLimit: some(softLimit),
        resetsAt: resetsAt < 0 ? null : new Date(resetsAt),
      };
    });
  }

  /** The tenant's plan; `null` without one. */
  plan(): Plan | null {
    return this.#read<Plan | null>(null, (core) => {
      const id = core.planText(0);
      return id === undefined ? null : { id, name: core.planText(1) ?? id };
    });
  }

  /**
   * Answers "why did this (not) show, and what would change it?". The Worker has the words, so it is asked; without an answer
   * from it, what this page knows is told, with the reason `network`. Never rejects.
   */
  async explain(placement: string): Promise<Explanation> {
    const { nudge, reason, trace } = this.decide(placement);
    const campaign = nudge?.campaign ?? null;
    const told: Explanation = {
      placement,
      ready: this.ready,
      plan: this.plan(),
      campaign,
      reason: "network",
      trace: trace(),
      settled: 0,
      local: { campaign, reason },
    };
    // The Worker explains by what it knows: what waits here goes first.
    this.#outbox.flush();
    return import("./explain.js").then(({ ask }) => ask(this.#page, told)).catch(() => told);
  }

  /**
   * You have rendered this nudge. It counts towards its caps at once, whether or not the network hears of it. Until
   * `hidden` is called, other places that show it do not count again.
   */
  exposure(nudge: Nudge): void {
    if (this.#display(nudge, 1) === 1) this.#note(EXPOSURE, nudge);
  }

  /** You no longer show this nudge. */
  hidden(nudge: Nudge): void {
    this.#display(nudge, -1);
  }

  /** The user followed the call to action. */
  click(nudge: Nudge): void {
    this.#note(CLICK, nudge);
  }

  /** The user put the nudge away: it stays away for its cool-down, here, in other tabs and on other devices. */
  dismiss(nudge: Nudge): void {
    this.#note(DISMISS, nudge);
  }

  /** The user wants it later: it stays away for so many milliseconds. */
  snooze(nudge: Nudge, ms: number): void {
    this.#note(SNOOZE, nudge, ms);
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
    return this.#buy((buying) => buying.upgrade(quote, options));
  }

  /** How an upgrade stands, by its name. */
  upgradeState(upgrade: string): Promise<UpgradeState> {
    return this.#buy((buying) => buying.upgradeState(upgrade));
  }

  /** Asks the tenant's admins for a plan, or for whatever brings a feature or more of a meter. For members. */
  requestUpgrade(wish?: UpgradeWish): Promise<UpgradeRequested> {
    return this.#buy((buying) => buying.requestUpgrade(wish));
  }

  /**
   * Calls `listener` when decisions may be other ones (`change`), when the first snapshot is in (`ready`; at once if it
   * is), or when something failed (`error`). The answer ends that.
   */
  on(event: "change" | "ready", listener: () => void): () => void;
  on(event: "error", listener: (error: UpcueError) => void): () => void;
  on(event: EventName, listener: Listener | (() => void)): () => void {
    this.#listeners[event].add(listener);
    if (event === "ready" && this.ready) queueMicrotask(listener as () => void);
    return () => this.#listeners[event].delete(listener);
  }

  /** Sends what waits, then falls silent. The next `load` begins anew. */
  close(): void {
    this.#outbox.stop();
    this.#live.stop();
    this.#tabs?.close();
    this.#listening.abort();
    this.#page.ready = false;
    loads.delete(this.#key);
    this.#changed();
    if (latestUpcue() === this) setLatest(undefined);
  }

  /** Few pages sell: what it takes is loaded when it is first asked for. */
  async #buy<T>(ask: (buying: Buying) => Promise<T>): Promise<T> {
    const { Buying } = await import("./buying/buying.js").catch((cause) => {
      throw new UpcueError("network", cause);
    });
    return ask((this.#buying ??= new Buying(this.#page)));
  }

  /** Sends what waits while there is still somebody to send it. */
  #watch(): void {
    const { signal } = this.#listening;
    addEventListener("pagehide", () => this.#outbox.flush(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden && this.#outbox.flush(), { signal });
  }

  #taken(): void {
    if (!this.#page.ready) {
      this.#page.ready = true;
      // Only now does the core hold notes.
      this.#tabs = new Tabs(this.#page.token.owner, ([campaign, kind, at, until]) => {
        this.#page.core!.note(campaign, kind, at, until);
        this.#changed();
      });
      this.#early.splice(0).forEach((run) => run());
      this.#tell("ready");
    }
    this.#changed();
  }

  /** Reads from the core, if there is anything to read. */
  #read<T>(otherwise: T, read: (core: Core, at: number) => T): T {
    const { core, ready } = this.#page;
    if (!core || !ready) return otherwise;
    try {
      return read(core, now());
    } catch (cause) {
      this.#failed("engine", cause);
      return otherwise;
    }
  }

  /** Changes something at once; or, before the first snapshot, as soon as there is something to change. */
  #local(change: (core: Core, at: number) => void): void {
    const at = now();
    const run = () => this.#read(undefined, (core) => change(core, at));
    if (this.ready) run();
    else if (this.#early.length < EARLIEST) this.#early.push(run);
    this.#changed();
  }

  #note(kind: number, { campaign, decision }: Nudge, forMs = 0): void {
    this.#read(undefined, (core, device) => {
      const at = core.now(device);
      const until = at + forMs;
      core.note(campaign, kind, at, until);
      this.#tabs?.share([campaign, kind, at, until]);
      this.#outbox.add({ type: NOTES[kind]!, campaign, decision, at, ...(kind === SNOOZE && { until }) });
      this.#changed();
    });
  }

  /** One more or one fewer place shows the campaign; how many do now. */
  #display({ campaign }: Nudge, by: 1 | -1): number {
    const places = Math.max((this.#shown.get(campaign) ?? 0) + by, 0);
    this.#shown.set(campaign, places);
    this.#read(undefined, (core) => {
      let i = 0;
      let name;
      while ((name = core.campaign(i)) !== undefined && name !== campaign) i++;
      if (name) core.display(i, places > 0);
    });
    this.#decidedUntil = 0;
    return places;
  }

  #decide(placement: string): Decision {
    return this.#read(UNDECIDED, (core, at) => {
      const [i, reason] = unpack(core.decide(placement, at));
      return { nudge: i < 0 ? null : this.#nudge(core, i, at), reason, trace: () => this.#trace(placement) };
    });
  }

  #nudge(core: Core, i: number, at: number): Nudge {
    const text = (field: number) => format(core.text(i, field, at) ?? "", this.locale);
    const action = core.action(i);
    return {
      campaign: core.campaign(i)!,
      kind: NUDGE_KINDS[core.kind(i)]!,
      title: text(0),
      body: text(1),
      cta: action === undefined ? null : { label: text(2), action },
      decision: `${this.#page.client}-${++this.#decisions}`,
    };
  }

  #trace(placement: string): Verdict[] {
    return this.#read<Verdict[]>([], (core, at) =>
      Array.from(core.trace(placement, at), (packed) => {
        const [i, reason] = unpack(packed);
        return { campaign: core.campaign(i)!, reason };
      }),
    );
  }

  /** Tells listeners once, however much changes in one go. */
  #changed(): void {
    this.#decidedUntil = 0;
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      this.#tell("change");
    });
  }

  #failed(code: UpcueError["code"], cause?: unknown): void {
    const error = new UpcueError(code, cause);
    if (this.#options.debug) {
      this.#options.debug = false;
      console.warn(error);
    }
    this.#tell("error", error);
  }

  #tell(event: EventName, error?: UpcueError): void {
    for (const listener of [...this.#listeners[event]]) {
      try {
        listener(error!);
      } catch (thrown) {
        // A listener's mistake is its own; it must not stop the others.
        reportError(thrown);
      }
    }
  }
}

/** As the core hands out several numbers; -1 stands for none. */
type Five = [number, number, number, number, number];

const some = (n: number): number | null => (n < 0 ? null : n);

/** The position of a campaign (-1: none) and the reason, as the core packs them. */
const unpack = (packed: number) => [(packed & 0xffff) - 1, REASONS[packed >>> 16]!] as const;
