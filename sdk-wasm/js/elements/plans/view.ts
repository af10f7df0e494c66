// The comparison on the page: asks for it, draws it, and asks again when the plan has changed.

import type { Comparison, Interval, UpgradeWish } from "../../buying/types.js";
import { UpcueError } from "../../failure.js";
import { after, now } from "../../host.js";
import type { Upcue } from "../../upcue.js";
import { element, write } from "../dom.js";
import { Speech } from "../speech.js";
import { themed } from "../theme.js";
import { cards } from "./cards.js";
import { matrix } from "./matrix.js";
import { type Offer, priceOf } from "./offer.js";
import type { Say } from "./offers.js";
import { STYLE } from "./style.js";
import { top } from "./top.js";
import { type PlansMessages, WORDS } from "./words.js";

/** Changes come in bursts: Stripe's webhook is seldom alone. */
const SETTLES = 250;
/** Who comes back to the page after so long is shown what has happened meanwhile. */
const STALE = 30_000;
const HEADINGS = ["h2", "h3", "h4", "h5", "h6"] as const;

/** The element this is a view of. */
export interface Host extends HTMLElement {
  readonly wording: Partial<PlansMessages>;
  showFallback(shown: boolean): void;
}

export class PlansView {
  readonly #host: Host;
  readonly #root: ShadowRoot;
  readonly #frame = element("div", { class: "frame drawn", part: "plans", tabindex: "-1" });
  /** Changed and never replaced, or nobody would be told. */
  readonly #status = element("p", { class: "said", role: "status" });
  #upcue: Upcue | undefined;
  #comparison: Comparison | undefined;
  #failed = false;
  /** What the comparison is for. */
  #wanted: string | null = null;
  /** The plan that was last seen; unknown before the first snapshot. */
  #plan: string | undefined;
  #askedAt = 0;
  #asking = 0;
  #interval: Interval | undefined;
  #wishes = new Set<string>();
  #settle = () => {};

