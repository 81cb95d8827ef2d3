/**
 * What goes into NanoDet and what comes out of it: pure numbers. The model is NanoDet-g 416 (https://github.com/RangiLyu/nanodet,
 * Apache-2.0), trained on COCO's 80 classes; its provenance is in the README beside this file.
 */
import { Fault } from '../../base/fault.ts'
import type { ColourPicture } from '../../ports/stills.ts'
import type { Area, Sight, Thing } from '../../ports/vision.ts'

/** The model sees pictures of so many pixels, each way. */
export const SIDE = 416
const PADDING = 0x72
/** Blue, green, red: the model was trained on pictures as OpenCV reads them. */
const MEAN = [103.53, 116.28, 123.675] as const
const DEVIATION = [57.375, 57.12, 58.395] as const

const CLASSES = 80
/** A side of a box is a distribution over 0 to 10 strides. */
const BINS = 11
const STRIDES = [8, 16, 32] as const
const SAME_THING_IOU = 0.6
const SIGHTS_MAX = 32
/** What is less certain is not even said. */
const SCORE_MIN = 0.3

/** COCO's numbers of the classes that matter at a door: see `THINGS`. */
const THING_OF = new Map<number, Thing>([
  [0, 'person'],
  ...[1, 2, 3, 5, 7].map((each) => [each, 'vehicle'] as const), // Bicycle, car, motorcycle, bus, truck.
  ...[14, 15, 16, 17, 18, 19, 21].map((each) => [each, 'animal'] as const), // Bird, cat, dog, horse, sheep, cow, bear.
  ...[24, 26, 28].map((each) => [each, 'carried'] as const), // Backpack, handbag, suitcase.
])

/** A part of a picture at the size the model sees, and how to find the way back. */
export type ModelInput = {
  /** Three bytes a pixel, `SIDE` × `SIDE`: red, green, blue. */
  readonly rgb: Uint8Array
  /** The area of the picture, in its pixels. */
  readonly left: number
  readonly top: number
  /** Pixels of the picture for one of the model's. */
  readonly scale: number
}

/** Cuts the area out and fits it to the top left of the model's square; what is larger is averaged, what is smaller is not enlarged. */
export function fitPicture(picture: ColourPicture, within: Area): ModelInput {
  const { width, height, rgb } = picture
  if (width < 1 || height < 1 || rgb.length < width * height * 3)
    throw new Fault('invalid', `picture: wanted ${width}×${height}×3 bytes, got ${rgb.length}`)
  const left = clamp(Math.floor(within.x * width), 0, width - 1)
  const top = clamp(Math.floor(within.y * height), 0, height - 1)
  const right = clamp(Math.ceil((within.x + within.width) * width), left + 1, width)
  const bottom = clamp(Math.ceil((within.y + within.height) * height), top + 1, height)
  const scale = Math.max(1, (right - left) / SIDE, (bottom - top) / SIDE)
  const fitted = new Uint8Array(SIDE * SIDE * 3).fill(PADDING)
  const [cols, rows] = [Math.round((right - left) / scale), Math.round((bottom - top) / scale)]
  for (let y = 0; y < rows; y++) {
    const from = { y: top + Math.floor(y * scale), toY: Math.min(bottom, top + Math.ceil((y + 1) * scale)) }
    for (let x = 0; x < cols; x++) {
      const span = {
        x: left + Math.floor(x * scale),
        toX: Math.min(right, left + Math.ceil((x + 1) * scale)),
      }
      average(picture, { ...from, ...span }, fitted, (y * SIDE + x) * 3)
    }
  }
  return { rgb: fitted, left, top, scale }
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))

function average(
  { width, rgb }: ColourPicture,
  { x, toX, y, toY }: { readonly x: number; readonly toX: number; readonly y: number; readonly toY: number },
  target: Uint8Array,
  at: number,
): void {
  let [red, green, blue, count] = [0, 0, 0, 0]
  for (let row = y; row < toY; row++) {
    for (let i = (row * width + x) * 3; i < (row * width + toX) * 3; i += 3) {
      red += rgb[i] ?? 0
      green += rgb[i + 1] ?? 0
      blue += rgb[i + 2] ?? 0
      count++
    }
  }
  target[at] = red / count + 0.5
  target[at + 1] = green / count + 0.5
  target[at + 2] = blue / count + 0.5
}

