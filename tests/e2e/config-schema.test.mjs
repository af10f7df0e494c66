// The published JSON Schema: editors that use it refuse what publishing refuses for its shape, and nothing that publishing takes.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import Ajv2020 from "ajv/dist/2020.js";
import { merge, readCaseFiles } from "../conformance/cases.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, root } from "../support/stack.mjs";
import { UPGRADE_CONFIG } from "../support/upgrading.mjs";

const read = async (file) => JSON.parse(await readFile(path.join(root, file), "utf8"));
const schema = await read("engine/src/config/schema.json");
const fits = new Ajv2020({ allErrors: true, allowUnionTypes: true, strictTypes: false, strictRequired: false }).compile(schema);

function assertFits(document, what) {
  assert.ok(fits(document), `${what}: ${JSON.stringify(fits.errors, null, 1)}`);
}

/** Everything that a document can say, once. */
const WHOLE = {
  $schema: "config.schema.json",
  meters: {
    api_calls: { kind: "counter", period: "billing", label: "API calls", unit: "calls" },
    jobs: { kind: "counter", period: "day", source: "stripe_meter", stripe_meter: "jobs_run" },
    seats: { kind: "gauge", label: "Team members", source: "subscription_quantity" },
  },
  features: { sso: { label: "Single sign-on" }, audit_log: {} },
  traits: {
    user: { team: { type: "string", label: "Team" }, tags: { type: "list" } },
    tenant: { founded: { type: "int" }, revenue: { type: "double" }, vip: { type: "bool" } },
  },
  plans: {
    source: "inline",
    default: "free",
    list: [
      { id: "free", rank: 0, limits: { api_calls: 100, seats: "unlimited" }, soft_limits: { api_calls: 80 } },
      { id: "pro", name: "Pro", rank: 1, features: ["sso"], prices: ["price_1"] },
    ],
  },
  signals: [
    { id: "quota", label: "Quota", when: "usage.api_calls.ratio >= 0.8", rearm_below: "usage.api_calls.ratio < 0.7", weight: 30, half_life: "7d", rearm_each_period: true },
    { id: "near", builtin: "limit_approaching", meter: "api_calls", weight: 10 },
    { id: "blocked", builtin: "feature_blocked", feature: "sso", event: "sso_blocked" },
    { id: "priced", builtin: "pricing_visited", event: "saw_plans" },
  ],
  segments: { ready_to_upgrade: { enter: "usage.api_calls.ratio >= 0.8", exit: "usage.api_calls.ratio < 0.5", label: "Ready" }, hot: { enter: "plan.rank < 1" } },
  campaigns: [
    {
      id: "api.quota-1",
      placement: "app.header",
      priority: 10,
      audience: "usage.api_calls.ratio >= 0.8",
      nudge: { kind: "banner", title: "{{usage.api_calls.percent}}", body: "b", cta: { label: "Compare plans", action: "compare_plans" } },
      roles: { member: { cta: { label: "Ask", action: "request_upgrade" } }, admin: { title: "For admins", kind: "modal" } },
      cap: [{ max: 3, window: "7d", scope: "user" }, { max: 1, window: "24h" }],
      exclusive: "announcements",
      quiet_hours: { from: "12:00", to: "13:30" },
      snooze: "1d",
      cooldown_after_dismiss: "7d",
      cooldown_after_convert: "2d",
      salt: "again",
      variants: [
        { id: "a", weight: 1, nudge: { title: "A" }, roles: { member: { body: "b" }, admin: { kind: "toast" } } },
        { id: "b", weight: 2 },
      ],
      schedule: { from: 0, until: 1_750_000_000_000 },
      rollout: { percent: 50, tenants: ["internal-1"] },
      holdout: 0.1,
    },
    { id: "by_role", placement: "p", quiet_hours: false, nudge: {}, roles: { member: { title: "Ask" }, admin: { title: "Buy" } } },
  ],
  frequency: { cap: [{ max: 3, window: "week" }, { max: 9, window: "30d", scope: "tenant" }], quiet_hours: { from: "20:00", to: "08:00" }, zone: "Europe/Berlin" },
  holdout: 0.05,
  email: {
    from: { address: "hello@nimbus.example", name: "Nimbus" },
    reply_to: "support@bücher.example",
    postal_address: "Nimbus Inc., 1 Cloud Street, Berlin",
    links: { plans: "https://app.nimbus.example/plans" },
    click_hosts: ["docs.nimbus.example"],
    track: { clicks: true, opens: false },
    rate: 10,
  },
  templates: {
    quota_80: { subject: "s", html: "<p>t</p>" },
    quota_80_b: { subject: "s", html: "<p>t</p>" },
    own: { subject: "s", html: "<p>{{plan.name}}</p>", text: "t", preheader: "p", summary: "s" },
    drawn: { subject: "s", mjml: "<mjml><mj-body></mj-body></mjml>" },
    either: { subject: "s", mjml_or_html: "<p>x</p>" },
  },
  sequences: [
    {
      id: "quota.emails-1",
      enter: "signal.quota.active",
      exit: "converted || !signal.quota.active || user.team == 'it'",
      to: "user",
      quiet_hours: { from: "20:00", to: "08:00" },
      weekends: "skip",
      digest: "1h",
      reentry: { after: "30d", max: 3 },
      campaign: "api.quota-1",
      cap: [{ max: 3, window: "30d", scope: "tenant" }],
      priority: 5,
      steps: [
        { after: "0s", at: "09:00", template: "quota_80", when: "user.role == 'admin'", variants: { b: "quota_80_b" } },
        { after: "next_morning", template: "quota_80" },
      ],
    },
    { id: "plain", enter: "requests.count > 1", campaign: null, holdout: 0.1, quiet_hours: false, reentry: "never", steps: [{ after: "2d", template: "quota_80" }] },
  ],
  upgrade: { proration: "always_invoice", payment_behavior: "error_if_incomplete", rollout: { percent: 100, tenants: [] } },
  attribution: { window: "7d", model: "time_decay", goal: "team" },
};

