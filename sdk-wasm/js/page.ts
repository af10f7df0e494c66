// What the parts of one instance share.

import type { Core } from "./core.js";
import type { UpcueError } from "./failure.js";
import type { Words } from "./frame.js";
import { now } from "./host.js";
import type { Names } from "./names.js";
import type { Places } from "./places.js";
import type { Token } from "./token.js";

export interface Page {
  /** The Worker's address, without a slash at the end. */
  readonly endpoint: string;
  /** Whether anything may be kept in this browser. */
  readonly storage: boolean;
  /** This page among all pages of the user. */
  client: string;
  readonly token: Token;
  /** Once it is loaded. */
  core?: Core | undefined;
  /** Whether the core holds a snapshot to decide from. */
  ready: boolean;
  /** What that snapshot says. */
  known?: Known | undefined;
  /** Whether that, or news of it, came from the Worker since the page was opened. */
  fresh: boolean;
  /** The Worker's clock minus the device's, in milliseconds. */
  skew: number;
  /** Something decisions depend on has changed. */
  changed(): void;
  failed(code: UpcueError["code"], cause?: unknown): void;
}

/** The words of a snapshot, and what is made of them. */
export interface Known {
  readonly words: Words;
  readonly names: Names;
  readonly places: Places;
}

/** Reads from the core, if there is anything to read. Never throws. */
export function read<T>(page: Page, otherwise: T, run: (core: Core, at: number, known: Known) => T): T {
  const { core, known, ready } = page;
  if (!core || !ready || !known) return otherwise;
  try {
    return run(core, now(), known);
  } catch (cause) {
    page.failed("engine", cause);
    return otherwise;
  }
}
