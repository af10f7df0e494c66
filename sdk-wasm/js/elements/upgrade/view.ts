// The dialog: asks for a quote, shows it, makes the change when it is confirmed, and tells how it went.

import type { Choice, Quote, RequiresAction, Upgraded, UpgradeResult } from "../../buying/types.js";
import { UpcueError } from "../../failure.js";
import { after, now } from "../../host.js";
import type { Upcue } from "../../upcue.js";
import { drawing, element, write } from "../dom.js";
import { CROSS } from "../icons.js";
import { Speech } from "../speech.js";
import { themed } from "../theme.js";
import { differences } from "./differences.js";
import type { Say } from "./quote.js";
import { PARAMETER, followUp, forgetReturn } from "./return.js";
import { type Notice, type Scene, drawScene, refusal } from "./scenes.js";
import { STYLE } from "./style.js";
import { type UpgradeMessages, WORDS } from "./words.js";

/** Who steps through numbers wants the last one. */
const SETTLES = 350;
/** A quote of a device whose clock runs ahead would have run out when it came. */
const SHORTEST = 30_000;
/** So long the user is told why the page is about to go. */
const FAREWELL = 1500;

/** The element this is a view of. */
export interface Host extends HTMLElement {
  readonly wording: Partial<UpgradeMessages>;
}

export class UpgradeView {
  readonly #host: Host;
  readonly #root: ShadowRoot;
  readonly #title = element("h2", { id: "title", part: "title", tabindex: "-1", autofocus: "", dir: "auto" });
  readonly #close = element("button", { type: "button", class: "close", part: "close", "data-act": "close" }, drawing(CROSS));
  readonly #body = element("div", { class: "body", part: "body" });
  readonly #actions = element("div", { class: "actions", part: "actions" });
  readonly #status = element("p", { class: "said", role: "status" });
  readonly #dialog = element(
    "dialog",
    { class: "drawn", part: "dialog", "aria-labelledby": "title" },
    element("header", {}, this.#title, this.#close),
    this.#body,
    this.#actions,
    this.#status,
  );
  #upcue: Upcue | undefined;
  #choice: Choice = { plan: "" };
  #scene: Scene = { kind: "loading" };
  /** The upgrade that a return from Stripe's page is about. */
  #returned: string | undefined;
  #turn = 0;
  #timer = () => {};
  #opener: HTMLElement | null = null;

