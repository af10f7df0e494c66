// A customer's page that loads the built package when a test says so, and a configuration for tests of the client.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { built } from "../support/stack.mjs";

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };
/** What a careful customer allows: no inline script or style, wasm, and the Worker. */
export const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src *";

const PAGE = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>A customer's page</title><script type="module" src="/app.js"></script></head>
  <body><main><h1>A customer's page</h1><button id="work">Work</button></main></body>
</html>`;

/** `start` loads the package, and an instance with these options; `errors` is what it told. */
const SCRIPT = `
document.querySelector("#work")?.addEventListener("click", () => (document.title = "worked"));
const token = async () => {
  const answer = await fetch("/token");
  if (!answer.ok) throw new Error("no token");
  return answer.text();
};
window.errors = [];
window.start = async (options) => {
  const { Upcue } = await import("/sdk/index.js");
  const loading = Upcue.load({ token, ...options });
  const upcue = await loading;
  upcue.on("error", ({ code }) => (window.errors[window.errors.length] = code));
  window.upcue = upcue;
};
`;

/** So many campaigns, each to be shown once, at placements `once.0`, `once.1`, …. */
export const ONCE = 120;

export const CONFIG = {
  meters: {
    api_calls: { kind: "counter", period: "month", label: "API calls", unit: "calls" },
    seats: { kind: "gauge", label: "Team members" },
  },
  features: { sso: { label: "Single sign-on" } },
  plans: {
    source: "inline",
    default: "free",
    list: [
      { id: "free", name: "Free", rank: 0, limits: { api_calls: 1000 }, },
      { id: "pro", name: "Pro", rank: 1 },
    ],
  },
  campaigns: [
    {
      id: "quota",
      placement: "app.header",
      audience: "usage.api_calls.ratio >= 0.8",
      nudge: { kind: "banner", title: "You’ve used {{usage.api_calls.percent}}", cta: { label: "Compare plans", action: "compare_plans" } },
      cooldown_after_dismiss: "7d",
    },
    ...Array.from({ length: ONCE }, (_, i) => ({
      id: `once-${i}`,
      placement: `once.${i}`,
      nudge: { kind: "badge", title: "New" },
      cap: [{ max: 1, window: "7d" }],
    })),
  ],
};

/**
 * Serves the page. `token`: mints the user's token at each request, or throws; `files`: answers of one's own, by path, as
 * `[body, headers, status]`.
 */
export async function serveCustomer(t, { token, files = {}, headers = {} }) {
  const app = { token, files };
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, "http://page");
    try {
      const [body, own, status = 200] = app.files[pathname] ?? (await answer(pathname, app));
      response.writeHead(status, { "content-security-policy": POLICY, "cache-control": "no-store", ...headers, ...own }).end(body);
    } catch {
      response.writeHead(pathname === "/token" ? 500 : 404).end();
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  app.url = `http://127.0.0.1:${server.address().port}/`;
  return app;
}

async function answer(pathname, app) {
  const type = (name) => ({ "content-type": name });
  if (pathname === "/") return [PAGE, type("text/html; charset=utf-8")];
  if (pathname === "/elsewhere") return ["<!doctype html><title>Elsewhere</title>", type("text/html; charset=utf-8")];
  if (pathname === "/app.js") return [SCRIPT, type(TYPES[".js"])];
  if (pathname === "/token") return [await app.token(), type("text/plain")];
  if (!/^\/sdk\/[\w.-]+$/.test(pathname)) throw new Error("not here");
  return [await readFile(path.join(built.sdk, path.basename(pathname))), type(TYPES[path.extname(pathname)])];
}

/** Opens the page; what nobody caught in it is collected. */
export async function visit(context, app, address = "") {
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(error.message));
  await page.goto(app.url + address);
  await page.waitForFunction(() => window.start);
  return page;
}

/** Loads the package in the page. */
export const start = (page, options) => page.evaluate((given) => window.start(given), options);

/** From here on nothing that happens in the page gets through to the Worker. What leaves with a page that goes away no route can hold up. */
export const cutOff = (page) =>
  page.evaluate(() => {
    const { fetch } = window;
    navigator.sendBeacon = () => false;
    window.fetch = (address, options) => (/\/v1\/events$/.test(address) ? Promise.reject(new TypeError("cut off")) : fetch(address, options));
  });

/** Asks until the answer is as expected; the time out is the page's. */
export async function settles(page, ask, expected, argument) {
  const same = async () => {
    const answered = await page.evaluate(ask, argument);
    try {
      assert.deepEqual(answered, expected);
      return true;
    } catch (error) {
      return error;
    }
  };
  const until = performance.now() + 30_000;
  for (;;) {
    const outcome = await same();
    if (outcome === true) return;
    if (performance.now() > until) throw outcome;
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  }
}
