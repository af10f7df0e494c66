// The custom elements manifest: what the sources and the tags in their comments (@attr, @fires, @slot, @csspart, @cssprop)
// say, without what only the sources' authors care for.

import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { create, ts } from "@custom-elements-manifest/analyzer";

/** The module of the package that all elements come from. */
const MODULE = "define.js";

/** The manifest of the elements that `<sources>/define.ts` registers. */
export async function describe(sources) {
  const directory = path.join(sources, "elements");
  const names = (await readdir(directory)).filter((name) => name.endsWith(".ts")).sort();
  const modules = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(path.join(directory, name), "utf8");
      return ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
    }),
  );
  const { schemaVersion, modules: read } = await create({ modules, plugins: [], context: { dev: false } });
  const registered = registrations(await readFile(path.join(sources, "define.ts"), "utf8"));
  const classes = read.flatMap(({ declarations }) => declarations).filter(({ kind }) => kind === "class");
  const declarations = [...registered].map(([tagName, name]) => {
    const found = classes.find((one) => one.name === name);
    if (!found) throw new Error(`define.ts registers ${name}, which no file of elements/ declares`);
    return element(found, tagName);
  });
  const exports = declarations.flatMap(({ name, tagName }) => {
    const declaration = { name, module: MODULE };
    return [
      { kind: "js", name, declaration },
      { kind: "custom-element-definition", name: tagName, declaration },
    ];
  });
  return { schemaVersion, readme: "README.md", modules: [{ kind: "javascript-module", path: MODULE, declarations, exports }] };
}

/** `["upcue-nudge", UpcueNudge]`, as define.ts writes it. */
function registrations(text) {
  const pairs = new Map([...text.matchAll(/"(upcue-[a-z-]+)",\s*(\w+)/g)].map(([, tag, name]) => [tag, name]));
  if (!pairs.size) throw new Error("define.ts registers no element in a way that is understood here");
  return pairs;
}

function element({ description, name, members, attributes, events, slots, cssParts, cssProperties }, tagName) {
  // Drawing and life cycle are nobody's business; a name in capitals of the class is not seen from outside either.
  const visible = members.filter((member) => !member.privacy && !member.name.startsWith("#") && !HIDDEN.has(member.name));
  // The class's words for all elements hide, by their name, the inherited ones of one element.
  if (visible.some((member) => member.name === "messages" && member.static)) {
    visible.push({ kind: "field", name: "messages", description: "Words of this element alone." });
  }
  return {
    kind: "class",
    customElement: true,
    name,
    tagName,
    superclass: { name: "HTMLElement" },
    ...(description && { description }),
    members: visible.map(({ inheritedFrom, ...member }) => member),
    attributes: (attributes ?? []).map(({ inheritedFrom, fieldName, ...attribute }) => attribute),
    events: (events ?? []).filter((event) => event.name.includes("-")).map(({ inheritedFrom, ...event }) => event),
    slots: slots ?? [],
    cssParts: cssParts ?? [],
    cssProperties: cssProperties ?? [],
  };
}

/** What the analyzer takes for members of an element: assignments to its shadow root, and what every element has. */
const HIDDEN = new Set([
  "adoptedStyleSheets",
  "connectedCallback",
  "disconnectedCallback",
  "attributeChangedCallback",
  "observedAttributes",
  "showFallback",
  "wording",
]);
