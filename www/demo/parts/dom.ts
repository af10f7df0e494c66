export function by(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

export const every = (selector: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(selector)];

export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function shape(name: string, attributes: Record<string, string | number>, ...children: (Node | string)[]): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** Redraws only where the drawing differs, so that nobody loses focus or place to a number that stayed the same. */
export function redraw(parent: HTMLElement, sign: string, children: () => Node[]): void {
  if (parent.dataset.sign === sign) return;
  parent.dataset.sign = sign;
  parent.replaceChildren(...children());
}

export const number = (n: number): string => n.toLocaleString("en");
