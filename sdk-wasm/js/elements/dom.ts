/** Attributes and listeners; what is falsy is left out, but for empty texts. */
export type Attributes = { readonly [name: string]: string | boolean | undefined | null | ((event: Event) => void) };

/** What `make` puts into a node: texts, nodes, lists of them, attributes, listeners; what is falsy is left out. */
export type Content =
  | Node
  | string
  | readonly Content[]
  | Attributes
  | false
  | null
  | undefined;

/**
 * `make("li:card.wide", { title: "x" }, "text")`: an element named by its tag, its parts (`:`, classes as well) and its classes
 * (`.`). No markup is parsed, so that Trusted Types have nothing to object to.
 */
export function make<E extends HTMLElement = HTMLElement>(spec: string, ...content: Content[]): E {
  const [tag, ...names] = spec.split(/(?=[.:])/);
  const made = document.createElement(tag!);
  for (const name of names) {
    made.classList.add(name.slice(1));
    if (name[0] === ":") made.part.add(name.slice(1));
  }
  put(made, content);
  return made as E;
}

/** Puts `content` in the place of all that is in a node. */
export function refill(node: HTMLElement, content: Content): void {
  node.replaceChildren();
  put(node, content);
}

function put(node: HTMLElement, content: Content): void {
  if (Array.isArray(content)) for (const part of content) put(node, part);
  else if (content instanceof Node || typeof content === "string") node.append(content);
  else if (content) {
    for (const [name, value] of Object.entries(content)) {
      if (typeof value === "function") node.addEventListener(name, value);
      else if (value || value === "") node.setAttribute(name, value === true ? "" : value);
    }
  }
}

/** A 16 × 16 line drawing in the colour of the text. */
export function drawing(line: string): Element {
  const [svg, path] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
  svg!.setAttribute("viewBox", "0 0 16 16");
  svg!.ariaHidden = "true";
  path!.setAttribute("d", line);
  svg!.append(path!);
  return svg!;
}

/** Sets a text only where it differs: what has not changed is not announced again. */
export function write(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
