// The console as somebody meets it: signing in, finding the way, and what must never happen in it. The Worker is real; the reports
// that come from its facts are answered by console-reports.mjs, so that their figures are known.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { brotliCompressSync } from "node:zlib";
import { eventually } from "../support/eventually.mjs";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, built, createApp, root, seedStripe } from "../support/stack.mjs";
import { HOSTILE, doubleReports } from "./console-reports.mjs";
import { serveConsole, settled, signIn } from "./console-stage.mjs";

const run = promisify(execFile);
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Names that would do harm where a name is taken for markup, a path or an address. */
const HOSTILE_TENANTS = [
  HOSTILE,
  `"><script>window.harmed=1</script>`,
  "javascript:window.harmed=1",
  "../../v1/config",
  "a%2Fb?x=1#y&z",
  "{{constructor.constructor('window.harmed=1')()}}",
];

const RULES = {
  ...CONFIG,
  signals: [{ id: "api_quota_80", builtin: "limit_approaching", meter: "api_calls" }],
  segments: { ready: { label: "Ready", enter: "score >= 20", exit: "score < 10" } },
  email: {
    from: { address: "hello@nimbus.example", name: "Nimbus" },
    postal_address: "Nimbus Inc., Berlin",
    links: { plans: "https://nimbus.example/", app: "https://nimbus.example/" },
  },
  sequences: [{ id: "quota_emails", enter: "signal.api_quota_80.active", to: "admins", steps: [{ after: "0s", template: "approaching" }] }],
  templates: { approaching: { builtin: "limit_approaching", meter: "api_calls" } },
};

const of = (tenant) => `tenants/${encodeURIComponent(tenant)}`;
const PAGES = [
  "overview",
  "overview?step=exposed&show=prompts",
  "campaigns",
  "campaigns/api_quota",
  "signals",
  "conversions?by=signal&is.signal=api_quota_80",
  "tenants",
  of(HOSTILE),
  `${of(HOSTILE)}?tab=timeline`,
  `${of(HOSTILE)}?tab=decisions`,
  `${of(HOSTILE)}?tab=letters`,
  "segments/ready",
  "letters",
  "configuration",
  "configuration?tab=backtest",
  "configuration?tab=versions",
  "stripe",
  "webhooks",
  "activity",
];
/** The pages, each once, by the calls they begin with. */
const ROOMS = [
  "overview",
  "campaigns",
  "campaigns/api_quota",
  "signals",
  "conversions",
  "tenants",
  of("acme"),
  `${of("acme")}?tab=timeline`,
  `${of("acme")}?tab=decisions`,
  `${of("acme")}?tab=letters`,
  "segments",
  "letters",
  "configuration",
  "configuration?tab=versions",
  "stripe",
  "webhooks",
  "activity",
];

