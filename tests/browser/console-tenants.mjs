// An app that the console has something to show of: acme near its limit, and tenants with names that would do harm.

import assert from "node:assert/strict";
import { eventually } from "../support/eventually.mjs";
import { CONFIG, seedStripe } from "../support/stack.mjs";
import { HOSTILE } from "./console-reports.mjs";

/** Names that would do harm where a name is taken for markup, a path or an address. */
export const HOSTILE_TENANTS = [
  HOSTILE,
  `"><script>window.harmed=1</script>`,
  "javascript:window.harmed=1",
  "../../v1/config",
  "a%2Fb?x=1#y&z",
  "{{constructor.constructor('window.harmed=1')()}}",
];

/** Rules by which a tenant at its limit has a signal, a score, a segment and a letter. */
export const RULES = {
  ...CONFIG,
  signals: [{ id: "api_quota_80", builtin: "limit_approaching", meter: "api_calls" }],
  segments: { ready: { label: "Ready", enter: "score >= 20", exit: "score < 10" } },
  email: {
    from: { address: "hello@nimbus.example", name: "Nimbus" },
    postal_address: "Nimbus Inc., Berlin",
    links: { plans: "https://nimbus.example/", app: "https://nimbus.example/" },
  },
  sequences: [{ id: "quota_emails", enter: "signal.api_quota_80.active", to: "admins", steps: [{ after: "0s", template: "approaching" }] }],
  templates: { approaching: { builtin: "limit_approaching", meter: "api_calls" } },
};

/** Sends what tenants do, and waits until it is counted. */
export async function seedTenants(stack, others = HOSTILE_TENANTS) {
  await seedStripe(stack.stripe);
  for (const [i, tenant] of ["acme", ...others].entries()) {
    const events = [
      { type: "usage", meter: "seats", set: 2 },
      { type: "identify", user: "ada", email: "ada@acme.example", name: HOSTILE, role: "admin", owner: true },
    ];
    const sent = await stack.api("POST", "/v1/events", { tenant, client: "test", seq: i + 1, events });
    assert.equal(sent.status, 202, tenant);
  }
  const events = [
    { type: "usage", meter: "api_calls", value: 900 },
    { type: "exposure", campaign: "api_quota", decision: "d1" },
  ];
  assert.equal((await stack.api("POST", "/v1/events", { tenant: "acme", user: "ada", events })).status, 202);
  await eventually(async () => {
    const { body } = await stack.api("GET", "/v1/tenants?sort=score");
    assert.equal(body.tenants.length, others.length + 1);
    assert.ok(body.tenants[0].score >= 20, "acme has a score");
  });
}
