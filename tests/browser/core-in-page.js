// Runs in the page: the wasm core behind the few calls that the conformance run makes. Answers are in words.

import init, { Core } from "/upcue_core.js";
import { ENTITLEMENT_REASONS, NOTES, NUDGE_KINDS, REASONS } from "/words.js";

/** How wrong the device's clock is, in milliseconds. It must not matter. */
const DEVICE_IS_OFF_BY = -(3 * 60 + 7) * 60_000;
const WHOLE_SNAPSHOT = 1;

let core;
/** What to add to the case's time for the device's time. */
let offset;

const device = (now) => now + offset;
const amount = (number) => (number < 0 ? null : number);
const named = (packed) => [(packed & 0xffff) - 1, REASONS[packed >>> 16]];
/** A text whose marked values stand in plain digits. */
const plain = (text) => (text ?? "").replace(/\u0001(.)([^\u0002]*)\u0002/g, (_, kind, value) => (kind === "p" ? `${value}%` : value));

globalThis.page = {
  /** The page is loaded anew. */
  open() {
    core?.free();
    core = new Core();
  },

  /** A snapshot arrives, which the Worker made `now` or a moment later. */
  hear(base64, now) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const answer = core.apply(bytes, now + DEVICE_IS_OFF_BY);
    if (answer !== WHOLE_SNAPSHOT) throw new Error(`the core refused the snapshot with ${answer}`);
    offset = DEVICE_IS_OFF_BY + now - core.now(now + DEVICE_IS_OFF_BY);
  },

  happen({ type, meter, value, set, name, campaign, until }, now) {
    if (type === "track") core.track(name, device(now));
    else if (type !== "usage") core.note(campaign, NOTES.indexOf(type), core.now(device(now)), until ?? -1);
    else if (set === undefined) core.add(meter, value, device(now));
    else core.set(meter, set, device(now));
  },

  decide(placement, now) {
    const [i, reason] = named(core.decide(placement, device(now)));
    const trace = [...core.trace(placement, device(now))].map(named).map(([at, why]) => [core.campaign(at), why]);
    if (i < 0) return { campaign: null, reason, trace };
    const [title, body, label] = [0, 1, 2].map((field) => plain(core.text(i, field, device(now))));
    const action = core.action(i);
    return { campaign: core.campaign(i), reason, kind: NUDGE_KINDS[core.kind(i)], title, body, cta: action && { label, action }, trace };
  },

  entitlement(key, now) {
    const [granted, limit, used, remaining, reason] = core.entitlement(key, device(now));
    return { granted: granted === 1, limit: amount(limit), used, remaining: amount(remaining), reason: ENTITLEMENT_REASONS[reason] };
  },
};

await init({ module_or_path: "/upcue_core_bg.wasm" });
document.title = "ready";
