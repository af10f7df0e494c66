// The console as it stands in production: its files and the Worker's API on one origin, with the headers of www/_headers.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, request as ask } from "node:http";
import path from "node:path";
import { built } from "../support/stack.mjs";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** Serves it in front of `worker`; answers its origin. */
export async function serveConsole(t, worker) {
  const headers = await headersFile();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://console");
    if (/^\/(v1|healthz)/.test(pathname)) pass(worker, request, response);
    else serve(pathname, headers, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** Signs in at the door, and waits until the house is there. */
export async function signIn(page, origin, key, at = "") {
  await page.goto(`${origin}/console/${at}`);
  await page.getByLabel("Secret key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#main").waitFor();
}

/** Waits until the page has everything it asked for. */
export async function settled(page) {
  await page.waitForFunction(() => !document.querySelector(".skeleton, [aria-busy=true], .editor.loading"));
}

async function serve(pathname, headers, response) {
  const file = path.join(built.www, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
  try {
    if (!file.startsWith(built.www)) throw new Error("not here");
    const body = await readFile(file);
    response.writeHead(200, { "content-type": TYPES[path.extname(file)] ?? "application/octet-stream", ...headers(pathname) }).end(body);
  } catch {
    response.writeHead(404).end();
  }
}

function pass(worker, request, response) {
  const onward = ask(worker.url + request.url, { method: request.method, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.writeHead(502).end());
  request.pipe(onward);
}

/** The headers of a path, as Cloudflare reads them from `_headers`: a pattern at the margin, its headers indented below it. */
async function headersFile() {
  const rules = [];
  for (const line of (await readFile(path.join(built.www, "_headers"), "utf8")).split("\n")) {
    if (/^\s*(#|$)/.test(line)) continue;
    if (/^\S/.test(line)) rules.push({ prefix: line.replace(/\*$/, ""), headers: {} });
    else rules.at(-1).headers[line.slice(0, line.indexOf(":")).trim().toLowerCase()] = line.slice(line.indexOf(":") + 1).trim();
  }
  return (pathname) => Object.assign({}, ...rules.filter(({ prefix }) => pathname.startsWith(prefix)).map(({ headers }) => headers));
}
