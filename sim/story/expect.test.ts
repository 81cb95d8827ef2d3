import { describe, expect, it } from 'vitest'
import type { ClipFact, PressFact, TraceEntry, VisitFact } from '../trace.ts'
import { judge, lastWordMs, type JudgedFacts } from './expect.ts'
import { readStory } from './read.ts'

const storyThat = (...expectations: readonly string[]) =>
  readStory({
    name: 'night.yaml',
    text: [
      'title: night',
      'camera: drawn',
      'timeline:',
      '  - { at: 6.5s, button: press }',
      '  - { at: 7s, network: down }',
      '  - { at: 20s, network: up }',
      '  - { at: 40s, network: down }',
      '  - { at: 60s, network: up }',
      '  - { at: 70s, button: press }',
      'expect:',
      ...expectations.map((it) => `  - { ${it} }`),
    ].join('\n'),
  })

const pressed = (pressedAtMs: number, fact: Partial<PressFact> = {}): PressFact => ({
  pressedAtMs,
  chimedAtMs: undefined,
  acknowledgedAtMs: undefined,
  notifiedAtMs: undefined,
  ...fact,
})

const CLIP: ClipFact = {
  id: 'c1',
  visit: 'v1',
  fromMs: 400,
  toMs: 20_500,
  parts: 14,
  bytes: 1,
  complete: true,
  ended: 'quiet',
  sealedAtMs: 21_000,
  uploadedAtMs: 80_000,
  expired: false,
}

const visit = (fromMs: number): VisitFact => ({ id: `v${fromMs}`, fromMs, toMs: undefined, signs: [] })

const QUIET: JudgedFacts = { presses: [], visits: [], clips: [], entries: [], endMs: 120_000 }

/** Each verdict without what the story says itself. */
const verdictOn = (expectation: string, facts: Partial<JudgedFacts>) => {
  const [verdict] = judge(storyThat(expectation), { ...QUIET, ...facts })
  expect(verdict).toMatchObject({ line: 11 })
  return { holds: verdict?.holds, atMs: verdict?.atMs, why: verdict?.why }
}

const HOLDS = { holds: true, atMs: undefined, why: '' }
const fails = (atMs: number, why: string) => ({ holds: false, atMs, why })

const press = (fact: Partial<PressFact>) => ({ presses: [pressed(6500, fact)] })
const clip = (fact: Partial<ClipFact>) => ({ clips: [{ ...CLIP, ...fact }] })

describe('what is expected of a press', () => {
  it.each([
    ['notified: within 1s of network up', press({ notifiedAtMs: 61_000 })],
    ['notified: within 1s of network up', press({ notifiedAtMs: 6600 })],
    ['notified: within 1s', press({ notifiedAtMs: 7500 })],
    ['notified: by 90s', press({ notifiedAtMs: 90_000 })],
    ['notified: never', press({})],
    ['chimed: within 20ms', press({ chimedAtMs: 6520 })],
    ['chimed: within 20ms', { presses: [pressed(6500.1, { chimedAtMs: 6500.1 + 20 + 1e-9 })] }],
    ['chimed: never', press({ notifiedAtMs: 6600 })],
  ])('%s: holds', (expectation, facts) => {
    expect(verdictOn(`press: 1, ${expectation}`, facts)).toEqual(HOLDS)
  })

  it.each([
    [
      'notified: within 1s of network up',
      press({ notifiedAtMs: 63_200 }),
      fails(61_000, 'wanted notified by 61.0 s (1 s after network up), was notified at 63.2 s'),
    ],
    [
      'notified: within 1s of network up',
      press({}),
      fails(61_000, 'wanted notified by 61.0 s (1 s after network up), was never notified'),
    ],
    [
      'notified: within 1s of network up',
      { ...press({}), endMs: 60_200 },
      fails(
        60_200,
        'wanted notified by 61.0 s (1 s after network up), was never notified until the end at 60.2 s',
      ),
    ],
    ['notified: by 90s', press({}), fails(90_000, 'wanted notified by 90.0 s, was never notified')],
    [
      'notified: never',
      press({ notifiedAtMs: 8000 }),
      fails(8000, 'wanted never notified, was notified at 8.0 s'),
    ],
    [
      'chimed: within 20ms',
      press({ chimedAtMs: 6521 }),
      fails(6520, 'wanted chimed by 6.520 s (20 ms after the press), was chimed at 6.521 s'),
    ],
    [
      'notified: by 90s, chimed: within 20ms',
      press({}),
      fails(
        6520,
        'wanted chimed by 6.520 s (20 ms after the press), was never chimed; wanted notified by 90.0 s, was never notified',
      ),
    ],
  ])('%s: fails and says when', (expectation, facts, verdict) => {
    expect(verdictOn(`press: 1, ${expectation}`, facts)).toEqual(verdict)
  })

  it('counts presses in order of time', () => {
    const presses = [pressed(70_000), pressed(6500, { chimedAtMs: 6510 })]
    expect(verdictOn('press: 1, chimed: within 20ms', { presses })).toEqual(HOLDS)
    expect(verdictOn('press: 2, chimed: never', { presses })).toEqual(HOLDS)
  })

  it('fails when there is no such press', () => {
    expect(verdictOn('press: 1, notified: never', {})).toEqual(
      fails(120_000, 'wanted press 1, there was none'),
    )
    expect(verdictOn('press: 2', press({}))).toEqual(
      fails(120_000, 'wanted press 2, the last one was press 1'),
    )
  })
})

