// Runs in the page: the wasm core behind the few calls that the conformance run makes. Answers are in words.

import { coreOf } from "/upcue_core.js";
import { split } from "/frame.js";
import { key, positionOf } from "/names.js";
import { format } from "/text.js";
import { ENTITLEMENT_REASONS, NOTES, REASONS } from "/words.js";

/** How wrong the device's clock is, in milliseconds. It must not matter. */
const DEVICE_IS_OFF_BY = -(3 * 60 + 7) * 60_000;
const WHOLE_SNAPSHOT = 1;
const DENIED = ["not_included", "limit_reached"];

let core;
/** The words of the last snapshot. */
let words;
/** What to add to the case's time for the device's time. */
let offset;

const device = (now) => now + offset;
const amount = (number) => (number < 0 ? null : number);
const named = (packed) => [(packed & 0xffff) - 1, REASONS[packed >>> 16]];
/** Numbers in plain digits. */
const plain = (text, now) => format(text, (i) => core.value_(i, device(now)), "en").replace(/(?<=\d),(?=\d)/g, "");

globalThis.page = {
  /** The page is loaded anew. */
  open() {
    core = coreOf(compiled);
  },

  /** A snapshot arrives, which the Worker made `now` or a moment later. */
  hear(base64, now) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const [numbers, read] = split(bytes);
    const answer = core.apply_(numbers, now + DEVICE_IS_OFF_BY);
    if (answer !== WHOLE_SNAPSHOT) throw new Error(`the core refused the snapshot with ${answer}`);
    words = read;
    offset = DEVICE_IS_OFF_BY + now - core.now_(now + DEVICE_IS_OFF_BY);
  },

  happen({ type, meter, value, set, name, campaign, decision, until }, now) {
    const at = device(now);
    if (type === "track") {
      core.track_(positionOf(words.events, name), at);
    } else if (type !== "usage") {
      // Of one campaign at one moment there is one decision.
      const tag = key(decision ?? `${campaign} ${now}`);
      core.note_(key(campaign), NOTES.indexOf(type), tag, core.now_(at), until ?? -1);
    } else core.count_(positionOf(words.meters, meter), set !== undefined, set ?? value, at);
  },

  decide(placement, now) {
    const place = core.place_(key(placement));
    if (place < 0) return { campaign: null, reason: "no_campaign", trace: [] };
    const [i, reason] = named(core.decide_(place, device(now)));
    const trace = [];
    for (let n = 0, packed; (packed = core.trace_(place, n, device(now))); n++) {
      const [at, why] = named(packed);
      trace.push([words.campaigns[at][0], why]);
    }
    if (i < 0) return { campaign: null, reason, trace };
    const [campaign, , kind, variant, title, body, cta] = words.campaigns[i];
    const told = { campaign, reason, variant, kind, title: plain(title, now), body: plain(body, now), trace };
    return { ...told, cta: cta && { label: plain(cta[0], now), action: cta[1] } };
  },

  entitlement(name, now) {
    const meter = positionOf(words.meters, name);
    if (meter < 0) {
      const reason = ENTITLEMENT_REASONS[core.feature_(positionOf(words.features, name))];
      return { granted: !DENIED.includes(reason), limit: null, used: 0, remaining: null, reason };
    }
    const [used, limit, why] = [0, 1, 4].map((field) => core.meter_(meter, field, device(now)));
    const reason = ENTITLEMENT_REASONS[why];
    const remaining = limit < 0 ? null : Math.max(limit - used, 0);
    return { granted: !DENIED.includes(reason), limit: amount(limit), used, remaining, reason };
  },
};

const compiled = await WebAssembly.compileStreaming(fetch("/upcue_core_bg.wasm"));
document.title = "ready";
