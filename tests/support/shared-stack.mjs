// One stack for all tests of a file.

import { after, before } from "node:test";
import { startStack } from "./stack.mjs";

/** Starts a stack before the first test of the suite and ends it after the last; filled in by then. */
export function sharedStack(options) {
  const stack = {};
  const ends = [];
  before(async () => Object.assign(stack, await startStack({ after: (end) => ends.unshift(end) }, options)));
  after(async () => {
    for (const end of ends) await end();
  });
  return stack;
}
