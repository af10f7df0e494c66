// <upcue-nudge> in each of its forms, in Chromium, with an instance played by the test: how it looks to whom, when it is drawn,
// when it counts as seen, and that the page's own styles and policies do it no harm.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startChromium } from "../support/browser.mjs";
import { DARK, assertAccessible, calls, change, looked, nudge, openElements, show } from "./elements-page.mjs";

const PHONE = { width: 320, height: 640 };
const KINDS = ["banner", "inline", "toast", "modal", "badge"];

describe("nudges of every kind", () => {
  const ends = [];
  let browser;
  before(async () => {
    browser = await startChromium({ after: (end) => ends.unshift(end) });
  });
  after(async () => {
    for (const end of ends) await end();
  });
  const open = (t, options) => openElements(t, browser, options);

  for (const kind of KINDS) {
    for (const [where, options] of [
      ["in the light", {}],
      ["in the dark", { colorScheme: "dark", css: DARK }],
      ["from right to left", { lang: "ar" }],
      ["on a narrow screen", { viewport: PHONE }],
      ["in forced colours", { forcedColors: "active", reducedMotion: "reduce" }],
    ]) {
      test(`a ${kind} ${where} is accessible and sticks out nowhere`, async (t) => {
        const page = await open(t, options);
        const long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
        const element = await show(page, nudge({ kind, snooze: 1000, body: kind === "badge" ? "In a word." : long }));
        if (kind === "badge") await element.getByRole("button").first().click();
        await finished(page);
        await assertAccessible(page);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
        const { x, width } = await element.locator("[part~=nudge]").boundingBox();
        assert.ok(x >= 0 && x + width <= page.viewportSize().width, `from ${x}, ${width} wide`);
        assert.deepEqual(page.problems, []);
        assert.deepEqual(await page.evaluate(() => window.violations), [], "nothing the page's policy forbids");
      });
    }

    test(`a ${kind} is put away, put off and followed, and tells the page`, async (t) => {
      const page = await open(t);
      for (const [button, method, event, more] of [
        ["Dismiss", "dismiss", "upcue-dismiss", {}],
        ["Later", "snooze", "upcue-snooze", {}],
        ["Compare plans", "click", "upcue-action", { action: "compare_plans" }],
      ]) {
        const element = await show(page, nudge({ kind, campaign: method, decision: method, snooze: 5000 }), method);
        if (kind === "badge") await element.getByRole("button", { name: /used 80/ }).click();
        await element.getByRole("button", { name: button }).click();
        assert.deepEqual(await calls(page, method), [method]);
        assert.deepEqual((await page.evaluate(() => window.events)).at(-1), [event, { ...more, campaign: method, decision: method }]);
        if (method !== "click") assert.equal(await element.getAttribute("state"), "empty");
        await element.evaluate((node) => node.remove());
      }
    });
  }

  test("a nudge without a body or a call to action has neither", async (t) => {
    const page = await open(t);
    const element = await show(page, nudge({ body: "", cta: null }));
    assert.deepEqual(await element.getByRole("button").evaluateAll((all) => all.map((one) => one.ariaLabel)), ["Dismiss"]);
    await assertAccessible(page);
  });

  test("a badge without a body leads on at once", async (t) => {
    const page = await open(t);
    const element = await show(page, nudge({ kind: "badge", title: "New", body: "" }));
    await element.getByRole("button", { name: "New" }).click();
    assert.deepEqual(await calls(page, "click"), ["quota"]);
  });

  test("what a badge opens closes at Escape, and the badge stays, with the focus", async (t) => {
    const page = await open(t);
    const element = await show(page, nudge({ kind: "badge", title: "New" }));
    await page.locator("#work").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await element.getByRole("button", { name: "Compare plans" }).waitFor();
    await page.keyboard.press("Escape");
    await element.getByRole("button", { name: "Compare plans" }).waitFor({ state: "hidden" });
    assert.equal(await element.getAttribute("state"), "shown");
    assert.equal(await focused(page), "New");
    assert.deepEqual(await calls(page, "dismiss"), []);
  });

  test("a dialog takes the focus and gives it back, and Escape puts it away", async (t) => {
    const page = await open(t);
    await page.locator("#work").focus();
    const element = await show(page, nudge({ kind: "modal" }));
    await page.getByRole("dialog", { name: "You’ve used 80% of your API quota" }).waitFor();
    assert.equal(await focused(page), "Compare plans");
    await page.keyboard.press("Escape");
    await element.and(page.locator("[state=empty]")).waitFor({ state: "attached" });
    assert.equal(await focused(page), "Work");
    assert.deepEqual(await calls(page, "dismiss"), ["quota"]);
  });

  test("a dialog that was followed is gone, and does not come again while it is decided", async (t) => {
    const page = await open(t);
    await show(page, nudge({ kind: "modal" }));
    await page.keyboard.press("Enter");
    await change(page, {});
    assert.equal(await page.getByRole("dialog").count(), 0);
    assert.deepEqual(await calls(page, "dismiss"), []);
    assert.deepEqual(await calls(page, "claim"), ["quota"]);
  });

  test("one dialog at a time: the next waits, uncounted, and does not talk over the page's own", async (t) => {
    const page = await open(t, { body: "<dialog id=own>Own</dialog>" });
    await page.evaluate(() => document.querySelector("#own").showModal());
    await page.evaluate((made) => {
      window.upcue.world.nudges = { a: made("a"), b: made("b") };
      for (const placement of ["a", "b"]) window.put("upcue-nudge", { placement });
    }, await page.evaluateHandle((given) => (campaign) => ({ ...given, campaign }), nudge({ kind: "modal" })));
    assert.deepEqual(await calls(page, "claim"), []);
    await page.evaluate(() => document.querySelector("#own").close());
    await change(page, {});
    await page.getByRole("dialog").waitFor();
    assert.deepEqual(await calls(page, "claim"), ["a"]);
    await page.keyboard.press("Escape");
    await page.locator("upcue-nudge[placement=b][state=shown]").waitFor({ state: "attached" });
    assert.deepEqual(await calls(page, "claim"), ["a", "b"]);
    assert.equal(await page.getByRole("dialog").count(), 1);
  });

  test("a dialog that follows another in its place is not taken for it when that one's end is told", async (t) => {
    const page = await open(t);
    const element = await show(page, nudge({ kind: "modal", campaign: "first" }));
    await element.evaluate((node, next) => {
      node.shadowRoot.querySelector("dialog").addEventListener("close", () => (window.told = true));
      const { dismiss } = window.upcue;
      window.upcue.dismiss = (what) => {
        dismiss(what);
        window.upcue.world.nudges.here = next;
        queueMicrotask(window.upcue.change);
      };
    }, nudge({ kind: "modal", campaign: "second" }));
    await element.getByRole("button", { name: "Dismiss" }).click();
    await page.waitForFunction(() => window.told);
    assert.ok(await page.getByRole("dialog").isVisible());
    assert.deepEqual(await calls(page, "claim"), ["first", "second"]);
    assert.deepEqual(await calls(page, "dismiss"), ["first"]);
  });

  test("a dialog does not come over the one in which an upgrade is confirmed", async (t) => {
    const page = await open(t);
    await page.evaluate(() => {
      window.upcue.quote = () => new Promise(() => {});
      return window.put("upcue-upgrade", {}).open({ plan: "team" }) && undefined;
    });
    await page.getByRole("dialog").waitFor();
    await page.evaluate((given) => {
      window.upcue.world.nudges.here = given;
      window.put("upcue-nudge", { placement: "here" });
    }, nudge({ kind: "modal" }));
    await change(page, {});
    assert.deepEqual(await calls(page, "claim"), []);
  });

  test("toasts stand above each other, take no focus and move down when one goes", async (t) => {
    const page = await open(t);
    await page.locator("#work").focus();
    const first = await show(page, nudge({ kind: "toast", campaign: "a" }), "a");
    const second = await show(page, nudge({ kind: "toast", campaign: "b" }), "b");
    assert.equal(await focused(page), "Work");
    await finished(page);
    const box = (element) => element.locator("[part~=toast]").boundingBox();
    const [low, high] = [await box(first), await box(second)];
    assert.ok(high.y + high.height < low.y, "no overlap");
    await first.getByRole("button", { name: "Dismiss" }).click();
    await page.waitForFunction(
      ([element, y]) => element.shadowRoot.querySelector(".toast").getBoundingClientRect().y >= y,
      [await second.elementHandle(), low.y],
    );
  });

  test("a banner's words are told politely, and it is put away by Escape", async (t) => {
    const page = await open(t);
    const element = await show(page, nudge());
    await element.getByRole("status").getByText("You’ve used 80% of your API quota").waitFor();
    await page.locator("#work").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Escape");
    assert.deepEqual(await calls(page, "dismiss"), ["quota"]);
  });

  test("words that change are changed in place, and not counted again", async (t) => {
    const page = await open(t);
    const element = await show(page, nudge());
    await change(page, { nudges: { here: nudge({ title: "You’ve used 81% of your API quota", decision: "d-2" }) } });
    await element.getByText("81%").waitFor();
    await element.getByRole("button", { name: "Dismiss" }).click();
    assert.deepEqual(await calls(page, "claim"), ["quota"]);
    assert.equal((await page.evaluate(() => window.events)).at(-1)[1].decision, "d-1");
  });

  describe("when it is drawn", () => {
    test("not before what is decided is fresh, or a second has gone", async (t) => {
      const page = await open(t, { clock: true });
      await page.evaluate((given) => {
        window.upcue.fresh = false;
        window.upcue.world.nudges.here = given;
        window.put("upcue-nudge", { placement: "here" });
      }, nudge());
      const shown = page.locator("upcue-nudge[state=shown]");
      await page.clock.runFor(900);
      assert.equal(await shown.count(), 0);
      assert.deepEqual(await calls(page, "claim"), []);
      await page.clock.runFor(200);
      await shown.waitFor();
      assert.deepEqual(await calls(page, "claim"), ["quota"]);
    });

    test("a nudge that what is newer takes back is never drawn", async (t) => {
      const page = await open(t, { clock: true });
      await page.evaluate((given) => {
        window.upcue.fresh = false;
        window.upcue.world.nudges.here = given;
        window.drawn = new Set();
        const element = window.put("upcue-nudge", { placement: "here" });
        new MutationObserver(() => window.drawn.add(element.getAttribute("state"))).observe(element, { attributes: true });
        window.upcue.fresh = true;
        window.upcue.world.nudges = {};
        window.upcue.change();
      }, nudge());
      await page.clock.runFor(3000);
      assert.deepEqual(await page.evaluate(() => [...window.drawn]), ["empty"]);
      assert.deepEqual(await calls(page, "claim"), []);
    });

    test("not when another tab has taken the last of the budget", async (t) => {
      const page = await open(t);
      await page.evaluate((given) => {
        Object.assign(window.upcue.world, { grant: false, nudges: { here: given } });
        window.put("upcue-nudge", { placement: "here" });
      }, nudge());
      await change(page, {});
      assert.equal(await page.locator("upcue-nudge[state=empty]").count(), 1);
      assert.equal(await page.locator("upcue-nudge").evaluate((node) => node.getBoundingClientRect().height), 0);
      assert.deepEqual(await calls(page, "hidden"), []);
    });

    test("not when the decision no longer stands once the budget is granted", async (t) => {
      const page = await open(t);
      await page.evaluate((given) => {
        const { world } = window.upcue;
        world.grant = new Promise((grant) => (window.grant = grant));
        world.nudges.here = given;
        window.put("upcue-nudge", { placement: "here" });
        world.nudges = {};
        window.grant(true);
      }, nudge());
      await page.waitForFunction(() => window.upcue.calls.some(([name]) => name === "hidden"));
      assert.equal(await page.locator("upcue-nudge[state=shown]").count(), 0);
      assert.deepEqual(await calls(page, "exposure"), []);
    });

    test("the page's own content is in its place until there is an instance", async (t) => {
      const page = await open(t, { define: false, body: '<upcue-nudge placement="here"><p>Meanwhile</p></upcue-nudge>' });
      await page.getByText("Meanwhile").waitFor();
      // An instance and words that are given before the element is known are kept.
      await page.evaluate((given) => {
        window.upcue.ready = false;
        window.upcue.world.nudges.here = given;
        Object.assign(document.querySelector("upcue-nudge"), { upcue: window.upcue, messages: { dismiss: "Not now" } });
      }, nudge());
      await page.evaluate(() => Promise.all([window.define(), window.define()]));
      assert.ok(await page.getByText("Meanwhile").isVisible());
      assert.equal(await page.locator("upcue-nudge[state]").count(), 0);
      await page.evaluate(() => {
        window.upcue.ready = true;
        window.upcue.change();
      });
      await page.getByRole("button", { name: "Not now" }).waitFor();
      assert.ok(await page.getByText("Meanwhile").isHidden());
      assert.deepEqual(page.problems, []);
    });
  });

  describe("when it counts as seen", () => {
    const seen = (page) => calls(page, "exposure");
    /** Lets the page's clock run after the browser has told where things are. */
    const pass = async (page, milliseconds) => {
      await looked(page);
      await page.clock.runFor(milliseconds);
    };

    for (const kind of KINDS) {
      test(`a ${kind}: after a second, once`, async (t) => {
        const page = await open(t, { clock: true });
        await show(page, nudge({ kind }));
        await pass(page, 900);
        assert.deepEqual(await seen(page), []);
        await pass(page, 200);
        assert.deepEqual(await seen(page), ["quota"]);
        await change(page, {});
        await pass(page, 5000);
        assert.deepEqual(await seen(page), ["quota"]);
      });
    }

    test("not below the fold, nor with less than half in view, nor for less than a second on end", async (t) => {
      const page = await open(t, { clock: true, css: "main { padding-block-start: 2000px }" });
      const element = await show(page, nudge());
      await pass(page, 5000);
      assert.deepEqual(await seen(page), [], "below");
      const scroll = (part) =>
        element.evaluate((node, part) => {
          const { top, height } = node.shadowRoot.querySelector("[part~=nudge]").getBoundingClientRect();
          scrollTo(0, scrollY + top + height * part - innerHeight);
        }, part);
      await scroll(0.4);
      await pass(page, 5000);
      assert.deepEqual(await seen(page), [], "less than half");
      await scroll(0.7);
      await pass(page, 700);
      await scroll(0);
      await pass(page, 0);
      await scroll(0.7);
      await pass(page, 700);
      assert.deepEqual(await seen(page), [], "twice, shortly");
      await pass(page, 400);
      assert.deepEqual(await seen(page), ["quota"]);
    });

    for (const [what, hide] of [
      ["in a page that nobody looks at", () => Object.defineProperty(document, "hidden", { value: true, configurable: true })],
      ["in what is not displayed", () => (document.querySelector("main").style.display = "none")],
      ["in what is invisible", () => (document.querySelector("main").style.visibility = "hidden")],
      ["in what has been taken out of the page", () => document.querySelector("main").remove()],
    ]) {
      test(`not ${what}`, async (t) => {
        const page = await open(t, { clock: true });
        await show(page, nudge());
        await page.evaluate(hide);
        await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
        await pass(page, 5000);
        assert.deepEqual(await seen(page), []);
      });
    }

    test("who comes back to the page has seen it a second later", async (t) => {
      const page = await open(t, { clock: true });
      await show(page, nudge());
      const look = (hidden) =>
        page.evaluate((value) => {
          Object.defineProperty(document, "hidden", { value, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }, hidden);
      await pass(page, 800);
      await look(true);
      await pass(page, 5000);
      assert.deepEqual(await seen(page), []);
      await look(false);
      await pass(page, 1100);
      assert.deepEqual(await seen(page), ["quota"]);
    });

    test("those held out would have seen it by the same rule, and are counted once", async (t) => {
      const page = await open(t, { clock: true, css: "main { padding-block-start: 2000px }" });
      await page.evaluate(() => {
        window.upcue.world.ghosts.here = [{ campaign: "quota", kind: "banner", decision: "g-1" }];
        window.put("upcue-nudge", { placement: "here" });
      });
      const ghosts = () => calls(page, "ghost");
      await pass(page, 5000);
      assert.deepEqual(await ghosts(), [], "below the fold");
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      await pass(page, 900);
      assert.deepEqual(await ghosts(), []);
      await pass(page, 200);
      await change(page, {});
      await pass(page, 5000);
      assert.deepEqual(await ghosts(), ["quota"]);
      assert.deepEqual(await seen(page), []);
    });

    for (const [kind, height] of [
      ["banner", 70],
      ["inline", 128],
      ["badge", 24],
    ]) {
      test(`those held out of a ${kind} would have seen it once half of it was in view`, async (t) => {
        const page = await open(t, { clock: true, css: "main { padding-block: 2000px }" });
        await page.evaluate((kind) => {
          window.upcue.world.ghosts.here = [{ campaign: "quota", kind, decision: "g-1" }];
          window.put("upcue-nudge", { placement: "here" });
        }, kind);
        const reveal = (pixels) =>
          page.evaluate((pixels) => {
            const { top } = document.querySelector("upcue-nudge").getBoundingClientRect();
            scrollTo(0, scrollY + top + pixels - innerHeight);
          }, pixels);
        await reveal(height * 0.4);
        await pass(page, 5000);
        assert.deepEqual(await calls(page, "ghost"), [], "less than half");
        await reveal(height * 0.6);
        await pass(page, 1100);
        assert.deepEqual(await calls(page, "ghost"), ["quota"]);
      });
    }

    test("those held out of a dialog would have seen it when no other was open", async (t) => {
      const page = await open(t, { clock: true, body: "<dialog id=own>Own</dialog>" });
      await page.evaluate(() => {
        document.querySelector("#own").showModal();
        window.upcue.world.ghosts.here = [{ campaign: "quota", kind: "modal", decision: "g-1" }];
        window.put("upcue-nudge", { placement: "here" });
      });
      await pass(page, 5100);
      assert.deepEqual(await calls(page, "ghost"), [], "behind the page's own");
      await page.evaluate(() => document.querySelector("#own").close());
      await pass(page, 2000);
      assert.deepEqual(await calls(page, "ghost"), ["quota"]);
    });

    test("each of those held out of several campaigns is counted where it would be", async (t) => {
      const page = await open(t, { clock: true, css: "main { padding-block: 2000px }" });
      await page.evaluate(() => {
        window.upcue.world.ghosts.here = ["banner", "toast"].map((kind) => ({ campaign: kind, kind, decision: kind }));
        window.put("upcue-nudge", { placement: "here" });
      });
      await pass(page, 1100);
      assert.deepEqual(await calls(page, "ghost"), ["toast"]);
      await page.evaluate(() => document.querySelector("upcue-nudge").scrollIntoView({ block: "center" }));
      await pass(page, 1100);
      assert.deepEqual(await calls(page, "ghost"), ["toast", "banner"]);
    });

    test("those held out of a toast would have seen it wherever its element is", async (t) => {
      const page = await open(t, { clock: true, css: "main { padding-block-start: 2000px }" });
      await page.evaluate(() => {
        window.upcue.world.ghosts.here = [{ campaign: "quota", kind: "toast", decision: "g-1" }];
        window.put("upcue-nudge", { placement: "here" });
      });
      await pass(page, 1100);
      assert.deepEqual(await calls(page, "ghost"), ["quota"]);
    });
  });

  for (const [what, css] of [
    ["a page that resets everything", "* { display: none !important; all: unset !important }"],
    [
      "a page that shouts",
      `* { color: red !important; text-transform: uppercase !important; letter-spacing: 1em !important; text-indent: 90px !important;
       white-space: nowrap !important; line-height: 4 !important; float: right !important; background: yellow !important;
       text-align: center !important; word-spacing: 9px !important; cursor: wait !important; font-style: italic !important }
       button, p, dialog, div, span { position: absolute !important; opacity: 0 !important; padding: 90px !important }`,
    ],
  ]) {
    for (const kind of KINDS) {
      test(`${what} does a ${kind} no harm`, async (t) => {
        const looks = async (page, element) => {
          if (kind === "badge") await element.getByRole("button").first().click();
          await finished(page);
          return element.evaluate((node) =>
            [...node.shadowRoot.querySelectorAll("p, button, [part~=nudge]")].map((part) => {
              const style = getComputedStyle(part);
              const names = ["color", "display", "position", "letterSpacing", "textTransform", "textIndent", "whiteSpace", "opacity"];
              return [part.getBoundingClientRect().height > 0, style.backgroundColor, ...names.map((name) => style[name])];
            }),
          );
        };
        const given = nudge({ kind, title: "Quota", body: "Soon", snooze: 1 });
        const calm = await open(t);
        const hostile = await open(t, { css });
        assert.deepEqual(await looks(hostile, await show(hostile, given)), await looks(calm, await show(calm, given)));
        await hostile.locator("upcue-nudge").getByRole("button", { name: "Dismiss" }).click();
        assert.deepEqual(await calls(hostile, "dismiss"), ["quota"]);
      });
    }
  }

  test("a page may hide it, colour it, and dress its parts", async (t) => {
    const page = await open(t, {
      css: "upcue-nudge { --upcue-accent: rgb(1, 2, 3) } upcue-nudge::part(title) { font-style: italic } .off { display: none }",
    });
    const element = await show(page, nudge());
    const style = (part, name) => element.locator(`[part~=${part}]`).evaluate((node, name) => getComputedStyle(node)[name], name);
    assert.equal(await style("cta", "backgroundColor"), "rgb(1, 2, 3)");
    assert.equal(await style("title", "fontStyle"), "italic");
    await element.evaluate((node) => node.classList.add("off"));
    assert.ok(await page.getByRole("button", { name: "Dismiss" }).isHidden());
  });

  test("who wants less motion is spared it", async (t) => {
    for (const kind of KINDS) {
      const page = await open(t, { reducedMotion: "reduce" });
      const element = await show(page, nudge({ kind }));
      assert.equal(await element.evaluate((node) => node.shadowRoot.getAnimations().length), 0, kind);
    }
  });
});

/** Until nothing moves any more. */
const finished = (page) =>
  page.waitForFunction(() =>
    [...document.querySelectorAll("upcue-nudge")].every((node) => !node.shadowRoot.getAnimations({ subtree: true }).length),
  );

/** What has the focus, through shadow roots. */
const focused = (page) =>
  page.evaluate(() => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    return active.ariaLabel ?? active.textContent;
  });