  constructor(host: Host, root: ShadowRoot) {
    this.#host = host;
    this.#root = root;
    root.adoptedStyleSheets = themed(STYLE);
    root.append(this.#frame, this.#status);
    root.addEventListener("click", (event) => this.#click(event));
    root.addEventListener("change", ({ target }) => this.#switch((target as HTMLInputElement).value as Interval));
  }

  focus(): void {
    this.#frame.focus();
  }

  /** Something may have changed: asks again when it is the plan, or what the comparison is for. */
  show(upcue: Upcue): void {
    if (upcue !== this.#upcue) {
      this.clear();
      this.#upcue = upcue;
      this.reload();
    } else if (this.#wanted !== this.#host.getAttribute("for")) this.reload();
    this.#host.showFallback(this.#fallback);
    if (!upcue.ready) return;
    const plan = upcue.plan()?.id ?? "";
    if (this.#plan !== undefined && plan !== this.#plan) this.#later();
    this.#plan = plan;
  }

  clear(): void {
    this.#settle();
    this.#upcue = this.#comparison = this.#plan = undefined;
    this.#wishes.clear();
    this.#asking++;
    this.#frame.replaceChildren();
    this.#host.removeAttribute("state");
  }

  /** The user is back. */
  freshen(): void {
    if (this.#comparison && now() - this.#askedAt > STALE) this.reload();
  }

  reload(): void {
    void this.#ask();
  }

  /** Another look at the same comparison. */
  redraw(): void {
    if (this.#upcue) this.#draw();
  }

  #later(): void {
    this.#settle();
    this.#settle = after(SETTLES, () => this.reload());
  }

  async #ask(): Promise<void> {
    const upcue = this.#upcue;
    const wanted = (this.#wanted = this.#host.getAttribute("for"));
    const turn = ++this.#asking;
    this.#askedAt = now();
    this.#failed = false;
    if (!this.#comparison) this.#draw();
    try {
      const comparison = await upcue?.comparePlans(wanted ? { for: wanted } : {});
      if (turn === this.#asking) this.#comparison = comparison;
    } catch {
      // What is shown already is better than an apology.
      if (turn === this.#asking) this.#failed = !this.#comparison;
    }
    if (turn === this.#asking) this.#draw();
  }

  /** Draws everything anew; focus stays with what has the same key. */
  #draw(): void {
    const key = (this.#root.activeElement as HTMLElement | null)?.dataset.key;
    const state = this.#state();
    const loading = state === "loading";
    const fallback = this.#fallback;
    this.#host.showFallback(fallback);
    this.#host.setAttribute("state", state);
    this.#frame.setAttribute("aria-busy", String(loading));
    this.#frame.replaceChildren(...(fallback ? [] : this.#content(state)));
    write(this.#status, loading ? this.#say.say("loading") : this.#failed ? this.#say.say("failed") : "");
    if (key) this.#keyed(key).focus({ preventScroll: true });
  }

  /** What the page put between the tags is as good as a drawing of nothing. */
  get #fallback(): boolean {
    return this.#state() === "loading" && this.#host.children.length > 0;
  }

  #keyed(key: string): HTMLElement {
    return this.#root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? this.#frame;
  }

  #state(): string {
    if (this.#failed) return "error";
    if (!this.#comparison) return "loading";
    return this.#comparison.plans.length ? "ready" : "empty";
  }

  #content(state: string): HTMLElement[] {
    const say = this.#say;
    const comparison = this.#comparison;
    if (state === "error") return [failure(say)];
    if (!comparison) return [skeleton()];
    const offer = this.#offer(comparison);
    const above = top(offer, this.#host.getAttribute("contact"), say);
    if (state === "empty") return [above, element("p", { class: "box", part: "empty" }, say.say("empty"))];
    return [above, this.#host.getAttribute("view") === "matrix" ? matrix(offer, say) : cards(offer, say)];
  }

  #offer(comparison: Comparison): Offer {
    const { intervals } = comparison;
    const interval = this.#interval && intervals.includes(this.#interval) ? this.#interval : intervals[0];
    const level = Number(this.#host.getAttribute("heading-level"));
    const heading = HEADINGS[level - 2] ?? "h3";
    return { comparison, interval, asked: this.#wishes, heading };
  }

  get #say(): Say {
    return new Speech(this.#upcue?.locale, { ...WORDS, ...this.#host.wording });
  }

  #switch(interval: Interval): void {
    this.#interval = interval;
    this.#draw();
  }

  #click(event: Event): void {
    const pressed = (event.target as Element).closest<HTMLElement>("[data-act]");
    const { act, key = "" } = pressed?.dataset ?? {};
    if (act === "retry") this.reload();
    if (act === "contact" && !this.#tell("upcue-contact", {})) event.preventDefault();
    if (act === "choose") this.#choose(key);
    if (act === "ask") void this.#wish(key);
  }

  #choose(plan: string): void {
    const offer = this.#offer(this.#comparison!);
    const chosen = offer.comparison.plans.find(({ id }) => id === plan);
    const choice = { plan, price: chosen && priceOf(chosen, offer)?.id };
    if (!this.#tell("upcue-choose", choice)) return;
    const place = this.#host.getRootNode() as Document | ShadowRoot;
    const dialog = place.querySelector("upcue-upgrade") ?? document.querySelector("upcue-upgrade");
    void dialog?.open({ plan, ...(choice.price && { price: choice.price }) });
  }

  async #wish(plan: string): Promise<void> {
    const wanted = this.#host.getAttribute("for");
    const row = this.#comparison?.rows.find(({ key }) => key === wanted);
    const wish: UpgradeWish = { plan, ...(row && { [row.kind]: row.key }) };
    try {
      const asked = await this.#upcue?.requestUpgrade(wish);
      this.#wishes.add(plan);
      this.#draw();
      write(this.#status, this.#say.say("askedFor", { label: asked?.label ?? "" }));
    } catch (error) {
      this.#notice(error instanceof UpcueError && error.code === "too_many_requests" ? "askedEnough" : "askFailed", plan);
    }
  }

  /** Tells beside the button what became of it, and whoever cannot see it. */
  #notice(message: keyof PlansMessages, plan: string): void {
    const text = this.#say.say(message);
    this.#root.querySelector("[part=notice]")?.remove();
    this.#keyed(plan).before(element("p", { class: "warn small", part: "notice" }, text));
    write(this.#status, text);
  }

  /** Whether nobody objected. */
  #tell(name: string, detail: object): boolean {
    return this.#host.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, cancelable: true, detail }));
  }
}

const skeleton = (): HTMLElement =>
  element("div", { class: "wait", part: "skeleton", "aria-hidden": "true" }, element("i"), element("i"), element("i"));

const failure = (say: Say): HTMLElement =>
  element(
    "div",
    { class: "box contact", part: "error" },
    element("div", {}, say.say("failed")),
    element(
      "button",
      { type: "button", class: "button", part: "retry", "data-act": "retry", "data-key": "retry" },
      say.say("retry"),
    ),
  );
