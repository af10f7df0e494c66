// Chromium, and a page on an origin of its own that embeds the built package as a customer's page does.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import path from "node:path";
import { chromium } from "playwright-core";
import { built } from "./stack.mjs";

const ARGUMENTS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html; charset=utf-8" };
/** What a careful customer allows: no inline script or style, wasm, and the Worker. */
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src *";

const PAGE = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>A customer's page</title><script type="module" src="/app.js"></script></head>
  <body>
    <main>
      <h1>A customer's page</h1>
      <upcue-nudge placement="app.header"></upcue-nudge>
      <upcue-meter meter="api_calls"></upcue-meter>
      <button id="work">Work</button>
    </main>
  </body>
</html>`;

/** The page's own script: what the five lines of the README are, with the token where a test can change it. */
const SCRIPT = `
import { Upcue } from "/sdk/index.js";
import "/sdk/define.js";
const settings = await (await fetch("/settings.json")).json();
document.querySelector("#work").addEventListener("click", () => (document.title = "worked"));
window.actions = [];
document.addEventListener("upcue-action", (event) => window.actions.push(event.detail.action));
window.upcue = await Upcue.load({
  endpoint: settings.endpoint,
  token: async () => {
    const answer = await fetch("/token");
    if (!answer.ok) throw new Error("no token");
    return answer.text();
  },
});
document.documentElement.dataset.loaded = "";
`;

/** Starts Chromium; it ends with the suite. `options` are Playwright's. */
export async function startChromium(t, options) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ARGUMENTS.split(" "), ...options });
  t.after(() => browser.close());
  return browser;
}

/**
 * Serves the page. `token`: mints the user's token at each request, or throws; `policy` and `wasm` change what is served, to
 * see what the page does then.
 */
export async function serveApp(t, { endpoint, token, policy = POLICY, wasm }) {
  const app = { token, wasm };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://page");
    try {
      const [body, type] = await answer(pathname, app, endpoint);
      response.writeHead(200, { "content-type": type, "content-security-policy": policy, "cache-control": "no-store" }).end(body);
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

async function answer(pathname, app, endpoint) {
  if (pathname === "/") return [PAGE, TYPES[".html"]];
  if (pathname === "/app.js") return [SCRIPT, TYPES[".js"]];
  if (pathname === "/settings.json") return [JSON.stringify({ endpoint }), "application/json"];
  if (pathname === "/token") return [await app.token(), "text/plain"];
  if (pathname.endsWith(".wasm") && app.wasm) return [app.wasm(), TYPES[".wasm"]];
  if (!/^\/sdk\/[\w.-]+$/.test(pathname)) throw new Error("not here");
  return [await readFile(path.join(built.sdk, path.basename(pathname))), TYPES[path.extname(pathname)]];
}

/** Opens the page and waits until the SDK has settled, one way or the other. Collects what goes wrong in it. */
export async function openPage(context, app) {
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(error.message));
  await page.goto(app.url);
  await page.locator("html[data-loaded]").waitFor({ state: "attached" });
  return page;
}
