// Vite: the built app in each of the package's forms, and the development server.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { build, createServer } from "vite";
import { freePort } from "../support/stack.mjs";
import { backEnd, install, seeNudge, serve, suiteOf, tenant, world } from "./support.mjs";

describe("with Vite", () => {
  const suite = suiteOf(after);
  let app;
  let stack;
  let browser;
  before(async () => {
    app = await install("vite");
    ({ stack, browser } = await world(suite));
  });

  test("the built app shows its first nudge, with the wasm as a file, inline, or handed in", async (t) => {
    await build({ root: app });
    const url = await serve(t, path.join(app, "dist"), stack);
    const assets = await readdir(path.join(app, "dist/assets"));
    assert.equal(assets.filter((name) => name.endsWith(".wasm")).length, 1, assets.join());
    for (const [page, name, files] of [
      ["", "vite", 1],
      ["inline.html", "vite-inline", 0],
      ["slim.html", "vite-slim", 1],
    ]) {
      await tenant(stack, name);
      const { requests } = await seeNudge(browser, url + page);
      assert.equal(requests.filter((request) => request.endsWith(".wasm")).length, files, `${page}: ${requests.join("\n")}`);
    }
  });

  test("the development server needs no settings", async (t) => {
    const answer = async (request, response, next) => {
      const body = await backEnd(new URL(request.url.replace("=vite", "=vite-development"), "http://page"), stack);
      if (body === undefined) next();
      else response.end(body);
    };
    const plugin = { name: "back-end", configureServer: ({ middlewares }) => void middlewares.use(answer) };
    const port = await freePort();
    const server = await createServer({ root: app, plugins: [plugin], server: { host: "127.0.0.1", port } });
    t.after(() => server.close());
    await server.listen();
    await tenant(stack, "vite-development");
    const { page } = await seeNudge(browser, `http://127.0.0.1:${port}/`);
    // The server does not end while a page holds on to it.
    await page.context().close();
  });
});
