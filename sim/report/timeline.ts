/** All lanes over each other, drawn to one scale, with what goes through all of them: the axis, power cuts, failures. */
import type { StoryOutcome } from '../trace.ts'
import { subjectOf, type Failure } from './failures.ts'
import { type Lane, type Sheet, type Thumbnail } from './lane.ts'
import { clipLane, messageLane, toldLane, uploadLane, visitLane } from './lanes-recordings.ts'
import { motionLane, pinLane, videoLane } from './lanes-signs.ts'
import { diskLane, doorbellLane, logLane, powerCuts, troubleLane } from './lanes-world.ts'
import { drawSpan } from './draw.ts'
import { thinSpans, type Span } from './marks.ts'
import { markup, shorten, type Markup } from './markup.ts'
import { momentText, spanText } from './moment-text.ts'
import { axisTicks, isWithin, percentText, placeOf, type Stretch } from './scale.ts'

export type TimelineOf = {
  readonly id: string
  readonly outcome: StoryOutcome
  readonly failures: readonly Failure[]
  readonly thumbnails: readonly Thumbnail[]
  readonly stretch: Stretch
}

/** So many failures are marked and labelled on a time line; those that came first. */
export const MARKED_MAX = 8
const MARK_ROW_PX = 20
const AXIS_PX = 24
const LABEL_LENGTH_MAX = 52
/** So many elements at most a time line should be; what is more is drawn coarser. */
const ELEMENTS_MAX = 6000
const GRAINS = [400, 200, 100, 50, 25]

/** A time line as HTML, at most about `ELEMENTS_MAX` elements however much happened. */
export function drawTimeline(of: TimelineOf): Markup {
  let drawn = drawOnce(of, GRAINS[0] ?? 0)
  for (const marksMax of GRAINS.slice(1)) {
    if (countElements(drawn) <= ELEMENTS_MAX) break
    drawn = drawOnce(of, marksMax)
  }
  return drawn
}

export const countElements = ({ text }: Markup): number => text.match(/<[a-z]/gi)?.length ?? 0

const lanesOf = (sheet: Sheet): readonly Lane[] => [
  videoLane(sheet),
  motionLane(sheet),
  pinLane('button', sheet),
  pinLane('pir', sheet),
  pinLane('chime', sheet),
  visitLane(sheet),
  clipLane(sheet),
  uploadLane(sheet),
  messageLane(sheet),
  toldLane(sheet),
  diskLane(sheet),
  doorbellLane(sheet),
  troubleLane(sheet),
  logLane(sheet),
]

function drawOnce({ id, outcome, failures, thumbnails, stretch }: TimelineOf, marksMax: number): Markup {
  const lanes = lanesOf({ outcome, thumbnails, stretch, marksMax })
  const marked = failures.filter(({ atMs }) => isWithin(stretch, atMs)).slice(0, MARKED_MAX)
  const cuts = thinSpans(
    powerCuts(outcome).map((cut) => ({ ...cut, look: 'cut', tip: cutText(cut) })),
    { stretch, marksMax },
  )
  return drawLanes(lanes, {
    ...{ id, stretch, cuts, rows: marked.length },
    failuresIn: (heightPx) =>
      marked.map((failure, row) => drawFailure(failure, { row, heightPx, stretch, failures, id })),
  })
}

type Frame = {
  readonly id: string
  readonly stretch: Stretch
  readonly cuts?: readonly Span[]
  /** So many rows over the axis, for the failures. */
  readonly rows?: number
  readonly failuresIn?: (heightPx: number) => readonly Markup[]
}

/** Lanes over each other (the first holds the pictures), their names, the axis, and what zooms them. */
export function drawLanes(lanes: readonly Lane[], frame: Frame): Markup {
  const { id, stretch, cuts = [], rows = 0, failuresIn = () => [] } = frame
  const headPx = rows * MARK_ROW_PX + AXIS_PX
  const heightPx = lanes.reduce((sum, lane) => sum + lane.heightPx, headPx)
  // The red lines run over the pictures, which would hide them, and under the marks, which they would hide.
  const [video, ...others] = stackLanes(lanes, headPx)
  const through = { topPx: headPx - AXIS_PX, heightPx: heightPx - headPx + AXIS_PX }
  return markup`<div class="timeline" id="${id}" data-from="${stretch.fromMs}" data-to="${stretch.toMs}">
${zoomSwitch(id)}
<div class="lanes"><div class="names" aria-hidden="true"><div style="height:${headPx}px"></div>${lanes.map(drawName)}</div>
<div class="scroller" tabindex="0" role="group" aria-label="time line from ${momentText(stretch.fromMs)} to ${momentText(stretch.toMs)}"><div class="plot"><svg width="100%" height="${heightPx}" role="img" aria-label="what happened when, drawn to scale">
<defs><pattern id="${id}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" class="hatch-ground"/><rect width="2" height="6" class="hatch-line"/></pattern></defs>
${drawGrounds(lanes, headPx)}<g class="cuts" style="--hatch:url(#${id}-hatch)">${cuts.map((cut) => drawSpan(cut, through, stretch))}</g>
<g class="axis">${drawAxis(stretch, { topPx: through.topPx, heightPx: through.heightPx })}</g>
${video}${failuresIn(heightPx)}
${others}
</svg><div class="hair" hidden></div></div></div></div></div>`
}

