// One look for all elements. Every colour can be set from outside; what is not set follows the page's `color-scheme`.
// Rules are written tersely, as they travel; a backslash keeps the end of the line from travelling.

const THEME = `\
:host{display:block;min-inline-size:0;\
--_accent:var(--upcue-accent,light-dark(#1a5fd0,#7fb0ff));\
--_on-accent:var(--upcue-on-accent,light-dark(#fff,#07142b));\
--_surface:var(--upcue-surface,light-dark(#fff,#171b22));\
--_text:var(--upcue-text,light-dark(#14181f,#eef1f6));\
--_muted:var(--upcue-muted,light-dark(#535c6b,#a4adbb));\
--_border:var(--upcue-border,light-dark(#d9dee6,#343b47));\
--_warning:var(--upcue-warning,light-dark(#a85b00,#f2b14f));\
--_danger:var(--upcue-danger,light-dark(#c02a1d,#ff8a7d));\
--_radius:var(--upcue-radius,12px);\
--_small:calc(var(--_radius)*.66);\
--_tint:color-mix(in srgb,var(--_accent) 7%,var(--_surface));\
--_shade:color-mix(in srgb,var(--_text) 8%,transparent)}\
.drawn{all:initial;display:contents;color-scheme:inherit;visibility:inherit;pointer-events:inherit;writing-mode:inherit;color:var(--_text);font:var(--upcue-font,inherit);line-height:1.45;overflow-wrap:anywhere}\
:host([hidden]),[hidden]{display:none!important}\
*{box-sizing:border-box;margin:0;padding:0;border:0;list-style:none;unicode-bidi:plaintext;text-align:-webkit-match-parent;text-align:match-parent}\
svg{display:block;flex:none;inline-size:16px;fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round}\
button,input{font:inherit;color:inherit;background:none;text-align:center;cursor:pointer}\
:focus-visible,label:has(:focus-visible){outline:2px solid var(--_accent);outline-offset:2px}\
.panel{border:1px solid var(--_border);border-radius:var(--_radius);background:var(--_surface);color:inherit}\
.button,.round{display:inline-grid;place-items:center}\
.button{min-block-size:44px;padding:8px 18px;border:1px solid var(--_border);border-radius:var(--_small);color:var(--_text);font-weight:600;line-height:1.25;text-align:center;text-decoration:none}\
.primary{border-color:transparent;background:var(--_accent);color:var(--_on-accent)}\
.round{inline-size:40px;block-size:40px;border-radius:50%;color:var(--_muted)}\
.button:hover,.round:hover,.pill:hover{box-shadow:0 0 0 1px var(--_accent)}\
.row{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:8px 16px}\
.muted{color:var(--_muted)}\
.small{font-size:.875em}\
.number{font-variant-numeric:tabular-nums}\
.said{position:absolute;inline-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}\
.pill{padding:1px 10px;border:1px solid;border-radius:99px;color:var(--_accent);font-size:.8em;font-weight:600}\
dialog{margin:auto;inline-size:min(100vw - 24px,480px);max-block-size:calc(100dvh - 24px)}\
dialog::backdrop{background:#0b1016a6}\
dialog[open],.nudge{animation:rise .2s}\
@keyframes rise{from{opacity:0;translate:0 10px}}\
@media(prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}\
@media(forced-colors:active){.button{border-color:currentColor}}`;

const sheets = new Map<string, CSSStyleSheet>();

/** The theme and `css`, each parsed once per page; a strict Content-Security-Policy has no objection to such sheets. */
export const themed = (css: string): CSSStyleSheet[] =>
  [THEME, css].map((text) => {
    let sheet = sheets.get(text);
    if (!sheet) {
      sheets.set(text, (sheet = new CSSStyleSheet()));
      sheet.replaceSync(text);
    }
    return sheet;
  });