  constructor(host: Host, root: ShadowRoot) {
    this.#host = host;
    this.#root = root;
    root.adoptedStyleSheets = themed(STYLE);
    root.append(this.#dialog);
    this.#dialog.addEventListener("click", (event) => this.#click(event));
    this.#dialog.addEventListener("change", ({ target }) => this.#resize(Number((target as HTMLInputElement).value)));
    // A second Escape closes whatever `cancel` says, unless the key itself is taken away.
    this.#dialog.addEventListener("keydown", (event) => event.key === "Escape" && this.#busy && event.preventDefault());
    this.#dialog.addEventListener("cancel", (event) => this.#busy && event.preventDefault());
    this.#dialog.addEventListener("close", () => this.#closed());
  }

  /** Shows what the change costs. While an upgrade is under way that one stays. */
  async open(upcue: Upcue, choice: Choice): Promise<void> {
    if (this.#busy) return this.#show();
    this.#upcue = upcue;
    this.#choice = choice;
    this.#set({ kind: "loading" });
    this.#show();
    await this.#quote();
  }

  /** The user is back from Stripe's page. */
  async resume(upcue: Upcue, upgrade: string): Promise<void> {
    this.#upcue = upcue;
    this.#returned = upgrade;
    const turn = this.#set({ kind: "checking" });
    this.#show();
    try {
      const state = await followUp(upcue, upgrade, () => turn === this.#turn);
      if (turn !== this.#turn) return;
      if (!state) return void this.#set({ kind: "unsettled" });
      forgetReturn();
      if (state.status === "upgraded") this.#done(state);
      else if (state.status === "requires_action") this.#set({ kind: "leaving", result: state, returned: true });
      else this.#refused(Object.assign(new UpcueError(state.code, state.detail), { detail: state.detail }));
    } catch (error) {
      if (turn !== this.#turn) return;
      forgetReturn();
      this.#refused(error);
    }
  }

  close(): void {
    if (!this.#busy) this.#dialog.close();
  }

  get #busy(): boolean {
    return this.#scene.kind === "quote" && this.#scene.waiting === "upgrade";
  }

  get #say(): Say {
    return new Speech(this.#upcue?.locale, { ...WORDS, ...this.#host.wording });
  }

  #show(): void {
    if (this.#dialog.open) return;
    this.#opener = document.activeElement as HTMLElement | null;
    this.#dialog.showModal();
    this.#draw();
  }

  #closed(): void {
    // Nobody closes an upgrade that is under way; its end will open the dialog again.
    if (this.#busy) return;
    this.#timer();
    this.#turn++;
    if (this.#returned) forgetReturn();
    this.#returned = undefined;
    // What opened the dialog may have been drawn anew meanwhile.
    if (document.activeElement === document.body) this.#opener?.focus();
  }

  /** Another scene; answers to what was asked for the last one come too late. */
  #set(scene: Scene): number {
    this.#timer();
    this.#scene = scene;
    this.#draw();
    return ++this.#turn;
  }

  /** Focus stays where it is when that is still there, or goes to the title. */
  #draw(): void {
    const key = (this.#root.activeElement as HTMLElement | null)?.dataset.key;
    const { title, body, actions, status } = drawScene(this.#scene, this.#say);
    const waiting = this.#scene.kind === "quote" && !!this.#scene.waiting;
    write(this.#title, title);
    this.#body.setAttribute("aria-busy", String(waiting));
    this.#body.replaceChildren(...body);
    this.#actions.replaceChildren(...actions);
    this.#actions.hidden = !actions.length;
    this.#close.setAttribute("aria-label", this.#say.say("close"));
    this.#close.hidden = this.#busy;
    write(this.#status, status);
    if (!this.#dialog.open) return;
    // What is longer than the dialog is scrolled, by keyboard too.
    this.#body.tabIndex = this.#body.scrollHeight > this.#body.clientHeight ? 0 : -1;
    const next = key ? this.#root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) : undefined;
    if (next) next.focus({ preventScroll: true });
    else if (key || !this.#root.activeElement) this.#title.focus();
  }

  async #quote(notice?: Notice): Promise<void> {
    const turn = ++this.#turn;
    try {
      const quote = await this.#upcue!.quote(this.#choice);
      if (turn === this.#turn) this.#quoted(quote, notice);
    } catch (error) {
      if (turn === this.#turn) this.#refused(error);
    }
  }

  #quoted(quote: Quote, notice?: Notice): void {
    const lifetime = Math.max(quote.expires_at - (quote.server_time ?? now()), SHORTEST);
    const seats = quote.per_seat || quote.quantity > 1 || this.#choice.quantity !== undefined || this.#host.hasAttribute("seats");
    this.#set({ kind: "quote", quote, notice, seats, heldUntil: now() + lifetime });
    this.#timer = after(lifetime, () => this.#requote({ title: this.#say.say("expired"), lines: [] }));
  }

  /** The quote that is shown fades until the new one is there. */
  #requote(notice?: Notice): void {
    if (this.#scene.kind !== "quote" || this.#busy) return;
    this.#set({ ...this.#scene, waiting: "quote" });
    void this.#quote(notice);
  }

  #resize(quantity: number): void {
    if (this.#scene.kind !== "quote" || this.#busy || !Number.isInteger(quantity) || quantity < 1) return;
    this.#choice = { ...this.#choice, quantity };
    this.#timer();
    this.#turn++;
    this.#timer = after(SETTLES, () => this.#requote());
  }

  async #confirm(): Promise<void> {
    const scene = this.#scene;
    if (scene.kind !== "quote" || scene.waiting) return;
    const turn = this.#set({ ...scene, notice: undefined, waiting: "upgrade" });
    try {
      const result = await this.#upcue!.upgrade(scene.quote, { returnUrl: returnUrl() });
      if (turn === this.#turn) this.#settled(result);
    } catch (error) {
      if (turn === this.#turn) this.#failed(error, scene);
    }
    this.#show();
  }

  #settled(result: UpgradeResult): void {
    if (result.status === "upgraded") return this.#done(result);
    this.#set({ kind: "leaving", result, returned: false });
    this.#leave(result);
  }

  /** Who has just pressed "Continue to Stripe" knows where this leads; others are told first. */
  #leave({ url, reason }: RequiresAction): void {
    this.#timer = after(reason === "checkout" ? 0 : FAREWELL, () => location.assign(url));
  }

  #done(result: Upgraded): void {
    this.#set({ kind: "done", result });
    const detail = { plan: result.plan.id, upgrade: result.upgrade };
    this.#host.dispatchEvent(new CustomEvent("upcue-upgraded", { bubbles: true, composed: true, detail }));
  }

  /** The quote stays on the table where it can still be confirmed. */
  #failed(error: unknown, scene: Scene & { kind: "quote" }): void {
    const { code, quote, detail } = error instanceof UpcueError ? error : new UpcueError("network", error);
    const say = this.#say;
    if (code === "quote_stale") {
      if (quote) return this.#quoted(quote, differences(scene.quote, quote, say));
      this.#set(scene);
      return this.#requote({ title: say.say("staleTitle"), lines: [say.say("stale")] });
    }
    if (code === "payment_failed") return this.#again(scene, refusal(error as UpcueError, say));
    if (code === "upgrade_in_progress") return this.#again(scene, { title: say.say("inProgress"), lines: [], bad: true });
    if (code !== "network" && code !== "stripe_unavailable") return this.#refused(error);
    const lines = detail ? [detail, say.say("unreachableHelp")] : [say.say("unreachableHelp")];
    this.#again(scene, { title: say.say("unreachable"), lines, bad: true });
  }

  #again(scene: Scene & { kind: "quote" }, notice: Notice): void {
    this.#set({ ...scene, notice });
    this.#timer = after(scene.heldUntil - now(), () => this.#requote({ title: this.#say.say("expired"), lines: [] }));
    this.#body.scrollTop = 0;
  }

  #refused(error: unknown): void {
    const known = error instanceof UpcueError ? error : new UpcueError("network", error);
    const retry =
      this.#scene.kind !== "checking" &&
      (known.code === "network" || known.code === "upgrade_in_progress" || (known.status ?? 0) >= 500);
    this.#set({ kind: "refused", notice: refusal(known, this.#say), retry });
  }

  #click(event: Event): void {
    const act = (event.target as Element).closest<HTMLElement>("[data-act]")?.dataset.act;
    if (act === "close") this.close();
    if (act === "confirm") void this.#confirm();
    if (act === "retry") void this.open(this.#upcue!, this.#choice);
    if (act === "again") void this.resume(this.#upcue!, this.#returned!);
    if (act === "fewer" || act === "more") this.#step(act === "more" ? 1 : -1);
  }

  #step(by: number): void {
    const input = this.#root.querySelector<HTMLInputElement>("#seats");
    if (!input) return;
    input.value = String(Math.max(Math.trunc(Number(input.value) || 1) + by, 1));
    this.#resize(Number(input.value));
  }
}

/** This page, as it was before it was ever returned to. */
function returnUrl(): string {
  const here = new URL(location.href);
  here.searchParams.delete(PARAMETER);
  return here.href;
}
