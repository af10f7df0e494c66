// The main job in a real browser: use on the server brings the nudge into an open page, dismissing lasts, paying ends it.

import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import Stripe from "stripe";
import { openPage, serveApp, startChromium } from "../support/browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, built, call, changePlan, seedStripe } from "../support/stack.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const banner = (page) => page.getByRole("button", { name: "Compare plans" });

describe("the nudge", () => {
  const stack = sharedStack({ config: CONFIG });
  const ends = [];
  const suite = { after: (end) => ends.unshift(end) };
  let browser;
  before(async () => {
    browser = await startChromium(suite);
  });
  after(async () => {
    for (const end of ends) await end();
  });

  /** A tenant of its own with a page for one of its users. */
  const arrive = async (t, tenant, { user = "ada", role = "admin" } = {}) => {
    const stripe = await seedStripe(stack.stripe, { tenant });
    const app = await serveApp(t, { endpoint: stack.worker.url, token: () => stack.token({ tenant, user, role }) });
    const context = await browser.newContext();
    t.after(() => context.close());
    return { ...stripe, app, context, page: await openPage(context, app) };
  };
  const use = (tenant, value) =>
    stack.api("POST", "/v1/events", { tenant, events: [{ type: "usage", meter: "api_calls", value }] });

  test("use on the server brings it into an open page; dismissing hides it in every tab and for good", async (t) => {
    const { app, context, page } = await arrive(t, "walk");
    const second = await openPage(context, app);
    await use("walk", 790);
    await page.getByRole("meter").waitFor();
    assert.equal(await banner(page).count(), 0, "79 %");

    const shown = Promise.all([page, second].map((p) => banner(p).waitFor()));
    const sentAt = performance.now();
    await use("walk", 10);
    await shown;
    await record(performance.now() - sentAt);
    await page.getByText("You’ve used 80% of your API quota").waitFor();

    await page.getByRole("button", { name: /dismiss/i }).click();
    await banner(page).waitFor({ state: "hidden" });
    await banner(second).waitFor({ state: "hidden" });
    await page.reload();
    await page.locator("html[data-loaded]").waitFor({ state: "attached" });
    await page.waitForFunction(() => window.upcue.fresh); // until then it goes by what it knew at its last visit
    assert.equal(await banner(page).count(), 0);
    assert.equal(await page.evaluate(() => window.upcue.decide("app.header").reason), "dismissed");

    // Another device of the same user knows it too.
    const elsewhere = await browser.newContext();
    t.after(() => elsewhere.close());
    const phone = await openPage(elsewhere, app);
    assert.equal(await phone.evaluate(() => window.upcue.decide("app.header").reason), "dismissed");
    assert.deepEqual([...page.problems, ...second.problems, ...phone.problems], []);
  });

  test("an upgrade that Stripe tells of takes it away", async (t) => {
    const { page, subscription, prices } = await arrive(t, "payer");
    await use("payer", 950);
    await banner(page).waitFor();
    await stack.stripe.control("PUT", "/_sandbox/delivery", { mode: "drop" });
    const changed = await changePlan(stack.stripe, subscription, prices.Team);
    const payload = JSON.stringify({ id: "evt_signed", object: "event", type: "customer.subscription.updated", data: { object: changed } });
    const signature = new Stripe("sk_test_x").webhooks.generateTestHeaderString({ payload, secret: stack.webhookSecret });
    const told = await call(`${stack.worker.url}/webhooks/stripe/demo`, { method: "POST", raw: payload, headers: { "stripe-signature": signature } });
    assert.equal(told.body.state, "done");
    await banner(page).waitFor({ state: "hidden" });
    assert.deepEqual(await page.evaluate(() => window.upcue.entitlement("sso")), {
      granted: true,
      limit: null,
      used: 0,
      remaining: null,
      reason: "included",
    });
    await stack.stripe.control("PUT", "/_sandbox/delivery", { mode: "deliver" });
  });

  test("use in the page counts at once, and once at the Worker", async (t) => {
    const { page } = await arrive(t, "local");
    const decided = await page.evaluate(() => {
      window.upcue.usage("api_calls", 900);
      return { decision: window.upcue.decide("app.header").nudge?.title, left: window.upcue.entitlement("api_calls").remaining };
    });
    assert.deepEqual(decided, { decision: "You’ve used 90% of your API quota", left: 100 });
    await banner(page).waitFor();
    await page.waitForResponse((response) => response.url().endsWith("/v1/events") && response.status() === 202);
    assert.equal(await stack.meter("local", "api_calls"), 900);
    assert.equal(await page.evaluate(() => window.upcue.entitlement("api_calls").used), 900, "not doubled when the Worker confirms");
  });

  test("members are asked what members can do", async (t) => {
    const { page } = await arrive(t, "team", { user: "milo", role: "member" });
    await use("team", 900);
    await page.getByRole("button", { name: "Ask your admin" }).click();
    assert.deepEqual(await page.evaluate(() => window.actions), ["request_upgrade"]);
  });

  test("it works by keyboard and for assistive technology", async (t) => {
    const { page } = await arrive(t, "keys");
    await use("keys", 900);
    await banner(page).waitFor();
    await page.evaluate(await readFile(AXE, "utf8"));
    const { violations } = await page.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.length]), []);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Escape");
    await banner(page).waitFor({ state: "hidden" });
  });

  for (const [what, options, spoil] of [
    ["wasm forbidden by the page's policy", { policy: "default-src 'self'; connect-src *" }],
    ["wasm damaged", { wasm: () => Buffer.from("not wasm") }],
    ["no token to be had", {}, (app) => (app.token = () => Promise.reject(new Error("down")))],
    ["a token of somebody else", {}, (app) => (app.token = async () => "rubbish")],
    ["the Worker not there", { endpoint: "http://127.0.0.1:9" }],
  ]) {
    test(`${what}: no nudge, nothing blocked, the app goes on`, async (t) => {
      const app = await serveApp(t, { endpoint: stack.worker.url, token: () => stack.token({ tenant: "quiet" }), ...options });
      spoil?.(app);
      const context = await browser.newContext();
      t.after(() => context.close());
      const page = await openPage(context, app);
      const answers = await page.evaluate(() => {
        window.upcue.usage("api_calls", 5);
        window.upcue.track("clicked");
        return { nudge: window.upcue.decide("app.header").nudge, granted: window.upcue.entitlement("sso").granted };
      });
      assert.deepEqual(answers, { nudge: null, granted: true });
      assert.equal(await page.locator("upcue-nudge").evaluate((element) => element.getBoundingClientRect().height), 0, "nothing to see");
      await page.getByRole("button", { name: "Work" }).click();
      assert.equal(await page.title(), "worked");
      assert.deepEqual(page.problems, []);
    });
  }
});

/** How long the server's 80 % took to become a painted banner; for the record, not a condition. */
async function record(milliseconds) {
  const directory = built.bench;
  const row = { name: "server-usage-to-banner", value: Math.round(milliseconds), unit: "ms", reference: 1000, ratio: milliseconds / 1000 };
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, "first-nudge.json"), `${JSON.stringify([row], null, 2)}\n`);
}
