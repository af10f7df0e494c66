import type { Meter } from "../types.js";
import type { Upcue } from "../upcue.js";
import { element, fill, write } from "./dom.js";
import { UpcueElement } from "./element.js";
import { sheet } from "./theme.js";

const CSS = `
.meter { display: grid; gap: 8px; }
.row { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; }
.label { font-weight: 600; }
.value { font-variant-numeric: tabular-nums; }
.track {
  position: relative;
  block-size: var(--upcue-meter-height, 10px);
  border-radius: 99px;
  background: var(--upcue-meter-track, color-mix(in srgb, var(--_text) 11%, transparent));
}
.clip { position: absolute; inset: 0; overflow: clip; border-radius: inherit; }
.fill {
  block-size: 100%;
  inline-size: var(--_filled, 0%);
  border-radius: inherit;
  background: var(--_level, var(--_accent));
  transition: inline-size 420ms cubic-bezier(.2, .7, .2, 1), background-color 200ms;
}
.soft {
  position: absolute;
  inset-block: -3px;
  inset-inline-start: var(--_soft, 100%);
  inline-size: 2px;
  border-radius: 2px;
  background: var(--_text);
  opacity: .55;
}
.foot { color: var(--_muted); font-size: .875em; font-variant-numeric: tabular-nums; }
.near { --_level: var(--_warning); }
.full { --_level: var(--_danger); }
.near .left { color: var(--_warning); font-weight: 600; }
.full .left { color: var(--_danger); font-weight: 600; }
@media (prefers-reduced-motion: reduce) { .fill { transition: none; } }
@media (forced-colors: active) { .track { border: 1px solid; } .fill { background: Highlight; forced-color-adjust: none; } }
`;

/** Without a soft limit of the plan's own, a bar turns at this part of the limit. */
const NEARLY = 0.8;

/** What a meter says by itself. Words in braces are filled in. */
export interface MeterMessages {
  /** `{value}`, `{limit}`, `{unit}` */
  used: string;
  /** `{value}`, `{unit}` */
  unlimited: string;
  noLimit: string;
  /** `{n}` */
  left: string;
  reached: string;
  /** `{n}` */
  over: string;
  /** `{date}` */
  resets: string;
}

/** `<upcue-meter meter="api_calls">`: how much of a limit is used, what is left, when it begins anew. */
export class UpcueMeter extends UpcueElement {
  static readonly observedAttributes = ["meter"];
  /** For all meters; the property of the same name overrides it for one. */
  static messages: MeterMessages = {
    used: "{value} of {limit} {unit}",
    unlimited: "{value} {unit}",
    noLimit: "No limit",
    left: "{n} left",
    reached: "Limit reached",
    over: "{n} over the limit",
    resets: "Resets {date}",
  };
  messages: Partial<MeterMessages> = {};

  readonly #label = element("span", { class: "label", part: "label", dir: "auto" });
  readonly #value = element("span", { class: "value", part: "value", dir: "auto" });
  readonly #soft = element("span", { class: "soft", part: "soft-limit" });
  readonly #track = element(
    "div",
    { class: "track", part: "track", role: "meter", "aria-valuemin": "0" },
    element("div", { class: "clip" }, element("div", { class: "fill", part: "fill" })),
    this.#soft,
  );
  readonly #left = element("span", { class: "left", part: "remaining", dir: "auto" });
  readonly #resets = element("span", { part: "resets", dir: "auto" });
  readonly #box = element(
    "div",
    { class: "meter drawn", part: "meter", hidden: "" },
    element("div", { class: "row" }, this.#label, this.#value),
    this.#track,
    element("div", { class: "row foot" }, this.#left, this.#resets),
  );
  /** Lengths go through a stylesheet: a `style` attribute is what a strict policy forbids. */
  readonly #lengths = sheet("");

  constructor() {
    super(CSS);
    const root = this.shadowRoot!;
    root.adoptedStyleSheets.push(this.#lengths);
    root.append(this.#box);
  }

  protected override draw(upcue: Upcue): void {
    const meter = upcue.meter(this.getAttribute("meter") ?? "");
    this.#box.hidden = !meter;
    if (!meter) return;
    const { value, limit, softLimit } = meter;
    const words = this.#words(meter, upcue.locale);
    const level = limit === null || value < (softLimit ?? limit * NEARLY) ? "" : value < limit ? "near" : "full";
    this.#box.className = `meter drawn ${level}`;
    write(this.#label, meter.label);
    write(this.#value, words.used);
    write(this.#left, words.left);
    write(this.#resets, words.resets);
    this.#track.hidden = limit === null;
    if (limit === null) return;
    const part = (n: number) => `${Math.min((n / limit || 0) * 100, 100)}%`;
    this.#lengths.replaceSync(`.meter { --_filled: ${limit ? part(value) : "100%"}; --_soft: ${part(softLimit ?? limit)}; }`);
    this.#soft.hidden = softLimit === null || softLimit >= limit;
    this.#track.setAttribute("aria-label", meter.label);
    this.#track.setAttribute("aria-valuemax", String(limit));
    this.#track.setAttribute("aria-valuenow", String(Math.min(value, limit)));
    this.#track.setAttribute("aria-valuetext", words.used);
  }

  protected override clear(): void {
    this.#box.hidden = true;
  }

  #words({ value, limit, unit, resetsAt }: Meter, locale: string | undefined) {
    const messages = { ...UpcueMeter.messages, ...this.messages };
    const n = (number: number) => number.toLocaleString(locale);
    const values = { value: n(value), limit: n(limit ?? 0), unit };
    const left = (limit ?? 0) - value;
    const date = resetsAt?.toLocaleDateString(locale, { month: "short", day: "numeric" }) ?? "";
    return {
      used: fill(limit === null ? messages.unlimited : messages.used, values).trim(),
      left:
        limit === null
          ? messages.noLimit
          : left === 0
            ? messages.reached
            : fill(left > 0 ? messages.left : messages.over, { n: n(Math.abs(left)) }),
      resets: date && fill(messages.resets, { date }),
    };
  }
}
