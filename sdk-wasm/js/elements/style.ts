// What the plans and the dialog look like, in one piece: both are loaded together, and more than half is the same.

export const STYLE = `\
.warn{color:var(--_danger)}\
.yes{color:var(--_accent)}\
b,.name,.quiet,.reason,.due,h2,label:has(:checked){font-weight:600}\
[aria-disabled=true]{cursor:default;opacity:.72}\
.box{padding:12px 16px}\
.box div{flex:1 1 16em}\
h2,h3,h4,h5,h6{font-size:inherit}\
.stack,.foot,.top,.body,.card,.rows{display:grid;align-content:start;gap:8px}\
.quiet,.list li,.name{display:flex;flex-wrap:wrap;align-items:center;gap:8px}\
.top{margin-block-end:18px}\
.reason,.card .name{font-size:1.15em}\
.interval{display:inline-flex;padding:3px;border-radius:99px;background:var(--_shade)}\
.interval label{position:relative;display:grid;place-items:center;min-block-size:38px;padding-inline:18px;border-radius:99px}\
[type=radio]{position:absolute;inset:0;opacity:0}\
label:has(:checked){background:var(--_surface);box-shadow:0 1px 3px #0003}\
.cards,.skeleton{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,216px),1fr));gap:14px}\
.card{grid-row:span 5;grid-template-rows:subgrid;padding:20px 18px}\
.best{box-shadow:inset 0 0 0 2px var(--_accent)}\
.current{background:var(--_tint)}\
.card .pill{font-size:.7em}\
.price b{font-size:1.75em}\
.rows{gap:2px;margin-inline:-8px}\
.rows li{padding:5px 8px;border-radius:6px}\
.rows b{text-align:end}\
.highlighted{background:var(--_shade)}\
.foot{align-content:end}\
.quiet{min-block-size:44px}\
.mark{display:inline-flex;vertical-align:-2px}\
.table{position:relative;overflow-x:auto}\
table{inline-size:100%;border-spacing:0;overflow-wrap:normal}\
th,td{padding:12px;border-block-end:1px solid var(--_border);vertical-align:top;font-weight:inherit}\
thead th{vertical-align:bottom}\
tbody tr:last-child>*{border-block-end:0}\
td,th+th{min-inline-size:128px}\
[scope=row]{position:sticky;inset-inline-start:0;min-inline-size:108px;max-inline-size:220px;background:var(--_surface);z-index:1}\
tr.highlighted>*{background:var(--_tint);font-weight:600}\
.skeleton{min-block-size:var(--upcue-plans-height,420px)}\
i{min-block-size:96px;border-radius:var(--_radius);background:var(--_shade)}\
i,.primary[aria-disabled]{animation:wait 1s infinite alternate}\
@keyframes wait{to{opacity:.5}}\
:host(upcue-upgrade){display:contents}\
dialog[open]{display:flex;flex-direction:column;overflow:hidden}\
header,.line,.due{display:flex;align-items:center;justify-content:space-between;gap:16px}\
header{padding-block-start:12px;padding-inline:20px 12px}\
header h2{font-size:1.25em}\
h2:focus{outline:none}\
.body{gap:16px;flex:1;min-block-size:96px;padding:16px 20px;overflow:auto}\
.actions{display:flex;flex-wrap:wrap;justify-content:flex-end;gap:10px;padding:14px 20px 20px;border-block-start:1px solid var(--_border)}\
.actions .primary{flex:1 1 auto}\
.change{display:grid;grid-template-columns:1fr auto 1fr;align-items:center;gap:12px}\
.change *{display:block}\
.change:dir(rtl)>svg{scale:-1 1}\
[type=number]{inline-size:4em;block-size:40px;border:1px solid var(--_border);border-radius:var(--_small);appearance:textfield;cursor:text}\
input::-webkit-inner-spin-button{appearance:none}\
dd{white-space:nowrap}\
.due{padding-block-start:10px;border-block-start:1px solid var(--_border);font-size:1.15em}\
.list li{flex-wrap:nowrap}\
.notice{border-color:var(--_accent)}\
.bad{border-color:var(--_danger)}\
@media(forced-colors:active){.interval,i{border:1px solid}label:has(:checked){background:Highlight;color:HighlightText;forced-color-adjust:none}.best{outline:2px solid Highlight}.highlighted{outline:1px solid}}`;
