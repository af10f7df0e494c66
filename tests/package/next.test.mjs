// Next: the app router, rendered by its server and taken over in the browser.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { freePort, root } from "../support/stack.mjs";
import { install, seeNudge, suiteOf, tenant, world } from "./support.mjs";

const run = promisify(execFile);
const NEXT = path.join(root, "node_modules/next/dist/bin/next");
const SETTINGS = { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" };

describe("with Next", () => {
  const suite = suiteOf(after);
  let app;
  let stack;
  let browser;
  before(async () => {
    app = await install("next");
    ({ stack, browser } = await world(suite));
    await run(process.execPath, [NEXT, "build"], { cwd: app, env: { ...process.env, ...SETTINGS } }).catch(({ stdout, stderr }) =>
      assert.fail(stdout + stderr),
    );
  });

  test("the server renders without asking anybody, the browser shows the nudge, follows and hears", async (t) => {
    await tenant(stack, "next");
    const tokens = createServer(async (_, response) => response.end(await stack.token({ tenant: "next" }))).listen(0, "127.0.0.1");
    await once(tokens, "listening");
    t.after(() => {
      tokens.closeAllConnections();
      tokens.close();
    });
    const url = await start(t, app, {
      UPCUE_ENDPOINT: stack.worker.url,
      UPCUE_TOKENS: `http://127.0.0.1:${tokens.address().port}/`,
    });
    const rendered = await (await fetch(url)).text();
    assert.match(rendered, /<upcue-nudge placement="app.header"><p>Welcome<\/p><\/upcue-nudge>/);
    assert.match(rendered, /<p id="server">not_ready<\/p>/);

    const { page } = await seeNudge(browser, url);
    await page.getByRole("button", { name: "Compare plans" }).click();
    assert.equal(await page.locator("#action").textContent(), "compare_plans");
    assert.equal(await page.locator("#left").textContent(), "100");
  });
});

/** Next's server for the built app; its address. */
async function start(t, app, settings) {
  const port = await freePort();
  const child = spawn(process.execPath, [NEXT, "start", "--port", String(port), "--hostname", "127.0.0.1"], {
    cwd: app,
    env: { ...process.env, ...SETTINGS, ...settings },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(async () => {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  });
  let told = "";
  for await (const chunk of child.stdout) {
    told += chunk;
    if (told.includes("Ready")) break;
  }
  return `http://127.0.0.1:${port}/`;
}