const parts = (count: number): readonly TraceEntry[] =>
  Array.from({ length: count }, (_, part) => ({
    atMs: 1000 * part,
    kind: 'part',
    clip: 'c1',
    part,
    bytes: 1,
  }))

describe('what is expected of a clip', () => {
  it.each([
    'from: at most 0.5s',
    'from: 0.4s to 0.5s',
    'to: at least 20s',
    'parts: 14',
    'parts: at least 3',
    'complete: true',
    'ended: quiet',
    'uploaded: by 90s',
    'uploaded: within 1m',
    'uploaded: within 73.5s of press 1',
    'uploaded: within 10s of press 2',
    'from: at most 0.5s, to: at least 20s, complete: true, uploaded: within 20s of network up',
  ])('%s: holds', (expectation) => {
    expect(verdictOn(`clip: 1, ${expectation}`, clip({}))).toEqual(HOLDS)
  })

  it('holds when it was wanted incomplete, or never uploaded, and is', () => {
    expect(verdictOn('clip: 1, complete: false', clip({ complete: false }))).toEqual(HOLDS)
    expect(verdictOn('clip: 1, uploaded: never', clip({ uploadedAtMs: undefined }))).toEqual(HOLDS)
  })

  it.each([
    ['from: at most 0.5s', clip({ fromMs: 700 }), fails(500, 'wanted from at most 0.5s, was from 0.7 s')],
    ['from: at least 0.5s', clip({}), fails(400, 'wanted from at least 0.5s, was from 0.4 s')],
    ['to: at least 30s', clip({}), fails(20_500, 'wanted to at least 30s, was to 20.5 s')],
    ['to: at most 20s', clip({}), fails(20_000, 'wanted to at most 20s, was to 20.5 s')],
    ['to: at most 20s', clip({ toMs: undefined }), fails(120_000, 'wanted to at most 20s, it never ended')],
    ['parts: 15', clip({}), fails(21_000, 'wanted parts 15, has 14')],
    ['parts: at most 3', { ...clip({}), entries: parts(14) }, fails(3000, 'wanted parts at most 3, has 14')],
    ['complete: true', clip({ complete: false }), fails(21_000, 'wanted it complete, it is not')],
    ['complete: false', clip({}), fails(21_000, 'wanted it not complete, it is')],
    ['ended: recovered', clip({}), fails(21_000, 'wanted ended recovered, ended quiet')],
    [
      'ended: quiet',
      clip({ ended: undefined, sealedAtMs: undefined, toMs: undefined }),
      fails(120_000, 'wanted ended quiet, it never ended'),
    ],
    ['uploaded: by 50s', clip({}), fails(50_000, 'wanted uploaded by 50.0 s, was uploaded at 80.0 s')],
    [
      'uploaded: within 73s of press 1',
      clip({}),
      fails(79_500, 'wanted uploaded by 79.5 s (73 s after press 1), was uploaded at 80.0 s'),
    ],
    ['uploaded: never', clip({}), fails(80_000, 'wanted never uploaded, was uploaded at 80.0 s')],
    [
      'uploaded: within 1s',
      clip({ toMs: undefined, uploadedAtMs: undefined }),
      fails(120_000, 'wanted uploaded within 1s, but its end never came'),
    ],
  ])('%s: fails and says when', (expectation, facts, verdict) => {
    expect(verdictOn(`clip: 1, ${expectation}`, facts)).toEqual(verdict)
  })

  it('counts clips in order of time, and fails when there is no such clip', () => {
    const clips = [{ ...CLIP, id: 'late', fromMs: 50_000, toMs: 60_000 }, CLIP]
    expect(verdictOn('clip: 2, from: at least 50s', { clips })).toEqual(HOLDS)
    expect(verdictOn('clip: 3, complete: true', { clips })).toEqual(
      fails(120_000, 'wanted clip 3, the last one was clip 2'),
    )
  })
})

