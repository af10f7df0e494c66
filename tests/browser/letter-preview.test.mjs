// A preview of a letter in a browser: every way it is shown, and nothing that runs in it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { INLINE, mailConfig } from "../support/mailing.mjs";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";

describe("a preview in a browser", () => {
  const browser = sharedBrowser();
  const stack = sharedStack({ config: mailConfig({ plans: INLINE, templates: { near: { builtin: "limit_approaching", meter: "api_calls" } } }) });

  test("shows the letter wide and narrow, by day and by night, and its text", async (t) => {
    const { body } = await stack.api("POST", "/v1/email/preview", { template: "near" });
    const context = await browser.newContext({ colorScheme: null, viewport: { width: 1100, height: 2400 } });
    t.after(() => context.close());
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => complaints.push(message.text()));
    await page.goto(body.url, { waitUntil: "load" });
    assert.equal(await page.title(), body.subject);
    const shown = [];
    for (const frame of page.frames().slice(1)) {
      const look = await frame.evaluate(() => ({ dark: matchMedia("(prefers-color-scheme: dark)").matches, width: innerWidth, origin: self.origin }));
      const button = frame.getByRole("link", { name: "Compare plans" });
      await button.waitFor();
      assert.equal(await button.getAttribute("target"), "_blank", "a link does not open within the frame");
      shown.push([look.width > 600, look.dark, look.origin]);
    }
    assert.deepEqual(shown, [[true, false, "null"], [false, false, "null"], [true, true, "null"], [false, true, "null"]]);
    assert.match(await page.locator("pre").innerText(), /Nimbus Inc\., 1 Cloud Street, Berlin/);
    assert.deepEqual(complaints, []);
  });
});
