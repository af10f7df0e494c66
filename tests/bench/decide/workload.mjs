// The rules that every evaluator gets, the history before them, and what happens then. Runs in Node and in the page.

export const PLACEMENT = "app.header";
const METERS = 50;
const EVENTS = 50;
/** What a plan allows of each meter. */
const LIMIT = 1_000_000;
/** No meter reaches this before something large happens: what keeps most campaigns from being shown, as in life. */
const FAR = 900_000;
const DAY = 86_400_000;

export const meter = (i) => `m${i % METERS}`;
export const event = (i) => `e${i % EVENTS}`;
export const meters = Array.from({ length: METERS }, (_, i) => meter(i));
export const events = Array.from({ length: EVENTS }, (_, i) => event(i));
export const ratio = (value) => value / LIMIT;

/** Numbers from 0 to 1 that are the same at every run (mulberry32). */
export function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Rules of three to five conditions, highest priority first: `{id, all: [condition, or a list of which one must hold]}`, a
 * condition being `{group, of, field, op, to}`. Most of the conditions hold at the start. One of each rule, at any
 * position, does not: only the last rule applies, so that whoever looks for the first match has to look at all.
 */
export function makeRules(count) {
  const random = chance(count);
  return Array.from({ length: count }, (_, n) => {
    const taken = new Set();
    const all = Array.from({ length: 3 + Math.floor(random() * 3) }, () => condition(random, taken));
    if (random() < 0.2) all.push([all.pop(), condition(random, taken)]);
    if (n === count - 1) return { id: `c${n}`, all: all.flat().map(holding) };
    const far = { group: "usage", of: meter(Math.floor(random() * METERS)), field: "value", op: ">=", to: FAR + Math.floor(random() * 90_000) };
    const at = Math.floor(random() * all.length);
    const others = all.filter((one, i) => i !== at && ![one].flat().some(({ of, field }) => of === far.of && field === far.field));
    return { id: `c${n}`, all: others.toSpliced(Math.min(at, others.length), 0, far) };
  });
}

function condition(random, taken) {
  for (;;) {
    const number = Math.floor(random() * EVENTS);
    const [group, field, most] = [
      ["usage", "value", 800_000],
      ["usage", "ratio", 0.8],
      ["events", "count_7d", 60],
      ["events", "count_28d", 240],
    ][Math.floor(random() * 4)];
    const of = group === "usage" ? meter(number) : event(number);
    const op = random() < 0.5 ? ">=" : "<";
    const height = (op === ">=" ? random() * 0.6 : 0.4 + random()) * most;
    const to = field === "ratio" ? Math.round(height * 100) / 100 : Math.floor(height);
    if (taken.has(of + field)) continue;
    taken.add(of + field);
    return { group, of, field, op, to };
  }
}

const holding = (one) => ({ ...one, op: ">=", to: 0 });

/** What publishers write; `most`: how often a user may be shown each campaign in a week. */
export function configuration(rules, most = 3) {
  const written = ({ group, of, field, op, to }) => `${group}.${of}.${field} ${op} ${field === "ratio" ? to.toFixed(2) : to}`;
  const audience = ({ all }) => all.map((one) => (Array.isArray(one) ? `(${one.map(written).join(" || ")})` : written(one))).join(" && ");
  return {
    meters: Object.fromEntries(meters.map((name) => [name, { kind: "counter", period: "month" }])),
    plans: {
      source: "inline",
      default: "small",
      list: [{ id: "small", rank: 0, limits: Object.fromEntries(meters.map((name) => [name, LIMIT])) }],
    },
    campaigns: rules.map((rule, n) => ({
      id: rule.id,
      placement: PLACEMENT,
      priority: rules.length - n,
      audience: audience(rule),
      nudge: {
        title: `You have used {{usage.${meter(n)}.percent}} of it`,
        body: "There is more room on the next plan.",
        cta: { label: "Compare plans", action: "compare" },
      },
      cap: [{ max: most, window: "7d" }],
    })),
  };
}

/** So many days of usage and events, oldest first, as `[at, name, value or null]`; and how things stand after them. */
export function history(days, now) {
  const random = chance(7);
  const happened = [];
  const state = start();
  const today = Math.floor(now / DAY);
  for (let day = days - 1; day >= 0; day--) {
    for (let i = 0; i < METERS; i++) {
      const at = now - day * DAY - METERS + i;
      // A counter begins anew with the month; in the end it stands at the same height after however many days of it.
      const stands = state.usage[meter(i)].value;
      const value = day > 0 ? 1_000 : Math.floor((0.2 + 0.4 * (i / METERS)) * LIMIT) - stands;
      happened.push([at, meter(i), value]);
      if (month(at) === month(now)) add(state, meter(i), value);
      for (let times = Math.floor(random() * 8); times > 0; times--) {
        happened.push([at, event(i), null]);
        const age = today - Math.floor(at / DAY);
        if (age < 7) state.events[event(i)].count_7d++;
        if (age < 28) state.events[event(i)].count_28d++;
      }
    }
  }
  return { happened, state };
}

const month = (at) => new Date(at).getUTCMonth();

function start() {
  const each = (names, make) => Object.fromEntries(names.map((name) => [name, make()]));
  return {
    id: "ada",
    usage: each(meters, () => ({ value: 0, ratio: 0 })),
    events: each(events, () => ({ count_7d: 0, count_28d: 0 })),
  };
}

/** What an application that keeps the facts by itself does when a meter counts `value` more. */
export function add(state, name, value) {
  const reading = state.usage[name];
  reading.value += value;
  reading.ratio = ratio(reading.value);
}

/** The same for a tracked event. */
export function track(state, name) {
  const counts = state.events[name];
  counts.count_7d++;
  counts.count_28d++;
}
