import { SHARED } from "../parts.js";

export const STYLE = `${SHARED}
.frame{container-type:inline-size}
.top{display:grid;gap:10px;margin-block-end:18px}
.reason{font-size:1.15em;font-weight:600;text-wrap:balance}
.wishes{display:flex;flex-wrap:wrap;gap:6px 18px}
.top .row{gap:12px 20px}
.box div{flex:1 1 16em}
.interval{display:inline-flex;padding:3px;border-radius:99px;background:var(--_shade)}
.interval label{position:relative;display:grid;place-items:center;min-block-size:38px;padding-inline:18px;border-radius:99px;cursor:pointer}
input[type=radio]{position:absolute;inset:0;inline-size:100%;block-size:100%;margin:0;opacity:0;cursor:pointer}
label:has(:checked){background:var(--_surface);font-weight:600;box-shadow:0 1px 3px #0003}
label:has(:focus-visible){outline:2px solid var(--_accent);outline-offset:2px}
.cards,.skeleton{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,216px),1fr));gap:0 14px}
.card{display:grid;grid-row:span 5;grid-template-rows:subgrid;gap:12px;margin-block-end:14px;padding:20px 18px}
.card.best{border-color:var(--_accent);box-shadow:inset 0 0 0 1px var(--_accent)}
.current{background:var(--_tint)}
.card>*{min-inline-size:0}
.name{display:flex;flex-wrap:wrap;align-items:center;gap:4px 10px;font-weight:600}
.best .fit{background:var(--_accent);color:var(--_on-accent)}
.price b{font-size:1.75em;font-weight:600}
.rows{display:grid;align-content:start;gap:2px;margin-inline:-8px}
.rows li{display:flex;justify-content:space-between;gap:4px 14px;padding:5px 8px;border-radius:6px}
.rows b{font-weight:600;text-align:end}
li.highlighted{background:var(--_shade)}
.foot{display:grid;align-content:end;gap:8px}
.quiet{display:flex;align-items:center;gap:8px;min-block-size:44px;font-weight:600}
.mark{display:inline-flex;vertical-align:-2px}
.table{position:relative;overflow-x:auto}
table{inline-size:100%;border-collapse:separate;border-spacing:0;overflow-wrap:normal}
th,td{padding:12px 14px;border-block-end:1px solid var(--_border);vertical-align:top;font-weight:inherit}
thead th{vertical-align:bottom}
tbody tr:last-child>*{border-block-end:0}
td,thead th+th{min-inline-size:148px}
tbody th{position:sticky;inset-inline-start:0;min-inline-size:108px;max-inline-size:220px;background:var(--_surface);z-index:1}
tr.highlighted>*{background:var(--_tint);font-weight:600}
td.best,th.best{border-inline:1px solid var(--_accent)}
th.best{border-block-start:3px solid var(--_accent)}
tbody tr:last-child .best{border-block-end:1px solid var(--_accent)}
@container(max-width:420px){th,td{padding-inline:10px}td,thead th+th{min-inline-size:124px}}
.skeleton{gap:14px;min-block-size:var(--upcue-plans-height,420px)}
i{border-radius:var(--_radius);background:linear-gradient(100deg,transparent 30%,var(--_shade) 50%,transparent 70%) 0 0/300% var(--_shade);animation:wait 1.8s linear infinite}
@container(max-width:460px){i+i{display:none}}
@keyframes wait{from{background-position:150% 0}to{background-position:-150% 0}}
@media(forced-colors:active){.badge,.interval,i{border:1px solid}label:has(:checked){background:Highlight;color:HighlightText;forced-color-adjust:none}.card.best{outline:2px solid Highlight}.highlighted{outline:1px solid}}
`;
