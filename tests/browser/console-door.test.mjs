// The way into the console: who is let in, where the key is kept and sent, and what comes with the page.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import { brotliCompressSync } from "node:zlib";
import { eventually } from "../support/eventually.mjs";
import { built, root } from "../support/stack.mjs";
import { consoleHouse } from "./console-house.mjs";
import { doubleReports } from "./console-reports.mjs";
import { signIn } from "./console-stage.mjs";
import { RULES, seedTenants } from "./console-tenants.mjs";

const run = promisify(execFile);
const of = (tenant) => `tenants/${encodeURIComponent(tenant)}`;

describe("the way into the console", () => {
  const house = consoleHouse({ config: RULES });
  const { stack, open, enter, visit } = house;
  before(() => seedTenants(stack, []));
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
    const { headers } = await fetch(`${house.origin}/console/`);
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
    await page.goto(`${house.origin}/console/`);
    for (const [key, words] of [
      [stack.operatorKey, "This is an operator key."],
      ["hello", "This is no secret key"],
      [`upc_sk_${stack.app}_AAAA`, "key"],
    ]) {
      await page.getByLabel("Secret key").fill(key);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").filter({ hasText: words }).waitFor();
    }
    await signIn(page, house.origin, stack.secretKey);
    assert.ok(!(await stored(page)).includes(stack.secretKey), "not where it outlives the tab, nor in the address");
    await page.reload();
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    const other = await page.context().newPage();
    await other.goto(`${house.origin}/console/`);
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
    await signIn(page, house.origin, key, "#/tenants");
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
    await page.goto(`${house.origin}/console/#endpoint=${stack.worker.url}&key=${stack.secretKey}`);
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
      await route.fulfill({ response: await route.fetch({ url: house.origin + url.pathname + url.search }) });
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
    await signIn(page, house.origin, stack.secretKey, `#/${of("acme")}?tab=timeline`);
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
});
