import type { Meter } from "../types.js";
import { make, write } from "./dom.js";
import { UpcueElement, type View } from "./element.js";
import type { Say } from "./speech.js";

const STYLE = `\
.meter{display:grid;gap:8px}\
.label{font-weight:600}\
.track{position:relative;block-size:var(--upcue-meter-height,10px);border-radius:99px;background:var(--upcue-meter-track,var(--_shade))}\
.clip{position:absolute;inset:0;overflow:clip;border-radius:inherit}\
.clip>*{position:absolute;inset-block:0;inset-inline-start:0;border-radius:inherit;background:var(--_level,var(--_accent))}\
.fill{inline-size:var(--_value);transition:inline-size .4s}\
.projected{inline-size:var(--_projected);opacity:.3}\
.soft-limit,.projection{position:absolute;inset-block:-3px;inset-inline-start:var(--_soft);inline-size:2px;border-radius:2px;background:var(--_text);opacity:.55}\
.projection{inset-inline-start:calc(var(--_projected) - 2px);background:var(--_level,var(--_accent));opacity:1}\
.near{--_level:var(--_warning)}\
.full{--_level:var(--_danger)}\
.remaining{color:var(--_level)}\
@media(forced-colors:active){.track{border:1px solid}.fill{background:Highlight;forced-color-adjust:none}.projection,.soft-limit{background:CanvasText}}`;

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
  /** What is expected at the end of the period: `{n}`, `{unit}`, `{date}` */
  pace: string;
  /** `{date}` */
  exhausts: string;
}

const WORDS: MeterMessages = {
  used: "{value} of {limit} {unit}",
  unlimited: "{value} {unit}",
  noLimit: "No limit",
  left: "{n} left",
  reached: "Limit reached",
  over: "{n} over the limit",
  resets: "Resets {date}",
  pace: "At this pace: {n} by {date}",
  exhausts: "At this pace you reach the limit on {date}",
};

/**
 * How much of a limit is used, what is left, when it begins anew, and where it leads at the present pace.
 *
 * @tag upcue-meter
 * @attr {string} meter - The meter that is shown.
 * @prop {Upcue | undefined} upcue - The instance to ask; the one loaded last when none is given.
 * @prop {Partial<MeterMessages>} messages - Words of this element alone.
 * @slot - What shows until Upcue is ready.
 * @csspart meter - Everything.
 * @csspart label - The meter's name.
 * @csspart value - What is used, of how much.
 * @csspart track - The bar's length.
 * @csspart fill - What of it is used.
 * @csspart projected - What of it will be used at the end of the period, at the present pace.
 * @csspart projection - The mark at the end of that.
 * @csspart soft-limit - The mark at the soft limit.
 * @csspart remaining - What is left.
 * @csspart resets - When it begins anew.
 * @csspart pace - Where the present pace leads.
 * @cssprop [--upcue-accent] - The bar.
 * @cssprop [--upcue-warning] - The bar near the limit.
 * @cssprop [--upcue-danger] - The bar at the limit.
 * @cssprop [--upcue-text] - Texts.
 * @cssprop [--upcue-muted] - Texts that matter less.
 * @cssprop [--upcue-font=inherit] - The font, as the CSS property `font` takes it.
 * @cssprop [--upcue-meter-height=10px] - How high the bar is.
 * @cssprop [--upcue-meter-track] - The bar where it is empty.
 */
export class UpcueMeter extends UpcueElement<MeterMessages> {
  static readonly observedAttributes = ["meter"];
  /** For all meters. */
  static messages: Partial<MeterMessages> = {};

  /** @internal */
  protected override readonly view_ = meterView(this);
}

/** What draws one `<upcue-meter>`. */
function meterView(host: UpcueMeter): View {
  const parts = {
    label: make("span:label"),
    value: make("span:value.number"),
    remaining: make("span:remaining"),
    resets: make("span:resets"),
    pace: make("div:pace.muted.small.number"),
  };
  const projection = make("span:projection");
  const projected = make("span:projected");
  const soft = make("span:soft-limit");
  const clip = make("div.clip", projected, make("div:fill"));
  const track = make("div:track", { role: "meter", "aria-valuemin": "0" }, clip, projection, soft);
  const box = make(
    "div:meter",
    make("div.row", parts.label, parts.value),
    track,
    make("div.row.muted.small.number", parts.remaining, parts.resets),
    parts.pace,
  );
  /** Told of levels alone: who works must not hear every count. */
  const status = make("p.said", { role: "status" });
  let last: number | undefined;

  const clear = () => {
    box.hidden = true;
    last = undefined;
    write(status, "");
  };

  const measure = ({ label, value, softLimit, projected: expected }: Meter, limit: number, used: string) => {
    const lengths = { value: limit ? value : 1, soft: softLimit ?? limit, projected: expected ?? 0 };
    for (const [name, n] of Object.entries(lengths)) {
      track.style.setProperty(`--_${name}`, `${Math.min((n / (limit || 1)) * 100, 100)}%`);
    }
    soft.hidden = softLimit === null || softLimit >= limit;
    projected.hidden = projection.hidden = expected === null || expected <= value;
    const said = { label, valuemax: limit, valuenow: Math.min(value, limit), valuetext: used };
    for (const [name, text] of Object.entries(said)) track.setAttribute(`aria-${name}`, `${text}`);
  };

  host.wear_(STYLE);
  host.stage_.append(box, status);
  clear();
  return {
    clear_: clear,
    draw_(upcue) {
      const meter = upcue.meter(host.getAttribute("meter") ?? "");
      if (!meter) return clear();
      const { label, value, limit, softLimit } = meter;
      const words = wordsFor(meter, host.say_("meter", WORDS));
      const level = limit === null || value < (softLimit ?? limit * NEARLY) ? 0 : value < limit ? 1 : 2;
      box.hidden = false;
      box.className = ["meter", "meter near", "meter full"][level]!;
      for (const [name, text] of Object.entries(words)) write(parts[name as keyof typeof words], text);
      parts.pace.hidden = !words.pace;
      if (last !== undefined && level !== last) {
        write(status, level > last ? `${label}: ${words.value}. ${words.remaining}` : "");
      }
      last = level;
      track.hidden = limit === null;
      if (limit !== null) measure(meter, limit, words.value);
    },
  };
}

function wordsFor({ label, value, limit, unit, resetsAt, projected, exhaustsAt }: Meter, say: Say<MeterMessages>) {
  const left = (limit ?? 0) - value;
  const over = left <= 0;
  return {
    label,
    value: say(limit === null ? "unlimited" : "used", { value, limit: limit ?? 0, unit, n: value }).trim(),
    remaining:
      limit === null ? say("noLimit") : left === 0 ? say("reached") : say(over ? "over" : "left", { n: Math.abs(left), unit }),
    resets: resetsAt ? say("resets", { date: resetsAt }) : "",
    pace:
      limit !== null && exhaustsAt && !over
        ? say("exhausts", { date: exhaustsAt })
        : projected !== null && resetsAt
          ? say("pace", { n: Math.round(projected), unit, date: resetsAt })
          : "",
  };
}