describe("the console", () => {
  const chromium = sharedBrowser();
  const stack = sharedStack({ config: RULES });
  const ends = [];
  let origin;
  before(async () => {
    await seedStripe(stack.stripe);
    for (const [i, tenant] of ["acme", ...HOSTILE_TENANTS].entries()) {
      const events = [
        { type: "usage", meter: "seats", set: 2 },
        { type: "identify", user: "ada", email: "ada@acme.example", name: HOSTILE, role: "admin", owner: true },
      ];
      const sent = await stack.api("POST", "/v1/events", { tenant, client: "test", seq: i + 1, events });
      assert.equal(sent.status, 202, tenant);
    }
    await stack.api("POST", "/v1/events", {
      tenant: "acme",
      user: "ada",
      events: [
        { type: "usage", meter: "api_calls", value: 900 },
        { type: "exposure", campaign: "api_quota", decision: "d1" },
      ],
    });
    await eventually(async () => {
      const { body } = await stack.api("GET", "/v1/tenants?sort=score");
      assert.equal(body.tenants.length, HOSTILE_TENANTS.length + 1);
      assert.ok(body.tenants[0].score >= 20, "acme has a score");
    });
    origin = await serveConsole({ after: (end) => ends.unshift(end) }, stack.worker);
  });
  after(async () => {
    for (const end of ends) await end();
  });

  /** A page of its own, what goes wrong in it collected. */
  const open = async (t, options) => {
    const context = await chromium.newContext({ locale: "en-US", ...options });
    t.after(() => context.close());
    const page = await context.newPage();
    page.problems = [];
    page.on("pageerror", (error) => page.problems.push(error.message));
    page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
    page.on("dialog", (dialog) => (page.problems.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
    return page;
  };
  /** The same, signed in and with the reports answered. */
  const enter = async (t, options) => {
    const page = await open(t, options);
    page.asked = await doubleReports(page);
    await signIn(page, origin, stack.secretKey);
    return page;
  };
  const visit = async (page, at) => {
    await page.goto(`${origin}/console/#/${at}`);
    await settled(page);
  };
  const stored = (page) => page.evaluate(() => JSON.stringify([Object.entries(localStorage), document.cookie, location.href]));

  test("holds to its own types", async () => {
    await run(path.join(root, "node_modules/.bin/tsc"), ["--project", path.join(root, "www/console")]).catch(({ stdout }) =>
      assert.fail(stdout),
    );
  });

  test("is small: the editor comes when it is needed", async () => {
    const files = await readdir(path.join(built.www, "console"));
    const brotli = async (file) => brotliCompressSync(await readFile(path.join(built.www, "console", file))).length;
    const scripts = files.filter((file) => file.endsWith(".js"));
    const later = await Promise.all(scripts.filter((file) => file !== "console.js").map(brotli));
    assert.ok((await brotli("console.js")) < 60_000, "what every page loads");
    assert.ok(later.length > 0 && Math.max(...later) > 100_000, "the editor is apart");
    assert.ok(later.reduce((sum, size) => sum + size) < 200_000, "the editor, and what it shares");
  });

  test("comes with a policy that leaves it nothing but itself and the Worker", async () => {
    const { headers } = await fetch(`${origin}/console/`);
    const policy = headers.get("content-security-policy");
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]) {
      assert.ok(policy.split("; ").includes(part), `${part} in ${policy}`);
    }
    assert.doesNotMatch(policy, /unsafe|\*|http/);
  });

  test("tells what is wrong with a key, and keeps one that is right in this tab alone", async (t) => {
    const page = await open(t);
    await page.goto(`${origin}/console/`);
    for (const [key, words] of [
      [stack.operatorKey, "This is an operator key."],
      ["hello", "This is no secret key"],
      [`upc_sk_${stack.app}_AAAA`, "key"],
    ]) {
      await page.getByLabel("Secret key").fill(key);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").filter({ hasText: words }).waitFor();
    }
    await signIn(page, origin, stack.secretKey);
    assert.ok(!(await stored(page)).includes(stack.secretKey), "not where it outlives the tab, nor in the address");
    await page.reload();
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    const other = await page.context().newPage();
    await other.goto(`${origin}/console/`);
    await other.getByLabel("Secret key").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Secret key").waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await page.reload();
    await page.getByLabel("Secret key").waitFor();
  });

  test("shows the door again when the key is revoked", async (t) => {
    const made = await stack.operator("POST", `/v1/apps/${stack.app}/keys`, { kind: "secret" });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const page = await open(t);
    await doubleReports(page);
    const { secret_key: key } = made.body;
    await signIn(page, origin, key, "#/tenants");
    const revoked = await stack.operator("DELETE", `/v1/apps/${stack.app}/keys/${key}`);
    assert.ok(revoked.status < 300, JSON.stringify(revoked.body));
    let turn = 0;
    await eventually(async () => {
      await page.evaluate((at) => (location.hash = at), ++turn % 2 ? "#/segments" : "#/tenants");
      assert.ok(await page.getByLabel("Secret key").isVisible());
    });
  });

  test("signs in from the address of a developer's machine, which forgets the key at once", async (t) => {
    const page = await open(t);
    await doubleReports(page);
    await page.goto(`${origin}/console/#endpoint=${stack.worker.url}&key=${stack.secretKey}`);
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    assert.ok(!(await stored(page)).includes(stack.secretKey));
    await page.getByText(stack.worker.url, { exact: true }).waitFor();
  });

  test("believes neither key nor endpoint of an address anywhere else", async (t) => {
    const page = await open(t);
    const hosts = new Set();
    await page.route(/./, async (route) => {
      const url = new URL(route.request().url());
      hosts.add(url.host);
      await route.fulfill({ response: await route.fetch({ url: origin + url.pathname + url.search }) });
    });
    await page.goto(
      `https://console.example/console/?endpoint=https://thief.example#endpoint=https://thief.example&key=${stack.secretKey}`,
    );
    await page.getByLabel("Secret key").waitFor();
    assert.equal(await page.getByLabel("Worker").count(), 0, "no other endpoint can be named");
    assert.equal(await page.evaluate(() => location.hash), "");
    await page.getByLabel("Secret key").fill(stack.secretKey);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#main").waitFor();
    assert.deepEqual([...hosts], ["console.example"]);
    await page.unrouteAll({ behavior: "wait" });
  });

  test("takes a link to what it names, before and after signing in", async (t) => {
    const page = await open(t);
    await doubleReports(page);
    await signIn(page, origin, stack.secretKey, `#/${of("acme")}?tab=timeline`);
    await page.getByRole("heading", { name: "acme", level: 1 }).waitFor();
    await page.getByText("Signal detected").waitFor();
    assert.equal(await page.title(), "acme · Upcue");
    await page.getByRole("link", { name: "Decisions" }).click();
    await page.getByText("app.header").waitFor();
    await page.goBack();
    await page.getByText("Signal detected").waitFor();
    await visit(page, "no/such/page");
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  });

  for (const [colorScheme, width] of [
    ["light", 1360],
    ["dark", 320],
  ]) {
    test(`has nothing that axe complains of, and nothing too wide, ${colorScheme} and ${width} pixels wide`, async (t) => {
      const page = await enter(t, { colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
      // Evaluated by the debugger, which no policy keeps out; the pages after it are the same document.
      await page.evaluate(AXE);
      for (const at of PAGES) {
        await visit(page, at);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${at} scrolls sideways`);
        const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
        assert.deepEqual(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`),
          [],
          at,
        );
      }
      assert.deepEqual(page.problems, []);
    });
  }

  test("shows names as text, whatever is in them", async (t) => {
    const page = await enter(t);
    for (const at of PAGES) {
      await visit(page, at);
      assert.equal(await page.evaluate(() => window.harmed), undefined, at);
      assert.equal(await page.locator("#main :is(img, script, iframe, object)").count(), 0, at);
    }
    for (const tenant of HOSTILE_TENANTS) {
      await visit(page, "tenants");
      await page.getByRole("link", { name: tenant, exact: true }).click();
      await page.getByRole("heading", { name: tenant, level: 1, exact: true }).waitFor();
      await settled(page);
      assert.equal(await page.getByRole("alert").count(), 0, tenant);
      await page.getByText("2, unlimited").waitFor();
    }
    assert.equal(await page.evaluate(() => window.harmed), undefined);
    assert.deepEqual(page.problems, []);
  });

  test("can be used without a mouse", async (t) => {
    const page = await enter(t);
    await visit(page, "overview");
    await page.reload();
    await settled(page);
    const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.id);
    await page.keyboard.press("Tab");
    assert.equal((await focused()).trim(), "Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search");
    await page.keyboard.type("/acm");
    assert.equal(await page.locator("#search").inputValue(), "/acm", "a slash is a letter where letters are written");
    await page.keyboard.press("Home");
    await page.keyboard.press("Delete");
    await page.keyboard.press("Enter");
    await page.getByText("1 tenant of 7 has “acm” in the name.").waitFor();
    assert.equal(await focused(), "Tenants", "the focus is on the new page's heading");
    await page.getByRole("link", { name: "acme", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "acme", level: 1 }).waitFor();
    await eventually(async () => assert.equal(await focused(), "acme"));
    const outlined = await page
      .getByRole("link", { name: "Timeline" })
      .evaluate((link) => (link.focus({ focusVisible: true }), getComputedStyle(link).outlineStyle));
    assert.equal(outlined, "solid", "what has the focus can be seen");
  });

  test("says in the Worker's words why something is not there, and asks again", async (t) => {
    const page = await enter(t);
    const detail = "the app's object did not answer; ask again";
    for (const at of ROOMS) {
      const down = (route) =>
        route.fulfill({ status: 503, contentType: "application/problem+json", json: { status: 503, code: "internal", detail } });
      await page.route(/\/v1\//, down);
      await page.goto(`${origin}/console/#/${at}`);
      await page.getByRole("alert").filter({ hasText: detail }).first().waitFor();
      await page.unroute(/\/v1\//, down);
      await eventually(async () => {
        // All at once: each answer may bring parts that ask for themselves.
        await page.getByRole("button", { name: "Try again" }).evaluateAll((buttons) => buttons.forEach((button) => button.click()));
        assert.equal(await page.getByText(detail).count(), 0, at);
      });
    }
    assert.deepEqual(
      page.problems.filter((problem) => !/503/.test(problem)),
      [],
    );
  });

  test("says so where the Worker is older than the page", async (t) => {
    const page = await open(t);
    await page.route(/\/v1\/(reports|activity|webhooks)/, (route) =>
      route.fulfill({
        status: 404,
        contentType: "application/problem+json",
        json: { status: 404, code: "not_found", detail: "no such path; see the reference for what there is" },
      }),
    );
    await signIn(page, origin, stack.secretKey);
    for (const at of ["overview", "conversions", "webhooks", "activity"]) {
      await visit(page, at);
      await page.getByText("it is older than the console").first().waitFor();
    }
    for (const at of ["campaigns", "signals"]) {
      await visit(page, at);
      await page.getByText("api_quota").first().waitFor();
    }
  });

  test("says what an app that has nothing yet can do", async (t) => {
    const app = await createApp({ ...stack, id: "empty", origins: [] });
    const page = await open(t);
    await page.route(/\/v1\/(reports\/(funnel|conversions|trend|lift)|activity|webhooks)/, (route) =>
      route.fulfill({
        status: 404,
        contentType: "application/problem+json",
        json: { status: 404, code: "not_found", detail: "no such path" },
      }),
    );
    await signIn(page, origin, app.secretKey);
    for (const [at, words] of [
      ["campaigns", "There are no campaigns yet."],
      ["signals", "There are no signals yet."],
      ["tenants", "No tenant is known that fits."],
      ["segments", "There are no segments yet."],
      ["letters", "There are no sequences yet."],
      ["letters", "There is no such letter."],
      ["configuration?tab=versions", "Nothing was published yet."],
      ["stripe", "Every customer is known."],
    ]) {
      await visit(page, at);
      await page.getByText(words).waitFor();
      assert.equal(await page.getByRole("alert").count(), 0, at);
    }
  });

  test("shows the figures that the Worker tells", async (t) => {
    const page = await enter(t);
    const { body: tenants } = await stack.api("GET", "/v1/tenants?sort=score");
    await visit(page, "tenants");
    const rows = await page.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [row.cells[0].innerText, row.cells[1].innerText]));
    assert.deepEqual(
      rows,
      tenants.tenants.map(({ tenant, score }) => [tenant, String(score ?? "–")]),
    );
    const { body: acme } = await stack.api("GET", "/v1/tenants/acme");
    await visit(page, of("acme"));
    await page.getByText("900 of 1,000 calls").waitFor();
    assert.equal(acme.meters[0].value, 900);
    assert.equal(await page.getByRole("meter", { name: "API calls" }).getAttribute("aria-valuetext"), "90% of the limit");
    await page
      .locator(".figure.first b")
      .filter({ hasText: String(acme.score) })
      .waitFor();
    await visit(page, "letters");
    const { body: outbox } = await stack.api("GET", "/v1/email/outbox");
    assert.ok(outbox.letters.length > 0);
    await page.getByRole("button", { name: outbox.letters[0].subject }).first().click();
    const { body: letter } = await stack.api("GET", `/v1/tenants/acme/letters/${outbox.letters[0].id}`);
    await eventually(async () => assert.equal((await page.locator(".letter pre").textContent()).trim(), letter.text.trim()));
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    await visit(page, "overview");
    for (const [label, value] of [
      ["MRR won by prompts", "$4,127"],
      ["Upgrades after a prompt", "33"],
      ["Organic upgrades", "25"],
      ["All expansion", "$7,319"],
    ]) {
      assert.equal(
        await page
          .locator(".figure", { has: page.getByText(label, { exact: true }) })
          .locator("b")
          .innerText(),
        value,
      );
    }
    assert.deepEqual(
      await page.locator(".funnel td.num:not(.fine)").evaluateAll((cells) => cells.map((cell) => cell.firstChild.textContent)),
      ["412", "287", "96", "51", "33"],
    );
    await page.getByRole("link", { name: "90 days" }).click();
    await settled(page);
    const spans = page.asked
      .filter(({ pathname }) => pathname.endsWith("/trend"))
      .map(({ searchParams: of }) => (of.get("until") - of.get("since")) / 86_400_000);
    assert.deepEqual(spans.slice(-1), [90]);
    await page.getByText("As a table").click();
    assert.equal(await page.locator(".chart tbody tr").count(), 90, "the chart's figures can be read");
  });

  test("lists page by page, filtered and sorted", async (t) => {
    const page = await enter(t);
    await page.route(/\/v1\/tenants\?/, (route) => route.continue({ url: route.request().url().replace("limit=100", "limit=3") }));
    await visit(page, "tenants?sort=tenant");
    const names = () => page.locator("tbody th").allInnerTexts();
    const { body } = await stack.api("GET", "/v1/tenants?sort=tenant");
    const all = body.tenants.map(({ tenant }) => tenant);
    assert.deepEqual(await names(), all.slice(0, 3));
    await page.getByRole("button", { name: "Show more" }).click();
    await eventually(async () => assert.deepEqual(await names(), all.slice(0, 6)));
    await page.getByRole("button", { name: "Show more" }).click();
    await eventually(async () => assert.deepEqual(await names(), all));
    assert.equal(await page.getByRole("button", { name: "Show more" }).count(), 0);
    await page.getByLabel("Segment").selectOption("ready");
    await eventually(async () => assert.deepEqual(await names(), ["acme"]));
    assert.match(page.url(), /segment=ready/);
  });

  test("opens a number to its tenants, and saves tables", async (t) => {
    const page = await enter(t);
    await visit(page, "conversions?by=signal&model=linear&window=14d");
    await page.getByRole("link", { name: "9.5 upgrades: their tenants" }).click();
    await page.getByRole("heading", { name: "Upgrades: api_quota_80" }).waitFor();
    const { searchParams: asked } = page.asked.findLast(({ pathname }) => pathname.endsWith("/conversions/tenants"));
    assert.deepEqual(
      [asked.get("signal"), asked.get("model"), asked.get("window"), asked.get("by")],
      ["api_quota_80", "linear", "14d", "signal"],
    );
    await page.getByRole("link", { name: HOSTILE, exact: true }).click();
    await page.getByRole("heading", { name: HOSTILE, level: 1, exact: true }).waitFor();
    await visit(page, "segments/ready");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as CSV" }).click()]);
    assert.equal(download.suggestedFilename(), "ready.csv");
    const { body: csv } = await stack.api("GET", "/v1/segments/ready?format=csv");
    assert.equal(await readFile(await download.path(), "utf8"), csv);
    assert.match(csv, /^tenant,.*\r\nacme,/);
  });

  test("does not jump when answers come late", async (t) => {
    const page = await enter(t, { viewport: { width: 1360, height: 900 } });
    await page.addInitScript(() => {
      window.shift = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shift += entry.value))).observe({
        type: "layout-shift",
        buffered: true,
      });
    });
    for (const at of ["overview", "tenants", of("acme"), "stripe"]) {
      // Late enough that the skeleton is drawn; released, not timed.
      const held = [];
      const hold = (route) => new Promise((resolve) => held.push(resolve)).then(() => route.fallback());
      await page.route(/\/v1\//, hold);
      await page.goto(`${origin}/console/?${encodeURIComponent(at)}#/${at}`);
      await page.locator(".bone").first().waitFor();
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      await page.unroute(/\/v1\//, hold);
      for (const release of held) release();
      await settled(page);
      const shift = await page.evaluate(
        () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(window.shift)))),
      );
      assert.ok(shift < 0.1, `${at} shifts by ${shift}`);
    }
  });

  test("is dark when the system is, and otherwise as one says", async (t) => {
    const page = await enter(t, { colorScheme: "dark" });
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const dark = await paper();
    await page.getByRole("button", { name: "Light" }).click();
    const light = await paper();
    assert.notEqual(light, dark);
    await page.reload();
    assert.equal(await paper(), light, "the choice is kept");
    await page.getByRole("button", { name: "Dark" }).click();
    assert.equal(await paper(), dark);
  });

  test("finds the tenant of a customer whom nobody knew, and compares Stripe with its mirror", async (t) => {
    const customer = await stack.stripe.client.customers.create({ name: "Stranger" });
    const { data: prices } = await stack.stripe.client.prices.list();
    await stack.stripe.client.subscriptions.create({ customer: customer.id, items: [{ price: prices[0].id }] });
    await stack.stripe.control("POST", "/_sandbox/settle");
    const page = await enter(t);
    await visit(page, "stripe");
    const form = page.locator("form", { hasText: customer.id });
    await form.getByRole("textbox").fill("stranger");
    await form.getByRole("button", { name: "Link" }).click();
    await page.getByText("Every customer is known.").waitFor();
    await eventually(async () => assert.equal((await stack.api("GET", "/v1/tenants/stranger")).body.status, "active"));
    await page.getByRole("button", { name: "Compare now" }).click();
    await page.getByText("2 subscriptions compared: none had drifted").waitFor();
    await page.getByRole("button", { name: "Read again" }).click();
    await page.getByText("Nothing has changed.").waitFor();
    await page.getByRole("link", { name: "Ignored" }).click();
    const { body: ignored } = await stack.api("GET", "/v1/stripe/events?state=ignored");
    const rows = page.locator("section", { has: page.getByRole("heading", { name: "Last events" }) }).locator("tbody tr");
    await eventually(async () => assert.equal(await rows.count(), ignored.events.length));
  });

  test("replays a delivery, and shows a new endpoint's secret once", async (t) => {
    const page = await enter(t);
    await visit(page, "webhooks");
    await page.getByText("every delivery of 3 days failed").waitFor();
    await page.getByRole("button", { name: "Replay msg_2" }).click();
    await page.getByText("It is sent once more.").waitFor();
    assert.ok(page.asked.some(({ method, pathname }) => method === "POST" && pathname === "/v1/webhooks/whe_1/deliveries/msg_2/replay"));
    await page.getByLabel("Address").fill("https://api.nimbus.example/hook");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("whsec_c2VjcmV0").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByText("whsec_c2VjcmV0").waitFor({ state: "detached" });
  });
});
