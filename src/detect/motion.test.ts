import { describe, expect, it } from 'vitest'
import { renderScene, type SceneOptions } from '../../sim/scenes/index.ts'
import { monoMs } from '../base/time.ts'
import type { LumaFrame } from '../ports/camera.ts'
import { createMotionDetector, type Box, type MotionResult, type MotionRules, type Zone } from './index.ts'

const RULES: MotionRules = { sensitivity: 0.5, zones: [] }
const SIZE = { width: 320, height: 180, fps: 5 }

type Span = readonly [fromS: number, toS: number]
type Found = {
  readonly spans: readonly Span[]
  readonly confirmedS: readonly number[]
  readonly results: readonly MotionResult[]
}

function sceneFrames(name: string, options: SceneOptions = {}): readonly LumaFrame[] {
  const scene = renderScene(name, { ...SIZE, ...options })
  const { width, height, fps } = scene
  return Array.from(scene.frames(), (luma, n) => ({ width, height, luma, at: monoMs((n * 1000) / fps) }))
}

function detect(frames: readonly LumaFrame[], rules = RULES): Found {
  const detector = createMotionDetector(rules)
  const results = frames.map((frame) => detector.step(frame))
  const spans: Span[] = []
  const confirmedS: number[] = []
  let from: number | undefined
  for (const [n, { events }] of results.entries()) {
    for (const { kind, at } of events) {
      if (kind === 'motion-began') {
        from = at / 1000
        confirmedS.push((frames[n]?.at ?? 0) / 1000)
      } else if (from !== undefined) spans.push([from, at / 1000])
      if (kind === 'motion-ended') from = undefined
    }
  }
  if (from !== undefined) spans.push([from, (frames.at(-1)?.at ?? 0) / 1000])
  return { spans, confirmedS, results }
}

const detectScene = (name: string, options: SceneOptions = {}, rules = RULES): Found =>
  detect(sceneFrames(name, options), rules)

describe('the motion detector', () => {
  it('finds somebody within half a second of coming into view, and follows to the end in one movement', () => {
    const { spans, confirmedS } = detectScene('two-visits')
    const { present, motion } = renderScene('two-visits', SIZE).truth
    expect(spans).toHaveLength(2)
    for (const [n, [from, to]] of spans.entries()) {
      expect(from).toBeGreaterThanOrEqual(present[n]![0])
      expect(from).toBeLessThanOrEqual(motion.find(([start]) => start >= present[n]![0])![0] + 0.5)
      expect(to).toBeLessThanOrEqual(present[n]![1] + 0.4)
      expect(confirmedS[n]! - from).toBeLessThanOrEqual(0.6)
    }
  })

  it.each([
    ['at night, by infrared light', 'walk-up-night'],
    ['in heavy rain', 'rain-visit'],
    ['while a storm shakes the trees', 'windy-visit'],
    ['who drives by', 'car-passes'],
    ['on four legs', 'dog'],
  ])('finds somebody %s', (_, name) => {
    const { spans } = detectScene(name)
    const { motion, quiet } = renderScene(name, SIZE).truth
    for (const [from, to] of motion) expect(spans.some((span) => span[0] < to && span[1] > from)).toBe(true)
    for (const [from, to] of quiet) {
      const later = from > 0 ? from + 2 : 0
      expect(spans.filter((span) => span[0] < to && span[1] > later)).toEqual([])
    }
  })

  it.each([
    'empty',
    'empty-night',
    'rain',
    'rain-night',
    'swaying-tree',
    'clouds',
    'headlights',
    'insects',
    'exposure',
    'ir-switch',
  ])('stays quiet when nobody is there: %s', (name) => {
    expect(detectScene(name, { seconds: 60 }).spans).toEqual([])
  })

  it.each(['sweeps', 'moths', 'gale-night', 'clock', 'flag', 'shake', 'hunting'])(
    'stays quiet in harder weather: %s',
    (name) => {
      expect(detectScene(name, { width: 160, height: 90, seconds: 50, seed: 601 }).spans).toEqual([])
    },
  )

  it.each(['drop-off', 'after-jump', 'car-at-border', 'straight-up', 'dark-coat'])(
    'finds who is easily missed: %s',
    (name) => {
      const { spans } = detectScene(name)
      const { motion } = renderScene(name, SIZE).truth
      for (const [from, to] of motion) expect(spans.some((span) => span[0] < to && span[1] > from)).toBe(true)
    },
  )

  it('sees the same at fifteen pictures a second as at five, to within two of the slower pictures', () => {
    const [slow, fast] = [5, 15].map(
      (fps) => detectScene('straight-up', { fps, width: 160, height: 90 }).spans,
    )
    expect(fast).toHaveLength(1)
    expect(slow).toHaveLength(1)
    for (const end of [0, 1] as const) expect(Math.abs(fast![0]![end] - slow![0]![end])).toBeLessThan(0.41)
  })

  it('keeps the movement of a person who waits almost still for half a minute', () => {
    expect(detectScene('long-wait').spans).toHaveLength(1)
  })

  it('takes what was put down for background, and is quiet when the one who brought it is gone', () => {
    const { spans } = detectScene('delivery', { seconds: 50 })
    expect(spans).toHaveLength(1)
    expect(spans[0]![1]).toBeLessThan(26)
  })

  it('boxes what moves where it is', () => {
    const { results } = detectScene('walk-up')
    const truth = renderScene('walk-up', SIZE).truth.seenAt(11)[0]!.box
    const found = results[55]!.boxes.toSorted((a, b) => b.width * b.height - a.width * a.height)[0]!
    const middle = (box: Box): readonly [number, number] => [box.x + box.width / 2, box.y + box.height / 2]
    expect(Math.abs(middle(found)[0] - middle(truth)[0])).toBeLessThan(0.05)
    expect(Math.abs(middle(found)[1] - middle(truth)[1])).toBeLessThan(0.12)
  })

  it.each([
    ['small pictures', { width: 80, height: 60 }],
    ['tall pictures', { width: 180, height: 320 }],
    ['three a second', { fps: 3 }],
    ['ten a second', { fps: 10 }],
  ])('does the same with %s', (_, options) => {
    expect(detectScene('two-visits', options).spans).toHaveLength(2)
    expect(detectScene('swaying-tree', { ...options, seconds: 40 }).spans).toEqual([])
  })

  it('bears a rate that varies', () => {
    const uneven = sceneFrames('two-visits', { fps: 10 }).filter((_, n) => n % 37 < 9 || n % 3 === 0)
    expect(detect(uneven).spans).toHaveLength(2)
  })

  it('gives the same answers for the same pictures', () => {
    const frames = sceneFrames('windy-visit', { width: 160, height: 90, seconds: 30 })
    expect(detect(frames).results).toEqual(detect(frames).results)
  })
})

