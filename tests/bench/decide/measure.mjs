// What is measured, in Node and in the page alike: `measure` is called there, its answer travels as JSON.

import { Ours, makers, payloads } from "./evaluators.mjs";
import { chance, event, events, makeRules, meter, meters } from "./workload.mjs";

/** The others, by their names in the figures. */
const REFERENCES = Object.keys(makers);
/** How often something happens in one go. A page that hears more closes a batch of events and begins the next. */
const HAPPENINGS = 240;
/** So long a go lasts at least, for those who can do the same thing over and over; in milliseconds. */
const GO = 4;
/** Steps that all evaluators walk together to show that they agree. */
const STEPS = 400;

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
let sink = 0;

/** `endpoints`: where the snapshot for so many rules is; `states`: how things stand in it. All times are in µs. */
export async function measure({ Upcue, wasm, endpoints, state, rounds }) {
  const open = (rules, more) => Ours.load(Upcue, { endpoint: endpoints[rules], wasm, ...more });
  const figures = { unchanged: {}, changed: {}, agreed: {} };
  for (const rules of Object.keys(endpoints).map(Number)) {
    const others = () => REFERENCES.map((name) => makers[name](payloads[name](makeRules(rules)), structuredClone(state)));
    figures.agreed[rules] = agree(await open(rules), others());
    figures.unchanged[rules] = await race(rounds, [() => open(rules), ...others().map((one) => () => one)], stay);
    figures.changed[rules] = await race(rounds, [() => open(rules), ...others().map((one) => () => one)], change);
  }
  const most = Math.max(...Object.keys(endpoints));
  figures.first = await first(rounds, most, open, endpoints[most], state);
  return { ...figures, sink };
}

/** Walks all of them through the same happenings; throws when they do not answer alike, else tells how many answers there were. */
function agree(ours, others) {
  const random = chance(99);
  const answers = new Set();
  for (const name of meters) {
    const [mine, theirs] = [ours.upcue.meter(name)?.value, others[0].state.usage[name].value];
    if (mine !== theirs) throw new Error(`${name} stands at ${mine}, and ${theirs} for the others`);
  }
  for (let step = 0; step <= STEPS; step++) {
    const said = [ours, ...others].map((one) => one.decide());
    if (said.some((answer) => answer !== said[0])) throw new Error(`step ${step}: ${["ours", ...REFERENCES].map((name, i) => `${name} ${said[i]}`)}`);
    answers.add(said[0]);
    const [used, value] = [meter(Math.floor(random() * 1e6)), Math.floor(random() * 150_000)];
    const done = event(Math.floor(random() * 1e6));
    for (const one of [ours, ...others]) {
      one.usage(used, value);
      one.track(done);
    }
  }
  [ours, ...others].forEach((one) => one.end());
  if (answers.size < 3) throw new Error(`only ${answers.size} answers in ${STEPS} steps: that shows nothing`);
  return answers.size;
}

/**
 * Has each take its go, round by round, so that noise meets all alike; the median of the µs that one repetition took.
 * A go is `(evaluator, repetitions)` to milliseconds.
 */
async function race(rounds, evaluators, go) {
  const repetitions = [];
  const times = evaluators.map(() => []);
  for (let round = -WARM; round < rounds; round++) {
    for (const [i, open] of evaluators.entries()) {
      const one = await open();
      repetitions[i] ??= HAPPENINGS;
      const took = go(one, repetitions[i]);
      // Ours is opened anew for every go: what it queued is sent, and a page's queue is never that long.
      if (go === stay && round < 0) repetitions[i] = Math.ceil((repetitions[i] * GO) / Math.max(took, 0.05));
      if (round >= 0) times[i].push((took * 1000) / repetitions[i]);
      if (one instanceof Ours) one.end();
      await settled();
    }
  }
  return Object.fromEntries(["ours", ...REFERENCES].map((name, i) => [name, median(times[i])]));
}

/** Rounds that do not count: compilers have work to do first. */
const WARM = 12;

/** Gives what was begun in the last go (requests, timers) the time to end. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 2));

function stay(one, repetitions) {
  sink += one.decide().length;
  const began = performance.now();
  for (let i = 0; i < repetitions; i++) sink += one.decide().length;
  return performance.now() - began;
}

function change(one, repetitions) {
  const began = performance.now();
  for (let i = 0; i < repetitions; i++) {
    one.usage(meter(i), 1);
    one.track(event(i * 7));
    sink += one.decide().length;
  }
  return performance.now() - began;
}

/** From a snapshot's bytes at hand to the first decision. */
async function first(rounds, rules, open, endpoint, state) {
  const bytes = await (await fetch(`${endpoint}/v1/snapshot`)).arrayBuffer();
  const texts = Object.fromEntries(REFERENCES.map((name) => [name, payloads[name](makeRules(rules))]));
  const times = Object.fromEntries(["ours", ...REFERENCES].map((name) => [name, []]));
  for (let round = -WARM; round < rounds; round++) {
    const note = (name, began) => round >= 0 && times[name].push((performance.now() - began) * 1000);
    const [ours, began] = await handOver(bytes, () => open(rules, { storage: false }));
    sink += ours.decide().length;
    note("ours", began);
    ours.end();
    await settled();
    for (const name of REFERENCES) {
      const mine = structuredClone(state);
      const began = performance.now();
      sink += makers[name](texts[name], mine).decide().length;
      note(name, began);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
}

/** Opens an instance that gets the snapshot at once when it asks for one; the clock runs from then. */
async function handOver(bytes, open) {
  const { fetch } = globalThis;
  let began;
  const arrayBuffer = async () => {
    const copy = bytes.slice(0);
    began = performance.now();
    return copy;
  };
  globalThis.fetch = async () => Object.assign(new Response(bytes), { arrayBuffer });
  try {
    return [await open(), began];
  } finally {
    globalThis.fetch = fetch;
  }
}
