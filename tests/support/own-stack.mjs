// A stack for one test alone.

import { startStack } from "./stack.mjs";

/** Starts a stack that ends with the test, after what was opened on it: `stack.after` takes what is to end before it. */
export async function ownStack(t, options) {
  const ends = [];
  t.after(async () => {
    for (const end of ends) await end();
  });
  const after = (end) => ends.unshift(end);
  return { ...(await startStack({ after }, options)), after };
}
