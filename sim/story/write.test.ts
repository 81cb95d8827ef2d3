import fc from 'fast-check'
import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import { sceneNames } from '../scenes/index.ts'
import { storyProblem } from './check.ts'
import { readStory } from './read.ts'
import { wholeStory, type Expected } from './schema.ts'
import { TROUBLES, type Bound, type Deadline, type Doing, type Moment, type Story } from './story.ts'
import { countBound, deadline, stepMs, stepText, timeBound, timeMs, timeText } from './words.ts'
import { expectationText, SCHEMA_LINE, storyText } from './write.ts'

const DAY_US = 86_400_000_000
const ms = fc.integer({ min: 0, max: DAY_US }).map((us) => us / 1000)
const pick = <const T>(...choices: readonly T[]) => fc.constantFrom(...choices)

const input = pick('button', 'pir')
const downOrUp = pick('down', 'up')

const doing: fc.Arbitrary<Doing> = fc.oneof(
  fc.record({ do: fc.constant('press'), holdMs: fc.oneof(ms, fc.constant(150)), bounceMs: ms }),
  fc.record({ do: fc.constant('pulse'), holdMs: fc.oneof(ms, fc.constant(2500)) }),
  fc.record({ do: fc.constant('line'), input, active: fc.boolean(), bounceMs: fc.oneof(ms, fc.constant(0)) }),
  fc.record({ do: fc.constant('glitch'), input, forMs: ms }),
  fc.record({ do: fc.constant('visitor'), forMs: ms }),
  fc.record({ do: pick('network', 'store', 'broker'), state: downOrUp }),
  fc.record({ do: fc.constant('power'), state: pick('cut', 'on') }),
  fc.record({ do: fc.constant('brown-out'), forMs: ms }),
  fc.record({ do: fc.constant('doorbell'), what: pick('restart', 'upgrade', 'freeze') }),
  fc.record({
    do: fc.constant('camera'),
    what: pick('stall', 'resume', 'unplug', 'plug', 'reconnect', 'resize'),
    packets: fc.constant(0),
  }),
  fc.record({
    do: fc.constant('camera'),
    what: pick('drop', 'corrupt'),
    packets: fc.integer({ min: 1, max: 100_000 }),
  }),
  fc.record({
    do: fc.constant('disk'),
    state: pick('full', 'roomy', 'broken', 'mended', 'slow', 'quick', 'lying', 'honest'),
  }),
  fc.record({ do: fc.constant('index'), state: pick('corrupt', 'gone') }),
  fc.record({
    do: fc.constant('clock'),
    step: fc.integer({ min: -DAY_US, max: DAY_US }).map((us) => us / 1000),
  }),
  fc.record({ do: fc.constant('clock'), trusted: fc.boolean() }),
  fc.record({ do: fc.constant('clock'), driftPpm: fc.integer({ min: -500, max: 500 }) }),
  fc.record({ do: fc.constant('temperature'), celsius: fc.double({ min: -60, max: 150, noNaN: true }) }),
  fc.record({ do: fc.constant('recipients'), what: pick('add', 'remove') }),
)

/** Only moments that fit to those before them: whatever does not is left out. */
function fitting(steps: readonly (readonly [number, Doing])[], camera: Story['camera']): readonly Moment[] {
  const kept: Moment[] = []
  let atMs = 0
  for (const [afterMs, it] of steps) {
    const moment: Moment = { ...it, atMs: Math.round((atMs + afterMs) * 1000) / 1000, line: 0 }
    const story = { ...EMPTY, camera, timeline: [...kept, moment] }
    if (storyProblem(story) !== undefined) continue
    kept.push(moment)
    atMs = moment.atMs
  }
  return kept
}

const EMPTY: Story = {
  title: 'x',
  seed: 1,
  board: 'sim',
  camera: { kind: 'drawn' },
  timeline: [],
  troubles: [],
  expect: [],
  settings: [],
  untilMs: undefined,
}

const bound = (read: (text: string) => Bound, amount: fc.Arbitrary<string>) =>
  fc.tuple(pick('at most ', 'at least '), amount).map(([side, text]) => read(`${side}${text}`))
const time = ms.map(timeText)
const times = bound(timeBound, time)
const counts = fc.oneof(
  bound(countBound, fc.nat(1000).map(String)),
  fc.nat(1000).map(countBound),
  fc.nat(1000).map((least) => countBound(`${least} to ${least + 3}`)),
)
const due: fc.Arbitrary<Deadline> = fc.oneof(
  fc.constant(deadline('never')),
  fc.integer({ min: 2 * DAY_US, max: 9 * DAY_US }).map((us) => deadline(`by ${timeText(us / 1000)}`)),
  time.map((text) => deadline(`within ${text}`)),
  time.map((text) => deadline(`within ${text} of button press`)),
)

const expectation: fc.Arbitrary<Expected> = fc.oneof(
  fc.record(
    { about: fc.constant('press'), n: fc.constant(1), notified: due, chimed: due },
    { requiredKeys: ['about', 'n'] },
  ),
  fc.record(
    {
      about: fc.constant('clip'),
      n: fc.integer({ min: 1, max: 100_000 }),
      from: times,
      parts: counts,
      complete: fc.boolean(),
      ended: pick('quiet', 'max-length', 'camera-lost', 'stopped', 'recovered'),
      uploaded: due,
    },
    { requiredKeys: ['about', 'n'] },
  ),
  fc.record({
    about: fc.constant('count'),
    what: pick('presses', 'visits', 'clips', 'alarms', 'boots', 'motions'),
    count: counts,
  }),
)

