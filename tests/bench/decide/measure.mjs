// What is measured, in Node and in the page alike: `measure` is called there, its answer travels as JSON.

import { Ours, makers, payloads } from "./evaluators.mjs";
import { chance, event, events, makeRules, meter, meters } from "./workload.mjs";

/** The others, by their names in the figures. */
const REFERENCES = Object.keys(makers);
/** How often something happens in one go. A page that hears more closes a batch of events and begins the next. */
const HAPPENINGS = 240;
/** About so long lasts the go of those who can do the same thing over and over: seldom interrupted; in milliseconds. */
const GO = 1;
/** Steps that all evaluators walk together to show that they agree. */
const STEPS = 400;

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
let sink = 0;

/** `endpoints`: where the snapshot for so many rules is; `state`: how things stand in it. All times are in µs. */
export async function measure({ Upcue, wasm, endpoints, state, rounds }) {
  const sizes = Object.keys(endpoints).map(Number);
  const open = (rules, more) => Ours.load(Upcue, { endpoint: endpoints[rules], wasm, ...more });
  const others = (rules) => REFERENCES.map((name) => makers[name](payloads[name](makeRules(rules)), structuredClone(state)));
  const agreed = {};
  for (const rules of sizes) agreed[rules] = agree(await open(rules), others(rules));
  // Whoever does not send anything can stay for all rounds.
  const opened = sizes.flatMap((rules) => [() => open(rules), ...others(rules).map((one) => () => one)]);
  const still = await race(rounds, opened, stay);
  const [unchanged, changed] = [still, await race(rounds, opened, change)].map((times) => table(sizes, times.map(median)));
  const most = Math.max(...sizes);
  return { agreed, unchanged, flat: beside(100, table(sizes, still)), changed, first: await first(rounds, most, open, endpoints[most], state), sink };
}

/** By number of rules and by name. */
function table(sizes, times) {
  const names = ["ours", ...REFERENCES];
  return Object.fromEntries(sizes.map((rules, n) => [rules, Object.fromEntries(names.map((name, i) => [name, times[n * names.length + i]]))]));
}

/** What a decision takes of ours in other numbers of rules, beside that in `rules` in the same round. */
function beside(rules, times) {
  const ratio = ({ ours }) => median(ours.map((time, round) => time / times[rules].ours[round]));
  return Object.fromEntries(Object.entries(times).map(([size, all]) => [size, ratio(all)]));
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
 * Has each take its go, round by round, so that noise meets all alike; of each and each round, the µs that one repetition took.
 * A go is `(evaluator, repetitions)` to milliseconds.
 */
async function race(rounds, opened, go) {
  const repetitions = opened.map(() => HAPPENINGS);
  const times = opened.map(() => []);
  for (let round = -WARM; round < rounds; round++) {
    for (const [i, open] of opened.entries()) {
      const one = await open();
      const took = go(one, repetitions[i]);
      // A page's queue is never very long: of ours, no more is asked in one go.
      const free = go === stay || !(one instanceof Ours);
      if (free && round < 0) repetitions[i] = Math.ceil((repetitions[i] * GO) / Math.max(took, 0.05));
      if (round >= 0) times[i].push((took * 1000) / repetitions[i]);
      // Opened anew for every go: what it queued is sent.
      if (one instanceof Ours) one.end();
      await settled();
    }
  }
  return times;
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
  sink += one.decide().length;
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