const FULL: JudgedFacts = {
  presses: [pressed(6500), pressed(70_000)],
  visits: [visit(70_000), visit(5000)],
  clips: [CLIP],
  entries: [
    { atMs: 0, kind: 'boot', boot: 0 },
    { atMs: 5000, kind: 'motion', state: 'on' },
    { atMs: 6000, kind: 'motion', state: 'off' },
    { atMs: 7000, kind: 'alarm', what: 'the disk is full' },
    { atMs: 30_000, kind: 'boot', boot: 1 },
    { atMs: 31_000, kind: 'motion', state: 'on' },
  ],
  endMs: 120_000,
}

describe('how many are expected', () => {
  it.each([
    'presses: 2',
    'presses: at most 2',
    'visits: at least 2',
    'clips: 1',
    'alarms: 1',
    'boots: 2',
    'motions: 1 to 2',
  ])('%s: holds', (expectation) => {
    expect(verdictOn(expectation, FULL)).toEqual(HOLDS)
  })

  it.each([
    ['presses: 1', fails(70_000, 'wanted presses: 1, got 2 (one too many at 70.0 s)')],
    ['presses: at least 3', fails(120_000, 'wanted presses: at least 3, got 2')],
    ['visits: at most 1', fails(70_000, 'wanted visits: at most 1, got 2 (one too many at 70.0 s)')],
    ['clips: 0', fails(400, 'wanted clips: 0, got 1 (one too many at 0.4 s)')],
    ['alarms: 0', fails(7000, 'wanted alarms: 0, got 1 (one too many at 7.0 s)')],
    ['boots: 1', fails(30_000, 'wanted boots: 1, got 2 (one too many at 30.0 s)')],
    ['motions: 3 to 4', fails(120_000, 'wanted motions: 3 to 4, got 2')],
  ])('%s: fails and says when', (expectation, verdict) => {
    expect(verdictOn(expectation, FULL)).toEqual(verdict)
  })

  it('fails at the end when there were none', () => {
    expect(verdictOn('clips: at least 1', {})).toEqual(fails(120_000, 'wanted clips: at least 1, got none'))
  })
})

describe('the verdicts of a story', () => {
  it('are one for each expectation, in the words and on the lines of the story', () => {
    const verdicts = judge(storyThat('press: 1, chimed: within 20ms', 'clips: 1'), { ...QUIET, ...clip({}) })
    expect(verdicts).toEqual([
      {
        line: 11,
        text: 'press 1: chimed within 20ms',
        holds: false,
        atMs: 120_000,
        why: 'wanted press 1, there was none',
      },
      { line: 12, text: 'clips: 1', holds: true, atMs: undefined, why: '' },
    ])
  })

  it('need a world that lasts until the last deadline', () => {
    expect(lastWordMs(storyThat('presses: 2'))).toBe(70_150)
    expect(lastWordMs(storyThat('press: 1, notified: within 30s of network up'))).toBe(90_000)
    expect(lastWordMs(storyThat('clip: 1, uploaded: by 95s', 'press: 1, chimed: never'))).toBe(95_000)
  })
})
