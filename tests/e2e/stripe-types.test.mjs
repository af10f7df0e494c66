// Every answer of the sandbox has the type that Stripe's own package gives it: the answers become literals in a
// TypeScript file, which the pinned compiler then has to accept. So a member that is missing, misspelt, made up or of
// the wrong kind is found without a list of members of our own.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { answers } from "../support/stripe-answers.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** Without what Stripe sends and does not declare: the number of items, and the parts that an event says have changed. */
const declared = (name, value) => (name === "total_count" || name === "previous_attributes" ? undefined : value);

/** Decimals are texts on the wire, which the library turns into objects of its own. */
function literal(answer) {
  return JSON.stringify(answer, declared, 2).replace(/("[a-z_]*_decimal": )("[^"]*")/g, "$1decimal($2)");
}

function source(typed) {
  const constants = typed.map(([type, answer], index) => `export const answer${index}: ${type} = ${literal(answer)};\n`);
  return `import type Stripe from "stripe";\ndeclare function decimal(text: string): Stripe.Decimal;\n${constants.join("")}`;
}

const CONFIG = {
  compilerOptions: {
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2023", "dom"],
    types: [],
    strict: true,
    noEmit: true,
    // Stripe's declarations are not under test.
    skipLibCheck: true,
  },
  files: ["answers.mts"],
};

/** What the compiler says; nothing where all is well. */
async function compile(text) {
  await mkdir(path.join(root, "target/tmp"), { recursive: true });
  const folder = await mkdtemp(path.join(root, "target/tmp/stripe-types-"));
  try {
    await writeFile(path.join(folder, "answers.mts"), text);
    await writeFile(path.join(folder, "tsconfig.json"), JSON.stringify(CONFIG));
    const tsc = path.join(root, "node_modules/.bin/tsc");
    await promisify(execFile)(tsc, ["--project", folder, "--pretty", "false"], { maxBuffer: 1 << 26 });
    return "";
  } catch ({ stdout, stderr }) {
    return stdout + stderr;
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("every answer has the type that Stripe's package gives it", async (t) => {
  const typed = await answers(t);
  assert.equal(await compile(source(typed)), "");

  // The check itself works: a member less, a member more and a wrong word are all found.
  const [, subscription] = typed.find(([type]) => type === "Stripe.Subscription");
  const { billing_mode, ...less } = subscription;
  for (const [wrong, complaint] of [
    [less, "billing_mode"],
    [{ ...subscription, colour: "red" }, "colour"],
    [{ ...subscription, billing_mode: { ...billing_mode, type: 5 } }, "'5'|number"],
    [{ ...subscription, object: "subscriptions" }, '"subscriptions"'],
  ]) {
    const said = await compile(source([["Stripe.Subscription", wrong]]));
    assert.match(said, new RegExp(complaint), said);
  }
});
