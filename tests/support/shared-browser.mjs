// One Chromium for all tests of a file.

import { after, before } from "node:test";
import { startChromium } from "./browser.mjs";

/**
 * Starts Chromium before the first test of the suite and ends it after the last. Ask for it before the stack: what is asked for first
 * ends first, and a Worker that is to end waits for pages that are still connected.
 */
export function sharedBrowser() {
  const ends = [];
  let chromium;
  before(async () => {
    chromium = await startChromium({ after: (end) => ends.unshift(end) });
  });
  after(async () => {
    for (const end of ends) await end();
  });
  return { newContext: (options) => chromium.newContext(options) };
}
