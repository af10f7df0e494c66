// What the plans and the dialog have in common beyond the theme.

export const SHARED = `
.button {
  min-block-size: 44px;
  padding: 8px 18px;
  border: 1px solid var(--_border);
  border-radius: calc(var(--_radius) * .66);
  color: var(--_text);
  font-weight: 600;
  line-height: 1.25;
  text-align: center;
  text-decoration: none;
}
.button:hover { border-color: var(--_accent); }
.button.primary { border-color: transparent; background: var(--_accent); color: var(--_on-accent); }
.button.primary:hover { background: color-mix(in srgb, var(--_accent) 88%, var(--_text)); }
.button[aria-disabled="true"] { cursor: default; opacity: .72; }
a.button { display: inline-grid; place-items: center; }
.muted { color: var(--_muted); }
.small { font-size: .875em; }
.warn { color: var(--_danger); }
.number { font-variant-numeric: tabular-nums; }
.said { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.yes { color: var(--_accent); }
.box {
  padding: 12px 16px;
  border: 1px solid var(--_border);
  border-radius: calc(var(--_radius) * .66);
  background: color-mix(in srgb, var(--_text) 4%, var(--_surface));
}
h2, h3, h4, h5, h6, ul, ol, dl, dd, fieldset { margin: 0; padding: 0; border: 0; list-style: none; }
h2, h3, h4, h5, h6 { font-size: inherit; line-height: 1.3; text-wrap: balance; }
@media (forced-colors: active) { .button { border-color: currentColor; } }
`;
