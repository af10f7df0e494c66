// What the plans and the dialog have in common beyond the theme.

import { make } from "./dom.js";

export const SHARED = `
.warn{color:var(--_danger)}
.yes{color:var(--_accent)}
[aria-disabled=true]{cursor:default;opacity:.72}
a.button{display:inline-grid;place-items:center}
.box{padding:12px 16px;border:1px solid var(--_border);border-radius:var(--_small);background:var(--_surface)}
h2,h3,h4,h5,h6{font-size:inherit;line-height:1.3;text-wrap:balance}
`;

/** A button, or a link, that is found again by its `key` when everything is drawn anew. */
export const press = (act: string, text: string, primary?: unknown, run?: (() => void) | string, key = act): HTMLElement => {
  const link = typeof run === "string";
  const look = `${link ? "a" : "button"}:${act}.button${primary ? ".primary" : ""}`;
  return make(look, { "data-key": key, ...(link ? { href: run } : { click: run }) }, text);
};

/** The node with a key, in what is drawn now. */
export const keyed = (root: ParentNode, key: string | undefined): HTMLElement | null =>
  key ? root.querySelector(`[data-key="${CSS.escape(key)}"]`) : null;
