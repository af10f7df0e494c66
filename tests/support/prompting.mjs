// What an app's pages tell of nudges, and what reports make of it.

import assert from "node:assert/strict";
import { eventually } from "./eventually.mjs";
import { UPGRADE_CONFIG } from "./upgrading.mjs";

const nudge = (title) => ({ kind: "banner", title, cta: { label: "Compare plans", action: "compare_plans" } });

/** A signal and two campaigns: one that it is behind, with two variants, and one that is behind nothing. */
export const PROMPT_CONFIG = {
  ...UPGRADE_CONFIG,
  signals: [{ id: "quota_80", when: "usage.api_calls.ratio >= 0.8", weight: 50, half_life: "7d" }],
  campaigns: [
    {
      id: "quota",
      placement: "app.header",
      audience: "signal.quota_80.active",
      nudge: nudge("Nearly full"),
      variants: [
        { id: "a", weight: 1 },
        { id: "b", weight: 1, nudge: nudge("Almost full") },
      ],
    },
    { id: "welcome", placement: "app.side", nudge: nudge("Welcome") },
  ],
};

/** The calls about prompts of one stack. */
export function prompting(stack) {
  const get = async (route) => {
    const answer = await stack.api("GET", route);
    assert.equal(answer.status, 200, `${route}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const post = async (body) => {
    const answer = await stack.api("POST", "/v1/events", body);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return answer.body;
  };
  return {
    get,
    post,
    /** What a user did with a nudge: `types` as pages tell them, all of one decision. */
    prompt: (tenant, campaign, types, { user = "ada", decision = `${tenant}-${campaign}-1` } = {}) =>
      post({ tenant, user, events: types.map((type) => ({ type, campaign, decision })) }),
    /** Uses so many API calls. */
    use: (tenant, value) => post({ tenant, events: [{ type: "usage", meter: "api_calls", value }] }),
    /** A report, once it is as it should be. */
    report: (route, holds) =>
      eventually(async () => {
        const found = await get(`/v1/reports/${route}`);
        assert.ok(holds(found), JSON.stringify(found, undefined, 1));
        return found;
      }),
  };
}
