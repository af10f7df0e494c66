// CEL's public conformance suite (https://github.com/google/cel-spec, tests/simple), as far as it lies inside Upcue's subset.
// The cases come from the npm package @bufbuild/cel-spec and are not copied here; outside.mjs says what is left out and why.

import { tests } from "@bufbuild/cel-spec/testdata/conformance.js";
import { OUTSIDE, seen } from "./outside.mjs";

/** A time written out. Upcue reads it when it compiles, CEL when it evaluates: a wrong one is refused rather than an error. */
const WRITTEN_TIME = /^(duration|timestamp)\('[^']*'\)$/;

/**
 * Every case of the suite as `{ file, section, name, expr, expect, told, outside }`.
 *
 * `outside` is the id of the rule that puts the case outside the subset; without one it is inside, and `expect` is either
 * "error" or `{ type, value }`: ints as decimal text, doubles as numbers. For an error,
 * `told` says when: "check" for an expression that must not compile, "run" for one that must, and has no value.
 */
export function* allCases() {
  for (const { name: file, suites = [] } of tests.suites) {
    for (const { name: section, tests: published } of suites) {
      for (const test of published) {
        const { name, expr } = test.original;
        const one = seen(file, test);
        const outside = OUTSIDE.find(({ applies }) => applies(one))?.id;
        yield { file, section, name, expr, ...(outside ? { outside } : expected(test)) };
      }
    }
  }
}

/** The cases inside the subset. */
export function* cases() {
  for (const one of allCases()) if (!one.outside) yield one;
}

/** How many cases there are, how many inside, and how many each rule puts outside. */
export function counts() {
  const outside = new Map(OUTSIDE.map(({ id }) => [id, 0]));
  let inside = 0;
  for (const one of allCases()) {
    if (one.outside) outside.set(one.outside, outside.get(one.outside) + 1);
    else inside += 1;
  }
  return { all: [...outside.values()].reduce((sum, n) => sum + n, inside), inside, outside };
}

function expected({ original: { expr, value, typedResult, evalError }, checkedAst }) {
  if (evalError) return { expect: "error", told: checkedAst && !WRITTEN_TIME.test(expr) ? "run" : "check" };
  // A case that says nothing expects true.
  return { expect: typed(value ?? typedResult?.result ?? { boolValue: true }) };
}

function typed(value) {
  const [[kind, is]] = Object.entries(value);
  switch (kind) {
    case "boolValue":
      return { type: "bool", value: is };
    case "int64Value":
      return { type: "int", value: String(is) };
    case "doubleValue":
      return { type: "double", value: Number(is) };
    case "stringValue":
      return { type: "string", value: is };
    default:
      throw new Error(`a value of kind ${kind} is no value of the subset; outside.mjs lacks a rule`);
  }
}