describe('zones', () => {
  const left: Zone['points'] = [
    [0, 0],
    [0.3, 0],
    [0.3, 1],
    [0, 1],
  ]
  const right: Zone['points'] = [
    [0.3, 0],
    [1, 0],
    [1, 1],
    [0.3, 1],
  ]

  it.each(['ignore', 'private'] as const)('leave movement out where they say %s', (mode) => {
    expect(
      detectScene('dog', {}, { ...RULES, zones: [{ mode, points: right }] }).spans[0]![0],
    ).toBeGreaterThan(9)
    const all: Zone[] = [
      { mode, points: left },
      { mode, points: right },
    ]
    expect(detectScene('dog', {}, { ...RULES, zones: all }).spans).toEqual([])
  })

  it('leave out all the rest where they say watch', () => {
    expect(
      detectScene('dog', {}, { ...RULES, zones: [{ mode: 'watch', points: left }] }).spans[0]![0],
    ).toBeGreaterThan(9)
  })

  it('are refused with what is wrong with them', () => {
    const points: Zone['points'] = [
      [0, 0],
      [1, 0],
    ]
    const detector = createMotionDetector({ ...RULES, zones: [{ mode: 'watch', points }] })
    const luma = new Uint8Array(160 * 90)
    expect(() => detector.step({ width: 160, height: 90, luma, at: monoMs(0) })).toThrow(
      'zone: wanted three or more points',
    )
  })
})

describe('the motion detector’s input', () => {
  const flat = (level: number, at: number, width = 160): LumaFrame => ({
    width,
    height: 90,
    luma: new Uint8Array(width * 90).fill(level),
    at: monoMs(at),
  })

  it('may change its size: the detector begins anew and ends what was moving', () => {
    const frames = sceneFrames('walk-up', { width: 160, height: 90, seconds: 14 })
    const { results } = detect([...frames, flat(90, 15_000, 200), flat(90, 15_200, 200)])
    expect(results.at(-2)!.events.map(({ kind }) => kind)).toEqual(['motion-ended'])
    expect(results.at(-1)!.moving).toBe(false)
  })

  it('may repeat a time or step back: such a picture is passed over', () => {
    expect(detect([flat(90, 1000), flat(200, 1000), flat(10, 500)]).results.at(-1)!.events).toEqual([])
  })

  it('may be black, white or saturated from one picture to the next', () => {
    const levels = [0, 0, 255, 255, 0, 255, 128, 0, 0, 255]
    expect(detect(levels.map((level, n) => flat(level, n * 200))).spans).toEqual([])
  })

  it('is refused when it is no picture', () => {
    const detector = createMotionDetector(RULES)
    expect(() => detector.step({ ...flat(0, 0), luma: new Uint8Array(5) })).toThrow(
      'luma picture: wanted 160×90 bytes',
    )
    expect(() => createMotionDetector({ ...RULES, sensitivity: 2 })).toThrow(
      'sensitivity: wanted a number from 0 to 1',
    )
  })

  it('needs to move more for a less sensitive detector', () => {
    const share = (sensitivity: number): number => {
      const { spans } = detectScene('two-visits', { seconds: 32 }, { sensitivity, zones: [] })
      return spans.reduce((sum, [from, to]) => sum + to - from, 0)
    }
    expect(share(0)).toBeGreaterThan(5)
    expect(share(0)).toBeLessThan(share(0.5))
    expect(share(0.5)).toBeLessThanOrEqual(share(1))
  })
})
