// Words: one call for all elements, plural forms, a whole language from right to left, and what one element says otherwise.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startChromium } from "../support/browser.mjs";
import { assertAccessible, change, meter, nudge, openElements, show } from "./elements-page.mjs";
import { comparison, quote } from "./upgrade-answers.mjs";

const speak = (page) =>
  page.evaluate(async () => {
    const { setLocale } = await import("/sdk/define.js");
    setLocale((await import("/sdk/locales/ar.js")).default);
  });

describe("words", () => {
  const ends = [];
  let browser;
  before(async () => {
    browser = await startChromium({ after: (end) => ends.unshift(end) });
  });
  after(async () => {
    for (const end of ends) await end();
  });

  test("another language takes the place of English at once, everywhere, and goes again", async (t) => {
    const page = await openElements(t, browser, { lang: "ar" });
    await show(page, nudge({ snooze: 1 }));
    await page.evaluate((given) => {
      window.upcue.world.meters.api_calls = given;
      window.put("upcue-meter", { meter: "api_calls" });
    }, meter());
    await page.getByRole("button", { name: "Later" }).waitFor();
    await speak(page);
    await page.getByRole("button", { name: "لاحقًا" }).waitFor();
    await page.getByRole("button", { name: "إغلاق" }).waitFor();
    await page.getByText(/يتبقى/).waitFor();
    await assertAccessible(page);
    await page.evaluate(async () => (await import("/sdk/define.js")).setLocale(undefined));
    await page.getByRole("button", { name: "Later" }).waitFor();
  });

  test("numbers take the form their language has for them, on a page that names another language too", async (t) => {
    const page = await openElements(t, browser);
    await speak(page);
    await page.evaluate(() => window.put("upcue-meter", { meter: "api_calls" }));
    for (const [left, text] of [
      [1, "يتبقى واحد"],
      [2, "يتبقى اثنان"],
    ]) {
      await change(page, { meters: { api_calls: meter({ value: 10_000 - left }) } });
      assert.equal(await page.locator("upcue-meter").locator("[part=remaining]").textContent(), text);
    }
    await page.evaluate(
      (given) => {
        window.upcue.world.plans = given;
        window.put("upcue-plans", {});
      },
      comparison({
        requests: [1, 2, 5, 20, 100].map((count) => ({ count, label: `SSO ${count}`, plan: null, feature: "sso", meter: null })),
      }),
    );
    const wishes = page.locator("upcue-plans").locator("[part=wish]");
    await wishes.first().waitFor();
    const said = await wishes.allTextContents();
    for (const [i, form] of ["أحد زملائك", "اثنان من زملائك", "زملاء", "زميلًا", "من زملائك"].entries()) assert.ok(said[i].includes(form), said[i]);
  });

  test("plans and the dialog are in Arabic from right to left, whole and accessible, on a phone too", async (t) => {
    for (const viewport of [{ width: 900, height: 800 }, { width: 320, height: 640 }]) {
      const page = await openElements(t, browser, { lang: "ar", viewport });
      await speak(page);
      await page.evaluate(
        ([plans, quote]) => {
          Object.assign(window.upcue.world, { plans, quote });
          window.put("upcue-upgrade", { seats: "" });
          window.put("upcue-plans", { "heading-level": "2" });
        },
        [comparison(), quote({ discount: 100, tax: 200 })],
      );
      await page.getByText("تناسب وتيرتك").waitFor();
      await assertAccessible(page);
      await page.getByRole("button", { name: "انتقل إلى Team" }).click();
      const dialog = page.getByRole("dialog", { name: "الترقية إلى Team" });
      await dialog.getByText("المستحق الآن").waitFor();
      await page.waitForFunction(() => !document.querySelector("upcue-upgrade").shadowRoot.getAnimations({ subtree: true }).length);
      await assertAccessible(page);
      // What is written in Latin letters there are names, and what the test's Stripe says.
      const names = /Stripe|Team|Starter|Single sign-on|API calls|Unused time on|Remaining time on|US/g;
      const texts = await dialog.evaluate((node) => node.textContent);
      assert.deepEqual(texts.replace(names, "").match(/[A-Za-z]{2,}/g) ?? [], []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
      assert.deepEqual(page.problems, []);
    }
  });

  test("one element may say it otherwise, and a class, in any language", async (t) => {
    const page = await openElements(t, browser);
    await show(page, nudge({ snooze: 1 }), "a");
    await show(page, nudge({ campaign: "b", snooze: 1 }), "b");
    await page.evaluate(async () => {
      const { UpcueNudge, setLocale } = await import("/sdk/define.js");
      UpcueNudge.messages.dismiss = "Away";
      document.querySelector("upcue-nudge[placement=b]").messages = { later: "Tomorrow" };
      setLocale({ lang: "en-GB", nudge: { dismiss: "Close", later: "Not now" } });
    });
    const labels = (placement) =>
      page
        .locator(`upcue-nudge[placement=${placement}]`)
        .getByRole("button")
        .evaluateAll((all) => all.map((one) => one.ariaLabel ?? one.textContent));
    assert.deepEqual(await labels("a"), ["Compare plans", "Not now", "Away"]);
    assert.deepEqual(await labels("b"), ["Compare plans", "Tomorrow", "Away"]);
  });
});
