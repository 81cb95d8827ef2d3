/** The overlay film: the video a second time, with what the detector made of it. */
import { access, constants, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault } from '../base/fault.ts'
import type { Config } from '../config/index.ts'
import type { MotionView } from '../detect/index.ts'
import { colourFrames, encodeColourFilm, type VideoFacts } from '../drivers/ffmpeg/index.ts'
import { isSure } from '../recognise/index.ts'
import {
  MOTION_COLOUR,
  THING_COLOUR,
  UNSURE_COLOUR,
  type DrawnBox,
  type Film,
  type Moment,
} from './detect-draw.ts'
import { layOut } from './detect-layout.ts'
import { createPainter, type Painter } from './detect-paint.ts'
import type { Glance, Recognition } from './detect-recognise.ts'
import { looksAt, type Look, type Watched, type WatchOptions } from './detect-watch.ts'
import { openFilmTarget } from './owner-film.ts'
import { fileFault, refuseExisting } from './owner-files.ts'

export type OverlayOptions = WatchOptions & {
  /** Of the film; a smaller video is not enlarged, unless nobody could read what is written on it. */
  readonly widthMax: number
  readonly isForced: boolean
  /** How many seconds are done. */
  readonly onProgress: (doneS: number) => void
}

/** Whatever the video's own pace: fast enough to follow, and even, so that it plays everywhere. */
const FILM_FRAMES_PER_S = 15

/** Before an hour is spent in vain. Faults: `invalid`, `missing`, `denied`. */
export async function checkTarget(target: string, { path }: VideoFacts, isForced: boolean): Promise<void> {
  if (target === '-')
    throw new Fault('invalid', '--overlay -: wanted the name of a file, got standard output')
  const folder = await stat(dirname(target)).catch((cause: unknown) => {
    throw fileFault(dirname(target), cause)
  })
  if (!folder.isDirectory()) throw new Fault('invalid', `${dirname(target)}: wanted a folder, this is a file`)
  await access(dirname(target), constants.W_OK).catch((cause: unknown) => {
    throw fileFault(dirname(target), cause)
  })
  const there = await stat(target).catch(() => undefined) // Not being there is what we hope for.
  if (there?.isDirectory() === true)
    throw new Fault('invalid', `--overlay ${target}: wanted the name of a file, this is a folder`)
  if (there !== undefined && (await realpath(target)) === (await realpath(path)))
    throw new Fault('invalid', `--overlay ${target}: this is the video itself; give another name`)
  if (!isForced) await refuseOverwriting(target)
}

const refuseOverwriting = (target: string): Promise<void> =>
  refuseExisting(target).catch(() => {
    throw new Fault('invalid', `${target} exists already; give another name, or --force to replace it`)
  })

export type Shown = {
  readonly facts: VideoFacts
  readonly rules: Config['detect']
  readonly watched: Watched
  readonly recognition: Recognition
}

/** Nothing stands under the target's name before the film is whole. What is in memory does not grow with the video. */
export async function writeOverlay(target: string, video: Shown, options: OverlayOptions): Promise<void> {
  const { facts, rules, watched, recognition } = video
  const layout = layOut(facts, options.widthMax)
  const { labels } = recognition
  const film: Film = { layout, watched, labels, zones: rules.zones, startS: facts.startS }
  const painter = await createPainter(film)
  const { width, height } = layout
  // A negative time cannot stand in a fragment; such films begin at 0, their clock is right all the same.
  const shape = { width, height, framesPerS: FILM_FRAMES_PER_S, startS: Math.max(0, facts.startS) }
  await using file = await openFilmTarget(target)
  const frames = paintedFrames(video, { film, painter }, options)
  for await (const chunk of encodeColourFilm(frames, shape, options)) await file.write(chunk)
  if (!options.isForced) await refuseOverwriting(target) // It may have come in the meantime.
  await file.finish()
}

type Painting = { readonly film: Film; readonly painter: Painter }

