/** Style of pictures with boxes on them; the colours are those of the film that `lintel detect --overlay` writes. */
export const STILL_STYLE = `
.seen .verdict { border-color: var(--blue); background: var(--ground); } .seen .verdict .word { font-size: 26px; }
.stills { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(380px, 100%), 1fr)); gap: 12px 16px; }
figure { margin: 0; } figcaption { font-size: 13px; } figcaption small { color: var(--soft); } .still { width: 100%; height: auto; background: var(--ground); border-radius: 4px; }
.box { fill: none; stroke-width: 3; } .box.halo { stroke: #000; stroke-opacity: .45; stroke-width: 5; } .box.within { stroke: #fff; stroke-width: 1; stroke-dasharray: 3 4; } .sample .within { stroke: var(--soft); }
.box.moved { stroke: #ff9d1e; } .box.person { stroke: #2fd4ff; } .box.vehicle { stroke: #c58bff; } .box.animal { stroke: #ffe14a; } .box.carried { stroke: #ff7ab8; } .box.unsure { stroke-width: 1.5; stroke-dasharray: 8 3; } .box.other { stroke: #b8bcc4; stroke-dasharray: 6 4; stroke-width: 2; }
rect.tag.person { fill: #2fd4ff; } rect.tag.vehicle { fill: #c58bff; } rect.tag.animal { fill: #ffe14a; } rect.tag.carried { fill: #ff7ab8; } rect.tag.other { fill: #b8bcc4; } .still text.tag { font-size: 14px; font-weight: 700; fill: #15171c; } .still text { font-size: 16px; }
.zone { fill: none; stroke: #3ddc84; stroke-width: 2; } .zone.ignore { stroke: #b8bcc4; } .zone.private { fill: #000; stroke: none; }
.badge.sight circle { fill: var(--blue); } .badge.sight.vehicle circle { fill: var(--purple); } .badge.sight.animal circle { fill: var(--orange); } .badge.sight.carried circle { fill: var(--vermillion); }
`
