import type { ProblemCode, Quote } from "./buying/types.js";
import type { ErrorCode } from "./types.js";

/** What an `error` listener hears, and what calls about plans and upgrades reject with. */
export class UpcueError extends Error {
  /** What the Worker says about it, for people. */
  declare readonly detail?: string;
  /** The answer's status; absent when there was no answer. */
  declare readonly status?: number;
  /** With `quote_stale`: the quote that holds now. */
  declare readonly quote?: Quote;
  /** With `payment_failed`: Stripe's word for the bank's reason. */
  declare readonly decline_code?: string;
  /** A page of Stripe's that mends it. */
  declare readonly url?: string;
  /** With `stripe_unavailable`: the upgrade whose outcome is not known yet. */
  declare readonly upgrade?: string;

  declare readonly code: ErrorCode | ProblemCode;

  constructor(code: ErrorCode | ProblemCode, cause?: unknown) {
    super(`upcue: ${code}${cause ? `: ${(cause as Error).message ?? cause}` : ""}`, { cause });
    this.code = code;
  }
}

/** What fails in `running` fails as an `UpcueError` of that code. */
export const failsAs = <T>(code: ErrorCode | ProblemCode, running: Promise<T>): Promise<T> =>
  running.catch((cause) => {
    throw new UpcueError(code, cause);
  });

/** Runs what a browser may refuse (blocked storage, say). */
export function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** Lets something run on its own: its failures are told where they happen, and never become an unhandled rejection. */
export async function quietly(running: Promise<unknown> | undefined): Promise<void> {
  try {
    await running;
  } catch {
    // Told already.
  }
}
