// A loopback server for measured pages, and scripts for them.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { build } from "esbuild";
import { built } from "../../support/stack.mjs";

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };
/** With these a page's clock is exact to 5 µs. */
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/**
 * Serves until the end. `answer(pathname, request)` gives `[body, headers, status]`, where it can; the built package is below
 * /sdk/. The address, without a slash at the end.
 */
export async function serve(t, answer) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://page");
    const found = (await answer(pathname, request)) ?? (await packaged(pathname));
    const [body, headers, status = 200] = found ?? ["", {}, 404];
    response.writeHead(status, { "cache-control": "no-store", ...ISOLATED, ...headers }).end(body);
  });
  // No connection is closed while a slow page is about to use it again.
  server.keepAliveTimeout = 600_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

async function packaged(pathname) {
  if (!/^\/sdk\/[\w./-]+$/.test(pathname)) return undefined;
  const file = path.join(built.sdk, path.posix.normalize(pathname.slice("/sdk".length)));
  const type = TYPES[path.extname(file)];
  return readFile(file).then((body) => [body, { "content-type": type }], () => undefined);
}

/** A script with all that it imports, as it would be shipped. */
export async function bundle(entry, options) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "browser",
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "none",
    logLevel: "error",
    ...options,
  });
  return outputFiles[0].contents;
}
