// upcue/react: rendered on a server, taken over in the browser.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { build } from "vite";
import { install, seeNudge, serve, suiteOf, tenant, world } from "./support.mjs";

const run = promisify(execFile);

describe("with React", () => {
  const suite = suiteOf(after);
  let app;
  let stack;
  let browser;
  let markup;
  before(async () => {
    app = await install("react");
    ({ stack, browser } = await world(suite));
    ({ stdout: markup } = await run(process.execPath, ["render.js"], { cwd: app }));
  });

  test("a server renders the elements with their attributes and what is between the tags", () => {
    assert.match(markup, /<upcue-nudge placement="app.header" class="top"><p>Welcome<\/p><\/upcue-nudge>/);
    assert.match(markup, /<upcue-plans for="api_calls" heading-level="4" hidden=""><\/upcue-plans>/);
    assert.match(markup, /<output id="left">unknown<\/output>/);
  });

  test("the browser takes them over: properties are set, events are heard, hooks follow", async (t) => {
    const html = path.join(app, "index.html");
    await writeFile(html, (await readFile(html, "utf8")).replace("<!--app-->", markup));
    await build({ root: app, logLevel: "error", configFile: false });
    await tenant(stack, "react");
    const { page } = await seeNudge(browser, await serve(t, path.join(app, "dist"), stack));
    await page.getByRole("button", { name: "Put away" }).waitFor();
    await page.getByRole("button", { name: "Compare plans" }).click();
    assert.equal(await page.locator("#action").textContent(), "compare_plans");
    assert.equal(await page.locator("#left").textContent(), "100");
    await stack.api("POST", "/v1/events", { tenant: "react", events: [{ type: "usage", meter: "api_calls", value: 40 }] });
    await page.locator("#left", { hasText: "60" }).waitFor();
  });
});
