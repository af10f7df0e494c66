// The conformance cases through the Worker: events in by HTTP, decisions and entitlements out.

import { after, before, describe, test } from "node:test";
import { play, readCaseFiles } from "../conformance/cases.mjs";
import { workerSide } from "../conformance/worker.mjs";
import { startStack } from "../support/stack.mjs";

const files = await readCaseFiles();

describe("the Worker answers as every side must", () => {
  const ends = [];
  let open;
  before(async () => {
    open = workerSide(await startStack({ after: (end) => ends.unshift(end) }, { dev: true }));
  });
  after(async () => {
    for (const end of ends) await end();
  });

  for (const { file, cases } of files) test(`${file} (${cases.length})`, () => play(cases, open));
});
