// How long a back-test over the history of all tenants takes, whether its time per event stays the same as histories grow, and how
// that compares with the engine alone, natively, over the same events.
//
// Tenants have the events that engine/examples/backtest.rs makes as well. They are sent in three parts, and after each part
// the back-test runs: over a quarter, a half and all of the events.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { built, startStack } from "../support/stack.mjs";

const QUICK = process.env.UPCUE_BENCH_QUICK === "1";
const TENANTS = QUICK ? 50 : 1_000;
const EVENTS = QUICK ? 2_000 : 10_000;
/** Events in a batch. */
const BATCH = 250;
/** How many batches are on their way at once. */
const SENDERS = 8;
/** A run that takes longer than this has failed; in milliseconds. */
const PATIENCE = QUICK ? 300_000 : 3_600_000;
/** How much longer an event may take in a history of four times the length. */
const LINEAR = 1.5;

const config = (ratio) => ({
  meters: { api_calls: { kind: "counter", period: "billing" } },
  plans: { source: "inline", default: "small", list: [{ id: "small", rank: 0, limits: { api_calls: 10_000 } }, { id: "large", rank: 1 }] },
  signals: [
    { id: "near", when: `usage.api_calls.ratio >= ${ratio}`, weight: 50 },
    { id: "keen", when: "events.login.count_7d >= 20", weight: 30 },
    { id: "both", when: "signal.near.active && signal.keen.active", weight: 20 },
  ],
  segments: { ready: { enter: "score >= 60", exit: "score < 40" } },
  campaigns: [
    { id: "ready", placement: "app.header", priority: 2, audience: "segment.ready", nudge: { title: "More room" }, cap: [{ max: 2, window: "7d", scope: "user" }] },
    { id: "quota", placement: "app.header", priority: 1, audience: "signal.near.active", nudge: { title: "{{usage.api_calls.percent}} used" } },
    { id: "hello", placement: "app.aside", audience: "events.login.count_7d >= 2", nudge: { title: "Hello" } },
  ],
});
const IN_FORCE = config(0.8);
const CANDIDATE = config(0.5);

const ends = [];
let ended;
const patience = setTimeout(() => fail(new Error(`not done within ${PATIENCE} ms`)), PATIENCE);
await run().catch(fail);
clearTimeout(patience);
await end();

async function run() {
  const stack = await startStack({ after: (work) => ends.push(work) }, { config: IN_FORCE });
  const steps = [];
  let sent = 0;
  for (const events of [EVENTS / 4, EVENTS / 2, EVENTS]) {
    await send(stack, sent, events);
    sent = events;
    steps.push(await backtest(stack, events));
  }
  await report(steps, await natively());
}

/** Sends every tenant its events from `first` to before `end`. */
async function send(stack, first, end) {
  const batches = [];
  for (let from = first; from < end; from += BATCH) for (let n = 0; n < TENANTS; n++) batches.push([`t${n}`, from, Math.min(from + BATCH, end)]);
  batches.reverse();
  const work = async () => {
    for (let next = batches.pop(); next; next = batches.pop()) {
      const [tenant, from, to] = next;
      const events = Array.from({ length: to - from }, (_, n) => event(from + n));
      const { status, body } = await stack.api("POST", "/v1/events", { tenant, events });
      assert.deepEqual([status, body.accepted], [202, to - from], JSON.stringify(body));
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, work));
}

/** The same as in engine/examples/backtest.rs. */
function event(i) {
  const at = Date.now() - 1 - ((i * 37) % 3_600_000);
  return i % 50 === 0
    ? { type: "track", name: "login", user: `u${Math.floor(i / 50) % 20}`, at }
    : { type: "usage", meter: "api_calls", value: 1 + (i % 3), at };
}

/** Runs the candidate; how long it took by the caller's clock, in seconds. */
async function backtest(stack, events) {
  const began = performance.now();
  const tenants = Array.from({ length: TENANTS }, (_, n) => `t${n}`);
  const started = await stack.api("POST", "/v1/config/backtest", { config: CANDIDATE, tenants });
  assert.equal(started.status, 202, JSON.stringify(started.body));
  for (;;) {
    const { body } = await stack.api("GET", `/v1/config/backtests/${started.body.id}`);
    if (body.status === "running") {
      await new Promise((resolve) => setTimeout(resolve, 20)); // asking all the time would take time from what is measured
      continue;
    }
    const seconds = (performance.now() - began) / 1_000;
    assert.deepEqual([body.status, body.done, body.failed, body.failure], ["done", TENANTS, 0, null]);
    // Some events of one moment may have become one.
    assert.ok(body.events <= TENANTS * events && body.events > TENANTS * events * 0.95, `${body.events} events`);
    return { events: body.events, seconds, opportunities: body.opportunities };
  }
}

/** The engine alone; in seconds. */
async function natively() {
  const data = await mkdtemp(path.join(tmpdir(), "upcue-bench-"));
  ends.push(() => rm(data, { recursive: true, force: true }));
  const [inForce, candidate] = [path.join(data, "in-force.json"), path.join(data, "candidate.json")];
  await writeFile(inForce, JSON.stringify(IN_FORCE));
  await writeFile(candidate, JSON.stringify(CANDIDATE));
  const child = spawn(built.native_backtest, [inForce, candidate, TENANTS, EVENTS, BATCH].map(String), { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  let began;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("recorded")) {
      began = performance.now();
      console.log(`  ${line} for one tenant of ${EVENTS} events`);
    } else if (line.startsWith("done")) {
      const seconds = (performance.now() - began) / 1_000;
      await exit;
      return { events: Number(line.split(" ")[1]), seconds };
    }
  }
  throw new Error("the native run ended without a word");
}

async function report(steps, native) {
  const perEvent = ({ events, seconds }) => (seconds * 1e6) / events;
  const [quarter, half, all] = steps;
  const rows = [
    row("backtest-seconds", all.seconds, "s", native.seconds),
    row("backtest-us-per-event", perEvent(all), "µs", perEvent(native)),
    row("backtest-events-per-second", all.events / all.seconds, "1/s", native.events / native.seconds),
    // Time per event beside that in a history of a quarter, and of a half of the length.
    row("backtest-growth-from-quarter", perEvent(all), "µs", perEvent(quarter)),
    row("backtest-growth-from-half", perEvent(all), "µs", perEvent(half)),
  ];
  console.log(`  ${TENANTS} tenants × ${EVENTS} events, ${all.opportunities} opportunities`);
  for (const { name, value, unit, reference, ratio } of rows) {
    console.log(`  ${name.padEnd(29)} ${String(value).padStart(12)} ${unit}, reference ${String(reference).padStart(12)} ${unit} (${ratio.toFixed(2)} ×)`);
  }
  await mkdir(built.bench, { recursive: true });
  await writeFile(path.join(built.bench, "backtest.json"), `${JSON.stringify(rows, undefined, 2)}\n`);
  const growth = perEvent(all) / perEvent(quarter);
  assert.ok(growth < LINEAR, `an event takes ${growth.toFixed(2)} times as long in a history of four times the length`);
}

function row(name, value, unit, reference) {
  const rounded = (n) => Number(n.toPrecision(4));
  return { name, value: rounded(value), unit, reference: rounded(reference), ratio: Number((value / reference).toFixed(3)) };
}

/** Ends every process, even if another could not be ended; once, whoever asks. */
function end() {
  ended ??= (async () => {
    for (const work of ends) await work().catch((error) => console.error(error));
  })();
  return ended;
}

async function fail(error) {
  console.error(error);
  await end();
  process.exit(1);
}
