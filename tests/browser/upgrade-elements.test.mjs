// <upcue-plans> and <upcue-upgrade> in Chromium, by keyboard and under a strict policy, against every answer they may get.
// The Worker's side is played by the test, so that each answer can be had; whether the real one gives them is tested elsewhere.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { serveApp, startChromium } from "../support/browser.mjs";
import { comparison, problem, quote, upgraded } from "./upgrade-answers.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { width: 320, height: 640 };
const CORS = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
/** Nobody listens there; the page's calls are answered before they get so far. */
const WORKER = "http://127.0.0.1:9";
/** Nobody checks it either, but the SDK wants to know for whom it speaks. */
const TOKEN = `e30.${btoa(JSON.stringify({ iss: "test", tenant: "acme", sub: "ada" }))}.x`;

describe("comparing plans and upgrading in a page", () => {
  const ends = [];
  const suite = { after: (end) => ends.unshift(end) };
  let browser;
  let app;
  before(async () => {
    browser = await startChromium(suite);
    app = await serveApp(suite, { endpoint: WORKER, token: async () => TOKEN });
  });
  after(async () => {
    for (const end of ends) await end();
  });

  /**
   * A page with both elements. `answers`: by "METHOD /path" a body, `[status, body]`, or a function that gives one, told the
   * request's body and how often it was asked. The page has `calls`: what was sent.
   */
  const open = async (t, answers = {}, { attributes = {}, query = "", ...options } = {}) => {
    const context = await browser.newContext(options);
    t.after(() => context.close());
    const page = await context.newPage();
    page.calls = [];
    page.problems = [];
    page.on("pageerror", (error) => page.problems.push(error.message));
    await page.route(`${WORKER}/**`, (route) =>
      respond(route, page, { "GET /v1/plans": comparison(), "POST /v1/upgrade/quotes": quote(), ...answers }),
    );
    await page.goto(app.url + query);
    await page.evaluate((given) => {
      window.events = [];
      for (const name of ["upcue-choose", "upcue-contact", "upcue-upgraded"]) {
        document.addEventListener(name, ({ detail }) => window.events.push([name, detail]));
      }
      const plans = document.createElement("upcue-plans");
      plans.setAttribute("heading-level", "2");
      for (const [key, value] of Object.entries(given)) plans.setAttribute(key, value);
      document.querySelector("main").append(document.createElement("upcue-upgrade"), plans);
    }, attributes);
    await page.locator("upcue-plans[state]:not([state=loading])").waitFor();
    return page;
  };

  const choose = async (page) => {
    await page.getByRole("button", { name: "Switch to Team" }).click();
    const confirm = page.locator("upcue-upgrade").locator("[part=confirm]");
    await confirm.waitFor();
    return confirm;
  };

  for (const [what, answers, attributes, says] of [
    ["cards", {}, {}, "Fits your pace"],
    ["a table", {}, { view: "matrix" }, "Fits your pace"],
    ["no plan fits", { fit: { outcome: "contact_us", binds: [] } }, {}, "None of these plans covers what you need"],
    ["a member", { role: "member" }, {}, "Ask your admin"],
    [
      "teammates have asked",
      { reason: { kind: "requests", count: 4, feature: "sso", meter: null, plan: null, label: "Single sign-on" } },
      {},
      "4 teammates asked for Single sign-on",
    ],
    [
      "upgrading is not possible now",
      { upgrade: { available: false, code: "subscription_past_due", detail: "The last invoice is unpaid." } },
      {},
      "The last invoice is unpaid.",
    ],
    ["no plans", { plans: [], rows: [], intervals: [] }, {}, "There are no plans to choose from."],
  ]) {
    test(`${what}: for everybody, on a phone and in the dark`, async (t) => {
      for (const options of [{}, { viewport: PHONE, colorScheme: "dark" }]) {
        const page = await open(t, { "GET /v1/plans": comparison(answers) }, { attributes, ...options });
        await page.getByText(says).first().waitFor();
        await assertAccessible(page);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
        assert.deepEqual(page.problems, []);
      }
    });
  }

  test("plans that cannot be had are asked for again", async (t) => {
    const page = await open(t, { "GET /v1/plans": (_, n) => (n === 1 ? problem(500, "internal", "It broke.") : comparison()) });
    await assertAccessible(page);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("You’ve used 92% of your API calls").waitFor();
  });

  test("by keyboard: the interval, the plan, the dialog, and back to where one was", async (t) => {
    const page = await open(t);
    await page.getByLabel("Monthly").focus();
    await page.keyboard.press("ArrowRight");
    await page.getByText("$990", { exact: true }).waitFor();
    assert.equal(await focused(page), "year");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Upgrade to Team" }).waitFor();
    assert.deepEqual(await page.evaluate(() => window.events), [["upcue-choose", { plan: "team", price: "team_year" }]]);
    assert.deepEqual(page.calls.at(-1).body, { plan: "team", price: "team_year" });
    assert.equal(await focused(page), "title");
    await assertAccessible(page);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.equal(await focused(page), "team");
    assert.equal(page.calls.filter(({ path }) => path === "/v1/upgrades").length, 0);
  });

  test("a page may keep the dialog from opening", async (t) => {
    const page = await open(t);
    await page.evaluate(() => document.addEventListener("upcue-choose", (event) => event.preventDefault()));
    await page.getByRole("button", { name: "Switch to Team" }).click();
    assert.equal(await page.getByRole("dialog").count(), 0);
  });

  test("a dialog that is opened as soon as it was closed shows what it costs", async (t) => {
    const page = await open(t);
    await choose(page);
    await page.evaluate(() => {
      const element = document.querySelector("upcue-upgrade");
      element.shadowRoot.querySelector("dialog").addEventListener("close", () => (window.told = true));
      void element.close();
      void element.open({ plan: "team" });
    });
    await page.waitForFunction(() => window.told);
    await page.getByRole("button", { name: "Pay $14.50 and upgrade" }).waitFor();
  });

  test("the button says what is paid; a double click pays once", async (t) => {
    const page = await open(t, { "POST /v1/upgrades": upgraded });
    const confirm = await choose(page);
    assert.equal(await confirm.textContent(), "Pay $14.50 and upgrade");
    await confirm.dblclick();
    await page.getByRole("heading", { name: "You’re on Team" }).waitFor();
    await assertAccessible(page);
    assert.equal(page.calls.filter(({ path }) => path === "/v1/upgrades").length, 1);
    assert.deepEqual((await page.evaluate(() => window.events)).at(-1), ["upcue-upgraded", { plan: "team", upgrade: "upg_1" }]);
    assert.deepEqual(page.problems, []);
  });

  test("what nobody knows the end of is asked again with the same key, and Escape does not end it", async (t) => {
    const answers = [
      problem(409, "upgrade_in_progress", "wait"),
      problem(503, "stripe_unavailable", "?", { upgrade: "upg_1" }),
      [200, upgraded],
    ];
    const page = await open(t, { "POST /v1/upgrades": (_, n) => answers[n - 1] });
    await (await choose(page)).click();
    for (let i = 0; i < 3; i++) await page.keyboard.press("Escape");
    assert.ok(await page.getByRole("dialog").isVisible());
    await page.getByRole("heading", { name: "You’re on Team" }).waitFor();
    const keys = page.calls.filter(({ path }) => path === "/v1/upgrades").map(({ key }) => key);
    assert.equal(keys.length, 3);
    assert.equal(new Set(keys).size, 1);
  });

  test("a decline shows the bank's reason; trying again is another try", async (t) => {
    const page = await open(t, {
      "POST /v1/upgrades": problem(402, "payment_failed", "Your card has insufficient funds.", {
        decline_code: "insufficient_funds",
      }),
    });
    const confirm = await choose(page);
    await confirm.click();
    const alert = page.getByRole("alert");
    await alert.getByText("Your card has insufficient funds.").waitFor();
    await alert.getByText("Your plan is what it was.").waitFor();
    await assertAccessible(page);
    assert.equal(await focused(page), "confirm");
    await Promise.all([page.waitForResponse((response) => response.url().endsWith("/v1/upgrades")), confirm.click()]);
    await alert.waitFor();
    const keys = page.calls.filter(({ path }) => path === "/v1/upgrades").map(({ key }) => key);
    assert.equal(keys.length, 2);
    assert.equal(new Set(keys).size, 2);
  });

  test("a quote that went stale is shown afresh, and confirmed anew", async (t) => {
    const fresh = quote({ token: "quote_2", amount_due: 1500 });
    const page = await open(t, {
      "POST /v1/upgrades": ({ quote: token }) =>
        token === "quote_1" ? problem(409, "quote_stale", "It changed.", { quote: fresh }) : upgraded,
    });
    await (await choose(page)).click();
    await page.getByRole("alert").getByText("Due now: $15.00 instead of $14.50.").waitFor();
    await page.getByRole("button", { name: "Pay $15.00 and upgrade" }).click();
    await page.getByRole("heading", { name: "You’re on Team" }).waitFor();
  });

  test("being on the plan already is no error", async (t) => {
    const page = await open(t, { "POST /v1/upgrade/quotes": problem(409, "already_on_plan", "x") });
    await page.getByRole("button", { name: "Switch to Team" }).click();
    await page.getByRole("dialog", { name: "You’re on this plan already" }).waitFor();
    await assertAccessible(page);
  });

  test("the number of seats makes another quote", async (t) => {
    const page = await open(t, {
      "POST /v1/upgrade/quotes": ({ quantity = 3 }) => quote({ quantity, amount_due: 1000 * quantity }),
    });
    await (await choose(page)).and(page.getByText("Pay $30.00 and upgrade")).waitFor();
    await page.getByRole("button", { name: "One more" }).click();
    await page.getByRole("button", { name: "One more" }).click();
    await page.getByRole("button", { name: "Pay $50.00 and upgrade" }).waitFor();
    assert.equal(await focused(page), "more");
  });

  test("a bank's question leads to Stripe's page and back to the result", async (t) => {
    const page = await open(
      t,
      {
        "POST /v1/upgrades": ({ return_url }) => ({
          status: "requires_action",
          upgrade: "upg_1",
          url: `${return_url}&upcue_upgrade=upg_1`,
          reason: "authentication",
        }),
        "GET /v1/upgrades/upg_1": (_, n) => (n < 3 ? { status: "pending" } : upgraded),
      },
      { query: "?tab=billing" },
    );
    await (await choose(page)).click();
    await page.getByRole("dialog", { name: "Your bank wants you to confirm" }).waitFor();
    await page.waitForURL(/upcue_upgrade/);
    await page.locator("html[data-loaded]").waitFor({ state: "attached" });
    await page.evaluate(() => document.querySelector("main").append(document.createElement("upcue-upgrade")));
    await page.getByRole("heading", { name: "You’re on Team" }).waitFor();
    assert.equal(new URL(page.url()).search, "?tab=billing");
  });

  test("members ask for what they came for", async (t) => {
    const page = await open(
      t,
      {
        "GET /v1/plans": comparison({ role: "member" }),
        "POST /v1/upgrade-requests": [202, { status: "asked", label: "Single sign-on", count: 4 }],
      },
      { attributes: { for: "sso" } },
    );
    await page.getByRole("button", { name: "Ask your admin: Business" }).click();
    await page.getByText("Asked", { exact: true }).waitFor();
    assert.deepEqual(page.calls.at(-1).body, { plan: "business", feature: "sso" });
    await page.getByRole("status").getByText("Your admins have been asked for Single sign-on.").waitFor({ state: "attached" });
  });

  test("another plan is shown as soon as the page hears of it, and the interval stays", async (t) => {
    const page = await open(t);
    await page.getByLabel("Yearly").check();
    const answers = [comparison(), comparison({ current: { ...comparison().current, plan: "team", name: "Team" } })];
    await page.evaluate((given) => {
      const instance = {
        ready: true,
        locale: "en",
        id: "starter",
        asked: 0,
        plan: () => ({ id: instance.id, name: instance.id }),
      };
      instance.comparePlans = async () => given[Math.min(instance.asked++, 1)];
      instance.on = (_, listener) => ((instance.change = listener), () => {});
      window.instance = instance;
      document.querySelector("upcue-plans").upcue = instance;
    }, answers);
    await page.getByText("You’re on Starter").waitFor();
    await page.getByLabel("Yearly").focus();
    await page.evaluate(() => {
      for (let n = 0; n < 5; n++) window.instance.change();
      window.instance.id = "team";
      for (let n = 0; n < 5; n++) window.instance.change();
    });
    await page.getByText("You’re on Team").waitFor();
    assert.equal(await page.evaluate(() => window.instance.asked), 2);
    assert.ok(await page.getByLabel("Yearly").isChecked());
    assert.equal(await focused(page), "year");
  });

  test("no plan fits: the page hears that somebody wants to talk", async (t) => {
    const page = await open(t, { "GET /v1/plans": comparison({ fit: { outcome: "contact_us", binds: [] } }) });
    await page.getByRole("button", { name: "Contact us" }).click();
    assert.deepEqual(await page.evaluate(() => window.events), [["upcue-contact", {}]]);
  });

  test("words and directions are the page's", async (t) => {
    const page = await open(t, {}, { locale: "de-DE" });
    await page.evaluate(async () => {
      document.documentElement.dir = "rtl";
      const { UpcuePlans } = await import("/sdk/define.js");
      UpcuePlans.messages.best = "Passt";
      document.querySelector("upcue-plans").reload();
    });
    await page.getByText("Passt", { exact: true }).waitFor();
    await assertAccessible(page);
  });
});

async function respond(route, page, answers) {
  const request = route.request();
  const { pathname } = new URL(request.url());
  if (request.method() === "OPTIONS") return route.fulfill({ status: 204, headers: CORS });
  const name = `${request.method()} ${pathname}`;
  const answer = answers[name];
  if (answer === undefined) return route.fulfill({ status: 404, headers: CORS });
  const body = request.postDataJSON() ?? {};
  page.calls.push({ path: pathname, body, key: request.headers()["idempotency-key"] });
  const given = typeof answer === "function" ? answer(body, page.calls.filter(({ path }) => path === pathname).length) : answer;
  const [status, json] = Array.isArray(given) ? given : [200, given];
  return route.fulfill({ status, headers: CORS, contentType: "application/json", body: JSON.stringify(json) });
}

/** The key or name of what has the focus, through shadow roots. */
const focused = (page) =>
  page.evaluate(() => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    return active.dataset.key ?? active.id;
  });

async function assertAccessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(
    violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target.join(" "))]),
    [],
  );
}
