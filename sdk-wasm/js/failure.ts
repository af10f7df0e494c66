import type { ErrorCode } from "./types.js";

/** What an `error` listener hears. */
export class UpcueError extends Error {
  constructor(
    readonly code: ErrorCode,
    cause?: unknown,
  ) {
    super(`upcue: ${code}${cause ? `: ${cause instanceof Error ? cause.message : cause}` : ""}`, { cause });
  }
}

/** Runs what a browser may refuse (blocked storage, say). */
export function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
