// The conformance cases against the wasm core in a page: it loads once, with a snapshot from a real Worker; after that its
// own events reach nobody, and it decides by itself.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { play, readCaseFiles } from "../conformance/cases.mjs";
import { workerSide } from "../conformance/worker.mjs";
import { startStack } from "../support/stack.mjs";
import { openCorePage } from "./core-page.mjs";

const files = await readCaseFiles();

describe("the core in a browser answers as every side must", () => {
  const ends = [];
  const t = { after: (end) => ends.unshift(end) };
  let page;
  let openAtWorker;
  before(async () => {
    page = await openCorePage(t);
    openAtWorker = workerSide(await startStack(t, { dev: true }));
  });
  after(async () => {
    for (const end of ends) await end();
  });

  const open = async (one) => {
    const worker = await openAtWorker(one);
    const hear = async (now) => page.ask("hear", (await worker.frame(now)).toString("base64"), now);
    await page.ask("open");
    await hear(one.now);
    return {
      isPage: true,
      happen: (event, now) => page.ask("happen", event, now),
      decide: (placement, now) => page.ask("decide", placement, now),
      entitlement: (key, now) => page.ask("entitlement", key, now),
      async elsewhere(event, now) {
        await worker.elsewhere(event, now);
        await hear(now);
      },
      async publish(config, now) {
        await worker.publish(config, now);
        await hear(now);
      },
    };
  };

  for (const { file, cases } of files) test(`${file} (${cases.length})`, () => play(cases, open));

  test("the page has nothing to complain of", () => assert.deepEqual(page.complaints, []));
});