/** The numbers that the model wants: three planes (blue, green, red), normalised. */
export function normalise(rgb: Uint8Array): Float32Array {
  const pixels = SIDE * SIDE
  if (rgb.length !== pixels * 3)
    throw new Fault('invalid', `model: wanted ${pixels * 3} bytes, got ${rgb.length}`)
  const planes = new Float32Array(pixels * 3)
  for (let i = 0; i < pixels; i++) {
    planes[i] = ((rgb[i * 3 + 2] ?? 0) - MEAN[0]) / DEVIATION[0]
    planes[i + pixels] = ((rgb[i * 3 + 1] ?? 0) - MEAN[1]) / DEVIATION[1]
    planes[i + 2 * pixels] = ((rgb[i * 3] ?? 0) - MEAN[2]) / DEVIATION[2]
  }
  return planes
}

/** A sight in pixels of the model's square. */
export type RawSight = {
  readonly thing: Thing
  readonly score: number
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/**
 * `outputs`: for strides 8, 16 and 32 the scores (cells × 80), then for the same the boxes (cells × 44). Each cell says how far
 * from its centre the box reaches to the left, top, right and bottom. Throws `Fault('corrupt')` for other sizes.
 */
export function readOutputs(outputs: readonly Float32Array[]): readonly RawSight[] {
  const found: RawSight[] = []
  STRIDES.forEach((stride, level) => {
    const cells = (SIDE / stride) ** 2
    const [scores, sides] = [outputs[level], outputs[level + STRIDES.length]]
    if (scores?.length !== cells * CLASSES || sides?.length !== cells * 4 * BINS)
      throw new Fault(
        'corrupt',
        `model: wanted ${cells} cells at stride ${stride}, got ${scores?.length} scores`,
      )
    for (let cell = 0; cell < cells; cell++) found.push(...sightsOf(cell, stride, scores, sides))
  })
  return withoutTwins(found.toSorted((a, b) => b.score - a.score))
}

function* sightsOf(
  cell: number,
  stride: number,
  scores: Float32Array,
  sides: Float32Array,
): Generator<RawSight, void> {
  for (const [number, thing] of THING_OF) {
    const score = scores[cell * CLASSES + number] ?? 0
    if (!(score >= SCORE_MIN)) continue
    const cols = SIDE / stride
    const [x, y] = [((cell % cols) + 0.5) * stride, (Math.floor(cell / cols) + 0.5) * stride]
    const reach = (side: number): number => expectation(sides, (cell * 4 + side) * BINS) * stride
    yield { thing, score, left: x - reach(0), top: y - reach(1), right: x + reach(2), bottom: y + reach(3) }
  }
}

/** Mean of the distribution that the softmax of these bins is. */
function expectation(values: Float32Array, at: number): number {
  let most = -Infinity
  for (let bin = 0; bin < BINS; bin++) most = Math.max(most, values[at + bin] ?? 0)
  let [sum, weighted] = [0, 0]
  for (let bin = 0; bin < BINS; bin++) {
    const share = Math.exp((values[at + bin] ?? 0) - most)
    sum += share
    weighted += share * bin
  }
  return weighted / sum
}

/** Of boxes of the same kind that cover each other, the most certain stays. */
function withoutTwins(sorted: readonly RawSight[]): readonly RawSight[] {
  const kept: RawSight[] = []
  for (const sight of sorted) {
    if (kept.length === SIGHTS_MAX) break
    if (!kept.some((other) => other.thing === sight.thing && overlap(other, sight) > SAME_THING_IOU))
      kept.push(sight)
  }
  return kept
}

/** Intersection over union. */
function overlap(a: RawSight, b: RawSight): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  if (width <= 0 || height <= 0) return 0
  const areaOf = (box: RawSight): number => (box.right - box.left) * (box.bottom - box.top)
  return (width * height) / (areaOf(a) + areaOf(b) - width * height)
}

/** Back to shares of the whole picture. */
export function sightsInPicture(
  raw: readonly RawSight[],
  { left, top, scale }: ModelInput,
  { width, height }: ColourPicture,
): readonly Sight[] {
  return raw.map((sight) => {
    const x = clamp((left + sight.left * scale) / width, 0, 1)
    const y = clamp((top + sight.top * scale) / height, 0, 1)
    const box = {
      x: rounded(x),
      y: rounded(y),
      width: rounded(clamp((left + sight.right * scale) / width, x, 1) - x),
      height: rounded(clamp((top + sight.bottom * scale) / height, y, 1) - y),
    }
    return { thing: sight.thing, score: rounded(sight.score), box }
  })
}

/** Three decimals: what a kernel for other processors makes different lies behind them. */
const rounded = (value: number): number => Math.round(value * 1000) / 1000
