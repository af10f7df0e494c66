// Waiting for what takes its time.

import { setTimeout as pause } from "node:timers/promises";

/** So long is waited, in milliseconds: a machine may have much else to do. */
const PATIENCE = 30_000;
/** Between one look and the next, so that waiting does not keep others from getting there. */
const PAUSE = 25;

/** One look after the other, until whoever looks has seen enough: `for await (const _ of looks()) …`. Throws when patience ends. */
export async function* looks() {
  const end = performance.now() + PATIENCE;
  while (performance.now() < end) {
    yield;
    await pause(PAUSE);
  }
  throw new Error(`not within ${PATIENCE} ms`);
}

/** Looks again and again until `check` no longer throws, and answers with its answer; throws its last complaint when patience ends. */
export async function eventually(check) {
  let complaint;
  try {
    for await (const _ of looks()) {
      try {
        return await check();
      } catch (error) {
        complaint = error;
      }
    }
  } catch (error) {
    throw complaint ?? error;
  }
}
