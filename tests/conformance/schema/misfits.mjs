// As much of JSON Schema as cases.schema.json uses, so that what editors are told is what the runners are held to.

const TYPES = {
  object: (value) => value !== null && typeof value === "object" && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === "string",
  integer: Number.isSafeInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

const KEYWORDS = {
  type: (types, value) => [types].flat().some((type) => TYPES[type](value)),
  enum: (values, value) => values.includes(value),
  pattern: (pattern, value) => new RegExp(pattern, "u").test(value),
  required: (keys, value) => keys.every((key) => key in value),
  minProperties: (least, value) => Object.keys(value).length >= least,
  maxProperties: (most, value) => Object.keys(value).length <= most,
  minItems: (least, value) => value.length >= least,
  maxItems: (most, value) => value.length <= most,
};

/** Keywords that say nothing by themselves, or are followed below. */
const SILENT = ["$schema", "$defs", "$ref", "title", "description", "properties", "additionalProperties", "items", "prefixItems"];

/** Where `value` does not follow `schema`, as `pointer: keyword`. */
export function misfits(value, schema, root = schema, at = "") {
  const here = schema.$ref ? misfits(value, root.$defs[schema.$ref.replace("#/$defs/", "")], root, at) : [];
  for (const [keyword, argument] of Object.entries(schema)) {
    if (SILENT.includes(keyword)) continue;
    if (!KEYWORDS[keyword](argument, value)) here.push(`${at || "/"}: ${keyword} ${JSON.stringify(argument)}`);
    if (keyword === "type" && here.length > 0) return here;
  }
  if (schema.properties) {
    for (const [key, inner] of Object.entries(value)) {
      const known = schema.properties[key];
      if (known) here.push(...misfits(inner, known, root, `${at}/${key}`));
      else if (schema.additionalProperties === false) here.push(`${at}/${key}: unknown`);
    }
  }
  if (Array.isArray(value)) {
    value.forEach((inner, i) => {
      const known = schema.prefixItems?.[i] ?? schema.items;
      if (known) here.push(...misfits(inner, known, root, `${at}/${i}`));
    });
  }
  return here;
}
