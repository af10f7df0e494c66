// One look for all elements. Every colour can be set from outside; what is not set follows the page's `color-scheme`.

const THEME = `
:host {
  --_accent: var(--upcue-accent, light-dark(#1a5fd0, #7fb0ff));
  --_on-accent: var(--upcue-on-accent, light-dark(#fff, #07142b));
  --_surface: var(--upcue-surface, light-dark(#fff, #171b22));
  --_text: var(--upcue-text, light-dark(#14181f, #eef1f6));
  --_muted: var(--upcue-muted, light-dark(#535c6b, #a4adbb));
  --_border: var(--upcue-border, light-dark(#d9dee6, #343b47));
  --_warning: var(--upcue-warning, light-dark(#a85b00, #f2b14f));
  --_danger: var(--upcue-danger, light-dark(#c02a1d, #ff8a7d));
  --_radius: var(--upcue-radius, 12px);
  display: block;
}
.drawn { color: var(--_text); font: var(--upcue-font, inherit); text-align: start; }
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
p { margin: 0; }
/* A text runs the way it is written, and begins where the page begins. */
[dir] { text-align: -webkit-match-parent; text-align: match-parent; }
svg { display: block; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; }
button {
  font: inherit;
  color: inherit;
  background: none;
  border: 0;
  margin: 0;
  padding: 0;
  cursor: pointer;
}
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
`;

/** A stylesheet that a strict Content-Security-Policy has no objection to. */
export function sheet(css: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

const sheets = new Map<string, CSSStyleSheet>();

/** The theme and `css`, each parsed once per page. */
export const themed = (css: string): CSSStyleSheet[] =>
  [THEME, css].map((text) => {
    const known = sheets.get(text) ?? sheet(text);
    sheets.set(text, known);
    return known;
  });
