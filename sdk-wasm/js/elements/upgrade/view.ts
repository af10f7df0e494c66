// The dialog: asks for a quote, shows it, makes the change when it is confirmed, and tells how it went.

import type { Choice, Quote, UpgradeResult, Upgraded } from "../../buying/types.js";
import type { UpcueError } from "../../failure.js";
import { after, now } from "../../host.js";
import type { Upcue } from "../../upcue.js";
import { drawing, make, refill, write } from "../dom.js";
import type { View } from "../element.js";
import { CROSS } from "../icons.js";
import type { UpcueUpgrade } from "../upgrade.js";
import { differences } from "./quote.js";
import { followUp, forgetReturn, ownAddress, returnedUpgrade } from "./return.js";
import { type Acts, type Notice, type Problem, type Scene, drawScene, refusal } from "./scenes.js";
import { STYLE } from "../style.js";
import { WORDS } from "./words.js";

/** Who steps through numbers wants the last one. */
const SETTLES = 350;
/** A quote of a device whose clock runs ahead would have run out when it came. */
const SHORTEST = 30_000;
/** So long the user is told why the page is about to go. */
const FAREWELL = 1500;

type QuoteScene = Scene & { kind_: "quote" };

/** What draws one `<upcue-upgrade>`. */
export interface UpgradeView extends View {
  /** Shows what the change costs. While an upgrade is under way that one stays. */
  open_(upcue: Upcue, choice: Choice): Promise<void>;
  /** Puts the dialog away, unless an upgrade is under way. */
  close_(): void;
}

