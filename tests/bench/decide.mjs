// How long decisions take, and how much memory a page needs for them, in Node and in Chromium, with 10, 100 and 1,000 rules.
//
// Ours through the interface of the built package, beside GrowthBook, json-logic-engine and a twin written by hand, which get
// the same rules and must give the same answers. The reference of a figure is in its name; all are from one run.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { startChromium } from "../support/browser.mjs";
import { built } from "../support/stack.mjs";
import { configuration, history, makeRules } from "./decide/workload.mjs";
import { QUICK, bench, row } from "./support/report.mjs";
import { bundle, serve } from "./support/serve.mjs";

const SIZES = [10, 100, 1_000];
const MOST = SIZES.at(-1);
const DAYS = 30;
const ROUNDS = QUICK ? 3 : 25;
const MIB = 2 ** 20;
const HTML = '<!doctype html><html lang="en"><title>bench</title><script type="module" src="/page.js"></script></html>';

await bench("decide", 900_000, async (t) => {
  const data = await mkdtemp(path.join(tmpdir(), "upcue-bench-"));
  t.after(() => rm(data, { recursive: true, force: true }));
  const now = Date.now();
  const snapshots = {};
  for (const rules of SIZES) snapshots[`rules-${rules}`] = await snapshot(data, rules, DAYS, now);
  snapshots["one-day"] = await snapshot(data, MOST, 1, now);
  const script = await bundle(path.join(import.meta.dirname, "decide/page.mjs"), { minify: false });
  const url = await serve(t, (pathname) => answer(pathname, script, snapshots));

  const file = path.join(data, "page.mjs");
  await writeFile(file, script);
  const order = {
    sdk: path.join(built.sdk, "index.js"),
    wasm: `${url}/sdk/upcue_core_bg.wasm`,
    endpoints: Object.fromEntries(SIZES.map((rules) => [rules, `${url}/rules-${rules}`])),
    state: history(DAYS, now).state,
    rounds: ROUNDS,
  };
  const places = { node: inNode(file), chromium: await inChromium(t, url) };
  const rows = [];
  for (const [place, run] of Object.entries(places)) {
    rows.push(...judge(place, await run({ task: "measure", ...order })));
    const heap = (name) => run({ task: "heap", ...order, endpoint: `${url}/${name}` });
    rows.push(...judgeHeap(place, await heap(`rules-${MOST}`), await heap("one-day")));
  }
  return rows;
});

/** What the Worker sends a page with so many rules and such a history. */
async function snapshot(data, rules, days, now) {
  const [config, happened] = [path.join(data, "config.json"), path.join(data, "history.json")];
  await writeFile(config, JSON.stringify(configuration(makeRules(rules))));
  await writeFile(happened, JSON.stringify(history(days, now).happened));
  return execFileSync(built.snapshot, [config, happened, String(now)], { maxBuffer: 100 * MIB });
}

function answer(pathname, script, snapshots) {
  if (pathname === "/") return [HTML, { "content-type": "text/html" }];
  if (pathname === "/page.js") return [script, { "content-type": "text/javascript" }];
  const [, name, call] = pathname.match(/^\/([\w-]+)\/v1\/(\w+)$/) ?? [];
  if (call === "snapshot") return [snapshots[name], { "content-type": "application/vnd.upcue.snapshot" }];
  if (call === "events") return ['{"accepted":0,"duplicates":0,"rejected":[]}', { "content-type": "application/json" }, 202];
  return undefined;
}

function inNode(file) {
  return async (order) => {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, "decide/in-node.mjs"), file], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(JSON.stringify(order));
    const [answer] = await Promise.all([text(child.stdout), once(child, "exit")]);
    return JSON.parse(answer);
  };
}

async function inChromium(t, url) {
  const browser = await startChromium(t);
  return async ({ task, ...order }) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(url);
    await page.waitForFunction(() => globalThis.bench);
    const inPage = { ...order, sdk: "/sdk/index.js" };
    let answer;
    if (task === "measure") {
      answer = await page.evaluate((options) => globalThis.bench.measure(options), inPage);
    } else {
      const session = await context.newCDPSession(page);
      const used = async () => {
        await session.send("HeapProfiler.collectGarbage");
        return (await session.send("Runtime.getHeapUsage")).usedSize;
      };
      const before = await used();
      const wasm = await page.evaluate((options) => globalThis.bench.keep(options), inPage);
      answer = { wasm, heap: (await used()) - before, without: before };
    }
    await context.close();
    assert.deepEqual(complaints, []);
    return answer;
  };
}

/** The figures of one place, and what is promised of them. */
function judge(place, { agreed, unchanged, flat, changed, first }) {
  console.log(`  ${place}: all agree; ${SIZES.map((rules) => `${agreed[rules]} campaigns at ${rules} rules`).join(", ")}`);
  const rows = [];
  for (const rules of SIZES) {
    const { ours, growthbook } = unchanged[rules];
    const reach = Math.min(0.6, rules === 100 ? growthbook / 150 : Infinity);
    rows.push(row(`${place}-unchanged-${rules}-growthbook`, ours, "µs", growthbook, reach));
    for (const name of ["json-logic", "json-logic-apart", "twin"]) rows.push(row(`${place}-unchanged-${rules}-${name}`, ours, "µs", unchanged[rules][name]));
  }
  for (const rules of SIZES) {
    if (rules !== 100) rows.push(row(`${place}-unchanged-${rules}-off-100`, Math.abs(flat[rules] - 1) * 100, "%", 25, 25));
  }
  const least = { 100: { growthbook: 50, "json-logic": 3 }, 1000: { growthbook: 150, "json-logic": 150 } };
  for (const rules of SIZES) {
    const { ours, ...others } = changed[rules];
    for (const [name, other] of Object.entries(others)) {
      const times = least[rules]?.[name];
      rows.push(row(`${place}-changed-${rules}-${name}`, ours, "µs", other, times && other / times));
    }
  }
  const { ours, ...others } = first;
  for (const [name, other] of Object.entries(others)) {
    rows.push(row(`${place}-first-${MOST}-${name}`, ours, "µs", other, name === "json-logic" ? other / 3 : undefined));
  }
  return rows;
}

function judgeHeap(place, month, day) {
  const whole = ({ wasm, heap }) => (wasm + heap) / MIB;
  return [
    row(`${place}-heap-${DAYS}-days`, whole(month), "MiB", 2, 2),
    row(`${place}-heap-${DAYS}-days-beside-page-without`, whole(month), "MiB", month.without / MIB),
    row(`${place}-heap-${DAYS}-days-wasm`, month.wasm / MIB, "MiB", 2),
    row(`${place}-heap-${DAYS}-days-beside-one`, whole(month), "MiB", whole(day), whole(day) * 1.1),
  ];
}