const setting = pick(
  'visit.quietAfterMs=5000',
  'device.name="12"',
  'device.name="a: #b"',
  'detect.sensitivity=0.25',
  'detect.zones=[{"name":"gate","mode":"ignore","points":[[0,0],[1,0],[1,1]]}]',
  'store.pathStyle=false',
)

const camera: fc.Arbitrary<Story['camera']> = fc.oneof(
  fc.constant({ kind: 'drawn' }),
  fc.record({ kind: fc.constant('fixture'), name: pick('walk-up', 'damaged/empty', 'null', '12') }),
  fc.record({ kind: fc.constant('file'), name: pick('a.mp4', '../b c/d.mkv', '/x/y', './- z: #.avi') }),
  fc.record({ kind: fc.constant('scene'), name: pick(...sceneNames) }),
)

/** U+2028 and U+2029 are graphemes too. */
const isOneLine = (text: string) => !/[\u2028\u2029]/u.test(text)

const story: fc.Arbitrary<Story> = fc
  .record({
    title: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter(isOneLine),
    seed: fc.integer({ min: 0, max: 0xffffffff }),
    camera,
    steps: fc.array(fc.tuple(fc.oneof(ms, fc.constant(0)), doing), { maxLength: 30 }),
    troubles: fc.uniqueArray(pick(...TROUBLES)),
    expectations: fc.array(expectation, { maxLength: 6 }),
    settings: fc.uniqueArray(setting, { selector: (set) => set.split('=')[0] }),
    restMs: fc.option(ms, { nil: undefined }),
  })
  .map(({ title, seed, camera: seen, steps, troubles, expectations, settings, restMs }) => {
    const pressed: Moment = { atMs: 0, line: 0, do: 'press', holdMs: 150, bounceMs: 0 }
    const timeline = [pressed, ...fitting(steps, seen)]
    const lastMs = timeline.at(-1)?.atMs ?? 0
    return {
      ...EMPTY,
      ...{ title, seed, camera: seen, timeline, troubles, settings },
      expect: expectations.map((it) => ({ ...it, line: 0, text: expectationText(it) })),
      untilMs: restMs === undefined ? undefined : Math.round((lastMs + restMs) * 1000) / 1000,
    }
  })

const withoutLines = (given: Story): Story => ({
  ...given,
  timeline: given.timeline.map((moment) => ({ ...moment, line: 0 })),
  expect: given.expect.map((it) => ({ ...it, line: 0 })),
})

describe('a story written as a file', () => {
  it('reads to the same story, whatever is in it', () => {
    fc.assert(
      fc.property(story, (given) => {
        fc.pre(storyProblem(given) === undefined)
        expect(withoutLines(readStory({ name: 'made-up.yaml', text: storyText(given) }))).toEqual(given)
      }),
      { numRuns: 500 },
    )
  })

  it('is what the schema for editors knows', () => {
    fc.assert(
      fc.property(story, (given) => {
        expect(wholeStory.safeParse(parse(storyText(given))).error).toBeUndefined()
      }),
    )
  })

  it('looks as somebody would write it', () => {
    const text = storyText({
      ...EMPTY,
      title: 'a visitor, and the network goes',
      camera: { kind: 'drawn' },
      timeline: [
        { atMs: 4000, line: 0, do: 'visitor', forMs: 20_000 },
        { atMs: 6500, line: 0, do: 'press', holdMs: 150, bounceMs: 12 },
        { atMs: 7000.5, line: 0, do: 'network', state: 'down' },
        { atMs: 60_000, line: 0, do: 'clock', step: -90_000 },
      ],
      troubles: ['slow-store'],
      settings: ['visit.quietAfterMs=5000'],
      expect: [
        {
          line: 0,
          text: 'press 1: chimed within 20ms',
          ...{ about: 'press', n: 1, chimed: deadline('within 20ms') },
        },
        { line: 0, text: 'visits: 1', about: 'count', what: 'visits', count: countBound(1) },
      ],
      untilMs: 120_000,
    })
    expect(text).toBe(`${SCHEMA_LINE}
title: a visitor, and the network goes
seed: 1
board: sim
camera: drawn
timeline:
  - { at: 4s, visitor: 20s }
  - { at: 6.5s, button: press, bounce: 12ms }
  - { at: 7.0005s, network: down }
  - { at: 60s, clock: { step: -90s } }
troubles: [ slow-store ]
settings: { visit.quietAfterMs: 5000 }
until: 120s
expect:
  - { press: 1, chimed: within 20ms }
  - { visits: 1 }
`)
  })
})

describe('a time in words', () => {
  it('is the same number again, to the microsecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 366 * DAY_US }), (us) => {
        expect(timeMs(timeText(us / 1000))).toBe(us / 1000)
        if (us > 0) expect(stepMs(stepText(-us / 1000))).toBe(-us / 1000)
      }),
      { numRuns: 2000 },
    )
  })
})
