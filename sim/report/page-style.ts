/** The page's style sheet. Colours after Okabe and Ito, told apart by the colour-blind; every one has a shape of its own too. */
export const PAGE_STYLE = `
:root { color-scheme: light dark;
  --paper: #fff; --ground: #f4f6f8; --ink: #16202a; --soft: #56636f; --rule: #d5dce2; --fail: #b3261e; --fail-paper: #fdecea;
  --pass: #00694b; --pass-paper: #e3f4ee; --blue: #0072b2; --sky: #4aa8dd; --orange: #d98a00; --vermillion: #c84e00;
  --green: #00815c; --purple: #a8518a; --grey: #8694a1; --cut: #9aa5af66; --cut-line: #7c8893; --halo: #ffffffd0; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #12171c; --ground: #1a2128; --ink: #e8edf1; --soft: #a3b0bb; --rule: #333f4a; --fail: #ff8a7a; --fail-paper: #3d1814;
  --pass: #5fd3a8; --pass-paper: #0f3327; --blue: #58b4ee; --sky: #2f86bb; --orange: #f0ac33; --vermillion: #ff8142;
  --green: #3cc795; --purple: #e08fc0; --grey: #7d8a96; --cut: #5a667266; --cut-line: #8b98a4; --halo: #12171cd0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 20px 60px; max-width: 1700px; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.2; margin: 0; } h2 { font-size: 18px; margin: 30px 0 8px; } p { margin: 4px 0; }
code, pre { font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.verdict { margin: 0 -20px; padding: 18px 20px 16px; border-left: 10px solid; }
.verdict h1 { font-size: 17px; font-weight: 500; color: var(--ink); } .verdict .word { font-size: 44px; font-weight: 800; letter-spacing: .02em; line-height: 1.1; }
.verdict .reason { font-size: 22px; line-height: 1.3; color: var(--ink); margin-top: 6px; max-width: 100ch; text-wrap: pretty; }
.verdict .more { color: var(--ink); }
.failed .verdict { background: var(--fail-paper); color: var(--fail); border-color: var(--fail); }
.passed .verdict { background: var(--pass-paper); color: var(--pass); border-color: var(--pass); }
a { color: inherit; } a:focus-visible, button:focus-visible, input:focus-visible + label, .scroller:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
.facts { display: flex; flex-wrap: wrap; gap: 2px 22px; margin: 12px 0 0; color: var(--soft); } .facts b { color: var(--ink); font-weight: 600; }
.replay { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 8px 0 0; } .replay > span, .replay button { white-space: nowrap; } .replay code { background: var(--ground); border: 1px solid var(--rule); border-radius: 5px; padding: 4px 9px; }
button, .zoom + label { font: 13px system-ui, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--ground); border: 1px solid var(--rule); border-radius: 5px; padding: 4px 10px; cursor: pointer; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 36px; }
.checks { list-style: none; margin: 0; padding: 0; } .checks li { display: grid; grid-template-columns: 22px minmax(0, 1fr); padding: 3px 0; }
.checks .sign { font-weight: 700; } .checks .ok .sign { color: var(--pass); } .checks .bad .sign { color: var(--fail); }
.checks .bad b { color: var(--fail); } .checks small, .around small { color: var(--soft); font-size: 13px; } .checks .why, .checks .fate { display: block; } .checks .fate { margin-top: 2px; }
.around { list-style: none; margin: 0; padding: 0; border-left: 2px solid var(--rule); }
.around li { display: grid; grid-template-columns: 100px minmax(0, 1fr); gap: 10px; padding: 1px 0 1px 10px; font-size: 14px; }
.around time { text-align: right; padding-right: 2px; font-variant-numeric: tabular-nums; color: var(--soft); white-space: nowrap; }
.around .here { background: var(--fail-paper); color: var(--fail); font-weight: 650; border-left: 5px solid var(--fail); margin-left: -2px; padding: 4px 0 4px 7px; } .around .here time { color: inherit; }
.around .skipped { color: var(--soft); } .around .trouble { color: var(--vermillion); }
.timeline { margin-top: 6px; } .lanes { display: grid; grid-template-columns: 172px minmax(0, 1fr); border: 1px solid var(--rule); border-radius: 6px; overflow: hidden; margin-top: 8px; }
.names { border-right: 1px solid var(--rule); } .name { padding: 2px 8px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; line-height: 1.25; font-size: 13px; } .name:nth-child(even) { background: var(--ground); }
.name small { color: var(--soft); font-size: 11px; } .scroller { overflow-x: auto; overflow-y: hidden; } .plot { position: relative; width: calc(100% * var(--zoom, 1)); min-width: 640px; }
.zoom { position: absolute; opacity: 0; } .zoom + label { display: inline-block; margin-right: 4px; } .zoom:checked + label { background: var(--ink); color: var(--paper); border-color: var(--ink); }
.z2:checked ~ .lanes .plot { --zoom: 5; } .hint { color: var(--soft); font-size: 12px; margin-left: 8px; }
.timeline svg { display: block; } .plot > svg { overflow: hidden; } svg text { font: 11px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); }
.ground { fill: transparent; } .ground.even { fill: var(--ground); } .hatch-ground { fill: var(--cut); } .hatch-line { fill: var(--cut-line); opacity: .35; }
.cut { fill: var(--hatch, var(--cut)); } .edge.cut { stroke: var(--cut-line); }
.axis line { stroke: var(--rule); stroke-width: 1; } .axis text { fill: var(--soft); text-anchor: middle; font-variant-numeric: tabular-nums; } .axis text.end, text.end { text-anchor: end; }
.axis .fine { display: none; } .z2:checked ~ .lanes .axis .fine { display: inline; } .axis .coarse:first-child text { text-anchor: start; }
.tick { stroke: var(--grey); stroke-width: 2; } .tick.good { stroke: var(--green); } .tick.bad { stroke: var(--vermillion); stroke-width: 2.5; } .tick.warn { stroke: var(--orange); stroke-width: 2.5; }
.tick.part { stroke: var(--blue); stroke-width: 1.5; } .tick.told { stroke: var(--blue); } .tick.stopped { stroke: var(--vermillion); stroke-width: 4; }
.middle { stroke: var(--rule); } .edge { stroke-width: 1.5; pointer-events: none; }
.span.moving { fill: var(--orange); opacity: .28; } .edge.moving { stroke: none; } .score { fill: var(--orange); fill-opacity: .25; stroke: var(--orange); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.trace { fill: none; stroke: var(--blue); stroke-width: 1.5; vector-effect: non-scaling-stroke; pointer-events: none; } .span.pulse { fill: var(--sky); opacity: .45; } .edge.pulse { stroke: var(--blue); }
.span.visit { fill: var(--purple); opacity: .38; } .edge.visit { stroke: var(--purple); stroke-width: 2.5; } .open { stroke-dasharray: 3 2; }
.span.clip { fill: var(--blue); opacity: .42; } .edge.clip { stroke: var(--blue); stroke-width: 2.5; } .span.clip.gappy, .span.clip.open { fill: var(--orange); stroke: var(--orange); } .edge.gappy { stroke: var(--orange); }
.span.waits { fill: var(--grey); } .edge.waits { stroke: none; } .span.waits.lost { fill: var(--vermillion); }
.waiting { fill: var(--grey); opacity: .28; } .density { fill: var(--grey); opacity: .7; }
.span.up { fill: var(--green); opacity: .3; } .edge.up { stroke: var(--green); stroke-width: 2.5; } .span.trouble { fill: var(--vermillion); opacity: .32; } .edge.trouble { stroke: var(--vermillion); stroke-width: 2.5; }
.label { pointer-events: none; paint-order: stroke; stroke: var(--halo); stroke-width: 3px; stroke-linejoin: round; } .none { fill: var(--soft); font-style: italic; }
.badge text { text-anchor: middle; fill: var(--paper); font-weight: 700; font-size: 11px; pointer-events: none; } .badge circle { fill: var(--grey); }
.badge.press circle, .badge.recovered circle { fill: var(--blue); } .badge.press.lost circle, .badge.lost circle, .badge.alarm circle { fill: var(--fail); } .badge.gap circle { fill: var(--orange); }
.badge.uploaded circle, .badge.rang circle { fill: var(--green); } .badge.once circle { fill: transparent; } .badge.once text { fill: var(--vermillion); font-size: 15px; }
.failure line { stroke: var(--fail); stroke-width: 2.5; } .failure text { fill: var(--fail); font-size: 12.5px; font-weight: 700; paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
.failure:target line { stroke-width: 5; }
.hair { position: absolute; top: 0; bottom: 0; width: 0; border-left: 1px dashed var(--ink); pointer-events: none; } .hair span { position: absolute; top: 0; left: 3px; font-size: 11px; background: var(--paper); padding: 0 3px; white-space: nowrap; border-radius: 3px; }
.tip { position: fixed; z-index: 9; max-width: min(460px, 92vw); background: var(--ink); color: var(--paper); font-size: 12.5px; line-height: 1.4; padding: 6px 10px; border-radius: 6px; white-space: pre-line; pointer-events: none; } .tip img { display: block; margin-top: 4px; max-width: 320px; }
.key { display: flex; flex-wrap: wrap; gap: 2px 18px; color: var(--soft); font-size: 13px; margin: 6px 0; padding: 0; list-style: none; } .key b { color: var(--ink); } .key .red { color: var(--fail); }
.note { color: var(--soft); font-size: 13px; } .filters { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: center; margin: 6px 0; font-size: 13px; } .filters[hidden] { display: none; }
.filters input[type=search] { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--rule); border-radius: 5px; padding: 5px 9px; width: min(300px, 100%); }
.events { max-height: 70vh; overflow: auto; border: 1px solid var(--rule); border-radius: 6px; } table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { position: sticky; top: 0; background: var(--paper); text-align: left; } th, td { padding: 2px 10px; border-bottom: 1px solid var(--rule); vertical-align: top; }
td:first-child { white-space: nowrap; text-align: right; font-variant-numeric: tabular-nums; width: 1%; } td:nth-child(2) { white-space: nowrap; color: var(--soft); width: 1%; }
tr.trouble td:last-child { color: var(--vermillion); } tr.fail td { background: var(--fail-paper); color: var(--fail); font-weight: 650; } tr.turn td:last-child { font-weight: 550; }
pre { background: var(--ground); border: 1px solid var(--rule); border-radius: 6px; padding: 10px 14px; overflow: auto; white-space: pre-wrap; } pre mark { background: var(--fail-paper); color: var(--fail); font-weight: 700; }
@media (max-width: 760px) { body { padding: 0 12px 40px; } .verdict { margin: 0 -12px; padding: 14px 12px; } .verdict .word { font-size: 34px; } .verdict .reason { font-size: 18px; }
  .columns { grid-template-columns: minmax(0, 1fr); } .lanes { grid-template-columns: 82px minmax(0, 1fr); } .name { padding: 2px 4px; font-size: 12px; } .name small { display: none; } .failure text { font-size: 11px; }
  .around li { grid-template-columns: 72px minmax(0, 1fr); } .hint { display: none; } th, td { padding: 2px 5px; } }
@media print { .tools, .filters, .zoom + label { display: none; } .events { max-height: none; } }
`
