// A plain script tag: no bundler, calls made before the script is there, a strict Content-Security-Policy.

import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { install, seeNudge, serve, suiteOf, tenant, world } from "./support.mjs";

describe("with a plain script tag", () => {
  const suite = suiteOf(after);
  let app;
  let stack;
  let browser;
  before(async () => {
    app = await install("script");
    // As one copies the package's directory to where one's static files are.
    await cp(path.join(app, "node_modules/upcue"), path.join(app, "upcue"), { recursive: true });
    ({ stack, browser } = await world(suite));
  });

  test("calls queued before it came are made in order, and the nudge is shown", async (t) => {
    const url = await serve(t, app, stack);
    await tenant(stack, "script", 850);
    const { page, requests } = await seeNudge(browser, url, { expected: [/there is no method `no_such_method`/] });
    assert.deepEqual(await page.evaluate(() => window.steps), [870, 900], "what was known after each of the two calls");
    for (const file of ["/upcue/index.js", "/upcue/define.js", ".wasm"]) {
      // The tag is in the page twice, and the wasm is fetched ahead.
      assert.equal(requests.filter((request) => request.endsWith(file)).length, 1, `${file}: ${requests.join("\n")}`);
    }

    await page.waitForResponse((response) => response.url().endsWith("/v1/events") && response.ok());
    assert.equal(await stack.meter("script", "api_calls"), 900);

    // From now on calls have answers.
    const answers = await page.evaluate(async () => ({
      granted: (await window.upcue("entitlement", "sso")).granted,
      title: await window.upcue((upcue) => upcue.decide("app.header").nudge.title),
    }));
    assert.deepEqual(answers, { granted: false, title: "You’ve used 90% of your API quota" });
  });

  test("without the rest of the package nothing happens, but that the console is told once", async (t) => {
    const url = await serve(t, app, stack, (pathname) => pathname === "/upcue/index.js");
    const page = await browser.newPage();
    const problems = [];
    const told = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => message.text().startsWith("upcue:") && told.push(message.text()));
    await page.goto(url);
    await page.waitForFunction(() => window.upcue.loaded);
    const answer = await page.evaluate(() => window.upcue("entitlement", "sso").catch(({ name }) => name));
    assert.equal(answer, "TypeError");
    assert.deepEqual(problems, []);
    assert.equal(told.length, 1, told.join("\n"));
  });
});
