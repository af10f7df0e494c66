// `explain()` in a real page: the Worker's account beside what the page decides by itself, and the latter alone without a network.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openPage, serveApp } from "../support/browser.mjs";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG } from "../support/stack.mjs";

const PLACEMENT = "app.header";
const config = {
  ...CONFIG,
  plans: { source: "inline", list: [{ id: "free", rank: 0, limits: { api_calls: 1000 } }, { id: "pro", rank: 1 }] },
};

describe("explain()", () => {
  const browser = sharedBrowser();
  const stack = sharedStack({ config });
  const arrive = async (t, tenant) => {
    const app = await serveApp(t, { endpoint: stack.worker.url, token: () => stack.token({ tenant }) });
    const context = await browser.newContext();
    t.after(() => context.close());
    return openPage(context, app);
  };
  const explain = (page) => page.evaluate((placement) => window.upcue.explain(placement), PLACEMENT);

  test("tells every gate and what would change it, and loads what it takes only then", async (t) => {
    const page = await arrive(t, "curious");
    const chunks = [];
    page.on("request", (request) => chunks.push(new URL(request.url()).pathname));
    await stack.api("POST", "/v1/events", { tenant: "curious", events: [{ type: "usage", meter: "api_calls", value: 740 }] });
    const told = await explain(page);
    assert.ok(chunks.some((path) => /^\/sdk\/asking-.*\.js$/.test(path)), chunks.join(" "));
    assert.deepEqual([told.placement, told.ready, told.campaign, told.reason, told.plan.id], [PLACEMENT, true, null, "audience_false", "free"]);
    assert.deepEqual(told.local, { campaign: null, reason: "audience_false" });
    const [account] = told.trace;
    assert.equal(account.would_show_if, "usage.api_calls.ratio >= 0.8; now 0.74");
    assert.equal(account.gates.find(({ verdict }) => verdict === "stop").gate, "audience");
    assert.deepEqual([...page.problems], []);
  });

  test("without a network it tells what the page knows, and does not reject", async (t) => {
    const page = await arrive(t, "offline");
    await page.route(/\/v1\/decisions/, (route) => route.abort());
    await page.evaluate(() => window.upcue.usage("api_calls", 800));
    const told = await explain(page);
    assert.deepEqual([told.reason, told.campaign, told.local.reason], ["network", "api_quota", "match"]);
    assert.deepEqual(told.trace, [{ campaign: "api_quota", reason: "match" }]);
    assert.deepEqual([...page.problems], []);
  });
});
