// Thousands of made-up requests against the real Worker, with schemathesis: nothing may answer 5xx, a status or a body that the
// reference does not describe. `cargo xtask fuzz-api` runs it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { mailConfig } from "../support/mailing.mjs";
import { createApp, root, startStack } from "../support/stack.mjs";
import { UPGRADE_CONFIG, addTenant, buyer, openShop } from "../support/upgrading.mjs";

const { UPCUE_FUZZ_SEED: seed = "1", UPCUE_FUZZ_EXAMPLES: examples = "60", SCHEMATHESIS: schemathesis } = process.env;
/** Fewer say little. */
const LEAST = 5_000;
const CHECKS = [
  "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance", "response_schema_conformance",
  "unsupported_method", "allow_header_conformance",
];
const RULES = mailConfig({
  features: UPGRADE_CONFIG.features,
  segments: { ready_to_upgrade: { enter: "score >= 20", exit: "score < 10" } },
});

const ends = [];
try {
  process.exitCode = await run({ after: (end) => ends.unshift(end) });
} finally {
  for (const end of ends) await end();
}

/** A shop with something of everything, and its names. */
async function stage(t) {
  const stack = await startStack(t, { config: { ...RULES, holdout: 0.1 } });
  await stack.publish(RULES);
  const shop = await openShop(stack);
  const acme = await addTenant(stack, "acme", shop.prices.Free);
  const events = [{ type: "usage", meter: "api_calls", value: 900 }, { type: "identify", email: "ada@acme.example", role: "admin" }];
  await stack.api("POST", "/v1/events", { tenant: "acme", user: "ada", events });
  const apart = await createApp({ ...stack, id: "apart", origins: [] });
  const { body: backtest } = await stack.api("POST", "/v1/config/backtest", { version: 1 });
  const { body: letters } = await stack.api("GET", "/v1/tenants/acme/letters");
  const { body: preview } = await stack.api("POST", "/v1/email/preview", { template: "quota" });
  const { body: quote } = await buyer(stack, acme).quote({ plan: shop.products.Pro.id });
  const things = {
    tenant: ["acme", "rival", "nobody"],
    app: ["demo"],
    segment: ["ready_to_upgrade"],
    backtest: [backtest.id],
    letter: letters.letters.map(({ id }) => id),
    look: [path.posix.basename(preview.url)],
    customer: [acme.customer.id],
    plan: Object.values(shop.products).map(({ id }) => id),
  };
  const credentials = {
    key: stack.secretKey, apart: apart.secretKey, admin: acme.admin, member: acme.member, rival: await stack.token({ tenant: "rival" }), operator: stack.operatorKey,
    expired: await stack.token({ expires: "-5s" }), nonsense: "nonsense", nothing: null,
  };
  return { stack, told: { seed: Number(seed), things, credentials, quote: quote.token } };
}

async function run(t) {
  const { stack, told } = await stage(t);
  const words = [
    "run", `${stack.worker.url}/openapi.json`, "--seed", seed, "--checks", CHECKS.join(","), "--phases", "examples,coverage,fuzzing", "--max-examples", examples,
    "--mode", "all", "--continue-on-failure", "--request-timeout", "10", "--max-redirects", "0", "--workers", "1", "--no-shrink", "--output-sanitize", "false",
    "--suppress-health-check", "all", "--warnings", "off",
  ];
  const directory = await mkdtemp(path.join(tmpdir(), "upcue-fuzz-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const child = spawn(schemathesis, words, {
    stdio: "inherit",
    cwd: directory, // it keeps what has failed where it stands, and would try that first
    env: { ...process.env, SCHEMATHESIS_HOOKS: "hooks", PYTHONPATH: path.join(root, "tests/fuzz"), UPCUE_FUZZ_STAGE: JSON.stringify(told) },
  });
  const [code] = await once(child, "exit");
  const requests = stack.worker.log.filter((line) => line.includes('"route"')).length;
  const byStatus = Object.entries(Object.groupBy(stack.worker.log.flatMap((line) => line.match(/"status":(\d+)/)?.[1] ?? []), (status) => status));
  console.log(`${requests} requests: ${byStatus.map(([status, all]) => `${all.length} × ${status}`).join(", ")}`);
  assert.ok(requests >= LEAST || code !== 0, `only ${requests} requests`);
  return code;
}
