import { SHARED } from "../parts.js";

export const STYLE = `${SHARED}
:host{display:contents}
dialog{max-block-size:min(100dvh - 24px,900px);overflow:hidden}
dialog[open]{display:flex;flex-direction:column}
header{display:flex;align-items:flex-start;gap:12px;padding:20px 20px 0}
h2{flex:1;font-size:1.25em;font-weight:600}
h2:focus{outline:none}
header .close{margin:-6px -8px}
.body{display:grid;gap:16px;align-content:start;flex:1;min-block-size:96px;padding:16px 20px;overflow:auto}
.actions{display:flex;flex-wrap:wrap;justify-content:flex-end;gap:10px;padding:14px 20px 20px;border-block-start:1px solid var(--_border)}
.actions .primary{flex:1 1 auto}
.change{display:grid;grid-template-columns:1fr auto 1fr;align-items:center;gap:12px}
.change *{display:block}
b{font-weight:600}
.change:dir(rtl)>svg{scale:-1 1}
.seats,.lines div{display:flex;align-items:center;justify-content:space-between;gap:16px}
.seats div{display:inline-flex;border:1px solid var(--_border);border-radius:var(--_small);overflow:clip}
.seats button{inline-size:44px;block-size:42px;font-size:1.2em}
.seats button:hover{background:var(--_shade)}
input{inline-size:4.5em;padding:0 4px;border:0;background:none;color:inherit;font:inherit;font-variant-numeric:tabular-nums;text-align:center;appearance:textfield}
input::-webkit-inner-spin-button{appearance:none}
.seats :focus-visible{outline-offset:-3px}
.lines{display:grid;gap:8px}
dd{font-variant-numeric:tabular-nums;white-space:nowrap}
.lines .due{padding-block-start:10px;border-block-start:1px solid var(--_border);font-size:1.15em;font-weight:600}
.list,.stack{display:grid;gap:6px}
.list li{display:flex;gap:10px}
.list svg{margin-block-start:3px}
.notice{border-color:var(--_accent)}
.bad{border-color:var(--_danger)}
.notice .button{justify-self:start;margin-block-start:4px}
.busy::before,.spin{content:"";display:inline-block;inline-size:14px;block-size:14px;margin-inline-end:10px;border:2px solid;border-inline-end-color:transparent;border-radius:50%;vertical-align:-2px;animation:spin 800ms linear infinite}
.center{display:grid;place-items:center;min-block-size:128px}
@keyframes spin{to{rotate:1turn}}
@media(max-width:400px){.actions{flex-wrap:wrap-reverse}.actions .button{flex:1 1 100%}}
`;
