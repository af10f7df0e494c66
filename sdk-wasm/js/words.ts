// The engine's enumerations in words, each in the order of its `ALL` table: only positions cross the boundary.

/** `Reason::ALL` of engine/src/decision.rs. */
export const REASONS = [
  "match",
  "no_campaign",
  "not_scheduled",
  "audience_false",
  "audience_unknown",
  "missing_value",
  "dismissed",
  "snoozed",
  "capped",
  "outranked",
  "held_out",
  "not_rolled_out",
  "converted",
  "quiet_hours",
  "excluded",
] as const;

/** `EntitlementReason::ALL` of engine/src/entitlement.rs. */
export const ENTITLEMENT_REASONS = [
  "unknown",
  "included",
  "not_included",
  "unlimited",
  "within_limit",
  "above_soft_limit",
  "limit_reached",
] as const;

/** `NudgeKind::ALL` of engine/src/campaign.rs. */
export const NUDGE_KINDS = ["banner", "toast", "modal", "inline", "badge"] as const;

/** What `Core.note` takes, as the events that tell the Worker. */
export const NOTES = ["render", "exposure", "ghost_exposure", "click", "dismiss", "snooze"] as const;