async function* paintedFrames(
  { facts, rules, recognition: { glances } }: Shown,
  { film, painter }: Painting,
  options: OverlayOptions,
): AsyncGenerator<Uint8Array, void> {
  await using detector = followLooks(looksAt(facts, rules, options))
  let done = 0
  for await (const picture of evenPictures(facts, film, options)) {
    const atS = facts.startS + done / FILM_FRAMES_PER_S
    const { look, view } = await detector.at(atS)
    const glance = glances.findLast(({ atS: seenS }) => seenS <= atS + GLANCE_S)
    yield await painter.paint(picture, momentOf(atS, look, glance), view)
    options.onProgress(++done / FILM_FRAMES_PER_S)
  }
}

/** Exactly as many as fill the time of the video: what its last picture leaves open is filled with that. */
async function* evenPictures(
  facts: VideoFacts,
  { layout: { width, pictureHeight } }: Film,
  { name, signal }: OverlayOptions,
): AsyncGenerator<Uint8Array, void> {
  const wanted = facts.durationS > 0 ? Math.max(1, Math.round(facts.durationS * FILM_FRAMES_PER_S)) : Infinity
  const shape = { width, height: pictureHeight, framesPerS: FILM_FRAMES_PER_S }
  let count = 0
  let last: Uint8Array | undefined
  for await (const picture of colourFrames(facts, shape, { signal })) {
    last = picture
    yield picture
    if (++count === wanted) return
  }
  if (last === undefined)
    throw new Fault('invalid', `${name}: there is not one picture in it that can be shown`)
  for (; wanted !== Infinity && count < wanted; count++) yield last
}

type Following = AsyncDisposable & {
  /** What the detector knew at that time; times may only go on. */
  at(atS: number): Promise<{ readonly look: Look | undefined; readonly view: MotionView | undefined }>
}

/** Times that differ by less are the same: those of the film are rounded. */
const SAME_S = 0.001

function followLooks(looks: AsyncGenerator<Look, void>): Following {
  let look: Look | undefined
  let view: MotionView | undefined
  let next: Look | undefined
  let nextView: MotionView | undefined
  let isOver = false
  const advance = async (): Promise<void> => {
    ;[look, view] = [next ?? look, nextView ?? view]
    const { value, done } = await looks.next()
    isOver = done === true
    next = value ?? undefined
    nextView = next?.view()
  }
  return {
    async at(atS) {
      if (next === undefined && !isOver) await advance()
      while (next !== undefined && next.atS <= atS + SAME_S) await advance()
      return { look, view }
    },
    async [Symbol.asyncDispose]() {
      await looks.return()
    },
  }
}

/** A glance is shown so long before it and after: the next is as far from it again. */
const GLANCE_S = 0.5

function momentOf(atS: number, look: Look | undefined, glance: Glance | undefined): Moment {
  if (look === undefined) return { atS, score: 0, state: 'quiet', boxes: [] }
  const { score } = look.result
  return { atS, score, state: stateOf(look), boxes: [...motionBoxes(look), ...sightBoxes(atS, glance)] }
}

function stateOf({ result: { moving, boxes, score } }: Look): Moment['state'] {
  if (moving) return 'moving'
  if (boxes.length > 0) return 'there'
  return score > 0 ? 'stirring' : 'quiet'
}

const motionBoxes = ({ result: { boxes, score } }: Look): readonly DrawnBox[] =>
  boxes.map((box) => ({ ...box, text: `motion ${score.toFixed(2)}`, colour: MOTION_COLOUR }))

const sightBoxes = (atS: number, glance: Glance | undefined): readonly DrawnBox[] =>
  glance === undefined || atS - glance.atS > GLANCE_S
    ? []
    : glance.visitors.map((sight) => ({
        ...sight.box,
        text: `${sight.thing} ${sight.score.toFixed(2)}${isSure(sight) ? '' : '?'}`,
        colour: isSure(sight) ? THING_COLOUR[sight.thing] : UNSURE_COLOUR,
      }))
