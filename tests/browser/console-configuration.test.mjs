// The configuration in the console: written, told what is wrong, published, overtaken, taken back, tried over the past. All of it
// against the real Worker.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { CONFIG, createApp, seedStripe } from "../support/stack.mjs";
import { consoleHouse } from "./console-house.mjs";
import { settled, signIn } from "./console-stage.mjs";

const START = { ...CONFIG, signals: [{ id: "near", builtin: "limit_approaching", meter: "api_calls" }] };

describe("the configuration in the console", () => {
  const house = consoleHouse();
  const { stack } = house;
  before(() => seedStripe(stack.stripe));

  let apps = 0;
  /** An app of the test's own that has published `START`, and its configuration's page. */
  const open = async (t, { config = START } = {}) => {
    const app = await createApp({ ...stack, id: `app-${++apps}`, origins: [] });
    if (config) assert.equal((await app.publish(config)).status, 200);
    const page = await house.open(t);
    await signIn(page, house.origin, app.secretKey, "#/configuration");
    await settled(page);
    return { app, page };
  };
  const editor = (page) => page.getByRole("textbox", { name: "The configuration, as JSON" });
  /** Pastes a text over all of the document. */
  const write = async (page, text) => {
    await editor(page).press("Control+a");
    await editor(page).evaluate((content, text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      content.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }, text);
  };
  const versions = async (app) => (await app.api("GET", "/v1/config/versions")).body.versions;
  const review = async (page) => {
    await page.getByRole("button", { name: "Review and publish" }).click();
    await page.getByRole("heading", { name: "What changes" }).waitFor();
  };

  test("is set out to be read, and published with what it changes", async (t) => {
    const { app, page } = await open(t);
    await page.getByText('"api_calls": {').waitFor();
    await page.getByText("As published").waitFor();
    const next = JSON.stringify({ ...START, meters: { ...START.meters, jobs: { kind: "counter", label: "Jobs" } } }, null, 2);
    await write(page, next);
    await page.getByText("Ready to publish").waitFor();
    await review(page);
    await eventually(async () =>
      assert.match(
        await page
          .locator(".editor.compare .cm-insertedLine, .editor.compare .cm-changedLine")
          .allInnerTexts()
          .then((all) => all.join("\n")),
        /jobs/,
      ),
    );
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByText("Version 2 is published.").waitFor();
    const { body } = await app.api("GET", "/v1/config");
    assert.equal(body.meters.jobs.label, "Jobs");
    assert.deepEqual(
      (await versions(app)).map(({ version }) => version),
      [2, 1],
    );
    assert.deepEqual(page.problems, []);
  });

  test("is told what is wrong where it stands, in the Worker's words, and cannot be published", async (t) => {
    const { app, page } = await open(t);
    const bad =
      '{\n  "meters": {\n    "calls": {}\n  },\n  "campaigns": [{"id": "a", "placement": "p", "audience": "usage.cals.ratio > 0.5", "nudge": {"kind": "banner", "title": "Žluťoučký 🐴"}}]\n}\n';
    await write(page, bad);
    const { body } = await app.api("POST", "/v1/config/validate", undefined, { raw: bad, headers: { "content-type": "application/json" } });
    assert.ok(body.problems.length >= 2, JSON.stringify(body));
    for (const { line, column, detail } of body.problems) {
      const told = page
        .getByRole("region", { name: "Problems" })
        .getByRole("listitem")
        .filter({ hasText: `Line ${line}, column ${column}` });
      assert.ok((await told.first().innerText()).includes(detail), detail);
    }
    assert.ok(await page.getByRole("button", { name: "Review and publish" }).isDisabled());
    assert.equal(await page.locator(".cm-lintRange-error").count(), body.problems.length);
    const [last] = body.problems.slice(-1);
    await page
      .getByRole("button", { name: `Line ${last.line}, column ${last.column}` })
      .first()
      .click();
    assert.equal(await editor(page).evaluate((content) => content.getRootNode().activeElement === content), true, "the cursor is there");
    await write(page, "{ this is no JSON");
    await page.getByRole("region", { name: "Problems" }).getByRole("listitem").first().waitFor();
    await write(page, "{}");
    await page.getByText("Ready to publish").waitFor();
    assert.equal(await page.getByRole("region", { name: "Problems" }).count(), 0);
    assert.equal((await versions(app)).length, 1, "nothing was published");
    assert.deepEqual(page.problems, []);
  });

  test("is completed and explained from its schema", async (t) => {
    const { page } = await open(t);
    await write(page, '{ "campaigns": [ { "id": "a", ');
    await editor(page).press("Control+Space");
    const options = page.locator(".cm-tooltip-autocomplete li");
    await options.filter({ hasText: "audience" }).first().waitFor();
    assert.equal(await options.filter({ hasText: /^id$/ }).count(), 0, "what is there is not offered again");
    await page.keyboard.type("plac");
    await options.filter({ hasText: "placement" }).first().click();
    await page.getByText('"placement": ""').waitFor();
    await write(page, '[\n"many",\n"lines"\n]');
    await editor(page).press("Control+a");
    await page.keyboard.type("{");
    assert.equal((await editor(page).innerText()).replace(/\s/g, ""), '{["many","lines"]}', "a bracket goes around what is selected");
    await editor(page).press("Control+a");
    await page.keyboard.type("7");
    assert.equal(await editor(page).innerText(), "7", "all else in its place");
    await write(page, '{ "meters": { "calls": { "kind": ');
    await editor(page).press("Control+Space");
    await options.filter({ hasText: "gauge" }).first().waitFor();
    assert.deepEqual(page.problems, []);
  });

  test("outlives a reload as a draft, and is forgotten when one says so", async (t) => {
    const { page } = await open(t);
    await write(page, '{ "features": { "kept": {} } }');
    await page.getByText("Ready to publish").waitFor();
    await page.reload();
    await page.getByText('"kept"').waitFor();
    await page.getByRole("button", { name: "Discard" }).click();
    await page.getByText('"api_calls": {').waitFor();
    await page.getByText("As published").waitFor();
    await page.reload();
    await settled(page);
    assert.equal(await page.getByText('"kept"').count(), 0);
  });

  test("overwrites nobody: what was published meanwhile is told, and the draft is kept", async (t) => {
    const { app, page } = await open(t);
    await write(page, JSON.stringify({ ...START, features: { mine: {} } }, null, 2));
    await page.getByText("Ready to publish").waitFor();
    assert.equal((await app.publish({ ...START, features: { theirs: {} } })).status, 200);
    await review(page);
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    assert.deepEqual(Object.keys((await app.api("GET", "/v1/config")).body.features), ["theirs"]);
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByText("Somebody has published since you began.").waitFor();
    await page.getByText('"mine"').waitFor();
    await page.getByRole("button", { name: "Take it over" }).click();
    await review(page);
    await page.getByRole("dialog").getByText('"theirs"').first().waitFor();
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByText("Version 3 is published.").waitFor();
    assert.deepEqual(Object.keys((await app.api("GET", "/v1/config")).body.features), ["mine"]);
  });

  test("goes back to an earlier version, after saying what that changes", async (t) => {
    const { app, page } = await open(t);
    await app.publish({ ...START, features: { ...START.features, brief: { label: "Brief" } } });
    await page.getByRole("link", { name: "Versions", exact: true }).click();
    await page.getByRole("button", { name: "What version 2 changed" }).click();
    const { body: diff } = await app.api("GET", "/v1/config/diff");
    await page.getByRole("dialog").getByText(diff.changes[0].pointer, { exact: true }).waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Roll back to version 1" }).click();
    await page.getByRole("dialog").getByText("/features/brief", { exact: true }).waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Roll back to version 1" }).click();
    await page.getByText("Version 1 is in force again, as version 3.").waitFor();
    assert.equal((await app.api("GET", "/v1/config")).body.features.brief, undefined);
    await page.getByText("brought back version 1").waitFor();
  });

  test("is tried over what has come in, with the figures that the Worker tells", async (t) => {
    const { app, page } = await open(t);
    const sent = await app.api("POST", "/v1/events", {
      tenant: "acme",
      user: "ada",
      client: "c",
      seq: 1,
      events: [{ type: "usage", meter: "api_calls", value: 900 }],
    });
    assert.equal(sent.status, 202);
    await eventually(async () => assert.equal((await app.api("GET", "/v1/tenants")).body.tenants.length, 1));
    const rules = { ...START, signals: [{ id: "busy", when: "usage.api_calls.value >= 500", weight: 10 }] };
    await write(page, JSON.stringify({ ...rules, campaigns: [] }, null, 2));
    await page.getByText("Ready to publish").waitFor();
    await page.getByRole("link", { name: "Back-test" }).click();
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith("/v1/config/backtest")),
      page.getByRole("button", { name: "Run" }).click(),
    ]);
    const { id } = await answer.json();
    await page.getByText("1 of 1 tenant, 1 event, in").waitFor();
    const { body: found } = await app.api("GET", `/v1/config/backtests/${id}`);
    assert.deepEqual(
      found.signals.find(({ signal }) => signal === "busy"),
      { signal: "busy", would: 1, did: 0 },
    );
    const rows = await page
      .locator("section", { has: page.getByRole("heading", { name: "Signals detected" }) })
      .locator("tbody tr")
      .allInnerTexts();
    assert.match(
      rows.find((row) => row.startsWith("busy")),
      /1\s+0 did/,
    );
    assert.equal((await versions(app)).length, 1, "nothing was published");
    // A draft that cannot run is refused with its reason.
    await page.getByRole("link", { name: "Write" }).click();
    await write(page, '{ "meters": 5 }');
    await page.getByRole("region", { name: "Problems" }).waitFor();
    await page.getByRole("link", { name: "Back-test" }).click();
    await page.getByRole("button", { name: "Run" }).click();
    await page.getByRole("alert").getByText("nothing was run").waitFor();
  });

  test("begins with nothing", async (t) => {
    const { app, page } = await open(t, { config: null });
    await write(page, '{ "features": { "first": {} } }');
    await page.getByText("Ready to publish").waitFor();
    await review(page);
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByText("Version 1 is published.").waitFor();
    assert.equal((await versions(app)).length, 1);
  });
});
