// A page with the elements and an instance that the test plays, so that every decision can be had without a Worker.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import assert from "node:assert/strict";
import { built } from "../support/stack.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ADDRESS = "http://elements.test/";
/** Nothing inline, and no markup from strings. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html; charset=utf-8" };

/** Styles of a dark page. */
export const DARK = ":root { color-scheme: dark; background: #0c0f14; color: #ddd }";

const html = (lang, body) => `<!doctype html>
<html lang="${lang}" dir="${lang === "ar" ? "rtl" : "ltr"}">
  <head>
    <meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A customer's page</title>
    <link rel="stylesheet" href="/page.css"><script type="module" src="/page.js"></script>
  </head>
  <body><main><h1>Invoices</h1><button id="work">Work</button>${body}</main></body>
</html>`;

/** The page's script: what an instance does is told to `calls`, what it answers is what `world` says. */
const SCRIPT = `
const listeners = new Set();
const calls = [];
const world = { nudges: {}, ghosts: {}, meters: {}, plans: undefined, grant: true };
const tell = (name) => (what, ...more) => {
  calls.push([name, what.campaign, ...more]);
  if (name !== "dismiss" && name !== "snooze") return;
  for (const [placement, nudge] of Object.entries(world.nudges)) if (nudge.campaign === what.campaign) delete world.nudges[placement];
  upcue.change();
};
export const upcue = {
  ready: true,
  fresh: true,
  locale: document.documentElement.lang,
  world,
  calls,
  decide: (placement) => ({ nudge: world.nudges[placement] ?? null, reason: "match", trace: () => [] }),
  ghosts: (placement) => world.ghosts[placement] ?? [],
  meter: (key) => world.meters[key] ?? null,
  plan: () => null,
  comparePlans: async () => world.plans,
  quote: async () => world.quote,
  on: (event, listener) => (listeners.add(listener), () => listeners.delete(listener)),
  change: () => listeners.forEach((listener) => listener()),
  claim: (nudge) => (calls.push(["claim", nudge.campaign]), Promise.resolve(world.grant)),
};
for (const name of ["exposure", "hidden", "click", "dismiss", "snooze", "ghost"]) upcue[name] = tell(name);
window.upcue = upcue;
window.events = [];
for (const name of ["upcue-action", "upcue-dismiss", "upcue-snooze"]) {
  document.addEventListener(name, ({ detail }) => window.events.push([name, detail]));
}
/** Puts an element with the instance into the page. */
window.put = (tag, attributes, into = "main") => {
  const made = document.createElement(tag);
  made.upcue = upcue;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  document.querySelector(into).append(made);
  return made;
};
window.define = () => import("/sdk/define.js");
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
document.documentElement.dataset.scripted = "";
`;

/** A nudge as the engine makes them. */
export const nudge = (more) => ({
  campaign: "quota",
  variant: null,
  kind: "banner",
  title: "You’ve used 80% of your API quota",
  body: "At this pace you reach the limit on Nov 28. Team has ten times as much.",
  cta: { label: "Compare plans", action: "compare_plans" },
  snooze: null,
  decision: "d-1",
  ...more,
});

/** A meter as the engine has them. */
export const meter = (more) => ({
  key: "api_calls",
  label: "API calls",
  unit: "calls",
  value: 6200,
  limit: 10_000,
  softLimit: 8000,
  resetsAt: null,
  projected: null,
  exhaustsAt: null,
  ...more,
});

/**
 * Opens the page. `body`: markup below its heading; `css`: the page's own styles; `define`: whether the elements are there
 * from the start; `clock`: time stands still. Collects what goes wrong in it.
 */
export async function openElements(t, browser, settings = {}) {
  const { lang = "en", body = "", css = "", define = true, policy = POLICY, clock, ...options } = settings;
  const context = await browser.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(error.message));
  if (clock) await page.clock.install();
  await page.route(`${ADDRESS}**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    const made = { "/": html(lang, body), "/page.js": SCRIPT, "/page.css": css }[pathname];
    const file = pathname.startsWith("/sdk/") && path.join(built.sdk, path.relative("/sdk", pathname));
    const content = made ?? (file && (await readFile(file).catch(() => undefined)));
    if (content === undefined) return route.fulfill({ status: 404 });
    const type = TYPES[pathname === "/" ? ".html" : path.extname(pathname)] ?? "application/octet-stream";
    return route.fulfill({ body: content, headers: { "content-type": type, "content-security-policy": policy } });
  });
  await page.goto(ADDRESS);
  await page.locator("html[data-scripted]").waitFor({ state: "attached" });
  if (define) await page.evaluate(() => window.define());
  // From here on time passes when the test says so.
  if (clock) await page.clock.pauseAt(Date.now() + 3_600_000);
  return page;
}

/** Changes what the instance answers, and tells the elements. */
export const change = (page, world) =>
  page.evaluate((given) => {
    Object.assign(window.upcue.world, given);
    window.upcue.change();
  }, world);

/** Puts a nudge of a kind on the page, and waits until it is drawn. */
export async function show(page, given, placement = "here") {
  await page.evaluate(([given, placement]) => (window.upcue.world.nudges[placement] = given), [given, placement]);
  await page.evaluate((placement) => window.put("upcue-nudge", { placement }), placement);
  const element = page.locator(`upcue-nudge[placement="${placement}"]`);
  await element.and(page.locator("[state=shown]")).waitFor({ state: "attached" });
  return element;
}

/** What the instance was told, by name. */
export const calls = (page, name) =>
  page.evaluate((name) => window.upcue.calls.filter(([which]) => which === name).map(([, ...rest]) => rest.join()), name);

/** Waits until every observer in the page has been told where things are now. */
export const looked = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        const observer = new IntersectionObserver(() => {
          observer.disconnect();
          done();
        });
        observer.observe(document.body);
      }),
  );

export async function assertAccessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(
    violations.map(({ id, nodes }) => [id, nodes.map(({ target, failureSummary }) => `${target.join(" ")}: ${failureSummary}`)]),
    [],
  );
}
