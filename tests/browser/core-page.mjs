// A page in a real Chromium that holds nothing but the built wasm core, under a strict content security policy.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { transform } from "esbuild";
import { chromium } from "playwright-core";
import { built, root } from "../support/stack.mjs";

const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
const HTML = '<!doctype html><html lang="en"><title>loading</title><script type="module" src="/core-in-page.js"></script></html>';
const QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Opens the page; `ask(method, …)` calls what `core-in-page.js` offers. Ended by `t.after`. */
export async function openCorePage(t) {
  const url = await serve(t);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", ...QUIET],
  });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => complaints.push(message.text()));
  await page.goto(url);
  const ready = page.waitForFunction(() => document.title === "ready").then(() => true);
  await Promise.race([ready, page.waitForEvent("pageerror", { timeout: 0 })]).catch(() => {});
  assert.deepEqual(complaints, [], "the page did not load in peace");
  return {
    ask: (method, ...rest) => page.evaluate(([name, args]) => globalThis.page[name](...args), [method, rest]),
    /** What the page complained of: errors, violations of its policy. */
    complaints,
  };
}

/** What the page shares with the SDK: how frames, names and texts are read. */
const MODULES = ["frame", "names", "text", "words"];

/** Serves the built core, those modules and the script that asks it; the address. */
async function serve(t) {
  const core = path.resolve(built.sdk, "../pkg");
  const script = { "content-type": "text/javascript" };
  // The core's methods travel under short names.
  const mangleCache = JSON.parse(await readFile(path.join(root, "sdk-wasm/names.json"), "utf8"));
  const code = async (file, loader) => (await transform(await readFile(file, "utf8"), { loader, mangleProps: /[^_]_$/, mangleCache })).code;
  const module = async (name) => [`/${name}.js`, [await code(path.join(root, `sdk-wasm/js/${name}.ts`), "ts"), script]];
  const files = {
    "/": [HTML, { "content-type": "text/html", "content-security-policy": POLICY }],
    "/core-in-page.js": [await code(path.join(import.meta.dirname, "core-in-page.js"), "js"), script],
    ...Object.fromEntries(await Promise.all(MODULES.map(module))),
    "/upcue_core.js": [await code(path.join(core, "upcue_core.js"), "js"), script],
    "/upcue_core_bg.wasm": [await readFile(path.join(core, "upcue_core_bg.wasm")), { "content-type": "application/wasm" }],
    "/favicon.ico": ["", {}],
  };
  const server = createServer(({ url }, answer) => {
    const [body, headers] = files[url] ?? [];
    answer.writeHead(headers ? 200 : 404, headers).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}/`;
}