const cutText = ({ fromMs, toMs }: Stretch): string =>
  `power off from ${momentText(fromMs)} to ${momentText(toMs)} (${spanText(toMs - fromMs)})`

/** Two ways to look closer that need no script; the script adds more. */
const zoomSwitch = (id: string): Markup =>
  markup`<input type="radio" class="zoom z1" id="${id}-z1" name="${id}-zoom" checked><label for="${id}-z1">whole</label><input type="radio" class="zoom z2" id="${id}-z2" name="${id}-zoom"><label for="${id}-z2">5 × closer</label><span class="tools" hidden><button type="button" data-zoom="0.5" aria-label="farther">−</button><button type="button" data-zoom="2" aria-label="closer">+</button> <button type="button" data-go="failure">to the failure</button> <span class="hint">Ctrl + wheel zooms</span></span>`

const drawName = ({ name, legend, heightPx }: Lane): Markup =>
  markup`<div class="name" style="height:${heightPx}px"><b>${name}</b> <small>${legend}</small></div>`

function drawGrounds(lanes: readonly Lane[], headPx: number): readonly Markup[] {
  let topPx = headPx
  return lanes.map(({ heightPx }, index) => {
    const ground = markup`<rect class="ground${index % 2 === 0 ? ' even' : ''}" x="0" width="100%" y="${topPx}" height="${heightPx}"/>`
    topPx += heightPx
    return ground
  })
}

function stackLanes(lanes: readonly Lane[], headPx: number): readonly Markup[] {
  let topPx = headPx
  return lanes.map(({ name, heightPx, drawing }) => {
    const lane = markup`<g class="lane" data-lane="${name}" transform="translate(0 ${topPx})">${drawing}</g>\n`
    topPx += heightPx
    return lane
  })
}

/** Coarse ticks with labels, and between them those that the closer look shows. */
function drawAxis(
  stretch: Stretch,
  { topPx, heightPx }: { readonly topPx: number; readonly heightPx: number },
): readonly Markup[] {
  const coarse = axisTicks(stretch, 10)
  const places = new Set(coarse.map(({ atMs }) => atMs))
  const fine = axisTicks(stretch, 40).filter(({ atMs }) => !places.has(atMs))
  const draw =
    (look: string) =>
    ({ atMs, label }: { atMs: number; label: string }) => {
      const place = placeOf(stretch, atMs)
      const x = `${percentText(place)}%`
      const text =
        place > 97
          ? markup`<text class="end" x="${x}" y="${topPx + 12}">${label}</text>`
          : markup`<text x="${x}" y="${topPx + 12}">${label}</text>`
      return markup`<g class="${look}"><line x1="${x}" x2="${x}" y1="${topPx + 16}" y2="${topPx + heightPx}"/>${text}</g>`
    }
  return [...coarse.map(draw('coarse')), ...fine.map(draw('fine'))]
}

/** The red line where it failed, and beside it what did. */
function drawFailure(
  { atMs, what, sentence }: Failure,
  {
    row,
    heightPx,
    stretch,
    failures,
    id,
  }: { row: number; heightPx: number; stretch: Stretch; failures: readonly Failure[]; id: string },
): Markup {
  const place = placeOf(stretch, atMs)
  const x = `${percentText(place)}%`
  const [isLeft, y] = [place > 50, row * MARK_ROW_PX]
  const label = `✗ ${momentText(atMs)} ${shorten(what, LABEL_LENGTH_MAX)}`
  const number = failures.findIndex((failure) => failure.sentence === sentence && failure.atMs === atMs) + 1
  return markup`<g class="failure" id="${id}-failure-${number}"><title>${momentText(atMs)} ${sentence}</title><line x1="${x}" x2="${x}" y1="${y + 2}" y2="${heightPx}"/><text x="${x}" dx="${isLeft ? -6 : 6}" y="${y + 15}"${isLeft ? markup` class="end"` : undefined}>${label}</text></g>`
}

const [BEFORE_MS, AFTER_MS] = [45_000, 15_000]
/** What failed may have begun so long before, and is still shown. */
const SUBJECT_MS_MAX = 900_000
/** In a longer story nothing of a minute can be seen any more. */
const LONG_STORY_MS = 300_000

/** What a close-up of a long story's first failure should show: what it is about, if that was not long before. */
export function closeUpOf(outcome: StoryOutcome, failures: readonly Failure[]): Stretch | undefined {
  const [first] = failures
  if (first === undefined || outcome.endMs <= LONG_STORY_MS) return undefined
  const subjectMs = subjectOf(outcome, first)?.fromMs
  const isNear =
    subjectMs !== undefined && subjectMs <= first.atMs && first.atMs - subjectMs <= SUBJECT_MS_MAX
  const fromMs = Math.min(first.atMs - BEFORE_MS, isNear ? subjectMs - AFTER_MS / 3 : Infinity)
  return {
    fromMs: Math.max(fromMs, 0),
    toMs: Math.min(first.atMs + AFTER_MS, Math.max(outcome.endMs, first.atMs)),
  }
}
