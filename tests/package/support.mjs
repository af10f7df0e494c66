// The package as customers get it: packed, unpacked into the node_modules of a small app of theirs, and built there by their
// tools. Nothing is fetched: those tools come with the repository's own npm packages.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { promisify } from "node:util";
import { startChromium } from "../support/browser.mjs";
import { CONFIG, built, root, seedStripe, startStack } from "../support/stack.mjs";

const run = promisify(execFile);
/** Inside the repository, so that the apps find their tools, and where Git and the repository's rules do not look. */
const WORK = path.join(root, "target/package-tests");
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html; charset=utf-8", ".css": "text/css" };
/** What a careful customer allows: no inline script or style, wasm, and the Worker. */
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src data:; connect-src *; require-trusted-types-for 'script'";

/** Packs the built package as `npm publish` would; the path of the tarball. */
export async function pack() {
  const directory = path.join(WORK, `tarball-${process.pid}`);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const { stdout } = await run("npm", ["pack", built.sdk, "--json", "--offline", "--loglevel=error", "--pack-destination", directory]);
  const [{ filename }] = JSON.parse(stdout);
  return path.join(directory, filename);
}

/** A fresh copy of a fixture with the package installed; its directory. */
export async function install(fixture) {
  const app = path.join(WORK, fixture);
  await rm(app, { recursive: true, force: true });
  await cp(path.join(root, "tests/package/fixtures", fixture), app, { recursive: true });
  const modules = path.join(app, "node_modules/upcue");
  await mkdir(modules, { recursive: true });
  const tarball = await pack();
  await run("tar", ["-xzf", tarball, "-C", modules, "--strip-components=1"]);
  await rm(path.dirname(tarball), { recursive: true });
  return app;
}

/** Something whose `after` takes what ends with the suite; the last comes first. */
export function suiteOf(after) {
  const ends = [];
  after(async () => {
    for (const end of ends) await end();
  });
  return { after: (end) => ends.unshift(end) };
}

/** A whole Upcue, and a browser. */
export async function world(t) {
  const stack = await startStack(t, { config: CONFIG });
  // Last, so that it ends first: the Worker does not end while pages hold on to it.
  return { stack, browser: await startChromium(t) };
}

/** A tenant that has used so many of its 1,000 calls. A page is asked for the token of `tenant`. */
export async function tenant(stack, name, used = 900) {
  await seedStripe(stack.stripe, { tenant: name });
  const answer = await stack.api("POST", "/v1/events", { tenant: name, events: [{ type: "usage", meter: "api_calls", value: used }] });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
}

/** What the app's own server is asked by every fixture: where the Worker is, and a token. */
export async function backEnd(url, stack) {
  if (url.pathname === "/settings.js") return `window.endpoint = "${stack.worker.url}";`;
  if (url.pathname === "/token") return stack.token({ tenant: url.searchParams.get("tenant") });
  return undefined;
}

/** Serves a built app and its back end under a strict policy, but for what `missing` names; the address. */
export async function serve(t, directory, stack, missing = () => false) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://page");
    const { pathname } = url;
    const file = path.join(directory, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
    try {
      if (missing(pathname)) throw new Error("taken away");
      const body = (await backEnd(url, stack)) ?? (await readFile(file));
      response.writeHead(200, { "content-type": TYPES[path.extname(file)] ?? "text/plain", "content-security-policy": POLICY }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}/`;
}

/** Opens a page of a fixture and waits for the nudge; the page, and what it asked for. Complaints fail, but for `expected`. */
export async function seeNudge(browser, url, { expected = [] } = {}) {
  const page = await (await browser.newContext()).newPage();
  const problems = [];
  const requests = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && problems.push(message.text()));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(url);
  try {
    await page.getByText("You’ve used 90% of your API quota").waitFor({ timeout: 10_000 });
  } catch (error) {
    assert.fail(`no nudge at ${url}: ${JSON.stringify(problems)}\n${requests.join("\n")}\n${error.message}`);
  }
  assert.deepEqual(problems.filter((problem) => !expected.some((pattern) => pattern.test(problem))), []);
  return { page, requests };
}
