// The engine's enumerations in words, each in the order of its `ALL` table: only positions cross the boundary.

type Split<Words extends string> = Words extends `${infer First} ${infer Rest}` ? readonly [First, ...Split<Rest>] : readonly [Words];

const split = <Words extends string>(words: Words) => words.split(" ") as unknown as Split<Words>;

/** `Reason::ALL` of engine/src/decision.rs. */
export const REASONS = split(
  "match no_campaign not_scheduled audience_false audience_unknown missing_value dismissed snoozed capped outranked held_out not_rolled_out converted quiet_hours excluded",
);

/** `EntitlementReason::ALL` of engine/src/entitlement.rs. */
export const ENTITLEMENT_REASONS = split("unknown included not_included unlimited within_limit above_soft_limit limit_reached");

/** What `Core.note` takes, as the events that tell the Worker. */
export const NOTES = split("render exposure ghost_exposure click dismiss snooze");
