// What the parts of one instance share.

import type { Core } from "./core.js";
import type { UpcueError } from "./failure.js";
import type { Token } from "./token.js";

export interface Page {
  /** The Worker's address, without a slash at the end. */
  readonly endpoint: string;
  /** This page among all pages of the user. */
  readonly client: string;
  readonly token: Token;
  /** Once it is loaded. */
  core?: Core;
  /** Whether the core holds a snapshot to decide from. */
  ready: boolean;
  /** Something decisions depend on has changed. */
  changed(): void;
  failed(code: UpcueError["code"], cause?: unknown): void;
}
