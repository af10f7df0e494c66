// CEL's public conformance suite (tests/conformance/cel), as far as it lies inside the subset: natively, and in workerd.
//
// The native run asks the example engine/examples/cel.rs, which `cargo test` builds; the other asks the Worker.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { cases } from "../conformance/cel/suite.mjs";
import { built, startStack } from "../support/stack.mjs";

const suite = [...cases()];
const sources = suite.map(({ expr }) => expr);

/** What an answer should be, in the words of the runners. */
function expected({ expect, told }) {
  if (expect === "error") return told === "check" ? "refused" : { error: true };
  return expect;
}

/** An answer in the suite's words: JSON knows no infinities, so a runner tells them by name. */
function told({ problems, error, type, value }) {
  if (problems) return problems.length > 0 ? "refused" : "refused without a reason";
  if (error) return { error };
  return { type, value: type === "double" ? Number(value) : value };
}

/** Holds all answers against the suite, and tells every difference at once. */
function holds(answers) {
  assert.equal(answers.length, suite.length);
  const wrong = suite.flatMap((one, i) => {
    const [is, should] = [told(answers[i]), expected(one)];
    try {
      // Strict: 0 is not -0, and NaN is NaN.
      assert.deepStrictEqual(is, should);
      return [];
    } catch {
      return [`${one.file}/${one.section}/${one.name}: ${one.expr} is ${show(is)}, not ${show(should)}`];
    }
  });
  assert.deepEqual(wrong, []);
}

const show = (value) => (typeof value === "string" ? value : JSON.stringify(value, (_, v) => (Object.is(v, -0) ? "-0" : v)));

test(`natively (${suite.length})`, () => {
  const runner = process.env.UPCUE_CEL_BIN ?? path.join(path.dirname(built.xtask), "examples/cel");
  const input = sources.map((source) => `${JSON.stringify(source)}\n`).join("");
  const { stdout, stderr, status, error } = spawnSync(runner, { input, encoding: "utf8" });
  assert.equal(status, 0, `${error ?? stderr}; \`cargo build -p upcue-engine --examples\` builds it`);
  holds(stdout.trimEnd().split("\n").map((line) => JSON.parse(line)));
});

describe("in workerd", () => {
  const ends = [];
  let stack;
  before(async () => {
    stack = await startStack({ after: (end) => ends.unshift(end) }, { dev: true });
  });
  after(async () => {
    for (const end of ends) await end();
  });

  test(`the Worker's wasm has the same values (${suite.length})`, async () => {
    const { status, body } = await stack.operator("POST", "/dev/cel", { expressions: sources });
    assert.equal(status, 200, JSON.stringify(body));
    holds(body.values);
  });
});
