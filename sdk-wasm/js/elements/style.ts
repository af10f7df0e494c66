// What the plans and the dialog look like, in one piece: both are loaded together, and more than half is the same.

export const STYLE = `
.warn{color:var(--_danger)}
.yes{color:var(--_accent)}
b,.name,.quiet,.reason,.due,h2{font-weight:600}
[aria-disabled=true]{cursor:default;opacity:.72}
a.button{display:inline-grid;place-items:center}
.box{padding:12px 16px;border:1px solid var(--_border);border-radius:var(--_small);background:var(--_surface)}
.box div{flex:1 1 16em}
h2,h3,h4,h5,h6{font-size:inherit;line-height:1.3;text-wrap:balance}
.top{display:grid;gap:10px;margin-block-end:18px}
.reason{font-size:1.15em;text-wrap:balance}
.wishes{display:flex;flex-wrap:wrap;gap:6px 18px}
.top .row{gap:12px 20px}
.interval{display:inline-flex;padding:3px;border-radius:99px;background:var(--_shade)}
label{position:relative;display:grid;place-items:center;min-block-size:38px;padding-inline:18px;border-radius:99px}
[type=radio]{position:absolute;inset:0;inline-size:100%;block-size:100%;margin:0;opacity:0;cursor:pointer}
label:has(:checked){background:var(--_surface);font-weight:600;box-shadow:0 1px 3px #0003}
label:has(:focus-visible){outline:2px solid var(--_accent);outline-offset:2px}
.cards,.skeleton{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,216px),1fr));gap:0 14px}
.card{display:grid;grid-row:span 5;grid-template-rows:subgrid;gap:12px;margin-block-end:14px;padding:20px 18px}
.card.best{border-color:var(--_accent);box-shadow:inset 0 0 0 1px var(--_accent)}
.current{background:var(--_tint)}
.card>*{min-inline-size:0}
.name{display:flex;flex-wrap:wrap;align-items:center;gap:4px 10px}
.best .fit{background:var(--_accent);color:var(--_on-accent)}
.price b{font-size:1.75em}
.rows{display:grid;align-content:start;gap:2px;margin-inline:-8px}
.rows li{padding:5px 8px;border-radius:6px}
.rows b{text-align:end}
.highlighted{background:var(--_shade)}
.foot{display:grid;align-content:end;gap:8px}
.quiet{display:flex;align-items:center;gap:8px;min-block-size:44px}
.mark{display:inline-flex;vertical-align:-2px}
.table{position:relative;overflow-x:auto}
table{inline-size:100%;border-collapse:separate;border-spacing:0;overflow-wrap:normal}
th,td{padding:12px;border-block-end:1px solid var(--_border);vertical-align:top;font-weight:inherit}
thead th{vertical-align:bottom}
tr:last-child>*{border-block-end:0}
td,th+th{min-inline-size:128px}
[scope=row]{position:sticky;inset-inline-start:0;min-inline-size:108px;max-inline-size:220px;background:var(--_surface);z-index:1}
tr.highlighted>*{background:var(--_tint);font-weight:600}
th.best{border-block-start:3px solid var(--_accent)}
.skeleton{gap:14px;min-block-size:var(--upcue-plans-height,420px)}
i{border-radius:var(--_radius);background:var(--_shade);animation:wait 1s linear infinite alternate}
@keyframes wait{to{opacity:.5}}
:host(upcue-upgrade){display:contents}
dialog{max-block-size:min(100dvh - 24px,900px);overflow:hidden}
dialog[open]{display:flex;flex-direction:column}
header{display:flex;align-items:flex-start;gap:12px;padding:20px 20px 0}
h2{flex:1;font-size:1.25em}
h2:focus{outline:none}
header .close{margin:-6px -8px}
.body{display:grid;gap:16px;align-content:start;flex:1;min-block-size:96px;padding:16px 20px;overflow:auto}
.actions{display:flex;flex-wrap:wrap;justify-content:flex-end;gap:10px;padding:14px 20px 20px;border-block-start:1px solid var(--_border)}
.actions .primary{flex:1 1 auto}
.change{display:grid;grid-template-columns:1fr auto 1fr;align-items:center;gap:12px}
.change *{display:block}
.change:dir(rtl)>svg{scale:-1 1}
.seats,.line,.due{display:flex;align-items:center;justify-content:space-between;gap:16px}
.seats label{padding:0}
.seats div{display:inline-flex;border:1px solid var(--_border);border-radius:var(--_small);overflow:clip}
.seats button{inline-size:44px;block-size:42px;font-size:1.2em}
.seats button:hover{background:var(--_shade)}
[type=number]{inline-size:4.5em;padding:0 4px;border:0;background:none;color:inherit;font:inherit;font-variant-numeric:tabular-nums;text-align:center;appearance:textfield}
input::-webkit-inner-spin-button{appearance:none}
.seats :focus-visible{outline-offset:-3px}
.lines{display:grid;gap:8px}
dd{font-variant-numeric:tabular-nums;white-space:nowrap}
.due{padding-block-start:10px;border-block-start:1px solid var(--_border);font-size:1.15em}
.list,.stack{display:grid;gap:6px}
.list li{display:flex;gap:10px}
.list svg{margin-block-start:3px}
.notice{border-color:var(--_accent)}
.bad{border-color:var(--_danger)}
.notice .button{justify-self:start;margin-block-start:4px}
.primary[aria-disabled]::before,.spin{content:"";display:inline-block;inline-size:14px;block-size:14px;margin-inline-end:10px;border:2px solid;border-inline-end-color:transparent;border-radius:50%;vertical-align:-2px;animation:spin 1s linear infinite}
.center{display:grid;place-items:center;min-block-size:128px}
@keyframes spin{to{rotate:1turn}}
@media(max-width:400px){.actions{flex-wrap:wrap-reverse}.actions .button{flex:1 1 100%}}
@media(forced-colors:active){.badge,.interval,i{border:1px solid}label:has(:checked){background:Highlight;color:HighlightText;forced-color-adjust:none}.card.best{outline:2px solid Highlight}.highlighted{outline:1px solid}}
`;
