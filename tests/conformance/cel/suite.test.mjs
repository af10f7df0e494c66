import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { cases, counts } from "./suite.mjs";

const published = await readFile(new URL("outside.md", import.meta.url), "utf8");

test("outside.md tells how much of CEL's suite is inside, and how much each reason leaves out", () => {
  const { all, inside, outside } = counts();
  const rows = [...published.matchAll(/^\| `([\w-]+)` \| .* \| (\d+) \|$/gm)].map(([, id, n]) => [id, Number(n)]);
  assert.deepEqual(rows, [...outside]);
  const summary = `Of its ${all} cases ${inside} are inside, ${all - inside} outside.`;
  assert.ok(published.includes(summary), `outside.md should say: ${summary}`);
});

test("every reason to leave a case out is needed", () => {
  for (const [id, n] of counts().outside) assert.ok(n > 0, `no case is left out for ${id}`);
});

test("what the subset is made of is inside", () => {
  const inside = new Set([...cases()].map(({ file, section, name }) => `${file}/${section}/${name}`));
  for (const name of [
    "basic/self_eval_nonzeroish/self_eval_int_negative_min",
    "comparisons/eq_literal/not_eq_double_nan",
    "comparisons/in_list_literal/elem_in_list",
    "integer_math/int64_math/int64_overflow_positive",
    "lists/size/list_empty",
    "logic/AND/error_left",
    "macros/all/list_elem_error_shortcircuit",
    "macros/exists/list_elem_exists_error",
    "parse/string_literals/raw_triple_single_quoted_escapes",
    "string/contains/contains_unicode_smp",
    "timestamps/duration_range/from_string_over",
    "timestamps/timestamp_arithmetic/subtract_time_from_time",
  ]) {
    assert.ok(inside.has(name), name);
  }
});

test("a case says what is expected, and when an error is told", () => {
  const told = Object.groupBy(cases(), ({ expect, told }) => (expect === "error" ? `error at ${told}` : expect.type));
  assert.deepEqual(Object.keys(told).sort(), ["bool", "double", "error at check", "error at run", "int", "string"]);
  const byExpression = new Map([...cases()].map((one) => [one.expr, one]));
  assert.deepEqual(byExpression.get("1 + 1").expect, { type: "int", value: "2" });
  assert.equal(byExpression.get("15.75 / 0.0").expect.value, Infinity);
  assert.equal(byExpression.get("15 / 0").told, "run");
  assert.equal(byExpression.get("'foo' < 1024").told, "check");
  assert.equal(byExpression.get("duration('320000000000s')").told, "check");
});
