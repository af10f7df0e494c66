// docs/embedding.md, followed as a new user would: its configuration, its token, its lines.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { built, root } from "../support/stack.mjs";
import { sharedStack } from "../support/shared-stack.mjs";

describe("the page about embedding", async () => {
  const stack = sharedStack();
  const page = await readFile(path.join(root, "docs/embedding.md"), "utf8");
  const examples = (language) => [...page.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map(([, code]) => code);

  test("its configuration, its events and its token lead to its nudge", async () => {
    const [config] = examples("json");
    const published = await stack.publish(JSON.parse(config));
    assert.equal(published.status, 200, JSON.stringify(published.body));
    const [, events] = /events".*?-d '(.*?)'/s.exec(examples("sh").join(""));
    const counted = await stack.api("POST", "/v1/events", JSON.parse(events));
    assert.equal(counted.status, 202, JSON.stringify(counted.body));

    const code = examples("js").find((example) => example.includes("upcueToken"));
    const { upcueToken } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const token = upcueToken({ app: stack.app, signingKey: stack.signingKey, tenant: "acme", user: "ada", role: "admin" });
    const { campaigns } = await stack.snapshot(token);
    assert.deepEqual(campaigns.map(({ id, title }) => [id, title]), [["api_quota", "You’ve used 90% of your API quota"]]);
  });

  test("the line that queues calls is the one that is tested in a browser", async () => {
    const fixture = await readFile(path.join(root, "tests/package/fixtures/script/app.js"), "utf8");
    const line = examples("js").join("").split("\n").find((line) => line.startsWith("window.upcue ="));
    assert.ok(line && fixture.includes(line));
  });

  test("it lists every entry", async () => {
    const { exports } = JSON.parse(await readFile(path.join(built.sdk, "package.json"), "utf8"));
    const listed = [...page.matchAll(/^\| `(upcue[^`]*)`/gm)].map(([, name]) => name.replace("…", "*"));
    assert.deepEqual(listed.sort(), Object.keys(exports).map((name) => path.posix.join("upcue", name)).sort());
  });
});