/** What stands in for each part in turn. */
const OTHERS = [null, true, false, 7, -1, 0.5, 51, 101, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, "", " ", "x", "x y", "7d", "in", "unlimited", "x".repeat(65), "x".repeat(4_097), [], [7], ["x"], {}, { x: 7 }, { x: {} }];
/** What no part has; words that other parts have; and what only the document itself has. */
const MORE = { unheard_of: 1, label: "x", id: "x", when: "true", builtin: "will_hit_limit", meter: "api_calls", feature: "sso", event: "x", stripe_meter: "x", period: "day", attribution: [], variants: [] };
const RENAMED = ["Bad Name", "in", "1st", "role", "age", "seats", "x".repeat(65)];

/** Every document with one part of `part` replaced, removed, added or renamed; `put` makes the document of the part. */
function* mistaken(part, put, at = "") {
  for (const other of OTHERS) yield [`${at || "/"} = ${JSON.stringify(other).slice(0, 40)}`, put(other)];
  if (part === null || typeof part !== "object") return;
  if (Array.isArray(part)) {
    yield [`${at} twice`, put([...part, ...part])];
    for (const [i, inner] of part.entries()) yield* mistaken(inner, (other) => put(part.with(i, other)), `${at}/${i}`);
    return;
  }
  for (const [name, value] of Object.entries(MORE)) if (!(name in part)) yield [`${at}/${name} added`, put({ ...part, [name]: value })];
  for (const [name, inner] of Object.entries(part)) {
    const { [name]: _, ...rest } = part;
    yield [`${at}/${name} removed`, put(rest)];
    for (const other of RENAMED) yield [`${at}/${name} renamed ${other.slice(0, 10)}`, put({ ...rest, [other]: inner })];
    yield* mistaken(inner, (other) => put({ ...part, [name]: other }), `${at}/${name}`);
  }
}

/** What a schema can tell. The other codes are about names, expressions, order and sums, and so are these conflicts. */
const SHAPE = ["wrong_type", "unknown_field", "missing", "bad_choice", "bad_name", "out_of_range", "too_many", "unsupported", "conflict"];
const isShape = ({ code, pointer }) => SHAPE.includes(code) && !(code === "conflict" && /^\/features\/|\/schedule\/until$|^\/sequences\/\d+\/(holdout|steps\/\d+\/variants)$/.test(pointer));

describe("the schema of the configuration", () => {
  const stack = sharedStack({});
  const problems = async (document) => {
    const { status, body } = await stack.api("POST", "/v1/config/validate", document);
    assert.equal(status, 200, JSON.stringify(body));
    return body.problems;
  };

  test("every configuration of the demo and the tests fits", async () => {
    assertFits(await read("www/demo/seed/config.json"), "the demo");
    for (const document of [CONFIG, UPGRADE_CONFIG, {}]) assertFits(document, "the tests'");
    for (const { file, cases } of await readCaseFiles()) {
      for (const { name, config, steps } of cases) {
        let document = config;
        assertFits(document, `${file}: ${name}`);
        for (const { publish } of steps.filter((step) => step.publish)) assertFits((document = merge(document, publish)), `${file}: ${name}`);
      }
    }
  });

  test("the examples of the documentation fit, each for itself", async () => {
    const documentation = await readFile(path.join(root, "docs/configuration.md"), "utf8");
    const examples = [...documentation.matchAll(/^```json\n(.*?)^```/gms)].map(([, example]) => JSON.parse(example));
    assert.equal(examples.length, 12);
    for (const example of examples) assertFits(example, Object.keys(example).join());
  });

  test("what can be said at all fits and can be published", async () => {
    assertFits(WHOLE, "the whole");
    assert.deepEqual(await problems(WHOLE), []);
  });

  test("one mistake anywhere is refused by both or by neither", async () => {
    const seen = { both: 0, neither: 0 };
    const differing = [];
    const all = [...mistaken(WHOLE, (document) => document)];
    const answers = [];
    while (answers.length < all.length) {
      const some = all.slice(answers.length, answers.length + 50);
      answers.push(...(await Promise.all(some.map(([, document]) => problems(document)))));
    }
    for (const [i, [what, document]] of all.entries()) {
      const told = answers[i];
      const isFit = fits(document);
      if (isFit && told.some(isShape)) differing.push(`${what} fits, but ${JSON.stringify(told)}`);
      if (!isFit && told.length === 0) differing.push(`${what} can be published, but ${JSON.stringify(fits.errors)}`);
      seen[isFit ? "neither" : "both"] += 1;
    }
    assert.deepEqual(differing, []);
    assert.ok(seen.both > 1_000 && seen.neither > 100, JSON.stringify(seen))
  });

  test("editors can say of every field what it is", () => {
    const bare = [];
    const look = (part, at) => {
      for (const [name, inner] of Object.entries(part.properties ?? {})) {
        const kind = schema.$defs[inner.$ref?.replace("#/$defs/", "")];
        if (!inner.description && !kind?.description) bare.push(`${at}/${name}`);
        look(inner, `${at}/${name}`);
      }
    };
    look(schema, "");
    for (const [name, kind] of Object.entries(schema.$defs)) look(kind, name);
    assert.deepEqual(bare, []);
  });
});
