// What the console shows is what the Worker tells, and what is done in it reaches the Worker.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { consoleHouse } from "./console-house.mjs";
import { HOSTILE } from "./console-reports.mjs";
import { settled } from "./console-stage.mjs";
import { RULES, seedTenants } from "./console-tenants.mjs";

const of = (tenant) => `tenants/${encodeURIComponent(tenant)}`;

describe("the figures of the console", () => {
  const house = consoleHouse({ config: RULES });
  const { stack, enter, visit } = house;
  before(() => seedTenants(stack));

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
    await eventually(() => {
      const { searchParams: of } = page.asked.findLast(({ pathname }) => pathname.endsWith("/trend"));
      assert.equal((of.get("until") - of.get("since")) / 86_400_000, 90);
    });
    await settled(page);
    await page.getByText("As a table").click();
    const told = page.asked.findLast(({ pathname }) => pathname.endsWith("/trend")).searchParams;
    const days = Math.ceil(told.get("until") / 86_400_000) - Math.floor(told.get("since") / 86_400_000);
    const read = await page.locator(".chart tbody tr").allInnerTexts();
    assert.equal(read.length, days, "the chart's figures can be read, of quiet days as well");
    assert.match(read[3], /\$0\s+\$0/);
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
