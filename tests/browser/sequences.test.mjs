// From the letter into the app: the address is cleaned, the visit told once, and the comparison knows why the user came.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { openPage, serveApp, startChromium } from "../support/browser.mjs";
import { addShopper, eventually, follow, linkIn, mailConfig, mailing } from "../support/mailing.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { seedStripe } from "../support/stack.mjs";

describe("a user who comes from a letter", () => {
  const stack = sharedStack({ dev: true, config: mailConfig() });
  before(async () => Object.assign(stack, await seedStripe(stack.stripe, { tenant: "first" })));

  test("finds the comparison with the reason, and an address without a trace", async (t) => {
    const browser = await startChromium(t);
    const mails = mailing(stack);
    await addShopper(stack, "acme");
    await mails.use("acme", 900);
    const [{ id }] = await mails.until("acme", 1);
    const { headers } = await follow(linkIn(await mails.letter("acme", id), stack.worker, "e"), "HEAD");
    const ref = new URL(headers.get("location")).searchParams.get("upcue");
    assert.equal((await mails.of("acme")).letters[0].clicked_at, null);

    const app = await serveApp(t, { endpoint: stack.worker.url, token: () => stack.token({ tenant: "acme" }) });
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await openPage(context, { ...app, url: `${app.url}?tab=all&upcue=${ref}#top` });
    await page.waitForFunction(() => !location.search.includes("upcue="));
    assert.equal(await page.evaluate(() => location.search + location.hash), "?tab=all#top");
    const told = await page.evaluate(() => window.upcue.comparePlans());
    assert.deepEqual(told.letter, { id, sequence: "quota_emails" });
    assert.equal(told.reason.meter, "api_calls");
    await eventually(async () => (await mails.of("acme")).letters[0].clicked_at !== null);
    // Some pages later, in the same tab, it still knows.
    await page.goto(app.url);
    await page.waitForFunction(() => "loaded" in document.documentElement.dataset);
    assert.deepEqual((await page.evaluate(() => window.upcue.comparePlans())).letter, { id, sequence: "quota_emails" });
    assert.deepEqual(page.problems, []);
  });
});
