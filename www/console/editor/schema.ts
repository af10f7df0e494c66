// As much of JSON Schema as the configuration's own uses, to know what may stand where.

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  title?: string;
  description?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
}

/** What stands at a path of names; `undefined` in it is any entry of a list. Several, where the schema leaves a choice. */
export function at(root: Schema, path: (string | undefined)[]): Schema[] {
  let here = resolved(root, root);
  for (const step of path) here = here.flatMap((schema) => below(schema, step)).flatMap((schema) => resolved(root, schema));
  return here;
}

function below(schema: Schema, step: string | undefined): Schema[] {
  if (step === undefined) return schema.items ? [schema.items] : [];
  const named = schema.properties?.[step];
  if (named) return [named];
  return typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [];
}

/** A schema with what it refers to and chooses from. Descriptions beside a reference go before those behind it. */
function resolved(root: Schema, schema: Schema, depth = 0): Schema[] {
  if (depth > 8) return [];
  const target = schema.$ref?.startsWith("#/$defs/") ? root.$defs?.[schema.$ref.slice(8)] : undefined;
  const others = [target, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].filter((other) => other !== undefined);
  return [schema, ...others.flatMap((other) => resolved(root, other, depth + 1))];
}

/** What somebody should know of it, in a line or two. */
export const description = (schemas: Schema[]): string | undefined =>
  schemas.find(({ description }) => description)?.description ?? schemas.find(({ title }) => title)?.title;
