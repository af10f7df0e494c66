// How long a page that was visited before needs from its script tag to the first decision, and to a nudge painted, on a processor
// slowed to a quarter. Beside it the libraries of others in the same page, each with what it keeps between visits.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { startChromium } from "../support/browser.mjs";
import { built } from "../support/stack.mjs";
import { payloads } from "./decide/evaluators.mjs";
import { configuration, history, makeRules } from "./decide/workload.mjs";
import { QUICK, bench, row } from "./support/report.mjs";
import { bundle, serve } from "./support/serve.mjs";

const NAMES = ["ours", "inline", "growthbook", "posthog", "stigg", "plain"];
/** Those that are ours: `inline` has the core in its script (`upcue/inline`), as pages that must be quick do. */
const OURS = NAMES.slice(0, 2);
const LOADS = QUICK ? 5 : 15;
const SLOWED = 4;
const RULES = 100;
const DAYS = 30;
/** Every visit shows the nudge. */
const NEVER_REACHED = 50;
/** So much later than GrowthBook ours may decide, and the longest a task may take; in milliseconds. */
const BEHIND = 15;
const LONG_TASK = 50;

const TOKEN = `e30.${btoa(JSON.stringify({ iss: "bench", tenant: "acme", sub: "ada" }))}.x`; // nobody checks it
const here = (file) => path.join(import.meta.dirname, "start", file);
const script = { "content-type": "text/javascript", "cache-control": "public, max-age=86400, immutable" };
const json = (body) => [JSON.stringify(body), { "content-type": "application/json" }];

await bench("start", 600_000, async (t) => {
  const files = await scripts();
  const now = Date.now();
  const { state, happened } = history(DAYS, now);
  const answers = { ...others(), ...(await ours(t, happened, now)) };
  const page = await bundle(here("page.js"), { format: "iife" });
  const url = await serve(t, (pathname, request) => {
    const name = pathname.slice(1);
    if (NAMES.includes(name)) return [html(name, page, state), { "content-type": "text/html" }];
    return files[pathname] ?? answers[pathname] ?? elsewhere(pathname, request);
  });
  const browser = await startChromium(t);
  const contexts = {};
  for (const name of NAMES) {
    contexts[name] = await browser.newContext();
    // A window whose last page is closed opens its own start page with every load, which is no part of anybody's.
    await contexts[name].newPage();
    for (let visit = 0; visit < 2; visit++) await load(contexts[name], `${url}/${name}`);
  }
  const loads = Object.fromEntries(NAMES.map((name) => [name, []]));
  for (let n = 0; n < LOADS; n++) for (const name of NAMES) loads[name].push(await load(contexts[name], `${url}/${name}`));
  return judge(loads);
});

/** Each page's script with its library, as a bundler ships it; ours loads its elements and its wasm by itself. */
async function scripts() {
  const files = {};
  for (const name of NAMES.slice(OURS.length)) files[`/${name}.js`] = [await bundle(here(`${name}.js`)), script];
  for (const name of OURS) {
    const { outputFiles } = await build({
      entryPoints: { [name]: here("ours.js") },
      alias: { "#upcue": path.join(built.sdk, name === "inline" ? "inline.js" : "index.js"), "#upcue/define": path.join(built.sdk, "define.js") },
      bundle: true,
      splitting: true,
      minify: true,
      write: false,
      format: "esm",
      outdir: "/",
      logLevel: "error",
    });
    for (const { path: file, contents } of outputFiles) files[file] = [contents, script];
  }
  const wasm = await readFile(path.join(built.sdk, "upcue_core_bg.wasm"));
  files["/upcue_core_bg.wasm"] = [wasm, { ...script, "content-type": "application/wasm" }];
  return files;
}

/** A snapshot as the Worker sends it. */
async function ours(t, happened, now) {
  const data = await mkdtemp(path.join(tmpdir(), "upcue-bench-"));
  t.after(() => rm(data, { recursive: true, force: true }));
  const [config, past] = [path.join(data, "config.json"), path.join(data, "history.json")];
  await writeFile(config, JSON.stringify(configuration(makeRules(RULES), NEVER_REACHED)));
  await writeFile(past, JSON.stringify(happened));
  const bytes = execFileSync(built.snapshot, [config, past, String(now)]);
  return { "/v1/snapshot": [bytes, { "content-type": "application/vnd.upcue.snapshot", etag: '"bench"' }] };
}

