import { SHARED } from "../shared-style.js";

export const STYLE = `${SHARED}
:host { display: contents; }
dialog {
  inline-size: min(100vw - 24px, 480px);
  max-block-size: min(100dvh - 24px, 900px);
  padding: 0;
  border: 1px solid var(--_border);
  border-radius: var(--_radius);
  background: var(--_surface);
  line-height: 1.45;
  overflow: hidden;
}
dialog[open] { display: flex; flex-direction: column; animation: rise 220ms cubic-bezier(.2, .7, .2, 1); }
dialog::backdrop { background: #0b1016a6; }
header { display: flex; align-items: flex-start; gap: 12px; padding: 20px 20px 0; }
header h2 { flex: 1; font-size: 1.25em; font-weight: 680; overflow-wrap: anywhere; }
h2:focus { outline: none; }
.close { flex: none; display: grid; place-items: center; inline-size: 40px; block-size: 40px; margin: -6px -8px; border-radius: 50%; color: var(--_muted); }
.close:hover { color: var(--_text); background: color-mix(in srgb, var(--_text) 8%, transparent); }
.body { display: grid; gap: 16px; align-content: start; flex: 1; min-block-size: 96px; padding: 16px 20px; overflow: auto; overflow-wrap: anywhere; }
.actions { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 10px; padding: 14px 20px 20px; border-block-start: 1px solid var(--_border); }
.actions .primary { flex: 1 1 auto; }
.change { display: grid; grid-template-columns: 1fr auto 1fr; align-items: center; gap: 12px; }
.change b, .change span { display: block; }
.change b { font-weight: 650; }
.change:dir(rtl) > svg { scale: -1 1; }
.seats { display: flex; align-items: center; justify-content: space-between; gap: 12px; }
.seats div { display: inline-flex; border: 1px solid var(--_border); border-radius: calc(var(--_radius) * .66); overflow: clip; }
.seats button { inline-size: 44px; block-size: 42px; font-size: 1.2em; }
.seats button:hover { background: color-mix(in srgb, var(--_text) 8%, transparent); }
.seats input { inline-size: 4.5em; padding: 0 4px; border: 0; background: none; color: inherit; font: inherit; font-variant-numeric: tabular-nums; text-align: center; appearance: textfield; }
.seats input::-webkit-inner-spin-button { appearance: none; }
.seats :focus-visible { outline-offset: -3px; }
.lines { display: grid; gap: 8px; }
.lines div { display: flex; justify-content: space-between; gap: 16px; }
.lines dd { font-variant-numeric: tabular-nums; white-space: nowrap; }
.lines .due { padding-block-start: 10px; border-block-start: 1px solid var(--_border); font-size: 1.15em; font-weight: 680; }
.list { display: grid; gap: 6px; }
.list li { display: flex; gap: 10px; }
.list svg { flex: none; margin-block-start: 3px; }
.stack { display: grid; gap: 6px; }
.notice { border-color: var(--_accent); }
.notice.bad { border-color: var(--_danger); }
.notice b { font-weight: 650; }
.notice .button { justify-self: start; margin-block-start: 4px; }
.busy::before, .spin { content: ""; display: inline-block; inline-size: 14px; block-size: 14px; margin-inline-end: 10px; border: 2px solid; border-inline-end-color: transparent; border-radius: 50%; vertical-align: -2px; animation: spin 800ms linear infinite; }
.center { display: flex; align-items: center; justify-content: center; min-block-size: 128px; }
@keyframes rise { from { opacity: 0; translate: 0 10px; } }
@keyframes spin { to { rotate: 1turn; } }
@media (max-width: 400px) { .actions { flex-wrap: wrap-reverse; } .actions .button { flex: 1 1 100%; } }
@media (prefers-reduced-motion: reduce) { dialog[open] { animation: none; } .busy::before, .spin { animation-duration: 3s; } }
`;
