import type { Nudge } from "../types.js";
import type { Upcue } from "../upcue.js";
import { drawing, element, write } from "./dom.js";
import { UpcueElement } from "./element.js";
import { CROSS } from "./icons.js";

// Toasts, dialogs and badges have no form of their own yet: they appear as cards in the flow, like `inline`.
const CSS = `
:host([state="empty"]) { position: absolute; }
.nudge {
  display: flex;
  align-items: center;
  gap: 12px 16px;
  padding: 12px 14px;
  border: 1px solid var(--_border);
  border-radius: var(--_radius);
  background: var(--upcue-nudge-background, linear-gradient(color-mix(in srgb, var(--_accent) 7%, transparent) 0 0) var(--_surface));
  animation: arrive 260ms cubic-bezier(.2, .7, .2, 1);
}
.nudge.empty { display: block; padding: 0; border: 0; background: none; animation: none; }
.mark { flex: none; inline-size: 4px; align-self: stretch; border-radius: 4px; background: var(--_accent); }
.text { flex: 1 1 16em; min-inline-size: 0; line-height: 1.45; overflow-wrap: anywhere; }
.empty .text { flex: none; }
.title { font-weight: 650; }
.body { color: var(--_muted); }
.body:empty, .title:empty { display: none; }
.actions { display: flex; flex: none; align-items: center; gap: 8px; }
.cta {
  min-block-size: 36px;
  padding: 6px 14px;
  border-radius: calc(var(--_radius) * .66);
  background: var(--_accent);
  color: var(--_on-accent);
  font-weight: 600;
  line-height: 1.2;
  text-align: center;
}
.cta:hover { background: color-mix(in srgb, var(--_accent) 88%, var(--_text)); }
.dismiss { display: grid; place-items: center; inline-size: 36px; block-size: 36px; border-radius: 50%; color: var(--_muted); }
.dismiss:hover { color: var(--_text); background: color-mix(in srgb, var(--_text) 8%, transparent); }
.card { align-items: flex-start; flex-wrap: wrap; padding: 16px; position: relative; }
.card .text { flex-basis: 60%; padding-inline-end: 36px; }
.card .actions { flex-basis: 100%; padding-inline-start: 20px; }
.card .dismiss { position: absolute; inset-block-start: 8px; inset-inline-end: 8px; }
@container (max-width: 480px) {
  .banner { align-items: flex-start; flex-wrap: wrap; position: relative; }
  .banner .text { flex-basis: 60%; padding-inline-end: 32px; }
  .banner .actions { flex-basis: 100%; padding-inline-start: 20px; }
  .banner .dismiss { position: absolute; inset-block-start: 6px; inset-inline-end: 6px; }
  .cta { min-block-size: 44px; }
}
.frame { container-type: inline-size; }
@keyframes arrive { from { opacity: 0; translate: 0 -6px; } }
@media (prefers-reduced-motion: reduce) { .nudge { animation: none; } }
@media (forced-colors: active) { .cta { border: 1px solid; } .mark { background: Highlight; } }
`;

/** What a nudge says by itself. */
export interface NudgeMessages {
  /** The accessible name of the button that puts a nudge away. */
  dismiss: string;
}

/** `<upcue-nudge placement="app.header">`: the nudge of a placement, as long as there is one. */
export class UpcueNudge extends UpcueElement {
  static readonly observedAttributes = ["placement"];
  /** For all nudges; the property of the same name overrides it for one. */
  static messages: NudgeMessages = { dismiss: "Dismiss" };
  messages: Partial<NudgeMessages> = {};

  readonly #title = element("p", { class: "title", part: "title", dir: "auto" });
  readonly #body = element("p", { class: "body", part: "body", dir: "auto" });
  readonly #cta = element("button", { type: "button", class: "cta", part: "cta", dir: "auto" });
  readonly #dismiss = element("button", { type: "button", class: "dismiss", part: "dismiss" }, drawing(CROSS));
  readonly #mark = element("span", { class: "mark", part: "mark" });
  // The region is there before its words are, or nobody would be told of them; it interrupts nobody.
  readonly #text = element("div", { class: "text", part: "text", role: "status" }, this.#title, this.#body);
  readonly #actions = element("div", { class: "actions", part: "actions" }, this.#cta, this.#dismiss);
  readonly #box = element("div", { class: "nudge empty", part: "nudge" }, this.#mark, this.#text, this.#actions);
  #nudge: Nudge | undefined;

  constructor() {
    super(CSS);
    this.shadowRoot!.append(element("div", { class: "frame drawn" }, this.#box));
    this.#empty();
    this.#cta.addEventListener("click", () => this.#follow());
    this.#dismiss.addEventListener("click", () => this.#putAway());
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.#putAway();
    });
  }

  protected override draw(upcue: Upcue): void {
    const { nudge } = upcue.decide(this.getAttribute("placement") ?? "");
    if (!nudge) return this.clear(upcue);
    const shown = this.#nudge;
    if (shown?.campaign !== nudge.campaign) {
      if (shown) upcue.hidden(shown);
      this.#nudge = nudge;
      upcue.exposure(nudge);
    }
    const form = nudge.kind === "banner" ? "banner" : "card";
    this.#box.className = `nudge ${form}`;
    this.#box.setAttribute("part", `nudge ${nudge.kind}`);
    write(this.#title, nudge.title);
    write(this.#body, nudge.body);
    write(this.#cta, nudge.cta?.label ?? "");
    this.#cta.hidden = !nudge.cta;
    this.#dismiss.setAttribute("aria-label", this.messages.dismiss ?? UpcueNudge.messages.dismiss);
    this.#mark.hidden = this.#actions.hidden = false;
    this.setAttribute("state", "shown");
  }

  protected override clear(upcue: Upcue | undefined): void {
    const shown = this.#nudge;
    this.#nudge = undefined;
    if (shown) upcue?.hidden(shown);
    this.#empty();
    // Without an instance the page's own content is in its place.
    if (upcue?.ready) this.setAttribute("state", "empty");
    else this.removeAttribute("state");
  }

  #empty(): void {
    this.#box.className = "nudge empty";
    this.#mark.hidden = this.#actions.hidden = true;
    write(this.#title, "");
    write(this.#body, "");
  }

  #follow(): void {
    const nudge = this.#nudge;
    if (!nudge?.cta) return;
    this.upcue?.click(nudge);
    this.#tell("upcue-action", { action: nudge.cta.action, campaign: nudge.campaign, decision: nudge.decision });
  }

  #putAway(): void {
    const nudge = this.#nudge;
    const { upcue } = this;
    if (!nudge) return;
    upcue?.dismiss(nudge);
    this.clear(upcue);
    this.#tell("upcue-dismiss", { campaign: nudge.campaign, decision: nudge.decision });
  }

  #tell(name: string, detail: Record<string, string>): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }
}
