// The comparison on the page: asks for it, draws it, and asks again when the plan has changed.

import type { Choice, Comparison, Interval, OfferedPlan, UpgradeWish } from "../../buying/types.js";
import { after, now } from "../../host.js";
import type { Upcue } from "../../upcue.js";
import { type Content, make, refill, write } from "../dom.js";
import type { View } from "../element.js";
import { press } from "../parts.js";
import type { UpcuePlans } from "../plans.js";
import { type Offer, priceOf } from "./offer.js";
import { offers } from "./offers.js";
import { STYLE } from "../style.js";
import { top } from "./top.js";
import { type PlansMessages, WORDS } from "./words.js";

/** Changes come in bursts: Stripe's webhook is seldom alone. */
const SETTLES = 250;
/** Who comes back to the page after so long is shown what has happened meanwhile. */
const STALE = 30_000;

/** What draws one `<upcue-plans>`; it asks again when the plan may have changed, or what the comparison is for. */
export interface PlansView extends View {
  reload_(): Promise<void>;
  focus_(): void;
}

export function plansView(host: UpcuePlans): PlansView {
  const root = host.shadowRoot!;
  const frame = make("div:plans", { tabindex: "-1" });
  /** Changed and never replaced, or nobody would be told. */
  const status = make("p.said", { role: "status" });
  let upcue: Upcue | undefined;
  let comparison: Comparison | undefined;
  let failed = false;
  /** What the comparison is for. */
  let wanted: string | null = null;
  /** The plan that was last seen; unknown before the first snapshot. */
  let plan: string | undefined;
  let askedAt = 0;
  let turn = 0;
  let interval: Interval | undefined;
  let settle = () => {};
  const wishes = new Set<string>();
  let listening = new AbortController();
  host.wear_(STYLE);
  host.stage_.append(frame, status);

  const say = () => host.say_("plans", WORDS);
  const state = () => (failed ? "error" : !comparison ? "loading" : comparison.plans.length ? "ready" : "empty");
  /** What the page put between the tags is as good as a drawing of nothing. */
  const fallback = () => state() === "loading" && host.children.length > 0;

  const reload = async () => {
    wanted = host.getAttribute("for");
    const mine = ++turn;
    askedAt = now();
    failed = false;
    if (!comparison) redraw();
    const answer = await upcue?.comparePlans(wanted ? { for: wanted } : {}).catch(() => {});
    if (mine !== turn) return;
    // What is shown already is better than an apology.
    comparison = answer ?? comparison;
    failed = !comparison;
    redraw();
  };

  /** Draws everything anew; focus stays with what has the same key. */
  const redraw = () => {
    if (!upcue) return;
    const key = root.activeElement?.id;
    const is = state();
    const loading = is === "loading";
    host.showFallback_(fallback());
    host.setAttribute("state", is);
    frame.ariaBusy = `${loading}`;
    refill(frame, !fallback() && content(is));
    write(status, loading || failed ? say()(loading ? "loading" : "failed") : "");
    if (key) (root.getElementById(key) ?? frame).focus({ preventScroll: true });
  };

  const content = (is: string): Content => {
    const speak = say();
    if (failed) return make("div:error.box.panel.row", make("div", speak("failed")), press("retry", speak("retry"), false, { click: reload }));
    if (!comparison) return make("div:skeleton", { "aria-hidden": "true" }, make("i"), make("i"), make("i"));
    const offer = offered(comparison);
    return [
      top(offer, host.getAttribute("contact")),
      is === "empty" ? make("p:empty.box.panel", speak("empty")) : offers(offer, host.getAttribute("view") === "matrix"),
    ];
  };

  const offered = (comparison: Comparison): Offer => {
    const { intervals } = comparison;
    return {
      comparison_: comparison,
      interval_: interval && intervals.includes(interval) ? interval : intervals[0],
      asked_: wishes,
      heading_: /^[2-6]$/.test(host.getAttribute("heading-level") ?? "") ? `h${host.getAttribute("heading-level")}` : "h3",
      say_: say(),
      choose_: choose,
      ask_: ask,
      contact_: (event) => host.tell_("upcue-contact", {}) || event.preventDefault(),
      switch_: (to) => {
        interval = to;
        redraw();
      },
    };
  };

  const choose = (chosen: OfferedPlan) => {
    const choice = { plan: chosen.id, price: priceOf(chosen, offered(comparison!))?.id };
    if (!host.tell_("upcue-choose", choice)) return;
    const place = host.getRootNode() as Document | ShadowRoot;
    const dialog = place.querySelector("upcue-upgrade") ?? document.querySelector("upcue-upgrade");
    void dialog?.open(choice as Choice);
  };

  const ask = async ({ id }: OfferedPlan) => {
    const row = comparison?.rows.find(({ key }) => key === wanted);
    const wish: UpgradeWish = { plan: id, ...(row && { [row.kind]: row.key }) };
    try {
      const asked = await upcue?.requestUpgrade(wish);
      wishes.add(id);
      redraw();
      write(status, say()("askedFor", { label: asked?.label }));
    } catch (error) {
      notice((error as { code?: string }).code === "too_many_requests" ? "askedEnough" : "askFailed", id);
    }
  };

  /** Tells beside the button what became of it, and whoever cannot see it. */
  const notice = (message: keyof PlansMessages, plan: string) => {
    const text = say()(message);
    root.querySelector("[part=notice]")?.remove();
    root.getElementById(plan)?.before(make("p:notice.warn.small", text));
    write(status, text);
  };

  const listen = () => {
    listening = new AbortController();
    const { signal } = listening;
    document.addEventListener("visibilitychange", freshen, { signal });
    document.addEventListener("upcue-upgraded", reload, { signal });
  };

  /** The user may be back. */
  const freshen = () => {
    if (!document.hidden && comparison && now() - askedAt > STALE) void reload();
  };

  const clear = () => {
    listening.abort();
    settle();
    upcue = comparison = plan = undefined;
    wishes.clear();
    turn++;
    frame.replaceChildren();
    host.removeAttribute("state");
  };

  return {
    // Prices come from the Worker, so they are there even where the wasm core is not.
    early_: true,
    draw_(now, anew) {
      if (now !== upcue) {
        clear();
        upcue = now;
        listen();
        void reload();
      } else if (wanted !== host.getAttribute("for")) void reload();
      if (anew) redraw();
      else host.showFallback_(fallback());
      if (!now.ready) return;
      const id = now.plan()?.id ?? "";
      if (plan !== undefined && id !== plan) {
        settle();
        settle = after(SETTLES, reload);
      }
      plan = id;
    },
    clear_: clear,
    reload_: reload,
    focus_: () => frame.focus(),
  };
}
