// upcue/react from the manifest: one component for each element, whose properties are its attributes, properties and events.

/** Attributes that an element sets itself, for styles. */
const REFLECTED = new Set(["state", "kind"]);

const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
/** `upcue-action` is heard by `onAction`. */
const handler = (event) => camel(`on-${event.replace(/^upcue-/, "")}`);

/** What the wrapper of one element has to know. */
function shape({ name, tagName, description, attributes, members, events }) {
  const fields = members.filter(({ kind, static: shared, readonly }) => kind === "field" && !shared && !readonly);
  return {
    name,
    tagName,
    description,
    attributes: attributes.filter((attribute) => !REFLECTED.has(attribute.name) && !fields.some((field) => field.name === attribute.name)),
    fields,
    events,
  };
}

const elements = (manifest) => manifest.modules.flatMap(({ declarations }) => declarations).map(shape);

export function script(manifest) {
  const components = elements(manifest).map(({ name, tagName, attributes, fields, events }) => {
    const renamed = attributes.filter((attribute) => camel(attribute.name) !== attribute.name);
    const names = {
      attributes: Object.fromEntries(renamed.map((attribute) => [camel(attribute.name), attribute.name])),
      properties: fields.map((field) => field.name),
      events: Object.fromEntries(events.map((event) => [handler(event.name), event.name])),
    };
    return `export const ${name} = /* @__PURE__ */ component("${tagName}", ${JSON.stringify(names)});\n`;
  });
  return `"use client";
import "./define.js";
import { component } from "./react-support.js";
export { useUpcue } from "./react-support.js";
${components.join("")}`;
}

export function declarations(manifest) {
  const all = elements(manifest);
  const imports = all.map(({ name }) => `${name} as ${name}Element`).join(", ");
  return `import type { HTMLAttributes, ReactElement, Ref } from "react";
import type { ${imports} } from "./define.js";

export { useUpcue } from "./entries/react-support.js";
${all.map(declaration).join("")}`;
}

function declaration({ name, tagName, description, attributes, fields, events }) {
  const properties = [
    ...attributes.map((attribute) => [camel(attribute.name), type(attribute), attribute.description]),
    ...fields.map((field) => [field.name, `${name}Element["${field.name}"]`, field.description]),
    ...events.map((event) => [handler(event.name), `(event: GlobalEventHandlersEventMap["${event.name}"]) => void`, event.description]),
  ];
  const lines = properties.map(([property, type, text]) => `${comment(text, "  ")}  ${property}?: ${type} | undefined;\n`);
  return `
export interface ${name}Props extends HTMLAttributes<${name}Element> {
  ref?: Ref<${name}Element> | undefined;
${lines.join("")}}
${comment(description ?? `\`<${tagName}>\` as a component.`)}export declare const ${name}: (props: ${name}Props) => ReactElement;
`;
}

/** Attributes are text unless their comment says otherwise. */
const type = (attribute) => attribute.type?.text ?? "string";

function comment(text, indent = "") {
  if (!text) return "";
  const lines = text.trim().split("\n");
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}
