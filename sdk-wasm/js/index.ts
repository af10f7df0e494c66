export { UpcueError } from "./failure.js";
export { Upcue } from "./upcue.js";
export type {
  Decision,
  Entitlement,
  EntitlementReason,
  ErrorCode,
  Explanation,
  Meter,
  Nudge,
  NudgeKind,
  Options,
  Plan,
  Reason,
  Verdict,
  WasmSource,
} from "./types.js";
