// What tenants have counted and what their app reports are the same numbers at any quiet moment, whatever dies on the way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ownStack } from "../support/own-stack.mjs";
import { PROMPT_CONFIG, prompting } from "../support/prompting.mjs";

const TENANTS = ["alpha", "beta", "gamma"];
const CLIENTS = 6;
const ROUNDS = 3;
const TYPES = ["render", "exposure", "click", "dismiss", "snooze"];

test("facts reach the app exactly once, over kills, retries and reordering", async (t) => {
  const stack = await ownStack(t, { config: PROMPT_CONFIG });
  const { worker } = stack;
  const prompts = prompting(stack);
  const sent = [];
  let acknowledged = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let stopped = false;
    const killAfter = acknowledged + 60;
    const client = async (n) => {
      for (let seq = 1; !stopped; seq++) {
        // Of each decision something is told in every round and by every client, the last of it first.
        const type = TYPES[(n + seq * 3 + round) % TYPES.length];
        const event = { type, campaign: seq % 2 ? "quota" : "welcome", decision: `d-${seq % 20}`, ...(type === "snooze" && { until: Date.now() + 3_600_000 }) };
        const batch = { tenant: TENANTS[n % TENANTS.length], user: "ada", client: `${round}-${n}`, seq, events: [event] };
        sent.push(batch);
        const answer = await stack.api("POST", "/v1/events", batch).catch(() => undefined);
        if (answer?.status !== 202) return;
        acknowledged += 1;
        if (acknowledged === killAfter) {
          stopped = true;
          worker.child.kill("SIGKILL");
        }
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
    await worker.stop("SIGKILL");
    await worker.start();
  }
  for (const batch of sent.toReversed()) assert.equal((await stack.api("POST", "/v1/events", batch)).status, 202);

  const counted = { exposed: 0, clicked: 0, dismissed: 0, snoozed: 0 };
  for (const tenant of TENANTS) {
    for (const arm of (await prompts.get(`/v1/tenants/${tenant}`)).campaigns) {
      counted.exposed += arm.exposures;
      counted.clicked += arm.clicks;
      counted.dismissed += arm.dismissals;
      counted.snoozed += arm.snoozes;
    }
  }
  assert.ok(counted.exposed > 20 && counted.clicked > 20, JSON.stringify(counted));
  const reported = async (step) => {
    const { tenants } = await prompts.get(`/v1/reports/funnel/tenants?step=${step}`);
    return tenants.reduce((sum, { events }) => sum + events, 0);
  };
  const { steps } = await prompts.report("funnel", ({ steps }) => steps[1].events === counted.exposed);
  assert.equal(steps[2].events, counted.clicked);
  for (const [step, expected] of Object.entries(counted)) assert.equal(await reported(step), expected, step);
});
