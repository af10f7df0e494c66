// One ledger for all tabs: whoever races for the last of a budget, it is spent once; what was put away, or paid for, is so in every tab.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, ONCE, serveCustomer, settles, start, visit } from "./core-app.mjs";
import { upgraded } from "./upgrade-answers.mjs";

const ROUNDS = 100;
/** Between two rounds, in milliseconds: both tabs set off at the same moment. */
const BEAT = 15;

describe("tabs of one browser", () => {
  const browser = sharedBrowser();
  const stack = sharedStack({ config: CONFIG });

  /** A browser of a tenant of its own; `tab` opens the page and loads the package. */
  const arrive = async (t, tenant, { spoil } = {}) => {
    const app = await serveCustomer(t, { token: () => stack.token({ tenant }) });
    const context = await browser.newContext();
    t.after(() => context.close());
    if (spoil) await context.addInitScript(spoil);
    const load = async (page) => {
      await start(page, { endpoint: stack.worker.url });
      return page;
    };
    return { app, context, load, tab: async () => load(await visit(context, app)) };
  };

  const race = (page, at) =>
    page.evaluate(
      async ({ rounds, beat, at }) => {
        const won = [];
        for (let i = 0; i < rounds; i++) {
          const { nudge } = window.upcue.decide(`once.${i}`);
          while (Date.now() < at + i * beat) await new Promise((done) => setTimeout(done));
          won.push(nudge ? await window.upcue.claim(nudge) : false);
        }
        return won;
      },
      { rounds: ROUNDS, beat: BEAT, at },
    );

  for (const [what, second] of [
    ["of two processes", ({ tab }) => tab()],
    [
      "of one process",
      async ({ app, load }, first) => {
        const opening = first.waitForEvent("popup");
        await first.evaluate((url) => void window.open(url), app.url);
        const page = await opening;
        page.problems = [];
        await page.waitForFunction(() => window.start);
        return load(page);
      },
    ],
  ]) {
    test(`two tabs ${what} that race for a cap of one show it exactly once, ${ROUNDS} times`, async (t) => {
      const tenant = `race-${what.replaceAll(" ", "-")}`;
      const arrived = await arrive(t, tenant);
      const one = await arrived.tab();
      const two = await second(arrived, one);
      const at = (await one.evaluate(() => Date.now())) + 300;
      const [first, other] = await Promise.all([race(one, at), race(two, at)]);
      const wins = first.map((won, i) => Number(won) + Number(other[i]));
      assert.deepEqual(wins, new Array(ROUNDS).fill(1));
      t.diagnostic(`won by the first ${first.filter(Boolean).length}, by the other ${other.filter(Boolean).length}`);
      // The Worker has them, too: another device shows none again.
      const phone = await arrive(t, tenant);
      const page = await phone.tab();
      await settles(page, (n) => Array.from({ length: n }, (_, i) => window.upcue.decide(`once.${i}`).reason), new Array(ROUNDS).fill("capped"), ROUNDS);
      assert.equal(await page.evaluate((i) => window.upcue.decide(`once.${i}`).reason, ONCE - 1), "match");
      assert.deepEqual([...one.problems, ...two.problems], []);
    });
  }

  test("places of one page share a claim, and a nudge shown once more is counted once more", async (t) => {
    const { tab } = await arrive(t, "places");
    const page = await tab();
    const told = await page.evaluate(async () => {
      const { upcue } = window;
      const decide = () => upcue.decide("once.0");
      const { nudge } = decide();
      const together = await Promise.all([upcue.claim(nudge), upcue.claim(nudge)]);
      const shown = decide().reason;
      upcue.hidden(nudge);
      const half = decide().reason;
      upcue.hidden(nudge);
      return { together, shown, half, gone: decide().reason, again: await upcue.claim(nudge) };
    });
    assert.deepEqual(told, { together: [true, true], shown: "match", half: "match", gone: "capped", again: false });
  });

  test("what is put away without a network stays away in all tabs, and after a reload", async (t) => {
    const { context, tab } = await arrive(t, "away");
    const [one, two] = [await tab(), await tab()];
    await context.route(/\/v1\//, (route) => route.abort());
    const reason = () => window.upcue.decide("once.1").reason;
    await one.evaluate(() => window.upcue.dismiss(window.upcue.decide("once.1").nudge));
    await settles(two, reason, "dismissed");
    await two.reload();
    await two.waitForFunction(() => window.start);
    await start(two, { endpoint: stack.worker.url, user: "nobody-known" });
    assert.equal(await two.evaluate(reason), "not_ready");
    await context.unroute(/\/v1\//);
    const three = await tab();
    assert.equal(await three.evaluate(reason), "dismissed", "before the Worker has heard of it");
  });

  const REFUSED = {
    storage: `
      for (const name of ["localStorage", "sessionStorage", "indexedDB"]) {
        Object.defineProperty(window, name, { get() { throw new DOMException("refused", "SecurityError"); } });
      }`,
    channel: "delete window.BroadcastChannel;",
  };

  test("where storage is refused, tabs still tell each other", async (t) => {
    const { tab } = await arrive(t, "no-storage", { spoil: REFUSED.storage });
    const [one, two] = [await tab(), await tab()];
    assert.equal(await one.evaluate(() => window.upcue.claim(window.upcue.decide("once.0").nudge)), true);
    await settles(two, () => window.upcue.decide("once.0").reason, "capped");
    assert.deepEqual([...one.problems, ...two.problems], []);
  });

  test("where both are refused, a page stands alone and keeps its own budget", async (t) => {
    const { context, tab } = await arrive(t, "alone", { spoil: REFUSED.storage + REFUSED.channel });
    const page = await tab();
    await context.route(/\/v1\//, (route) => route.abort());
    const told = await page.evaluate(async () => {
      const { nudge } = window.upcue.decide("once.0");
      const claimed = await window.upcue.claim(nudge);
      window.upcue.hidden(nudge);
      return [claimed, window.upcue.decide("once.0").reason];
    });
    assert.deepEqual([told, page.problems], [[true, "capped"], []]);
  });

  test("an upgrade silences every tab at once, whatever the network does", async (t) => {
    const { context, tab } = await arrive(t, "payer");
    const [one, two] = [await tab(), await tab()];
    const reason = () => window.upcue.decide("once.0").reason;
    assert.equal(await two.evaluate(reason), "match");
    await context.route(/\/v1\//, (route) => {
      const headers = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
      if (!route.request().url().endsWith("/v1/upgrades")) return route.abort();
      return route.fulfill({ json: upgraded, headers });
    });
    const told = await one.evaluate(async () => {
      const { status } = await window.upcue.upgrade({ token: "quote_1" });
      return [status, window.upcue.decide("once.0").reason];
    });
    assert.deepEqual(told, ["upgraded", "converted"]);
    await settles(two, reason, "converted");
  });

  test("looking up an upgrade of long ago silences nothing", async (t) => {
    const { context, tab } = await arrive(t, "paid-long-ago");
    const page = await tab();
    const json = { ...upgraded, upgraded_at: Date.now() - 30 * 86_400_000 };
    await context.route(/\/v1\/upgrades\//, (route) => route.fulfill({ json, headers: { "access-control-allow-origin": "*" } }));
    const told = await page.evaluate(async () => {
      const { status } = await window.upcue.upgradeState("upg_1");
      return [status, window.upcue.decide("once.0").reason];
    });
    assert.deepEqual(told, ["upgraded", "match"]);
  });

  test("what was shown is not forgotten over what was clicked and when it was paid", async (t) => {
    const { context, tab } = await arrive(t, "crowded");
    const one = await tab();
    // The Worker does not hear of it.
    await context.route(/\/v1\/events$/, (route) => route.abort());
    const json = { ...upgraded, upgraded_at: Date.now() - 30 * 86_400_000 };
    await context.route(/\/v1\/upgrades\//, (route) => route.fulfill({ json: { ...json, upgraded_at: json.upgraded_at++ }, headers: { "access-control-allow-origin": "*" } }));
    const claimed = await one.evaluate(async () => {
      const { upcue } = window;
      const { nudge } = upcue.decide("once.0");
      const claimed = await upcue.claim(nudge);
      for (let i = 0; i < 250; i++) upcue.click({ ...nudge, decision: `${nudge.decision}-${i}` });
      for (let i = 0; i < 10; i++) await upcue.upgradeState("upg_1");
      return claimed;
    });
    assert.equal(claimed, true);
    await one.close();
    const two = await tab();
    assert.equal(await two.evaluate(() => window.upcue.decide("once.0").reason), "capped");
  });

  test("a nudge whose place is gone before its turn has come is not counted", async (t) => {
    const { tab } = await arrive(t, "gone");
    const page = await tab();
    assert.equal(await page.evaluate(() => window.upcue.claim(window.upcue.decide("once.4").nudge, () => false)), false);
    // Somebody else has the turn, as long as this page says.
    await page.evaluate(async () => {
      await import("/sdk/define.js");
      const opening = indexedDB.open("upcue", 1);
      const database = await new Promise((done) => (opening.onsuccess = () => done(opening.result)));
      const store = database.transaction("notes", "readwrite").objectStore("notes");
      await new Promise((begun) => {
        const hold = () => {
          begun();
          if (!window.released) store.get("nobody").onsuccess = hold;
          else database.close();
        };
        store.get("nobody").onsuccess = hold;
      });
      const claim = window.upcue.claim;
      window.upcue.claim = (...given) => {
        window.claiming = claim(...given);
        return window.claiming;
      };
      const element = document.createElement("upcue-nudge");
      element.setAttribute("placement", "once.5");
      document.body.append(element);
    });
    await settles(page, () => !!window.claiming, true);
    const claimed = await page.evaluate(() => {
      document.querySelector("upcue-nudge").remove();
      window.released = true;
      return window.claiming;
    });
    assert.equal(claimed, false);
    assert.deepEqual(await page.evaluate(() => ["once.4", "once.5"].map((placement) => window.upcue.decide(placement).reason)), ["match", "match"]);
  });

  test("a database of that name that is somebody else's keeps no nudge waiting", async (t) => {
    const { app, context, load } = await arrive(t, "foreign");
    const page = await visit(context, app);
    await page.evaluate(
      () =>
        new Promise((done) => {
          const opening = indexedDB.open("upcue", 1);
          opening.onsuccess = () => done(opening.result.close());
        }),
    );
    await load(page);
    await page.evaluate(() => {
      // Patience has no end here.
      const { setTimeout } = window;
      window.setTimeout = (run, ms) => (ms === 1000 ? 0 : setTimeout(run, ms));
      window.upcue.claim(window.upcue.decide("once.0").nudge).then((claimed) => (window.claimed = claimed));
    });
    await settles(page, () => window.claimed, true);
  });

  test("the Worker hears of rendering, seeing and what was done about it, each under its decision", async (t) => {
    const { tab } = await arrive(t, "telling");
    const page = await tab();
    const sent = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/v1/events"));
    const decision = await page.evaluate(async () => {
      const { upcue } = window;
      const { nudge } = upcue.decide("once.2");
      await upcue.claim(nudge);
      upcue.exposure(nudge);
      upcue.exposure(nudge);
      upcue.click(nudge);
      upcue.snooze(nudge, 1000);
      upcue.dismiss(nudge);
      return nudge.decision;
    });
    const { events } = JSON.parse((await sent).postData());
    assert.deepEqual(events.map(({ type }) => type), ["render", "exposure", "click", "snooze", "dismiss"]);
    for (const event of events) assert.deepEqual([event.campaign, event.decision], ["once-2", decision]);
    const { at, until } = events[3];
    assert.equal(until - at, 1000);
  });
});
