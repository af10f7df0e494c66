// What the parts of one instance share. Names that end in `_` are ours alone: the bundler shortens them (xtask/src/build/sdk/bundle.rs).

import type { Core } from "./core.js";
import type { UpcueError } from "./failure.js";
import type { Words } from "./frame.js";
import { now } from "./host.js";
import type { Places } from "./places.js";

export interface Page {
  /** The Worker's address, without a slash at the end. */
  readonly endpoint_: string;
  /** Whether anything may be kept in this browser. */
  readonly storage_: boolean;
  /** Aborted when the instance is closed, or the Worker speaks another format. */
  readonly end_: AbortController;
  /** This page among all pages of the user. */
  client_: string;
  /** The last token that was had; "" once the Worker refused it, so that the next one is a new one. */
  jwt_: string;
  /** For whom the last token speaks; until there is one, for whom the kept snapshot was made. */
  owner_?: string;
  /** A token that should still be good; rejects with an `UpcueError`. */
  token_: () => Promise<string>;
  /** Once it is loaded. */
  core_?: Core | undefined;
  /** Whether the core holds a snapshot to decide from. */
  ready_: boolean;
  /** What that snapshot says, and what is decided from it; there as soon as it is `ready_`. */
  words_: Words;
  places_: Places;
  /** Whether that, or news of it, came from the Worker since the page was opened. */
  fresh_: boolean;
  /** The Worker's clock minus the device's, in milliseconds. */
  skew_: number;
  /** Raised by whatever may change a decision. */
  version_: number;
  /** How many decisions this page has named so far. */
  decisions_: number;
  /** What is loaded later shares no script with this one, and is handed the class of its errors. */
  readonly Problem_: typeof UpcueError;
  /** How numbers are written. */
  readonly locale_: () => string | undefined;
  /** Something decisions depend on has changed. */
  readonly changed_: () => void;
  /** Tells what failed; a cause that is an `UpcueError` says so itself. */
  readonly failed_: (code: UpcueError["code"], cause?: unknown) => void;
}

/** Reads from the core, if there is anything to read. Never throws. */
export function read<T>(page: Page, run: (at: number, core: Core) => T, otherwise: T): T;
export function read(page: Page, run: (at: number, core: Core) => void): void;
export function read<T>(page: Page, run: (at: number, core: Core) => T, otherwise?: T): T | undefined {
  try {
    if (page.ready_) return run(now(), page.core_!);
  } catch (cause) {
    page.failed_("engine", cause);
  }
  return otherwise;
}
