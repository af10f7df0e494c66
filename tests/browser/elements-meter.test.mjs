// <upcue-meter>: usage against limit, where the present pace leads, and that it does not shout.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startChromium } from "../support/browser.mjs";
import { DARK, assertAccessible, meter, openElements } from "./elements-page.mjs";

/** Meters with dates cross into the page as moments. */
const FIRST = Date.UTC(2031, 11, 1, 12);
const BEFORE = Date.UTC(2031, 10, 28, 12);

describe("meters", () => {
  const ends = [];
  let browser;
  before(async () => {
    browser = await startChromium({ after: (end) => ends.unshift(end) });
  });
  after(async () => {
    for (const end of ends) await end();
  });

  const draw = (page, given) =>
    page.evaluate((given) => {
      const date = (at) => (at === null ? null : new Date(at));
      window.upcue.world.meters.api_calls = given && { ...given, resetsAt: date(given.resetsAt), exhaustsAt: date(given.exhaustsAt) };
      if (!document.querySelector("upcue-meter")) window.put("upcue-meter", { meter: "api_calls" });
      window.upcue.change();
    }, given);
  const part = (page, name) => page.locator("upcue-meter").locator(`[part~=${name}]`);
  const length = (page, name) => part(page, name).evaluate((node) => node.getBoundingClientRect().width);

  for (const [what, given, says] of [
    ["a count in the middle of its period", {}, { value: "6,200 of 10,000 calls", remaining: "3,800 left", resets: "", pace: "" }],
    [
      "one that will stay below its limit",
      { resetsAt: FIRST, projected: 9100.4 },
      { resets: "Resets Dec 1, 2031", pace: "At this pace: 9,100 by Dec 1, 2031" },
    ],
    [
      "one that will not",
      { resetsAt: FIRST, projected: 12_400, exhaustsAt: BEFORE },
      { pace: "At this pace you reach the limit on Nov 28, 2031" },
    ],
    ["one at its limit", { value: 10_000, resetsAt: FIRST, projected: 12_400 }, { remaining: "Limit reached" }],
    ["one beyond it", { value: 10_500 }, { remaining: "500 over the limit" }],
    [
      "one without a limit",
      { limit: null, softLimit: null, resetsAt: FIRST, projected: 12_400 },
      { value: "6,200 calls", remaining: "No limit", pace: "At this pace: 12,400 by Dec 1, 2031" },
    ],
    ["one that allows nothing", { value: 0, limit: 0, softLimit: null }, { remaining: "Limit reached" }],
    ["a gauge without a unit", { unit: "", value: 3, limit: 5, softLimit: null }, { value: "3 of 5", pace: "" }],
  ]) {
    test(`${what} is told in words, to everybody`, async (t) => {
      for (const options of [{}, { viewport: { width: 320, height: 640 }, colorScheme: "dark", css: DARK }]) {
        const page = await openElements(t, browser, { timezoneId: "UTC", ...options });
        await draw(page, meter(given));
        for (const [name, text] of Object.entries(says)) assert.equal(await part(page, name).textContent(), text);
        await assertAccessible(page);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
        assert.deepEqual(page.problems, []);
        assert.deepEqual(await page.evaluate(() => window.violations), []);
      }
    });
  }

  test("the bar shows what is used, the soft limit, and where the pace leads", async (t) => {
    const page = await openElements(t, browser, { reducedMotion: "reduce" });
    await draw(page, meter({ value: 5000, resetsAt: FIRST, projected: 7500 }));
    const track = await length(page, "track");
    const near = async (name, share) => assert.ok(Math.abs((await length(page, name)) / track - share) < 0.01, name);
    await near("fill", 0.5);
    await near("projected", 0.75);
    assert.ok(await part(page, "soft-limit").isVisible());
    await draw(page, meter({ value: 5000, resetsAt: FIRST, projected: 99_000, softLimit: 10_000 }));
    await near("projected", 1);
    assert.ok(await part(page, "soft-limit").isHidden());
    await draw(page, meter({ value: 5000 }));
    assert.ok(await part(page, "projected").isHidden());
    assert.ok(await part(page, "projection").isHidden());
  });

  test("it tells of another level, once, and of nothing else", async (t) => {
    const page = await openElements(t, browser);
    await draw(page, meter({ value: 7900 }));
    const said = page.locator("upcue-meter").getByRole("status");
    await page.evaluate(() => {
      window.told = [];
      const status = document.querySelector("upcue-meter").shadowRoot.querySelector("[role=status]");
      const observer = new MutationObserver(() => window.told.push(status.textContent));
      observer.observe(status, { childList: true, characterData: true, subtree: true });
    });
    assert.equal(await said.textContent(), "", "nothing at first");
    for (const value of [7950, 7999, 8000, 8100, 8500, 10_000, 10_001, 10_002]) await draw(page, meter({ value }));
    assert.deepEqual(await page.evaluate(() => window.told), [
      "API calls: 8,000 of 10,000 calls. 2,000 left",
      "API calls: 10,000 of 10,000 calls. Limit reached",
    ]);
    const bar = page.getByRole("meter", { name: "API calls" });
    assert.equal(await bar.getAttribute("aria-valuetext"), "10,002 of 10,000 calls");
    assert.equal(await bar.getAttribute("aria-valuenow"), "10000");
  });

  test("a meter nobody knows takes no place, and comes when it is known", async (t) => {
    const page = await openElements(t, browser);
    await draw(page, null);
    assert.equal(await page.locator("upcue-meter").evaluate((node) => node.getBoundingClientRect().height), 0);
    await draw(page, meter());
    await page.getByRole("meter").waitFor();
  });
});