export function upgradeView(host: UpcueUpgrade): UpgradeView {
  const root = host.shadowRoot!;
  const title = make("h2:title", { id: "title", tabindex: "-1" });
  const away = make("button:close.round", { click: () => close() }, drawing(CROSS));
  const body = make("div:body");
  const actions = make("div:actions");
  const status = make("p.said", { role: "status" });
  const header = make("header", title, away);
  const dialog = make<HTMLDialogElement>("dialog:dialog.panel", { "aria-labelledby": "title" }, header, body, actions, status);
  let upcue: Upcue | undefined;
  let choice: Choice = { plan: "" };
  let scene: Scene = { kind_: "loading" };
  /** The upgrade that a return from Stripe's page is about. */
  let returned: string | undefined;
  /** Whether the page's address was looked at. */
  let resumed = false;
  let turn = 0;
  let timer = () => {};
  let opener: HTMLElement | null = null;

  const say = () => host.say_("upgrade", WORDS);
  const isBusy = () => scene.kind_ === "quote" && scene.waiting_ === "upgrade";
  const close = () => isBusy() || dialog.close();

  const show = () => {
    if (dialog.open) return;
    opener = document.activeElement as HTMLElement | null;
    dialog.showModal();
    draw();
  };

  const closed = () => {
    // Nobody closes an upgrade that is under way; its end will open the dialog again. What is told late is of the time before.
    if (isBusy() || dialog.open) return;
    timer();
    turn++;
    if (returned) forgetReturn();
    returned = undefined;
    // What opened the dialog may have been drawn anew meanwhile.
    if (document.activeElement === document.body) opener?.focus();
  };

  /** Another scene; answers to what was asked for the last one come too late. */
  const set = (next: Scene): number => {
    timer();
    scene = next;
    draw();
    return ++turn;
  };

  /** Focus stays where it is when that is still there, or goes to the title. */
  const draw = () => {
    const key = root.activeElement?.id;
    const speak = say();
    const [name, content, buttons, said] = drawScene(scene, speak, acts);
    write(title, name);
    write(status, said);
    body.ariaBusy = `${scene.kind_ === "quote" && !!scene.waiting_}`;
    refill(body, content);
    refill(actions, buttons);
    actions.hidden = !buttons.length;
    away.ariaLabel = speak("close");
    away.hidden = isBusy();
    if (!dialog.open) return;
    // What is longer than the dialog is scrolled, by keyboard too.
    body.tabIndex = body.scrollHeight > body.clientHeight ? 0 : -1;
    const next = key && root.getElementById(key);
    if (next) next.focus({ preventScroll: true });
    else if (key || !root.activeElement) title.focus();
  };

  /** What comes of `work`, if the user still waits for it. */
  const wait = <T>(mine: number, work: Promise<T>, done: (result: T) => void, lost: (error: UpcueError) => void) =>
    work.then(
      (result) => {
        if (mine === turn) done(result);
      },
      (error) => {
        if (mine === turn) lost(error?.code ? error : ({ code: "network" } as UpcueError));
      },
    );

  const ask = (notice?: Notice) => wait(++turn, upcue!.quote(choice), (quote) => quoted(quote, notice), refused);

  const quoted = (quote: Quote, notice?: Notice) => {
    const heldUntil = now() + Math.max(quote.expires_at - (quote.server_time ?? now()), SHORTEST);
    const seats = quote.per_seat || quote.quantity > 1 || choice.quantity !== undefined || host.hasAttribute("seats");
    hold({ kind_: "quote", quote_: quote, notice_: notice, seats_: seats, heldUntil_: heldUntil });
  };

  /** Shows a quote until it runs out. */
  const hold = (next: QuoteScene) => {
    set(next);
    timer = after(next.heldUntil_ - now(), () => requote({ title_: say()("expired"), lines_: [] }));
  };

  /** The quote that is shown fades until the new one is there. */
  const requote = (notice?: Notice) => {
    if (scene.kind_ !== "quote" || isBusy()) return;
    set({ ...scene, waiting_: "quote" });
    void ask(notice);
  };

  const settled = (result: UpgradeResult) => {
    if (result.status === "upgraded") return done(result);
    set({ kind_: "leaving", result_: result, returned_: false });
    // Who has just pressed "Continue to Stripe" knows where this leads; others are told first.
    timer = after(result.reason === "checkout" ? 0 : FAREWELL, () => location.assign(result.url));
  };

  const done = (result: Upgraded) => {
    set({ kind_: "done", result_: result });
    host.tell_("upcue-upgraded", { plan: result.plan.id, upgrade: result.upgrade });
  };

  /** The quote stays on the table where it can still be confirmed. */
  const failed = (error: UpcueError, last: QuoteScene) => {
    const { code, quote, detail = "" } = error;
    const speak = say();
    const again = (notice: Notice) => {
      hold({ ...last, notice_: notice });
      body.scrollTop = 0;
    };
    if (code === "quote_stale") {
      const title = speak("staleTitle");
      if (quote) return quoted(quote, { title_: title, lines_: differences(last.quote_, quote, speak) });
      set(last);
      return requote({ title_: title, lines_: [speak("stale")] });
    }
    if (code === "payment_failed") return again(refusal(error, speak));
    if (code === "upgrade_in_progress") return again({ title_: speak("inProgress"), lines_: [], bad_: true });
    if (code !== "network" && code !== "stripe_unavailable") return refused(error);
    again({ title_: speak("unreachable"), lines_: [detail, speak("unreachableHelp")], bad_: true });
  };

  const refused = (problem: Problem) => {
    const { code, status = 0 } = problem;
    const passes = code === "network" || code === "upgrade_in_progress" || Number(status) >= 500;
    set({ kind_: "refused", notice_: refusal(problem, say()), retry_: passes && scene.kind_ !== "checking" });
  };

  const open = async (instance: Upcue, wanted: Choice) => {
    if (isBusy()) return show();
    upcue = instance;
    choice = wanted;
    set({ kind_: "loading" });
    show();
    await ask();
  };

  const resume = async (instance: Upcue, upgrade: string) => {
    upcue = instance;
    returned = upgrade;
    const mine = set({ kind_: "checking" });
    const ended = (state: Awaited<ReturnType<typeof followUp>>) => {
      if (!state) return set({ kind_: "waiting" });
      forgetReturn();
      if (state.status === "upgraded") return done(state);
      if (state.status === "failed") return refused(state);
      set({ kind_: "leaving", result_: state, returned_: true });
    };
    const lost = (error: UpcueError) => {
      forgetReturn();
      refused(error);
    };
    show();
    await wait(mine, followUp(upcue, upgrade, () => mine === turn), ended, lost);
  };

  const acts: Acts = {
    close_: close,
    retry_: () => void open(upcue!, choice),
    again_: () => void resume(upcue!, returned!),
    async confirm_() {
      const last = scene;
      if (last.kind_ !== "quote" || last.waiting_) return;
      const mine = set({ ...last, notice_: undefined, waiting_: "upgrade" });
      const work = upcue!.upgrade(last.quote_, { returnUrl: ownAddress() });
      await wait(mine, work, settled, (error) => failed(error, last));
      show();
    },
    resize_(quantity) {
      if (scene.kind_ !== "quote" || isBusy() || !Number.isInteger(quantity) || quantity < 1) return;
      choice = { ...choice, quantity };
      timer();
      turn++;
      timer = after(SETTLES, requote);
    },
  };

  // A second Escape closes whatever `cancel` says, unless the key itself is taken away.
  const keep = (event: Event) => isBusy() && event.preventDefault();
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && keep(event));
  dialog.addEventListener("cancel", keep);
  dialog.addEventListener("close", closed);
  host.wear_(STYLE);
  host.stage_.append(dialog);
  return {
    early_: true,
    draw_(upcue) {
      const upgrade = resumed ? null : returnedUpgrade();
      resumed = true;
      if (upgrade) void resume(upcue, upgrade);
    },
    clear_() {},
    open_: open,
    close_: close,
  };
}
