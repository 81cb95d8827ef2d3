import { createHash } from 'node:crypto'
import type { Seen } from '../seen.ts'
import type { SimSummary, VisitSummary } from '../summary.ts'
import type { Lane, Thumbnail } from './lane.ts'
import { labelledVisitLane, replayClipLane, replayPressLane, sightLane, visitWords } from './lanes-sights.ts'
import { scoreLane, videoLane } from './lanes-signs.ts'
import { markup, NOTHING, shorten, trusted, type Markup } from './markup.ts'
import { momentText, spanText } from './moment-text.ts'
import type { VisitMoment } from './moments.ts'
import { PAGE_SCRIPT } from './page-script.ts'
import { PAGE_STYLE } from './page-style.ts'
import type { Stretch } from './scale.ts'
import { drawStill, type DrawnZone, type Picture } from './still.ts'
import { STILL_STYLE } from './still-style.ts'
import { drawLanes } from './timeline.ts'

export type VisitStill = { readonly moment: VisitMoment; readonly picture: Picture | undefined }

export type VideoPageOf = {
  readonly summary: SimSummary
  readonly seen: Seen
  /** Pictures of the video in any order. */
  readonly thumbnails: readonly Thumbnail[]
  /** By the visit's id; of visits that are not in it, the page says that no pictures are shown. */
  readonly stills: ReadonlyMap<VisitSummary['id'], readonly VisitStill[]>
  readonly zones: readonly DrawnZone[]
  /** What to type to see the same again. */
  readonly replayCommand: string
}

/** Marks of one kind on a lane. */
const MARKS_MAX = 400
const MARGIN = 1.012
const NAME_LENGTH_MAX = 200

/** One HTML page that needs nothing else, of what the doorbell saw in one video; the same for the same replay. */
export function videoPage(of: VideoPageOf): string {
  const { summary, replayCommand } = of
  const hash = `sha256-${createHash('sha256').update(PAGE_SCRIPT).digest('base64')}`
  const name = shorten(summary.video, NAME_LENGTH_MAX)
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '${hash}'">
<title>${name}</title>
<style>${trusted(PAGE_STYLE)}${trusted(STILL_STYLE)}</style>
</head>
<body class="seen">
<header class="verdict"><h1>What the doorbell saw in</h1><div class="word">${name}</div></header>
${drawFacts(summary)}
<div class="replay"><span>again:</span> <code id="replay">${replayCommand}</code> <button type="button" data-copy="replay" hidden>copy</button></div>
<main>
<section><h2>The whole video, drawn to scale</h2>
${drawTimeline(of)}
${drawKey()}</section>
${summary.visits.map((visit, index) => drawVisit(visit, index, of))}${summary.visits.length === 0 ? markup`<p class="note">Nobody came.</p>` : NOTHING}
</main>
<script>${trusted(PAGE_SCRIPT)}</script>
</body>
</html>
`
  return page.text
}

function drawFacts({ durationS, motion, visits, clips, presses, seeing }: SimSummary): Markup {
  const { decoding, recognising } = seeing
  const who =
    recognising.state === 'ready'
      ? recognising.engine
      : 'why' in recognising
        ? `nobody: ${recognising.why}`
        : recognising.state
  const facts: readonly (readonly [string, string | number])[] = [
    ['length', momentText(durationS * 1000)],
    ['movements', motion.length],
    ['visits', visits.length],
    ['clips', clips.length],
    ['presses', presses.length],
    ['decoded', `${Math.round(decoding.decodedShare * 100)} %`],
    ['recognises', who],
  ]
  return markup`<div class="facts">${facts.map(([fact, value]) => markup`<span>${fact} <b>${value}</b></span>`)}</div>`
}

function drawTimeline({ summary, seen, thumbnails }: VideoPageOf): Markup {
  const ends = [...summary.visits, ...summary.clips, ...summary.motion].map(({ toS }) => toS)
  const toMs = 1000 * MARGIN * Math.max(0.001, summary.durationS, ...ends)
  const stretch: Stretch = { fromMs: 0, toMs }
  const grain = { stretch, marksMax: MARKS_MAX }
  const scores = seen.looks.map(({ at, score }) => ({ atMs: at, score }))
  const moving = summary.motion.map(({ fromS, toS }) => ({ fromMs: fromS * 1000, toMs: toS * 1000 }))
  const lanes: readonly Lane[] = [
    videoLane({ thumbnails, stretch }),
    scoreLane(scores, moving, grain),
    sightLane(seen, grain),
    labelledVisitLane(summary, grain),
    replayClipLane(summary, grain),
    replayPressLane(summary, grain),
  ]
  return drawLanes(lanes, { id: 'whole', stretch })
}

const KEY: readonly (readonly [string, string])[] = [
  ['person', 'person'],
  ['vehicle', 'vehicle'],
  ['animal', 'animal'],
  ['carried', 'carried thing'],
  ['moved', 'something moved'],
  ['person unsure', 'too uncertain to count'],
  ['other', 'not a visitor: nothing moved there, or a zone says so'],
  ['within', 'where people were looked for'],
]

const drawKey =
  (): Markup => markup`<ul class="key">${KEY.map(([look, says]) => markup`<li><svg class="sample" width="18" height="12"><rect class="box ${look}" x="2" y="2" width="14" height="8"/></svg> ${says}</li>`)}</ul>
<p class="note">The curve is the motion score of each picture that was decoded; where there is none, none was. Dots: the higher, the more certain. Hover or tap for what a mark is.</p>`

function drawVisit(visit: VisitSummary, index: number, { stills, zones }: VideoPageOf): Markup {
  const [fromMs, toMs] = [visit.fromS * 1000, visit.toS * 1000]
  const mine = stills.get(visit.id)
  const pictures =
    mine === undefined
      ? markup`<p class="note">Pictures of later visits are left out.</p>`
      : markup`<div class="stills">${mine.map(({ moment, picture }) => drawStill(moment, picture, zones))}</div>`
  return markup`<section><h2 id="visit-${index + 1}">Visit ${index + 1}: ${visitWords(visit)}</h2>
<p class="note">${momentText(fromMs)} to ${momentText(toMs)} (${spanText(toMs - fromMs)}); signs: ${visit.signs.join(', ')}</p>
${pictures}</section>
`
}
