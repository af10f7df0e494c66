// webpack 5, with no settings of its own but the entries.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import webpack from "webpack";
import { install, seeNudge, serve, suiteOf, tenant, world } from "./support.mjs";

describe("with webpack", () => {
  const suite = suiteOf(after);
  let app;
  let stack;
  let browser;
  before(async () => {
    app = await install("webpack");
    ({ stack, browser } = await world(suite));
  });

  test("the built app shows its first nudge, with the wasm as a file or inline", async (t) => {
    const { default: settings } = await import(pathToFileURL(path.join(app, "webpack.config.js")));
    const stats = await promisify(webpack)({ ...settings, context: app, output: { path: path.join(app, "dist") } });
    assert.deepEqual(stats.toJson({ errors: true, warnings: true }).errors.concat(stats.toJson().warnings), []);
    const files = await readdir(path.join(app, "dist"));
    assert.equal(files.filter((name) => name.endsWith(".wasm")).length, 1, files.join());
    const url = await serve(t, path.join(app, "dist"), stack);
    for (const [page, name] of [
      ["", "webpack"],
      ["inline.html", "webpack-inline"],
    ]) {
      await tenant(stack, name);
      await seeNudge(browser, url + page);
    }
  });
});
