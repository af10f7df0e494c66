// A tenant about whom everything is known that Upcue can know of one, and what finds traces of it.

import assert from "node:assert/strict";
import { eventually } from "./eventually.mjs";
import { mailConfig, mailing } from "./mailing.mjs";
import { PROMPT_CONFIG, prompting } from "./prompting.mjs";
import { addTenant, buyer } from "./upgrading.mjs";

/** Signals, a segment, campaigns, a sequence, traits: everything that keeps something of a tenant. */
export const FULL_CONFIG = mailConfig({
  ...PROMPT_CONFIG,
  sequences: [{ id: "quota_emails", enter: "signal.quota_80.active", exit: "false", campaign: null, to: "admins", steps: [{ after: "0s", template: "quota" }] }],
  signals: PROMPT_CONFIG.signals,
  segments: { ready_to_upgrade: { enter: "score >= 40", exit: "score < 20" } },
  traits: { user: { team: { type: "string" } }, tenant: { industry: { type: "string" } } },
  email: {
    from: { address: "hello@nimbus.example", name: "Nimbus" },
    postal_address: "Nimbus Inc., 1 Cloud Street, Berlin",
    links: { plans: "https://app.nimbus.example/plans", app: "https://app.nimbus.example/" },
    rate: 100,
  },
});

/** What is told of the people of a tenant; each word is nowhere else. */
export const peopleOf = (tenant) => ({
  ada: { user: `ada_${tenant}`, email: `ada.lovelace@${tenant}.example`, name: `Ada L ${tenant}`, team: `engines-${tenant}` },
  bob: { user: `bob_${tenant}`, email: `bob.babbage@${tenant}.example`, name: `Bob B ${tenant}`, team: `gears-${tenant}` },
});

/** Has a tenant use, see, ask, get letters, be told outside and upgrade. */
export async function liveThrough(stack, shop, tenant) {
  const people = peopleOf(tenant);
  const { ada, bob } = people;
  const { prompt, post, use } = prompting(stack);
  const mails = mailing(stack);
  const customer = await addTenant(stack, tenant, shop.prices.Free);
  const admin = await stack.token({ tenant, user: ada.user, email: ada.email, name: ada.name, tz: "Europe/London" });
  const member = await stack.token({ tenant, user: bob.user, role: "member" });
  for (const { user, email, name, team } of [ada, bob]) {
    const role = user === ada.user ? "admin" : "member";
    await post({ tenant, user, events: [{ type: "identify", email, name, role, traits: { team } }] });
  }
  await post({ tenant, events: [{ type: "identify", traits: { industry: `looms-${tenant}` } }] });
  for (const { user } of [ada, bob]) {
    await post({ tenant, user, events: [{ type: "usage", meter: "api_calls", value: 450, id: `evt-${user}` }, { type: "track", name: "premium_feature_blocked", feature: "sso" }] });
    await prompt(tenant, "quota", ["render", "exposure", "click"], { user, decision: `${user}-1` });
  }
  await use(tenant, 50);
  const asked = await stack.api("POST", "/v1/upgrade-requests", { feature: "sso" }, { key: member });
  assert.equal(asked.status, 202, JSON.stringify(asked.body));
  await mails.until(tenant, 1);
  const { answer } = await buyer(stack, { tenant, admin }).buy({ plan: shop.products.Pro.id });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const look = await stack.api("POST", "/v1/email/preview", { template: "quota", tenant, user: ada.user });
  assert.equal(look.status, 200, JSON.stringify(look.body));
  await eventually(async () => {
    const { activity: entries } = (await stack.api("GET", `/v1/activity?tenant=${tenant}&limit=100`)).body;
    const kinds = new Set(entries.map(({ kind }) => kind));
    for (const kind of ["exposure", "click", "mail_sent", "upgraded", "conversion", "segment_entered"]) assert.ok(kinds.has(kind), [...kinds].join());
  });
  await stack.stripe.control("POST", "/_sandbox/settle");
  return { tenant, people, ...customer, admin, member };
}

/** Everything that is stored of the app and of these tenants, row by row. */
export async function rowsOf(stack, ...tenants) {
  const rows = [];
  for (const tenant of [undefined, ...tenants]) {
    const answer = await stack.operator("POST", "/dev/rows", { app: stack.app, tenant });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    rows.push(...answer.body.rows.map((row) => `${tenant ?? "app"}/${row}`));
  }
  return rows;
}

/** The rows that hold one of these words, cut short. */
export const tracesIn = (rows, words) =>
  rows.filter((row) => words.some((word) => row.includes(word))).map((row) => row.slice(0, 300));

/** Every page of an export. */
export async function exported(stack, tenant, query = "") {
  const records = [];
  let cursor = "";
  for (let pages = 1; ; pages++) {
    const answer = await stack.api("GET", `/v1/tenants/${tenant}/export?limit=40${query}${cursor}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    records.push(...answer.body.records);
    if (answer.body.next_cursor === null) return records;
    assert.ok(pages < 200, "an export ends");
    cursor = `&cursor=${answer.body.next_cursor}`;
  }
}
