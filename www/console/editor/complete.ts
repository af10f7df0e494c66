// What may stand where the cursor is, and what is meant by what stands there, from the configuration's JSON Schema.

import { type Completion, type CompletionContext, type CompletionResult, snippetCompletion } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import type { EditorState, Extension } from "@codemirror/state";
import { hoverTooltip } from "@codemirror/view";
import type { SyntaxNode } from "@lezer/common";
import { type Schema, at, description } from "./schema";

/** Completes names of fields and their values. */
export const completions =
  (schema: Schema) =>
  (context: CompletionContext): CompletionResult | null => {
    const node = syntaxTree(context.state).resolveInner(context.pos, -1);
    const word = context.matchBefore(/"?[\w.$-]*$/);
    if (!context.explicit && (!word || word.from === word.to)) return null;
    const from = word?.from ?? context.pos;
    const object = nearest(node, "Object");
    const property = nearest(node, "Property");
    const isValue =
      property !== null && (!object || property.from > object.from) && context.pos > (property.getChild("PropertyName")?.to ?? 0);
    // The closing quote that the editor has written already goes with what is completed.
    const to = context.state.sliceDoc(context.pos, context.pos + 1) === '"' ? context.pos + 1 : context.pos;
    const options =
      isValue || nearest(node, "Array", "Object")
        ? values(at(schema, path(context.state, node, isValue)))
        : object
          ? names(context.state, schema, object)
          : [];
    return options.length > 0 ? { from, to, options, validFor: /^"?[\w.$-]*$/ } : null;
  };

/** Says what a field is for, to who points at its name. */
export const explanations = (schema: Schema): Extension =>
  hoverTooltip((view, position) => {
    const name = nearest(syntaxTree(view.state).resolveInner(position, 1), "PropertyName");
    const text = name && description(at(schema, path(view.state, name, true)));
    if (!name || !text) return null;
    return {
      pos: name.from,
      end: name.to,
      above: true,
      create: () => {
        const dom = document.createElement("div");
        dom.className = "explanation";
        dom.textContent = text;
        return { dom };
      },
    };
  });

/** The fields that an object may have and does not. */
function names(state: EditorState, schema: Schema, object: SyntaxNode): Completion[] {
  const has = new Set(object.getChildren("Property").map((property) => nameOf(state, property)));
  const fields = at(schema, path(state, object, true)).flatMap(({ properties }) => Object.entries(properties ?? {}));
  return [...new Map(fields).entries()]
    .filter(([name]) => !has.has(name))
    .map(([name, field]) => completion(name, at({ ...schema, properties: { name: field } }, ["name"])));
}

function completion(name: string, field: Schema[]): Completion {
  const kinds = field.flatMap(({ type }) => type ?? []);
  const first = field.flatMap(({ examples, default: usual }) => (usual === undefined ? (examples ?? []) : [usual]))[0];
  const begun = kinds.includes("object") ? "{${}}" : kinds.includes("array") ? "[${}]" : kinds.includes("string") ? '"${}"' : "${}";
  const detail = first !== undefined && typeof first !== "object" ? JSON.stringify(first) : undefined;
  const info = description(field);
  return snippetCompletion(`"${name}": ${begun}`, {
    label: `"${name}"`,
    displayLabel: name,
    type: "property",
    ...(detail && { detail }),
    ...(info && { info }),
  });
}

function values(schemas: Schema[]): Completion[] {
  const found = schemas.flatMap(({ enum: choices, const: only, type, examples, default: usual }) => [
    ...(choices ?? []),
    ...(only === undefined ? [] : [only]),
    ...(type === "boolean" || (Array.isArray(type) && type.includes("boolean")) ? [true, false] : []),
    ...(usual === undefined ? [] : [usual]),
    ...(examples ?? []).filter((example) => typeof example !== "object"),
  ]);
  return [...new Set(found.filter((value) => value !== null).map((value) => JSON.stringify(value)))].map((label) => ({
    label,
    type: "constant",
  }));
}

/** The names that lead to a node, from the whole document; of its own one where `inside`. */
function path(state: EditorState, node: SyntaxNode, inside: boolean): (string | undefined)[] {
  const steps: (string | undefined)[] = [];
  let child: SyntaxNode | null = node;
  for (let here: SyntaxNode | null = node; here; here = here.parent) {
    if (here.name === "Property" && (inside || here !== node)) steps.unshift(nameOf(state, here));
    if (here.name === "Array" && child !== here) steps.unshift(undefined);
    if (here.name === "Array" && here === node) steps.unshift(undefined);
    child = here;
  }
  return steps;
}

function nameOf(state: EditorState, property: SyntaxNode): string {
  const name = property.getChild("PropertyName");
  try {
    return name ? JSON.parse(state.sliceDoc(name.from, name.to)) : "";
  } catch {
    return "";
  }
}

/** The nearest node of a kind around `node`, unless one of `before` comes first. */
function nearest(node: SyntaxNode, kind: string, before?: string): SyntaxNode | null {
  for (let here: SyntaxNode | null = node; here; here = here.parent) {
    if (here.name === kind) return here;
    if (here.name === before) return null;
  }
  return null;
}
