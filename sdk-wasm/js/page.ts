// What the parts of one instance share.

import type { Core } from "./core.js";
import type { UpcueError } from "./failure.js";
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
  /** Whether that, or news of it, came from the Worker since the page was opened. */
  fresh: boolean;
  /** The Worker's clock minus the device's, in milliseconds. */
  skew: number;
  /** Something decisions depend on has changed. */
  changed(): void;
  failed(code: UpcueError["code"], cause?: unknown): void;
}
