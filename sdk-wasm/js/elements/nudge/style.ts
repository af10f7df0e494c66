export const STYLE = `\
:host([state=empty]),:host([kind=toast]),:host([kind=modal]){position:absolute}\
:host([kind=badge]){display:inline-block;vertical-align:middle}\
.nudge{display:flex;flex-wrap:wrap;align-items:center;gap:12px 16px;position:relative;inset:auto;padding-block:12px;padding-inline:30px 56px;background:var(--upcue-nudge-background,var(--_tint));overflow:visible}\
[popover]:not(:popover-open){display:none}\
.mark{position:absolute;inset-block:12px;inset-inline-start:12px;inline-size:4px;border-radius:4px;background:var(--_accent)}\
.text{flex:1 1 16em}\
.nudge:not(.banner) .text{flex-basis:100%}\
.title{font-weight:600}\
.body{color:var(--_muted)}\
p:empty{display:none}\
.actions{display:flex;flex-wrap:wrap;gap:8px}\
.dismiss{position:absolute;inset-block-start:8px;inset-inline-end:8px}\
.toast{position:fixed;inset:auto env(safe-area-inset-right) calc(env(safe-area-inset-bottom) + var(--_lift,0px)) env(safe-area-inset-left);margin-block:16px;margin-inline:auto 16px;inline-size:380px;max-inline-size:calc(100% - 32px)}\
.toast,.nudge.badge{box-shadow:0 6px 24px #0003}\
dialog .nudge{border:0;padding-block:22px}\
dialog .title{font-size:1.25em}\
dialog .mark{display:none}\
.nudge.badge{position:absolute;inset:var(--_y) auto auto var(--_x);inline-size:min(320px,100vw - 16px)}\
.pill{position:relative}\
.pill::after{content:"";position:absolute;inset:-10px 0}\
.ghost{position:absolute;inline-size:1px;block-size:1px}\
.fixed{position:fixed;inset:0}\
@media(forced-colors:active){.mark{background:Highlight}}`;
