/** Lanes of a replayed video: who and what was recognised, visits with their labels, clips, signs. */
import type { Sight } from '../../src/ports/vision.ts'
import type { Seen } from '../seen.ts'
import type { SimSummary, VisitSummary } from '../summary.ts'
import { drawBadge, drawSpan, drawSpanLabel, drawTick, withRoomyLabels } from './draw.ts'
import type { Lane } from './lane.ts'
import { stackSpans, thinSpans, thinTicks, type Grain, type Span } from './marks.ts'
import { markup, NOTHING, type Markup } from './markup.ts'
import { momentText, spanText } from './moment-text.ts'
import { isWithin } from './scale.ts'

const DOT_PX = 7
const SIGHTS_PX = 44
const CLIP_ROWS_MAX = 3

/** Each sight as a dot: the higher, the more certain. What was looked at without seeing anybody is a tick at the floor. */
export function sightLane({ lookedAt }: Seen, grain: Grain): Lane {
  const empty = lookedAt.filter(({ visitors }) => visitors.length === 0)
  const looks = thinTicks(
    empty.map(({ at, others }) => ({
      ...{ atMs: at, look: 'part' },
      tip: `looked at ${momentText(at)}\n${others.length === 0 ? 'nobody' : `nobody who counts (${wordsFor(others)})`}`,
    })),
    grain,
  )
  const dots = lookedAt.flatMap(({ at, visitors }) =>
    isWithin(grain.stretch, at) ? visitors.map((sight) => drawDot(sight, at, grain)) : [],
  )
  const none =
    lookedAt.length === 0 ? markup`<text class="none" x="6" y="28">nobody looked for people</text>` : NOTHING
  const floor = { topPx: SIGHTS_PX - 8, heightPx: 6 }
  return {
    ...{ name: 'people, things', legend: `${lookedAt.length}`, heightPx: SIGHTS_PX },
    drawing: markup`${none}${looks.map((tick) => drawTick(tick, floor, grain.stretch))}${dots.slice(-grain.marksMax * 2)}`,
  }
}

const wordsFor = (sights: readonly Sight[]): string =>
  sights.map(({ thing, score }) => `${thing} ${score.toFixed(2)}`).join(', ')

function drawDot({ thing, score }: Sight, atMs: number, { stretch }: Grain): Markup {
  const topPx = 2 + (1 - score) * (SIGHTS_PX - 14 - DOT_PX)
  const tip = `${thing} ${score.toFixed(2)} at ${momentText(atMs)}`
  return drawBadge({ atMs, look: `sight ${thing}`, tip, letter: '' }, { topPx, heightPx: DOT_PX }, stretch)
}

export function labelledVisitLane({ visits }: SimSummary, grain: Grain): Lane {
  const { stretch } = grain
  const spans = thinSpans(visits.map(visitSpan), grain)
  const band = { topPx: 3, heightPx: 18 }
  const labelled = withRoomyLabels(spans, stretch)
  return {
    ...{ name: 'visits', legend: `${visits.length}`, heightPx: 24 },
    drawing: markup`${spans.map((span) => drawSpan(span, band, stretch))}${labelled.map((span) => drawSpanLabel(span, band, stretch))}`,
  }
}

/** Its labels with their scores; its signs where nobody was recognised. */
export const visitWords = ({ labels, signs }: VisitSummary): string =>
  labels.length === 0
    ? signs.join(', ')
    : labels.map(({ label, score }) => `${label} ${score.toFixed(2)}`).join(', ')

function visitSpan(visit: VisitSummary, index: number): Span {
  const [fromMs, toMs] = [visit.fromS * 1000, visit.toS * 1000]
  const tip = [
    `visit ${index + 1}, ${visit.id}`,
    `from ${momentText(fromMs)} to ${momentText(toMs)} (${spanText(toMs - fromMs)})`,
    `signs: ${visit.signs.join(', ')}`,
    ...visit.labels.map(
      ({ label, score, atS, zones }) =>
        `${label} ${score.toFixed(2)}, first seen at ${momentText(atS * 1000)}${zones.length === 0 ? '' : ` in ${zones.join(', ')}`}`,
    ),
  ].join('\n')
  return { fromMs, toMs, look: 'visit', tip, label: `${index + 1} ${visitWords(visit)}` }
}

export function replayClipLane({ clips }: SimSummary, grain: Grain): Lane {
  const spans = clips.map((clip) => ({
    ...{ fromMs: clip.fromS * 1000, toMs: clip.toS * 1000, look: 'clip' },
    tip: `clip ${clip.id}\nfrom ${momentText(clip.fromS * 1000)} to ${momentText(clip.toS * 1000)}\n${clip.parts} parts, ${clip.bytes} bytes, ${clip.uploaded ? 'uploaded' : 'not uploaded'}`,
  }))
  const rows = stackSpans(thinSpans(spans, grain), CLIP_ROWS_MAX, ({ fromMs, toMs }) => toMs - fromMs)
  return {
    ...{ name: 'clips', legend: `${clips.length}`, heightPx: 20 * Math.max(1, rows.length) },
    drawing: markup`${rows.flatMap((row, index) => row.map((span) => drawSpan(span, { topPx: 3 + 20 * index, heightPx: 14 }, grain.stretch)))}`,
  }
}

export function replayPressLane({ presses }: SimSummary, grain: Grain): Lane {
  const ticks = presses.map(({ atS }) => {
    const atMs = atS * 1000
    return { atMs, look: 'press', tip: `press at ${momentText(atMs)}` }
  })
  return {
    ...{ name: 'presses', legend: `${presses.length}`, heightPx: 20 },
    drawing: markup`${thinTicks(ticks, grain).map((tick) => drawBadge({ ...tick, letter: '' }, { topPx: 4, heightPx: 12 }, grain.stretch))}`,
  }
}
