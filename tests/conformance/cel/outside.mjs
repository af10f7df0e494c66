// What of CEL's public conformance suite lies outside Upcue's subset, each with its reason. outside.md says the same in words.
//
// A case is judged by what is written in it and by the types that CEL's own checker gave it (the package carries them),
// never by what Upcue's evaluator makes of it.

/** String literals, with the prefix that tells bytes and raw strings apart. */
const STRING = /([bB]?)[rR]?(?:'''(?:\\[^]|[^\\])*?'''|"""(?:\\[^]|[^\\])*?"""|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")/g;
const DOUBLE = /(?<![\w.])(\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?(?![\w.])/g;
const LIST = String.raw`list\((?:[^()]|\([^()]*\))*\)`;
/** How the suite writes times finer than a millisecond. */
const FINER_THAN_MS = /duration\('[^']*[nuµ]s'\)|timestamp\('[^']*\.\d{4,}/;

/**
 * A case as the rules see it: `expr`, the source; `bare`, the source without the insides of its strings; `names`, the words in
 * it; `checked`, the tree with types and overloads, on one line; `original`, the case as published.
 */
export function seen(file, { original, checkedAst = "" }) {
  const bare = original.expr.replace(/\/\/[^\n]*/g, "").replace(STRING, "$1''");
  const checked = checkedAst.replace(/\/\/[^\n]*/g, "").replace(STRING, "''").replace(/\s+/g, "");
  return { file, original, expr: original.expr, bare, checked, names: new Set(bare.match(/[A-Za-z_]\w*/g)) };
}

/** Whether one of `ids` is among the overloads that CEL's checker resolved the case's calls to. */
const calls = (...ids) => {
  const found = new RegExp(String.raw`\^(?:\w+\|)*(?:${ids.join("|")})(?![\w])`);
  return ({ checked }) => found.test(checked);
};
const writes = (pattern) => ({ bare }) => pattern.test(bare);

/** Whether two lists are compared: told by the type of the right side, or, where nothing is typed, by a `]` before the operator. */
const COMPARED_LISTS = new RegExp(String.raw`~${LIST}(\^[\w@]+)?\)~bool\^(not_)?equals`);
/** Whether the whole is a list that is written out. */
const LIST_RESULT = new RegExp(String.raw`\]~${LIST}$`);
const comparesLists = ({ bare, checked }) => COMPARED_LISTS.test(checked) || /\]\s*([=!]=|[<>])/.test(bare);
const converts = calls("int64_to_timestamp", "duration_to_duration", "timestamp_to_timestamp");
const EXTENSIONS = ["bindings_ext", "block_ext", "encoders_ext", "macros2", "math_ext", "string_ext", "proto2_ext", "optionals"];

/** The rules, in the order in which they are asked; a case counts for the first that applies. */
export const OUTSIDE = [
  { id: "extensions", applies: (one) => EXTENSIONS.includes(one.file) || one.names.has("optional") },
  { id: "enums", applies: ({ file }) => file === "enums" },
  { id: "messages", applies: ({ bare, checked }) => /\b(?!in\b)\w+\s*\{/.test(bare) || /~(cel\.|google\.|wrapper\(|any\b)/.test(checked) },
  { id: "variables", applies: needsVariables },
  { id: "maps", applies: writes(/\{/) },
  { id: "dyn", applies: ({ names }) => names.has("dyn") },
  { id: "types", applies: ({ bare, checked }) => /\btype\s*\(/.test(bare) || /~type(\(|\^|$)/.test(checked) },
  { id: "uint", applies: ({ bare, names }) => names.has("uint") || /\b(\d+|0[xX][\da-fA-F]+)[uU]\b/.test(bare) },
  { id: "bytes", applies: ({ bare, names }) => names.has("bytes") || /\b[bB]''/.test(bare) },
  { id: "null", applies: ({ names }) => names.has("null") },
  { id: "conversions", applies: (one) => /\b(bool|int|double|string)\s*\(/.test(one.bare) || converts(one) },
  { id: "accessors", applies: writes(/\.get[A-Z]\w*\(/) },
  { id: "matches", applies: calls("matches_string") },
  { id: "string-concatenation", applies: calls("add_string") },
  { id: "macros", applies: writes(/\.(exists_one|map|filter)\(/) },
  { id: "list-concatenation", applies: calls("add_list") },
  { id: "indexing", applies: calls("index_list") },
  { id: "list-comparison", applies: comparesLists },
  { id: "mixed-lists", applies: ({ checked }) => /[^[]\]~list\(dyn\)/.test(checked) },
  { id: "long-doubles", applies: ({ bare }) => [...bare.matchAll(DOUBLE)].some(isLong) },
  { id: "fine-times", applies: ({ expr }) => FINER_THAN_MS.test(expr) },
  { id: "list-results", applies: ({ checked }) => LIST_RESULT.test(checked) },
  { id: "types-only", applies: ({ original }) => original.checkOnly },
  { id: "unchecked", applies: ({ checked, original }) => original.disableCheck && checked === "" && !original.evalError },
];

/** Whether the source names a variable; CEL's own words for true, false and null are none, even where a case binds them. */
function needsVariables({ names, original }) {
  const bound = [...(original.typeEnv ?? []).map(({ name }) => name), ...Object.keys(original.bindings ?? {})];
  return bound.some((name) => !["true", "false", "null"].includes(name) && names.has(name.split(".")[0]));
}

/** Whether a number needs more than 15 digits, or a power of ten that is no exact double. */
function isLong([text, whole, fraction = "", exponent = "0"]) {
  if (!/[.eE]/.test(text)) return false;
  const digits = (whole + fraction).replace(/^0+/, "");
  return digits !== "" && (digits.length > 15 || Math.abs(Number(exponent) - fraction.length) > 22);
}