/** What the others' servers say: the same rules to who evaluates in the page, else the outcome. */
function others() {
  const features = JSON.parse(payloads.growthbook(makeRules(RULES)));
  const feature = { refId: "app.header", displayName: "Nudge", featureType: "BOOLEAN", meterType: null, featureUnits: null };
  const entitlement = { isGranted: true, isUnlimited: false, hasUnlimitedUsage: false, hasSoftLimit: false, usageLimit: null, feature };
  return {
    "/growthbook/api/features/sdk-bench": json({ status: 200, features, dateUpdated: "2025-06-01T00:00:00Z" }),
    "/stigg/v1/config/client-sdk-configuration.json": json({ data: { sdkConfiguration: { isWidgetWatermarkEnabled: false, sentryDsn: null } } }),
    "/stigg/v1/c/acme/entitlements.json": json({ data: { entitlements: [entitlement] } }),
  };
}

function elsewhere(pathname) {
  if (pathname === "/v1/events") return [...json({ accepted: 0, duplicates: 0, rejected: [] }), 202];
  if (pathname === "/posthog/flags/") {
    const flag = { key: "app.header", enabled: true, variant: "granted", reason: { code: "condition_match" }, metadata: { id: 1, version: 1 } };
    return json({ flags: { "app.header": flag }, errorsWhileComputingFlags: false, requestId: "bench" });
  }
  if (/^\/posthog\/array\/.*\/config$/.test(pathname)) return json({ token: "phc_bench", hasFeatureFlags: true, supportedCompression: [] });
  if (pathname.startsWith("/posthog/")) return json({});
  return undefined;
}

function html(name, page, state) {
  const given = OURS.includes(name) ? `window.TOKEN = ${JSON.stringify(TOKEN)}` : name === "growthbook" ? `window.STATE = ${JSON.stringify(state)}` : "";
  const slot = OURS.includes(name) ? '<upcue-nudge id="slot" placement="app.header" style="display:block"></upcue-nudge>' : '<div id="slot"></div>';
  // As docs/embedding.md says: the wasm is fetched beside the script, not after it.
  const early = name === "ours" ? '<link rel="preload" href="/upcue_core_bg.wasm" as="fetch" crossorigin>' : "";
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title>${early}<body><h1>A customer's page</h1>${slot}
<script>${given}</script><script>${Buffer.from(page)}</script><script type="module" src="/${name}.js"></script></body></html>`;
}

/** One visit: milliseconds to the decision and to the banner, and the longest task. */
async function load(context, url) {
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  const session = await context.newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWED });
  await page.goto(url);
  const done = await Promise.race([page.evaluate(() => window.bench.done()), page.waitForTimeout(20_000)]);
  assert.ok(done?.decision, `${url}: no nudge was painted; ${complaints}`);
  await page.close();
  return done;
}

function judge(loads) {
  const median = (name, what) => loads[name].map((one) => one[what]).toSorted((a, b) => a - b)[loads[name].length >> 1];
  const worst = (name) => Math.max(...loads[name].map(({ longest }) => longest));
  const rows = [];
  for (const ours of OURS) {
    for (const what of ["decision", "painted"]) {
      for (const name of NAMES.slice(OURS.length)) {
        const other = median(name, what);
        const reach = { posthog: other, stigg: other, growthbook: what === "decision" ? other + BEHIND : undefined }[name];
        rows.push(row(`${ours}-${what}-beside-${name}`, median(ours, what), "ms", other, reach));
      }
    }
    rows.push(row(`${ours}-longest-task-median`, median(ours, "longest"), "ms", LONG_TASK, LONG_TASK));
    for (const name of NAMES.slice(OURS.length)) rows.push(row(`${ours}-longest-task-beside-${name}`, median(ours, "longest"), "ms", median(name, "longest")));
  }
  // The worst of all loads is the machine's as well: beside it stands that of a page that loads nothing.
  rows.push(row("longest-task-worst-beside-plain", worst("ours"), "ms", worst("plain")));
  return rows;
}
