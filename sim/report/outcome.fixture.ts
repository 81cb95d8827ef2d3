/** Outcomes as the world makes them, for the tests of the reports: one that fails, a long one, one that means harm. */
import { createHash } from 'node:crypto'
import { createSeededRandom, type SeededRandom } from '../devices/seeded-random.ts'
import { readStory } from '../story/read.ts'
import type { Story } from '../story/story.ts'
import type { ClipFact, StoryOutcome, TraceEntry, TraceEvent } from '../trace.ts'

export type Played = { readonly story: Story; readonly outcome: StoryOutcome }

class Trace {
  readonly entries: TraceEntry[] = []
  readonly random: SeededRandom

  constructor(seed: number) {
    this.random = createSeededRandom(seed)
  }

  add(atMs: number, event: TraceEvent): void {
    this.entries.push({ atMs, ...event })
  }

  /** Syncing costs several calls to the disk. */
  write(atMs: number, path: string, bytes: number): void {
    const calls = ['createFile', 'write', 'sync', 'rename', 'syncFolder']
    for (const [step, call] of calls.entries())
      this.add(atMs + step * 1.5, {
        kind: 'disk',
        call,
        path,
        bytes: call === 'write' ? bytes : 0,
        outcome: 'ok',
      })
  }

  pulse(atMs: number, holdMs: number, line: 'button' | 'pir' | 'chime'): void {
    for (const [at, active] of [
      [atMs, true],
      [atMs + holdMs, false],
    ] as const) {
      if (line === 'chime') this.add(at, { kind: 'output', line, active })
      else this.add(at, { kind: 'input', line, active })
    }
  }

  finish(): { readonly entries: readonly TraceEntry[]; readonly hash: string } {
    const entries = this.entries.toSorted((a, b) => a.atMs - b.atMs)
    return { entries, hash: createHash('sha256').update(JSON.stringify(entries)).digest('hex') }
  }
}

const STRANGER = `title: stranger at night, the network goes, the power goes
seed: 7
camera: { video: walk-up-night }
timeline:
  - { at: 4.0s, pir: rise }
  - { at: 6.5s, button: press, bounce: 12ms }
  - { at: 7.0s, network: down }
  - { at: 9.0s, power: cut }
  - { at: 30s, power: on }
  - { at: 60s, network: up }
troubles: [slow-store, clock-steps]
expect:
  - { press: 1, notified: within 1s of network up }
  - { clip: 1, from: at most 0.5s, uploaded: within 4m of network up }
  - { presses: 1 }
`

/** The first story of the readme, whose press is told 2.2 s too late. */
export function strangerAtNight(): Played {
  const story = readStory({ name: 'stranger-at-night.yaml', text: STRANGER })
  const trace = new Trace(7)
  tellStranger(trace)
  const [first, second] = strangerClips()
  return {
    story,
    outcome: {
      title: story.title,
      seed: story.seed,
      ...trace.finish(),
      endMs: 96_400,
      boots: 2,
      presses: [{ pressedAtMs: 6500, chimedAtMs: 6508, acknowledgedAtMs: 6514.5, notifiedAtMs: 63_200 }],
      visits: [
        { id: 'v-81c2', fromMs: 3200, toMs: 9000, signs: ['motion', 'pir', 'press'] },
        { id: 'v-9b07', fromMs: 32_900, toMs: 46_000, signs: ['motion'] },
      ],
      clips: [first, second],
      verdicts: [
        {
          line: 14,
          text: 'press 1: notified within 1s of network up',
          holds: false,
          atMs: 61_000,
          why: 'wanted notified by 61.0 s (1 s after network up), was notified at 63.2 s',
        },
        {
          line: 15,
          text: 'clip 1: from at most 0.5s, uploaded within 4m of network up',
          holds: true,
          atMs: undefined,
          why: '',
        },
        { line: 16, text: 'presses: 1', holds: true, atMs: undefined, why: '' },
      ],
      violations: [],
    },
  }
}

function strangerClips(): readonly [ClipFact, ClipFact] {
  const first = {
    id: 'c-4f10',
    visit: 'v-81c2',
    fromMs: 200,
    toMs: 8200,
    parts: 4,
    bytes: 412_345,
    complete: false,
    ended: 'recovered',
    sealedAtMs: 32_600,
    uploadedAtMs: 74_900,
    expired: false,
  }
  const second = {
    ...first,
    id: 'c-77aa',
    visit: 'v-9b07',
    fromMs: 30_400,
    toMs: 46_000,
    parts: 8,
    bytes: 801_222,
    complete: true,
    ended: 'quiet',
    sealedAtMs: 46_100,
    uploadedAtMs: 92_300,
  }
  return [first, second]
}

function tellStranger(trace: Trace): void {
  for (const what of ['slow-store', 'clock-steps']) trace.add(0, { kind: 'trouble', what, state: 'begins' })
  trace.add(0, { kind: 'power', state: 'on' })
  trace.add(1400, { kind: 'boot', boot: 0 })
  trace.pulse(4000, 5000, 'pir')
  for (const flutter of [0, 4, 8]) trace.pulse(6488 + flutter, 2, 'button')
  trace.pulse(6500, 180, 'button')
  trace.pulse(6508, 400, 'chime')
  trace.add(6501, { kind: 'press', visit: 'v-81c2', pressedAtMs: 6500 })
  trace.add(7000, { kind: 'trouble', what: 'network down', state: 'begins' })
  trace.add(9000, { kind: 'power', state: 'cut' })
  trace.add(30_000, { kind: 'power', state: 'on' })
  trace.add(32_100, { kind: 'boot', boot: 1 })
  trace.add(60_000, { kind: 'trouble', what: 'network down', state: 'ends' })
  for (const [atMs, byS] of [
    [18_700, 1204],
    [51_200, -877],
  ] as const)
    trace.add(atMs, { kind: 'trouble', what: `clock set by ${byS} s`, state: 'once' })
  tellScores(trace)
  tellVisits(trace)
  tellUploads(trace)
  tellMessages(trace)
}

function tellScores(trace: Trace): void {
  for (let atMs = 1500; atMs < 62_000; atMs += 66.7) {
    if (atMs > 9000 && atMs < 32_200) continue
    const isSeen = (atMs > 3200 && atMs < 8800) || (atMs > 32_900 && atMs < 42_000)
    const swing = isSeen ? 0.25 + 0.2 * Math.sin(atMs / 700) : 0.01
    const score = swing + 0.05 * trace.random.uniform()
    trace.add(atMs, { kind: 'score', score, moving: isSeen })
  }
  for (const [atMs, state] of [
    [3200, 'on'],
    [32_900, 'on'],
    [42_000, 'off'],
  ] as const)
    trace.add(atMs, { kind: 'motion', state })
}

function tellVisits(trace: Trace): void {
  trace.add(3210, { kind: 'visit', state: 'began', visit: 'v-81c2', edgeMs: 3200, signs: ['motion'] })
  trace.add(3215, { kind: 'clip', state: 'began', clip: 'c-4f10', detail: { visit: 'v-81c2', fromMs: 200 } })
  trace.add(32_910, { kind: 'visit', state: 'began', visit: 'v-9b07', edgeMs: 32_900, signs: ['motion'] })
  trace.add(32_600, {
    kind: 'clip',
    state: 'recovered',
    clip: 'c-4f10',
    detail: { parts: 4, bytes: 412_345 },
  })
  trace.add(32_600, {
    kind: 'log',
    level: 'warn',
    event: 'clips.recovered',
    fields: '{"clip":"c-4f10","parts":4}',
  })
  trace.add(32_915, {
    kind: 'clip',
    state: 'began',
    clip: 'c-77aa',
    detail: { visit: 'v-9b07', fromMs: 30_400 },
  })
  trace.add(46_000, { kind: 'visit', state: 'ended', visit: 'v-9b07', edgeMs: 46_000, signs: ['motion'] })
  trace.add(46_100, { kind: 'clip', state: 'sealed', clip: 'c-77aa', detail: { parts: 8, ended: 'quiet' } })
  for (const [clip, fromMs, parts] of [
    ['c-4f10', 3300, 4],
    ['c-77aa', 33_000, 8],
  ] as const) {
    for (let part = 0; part < parts; part++) {
      const [atMs, bytes] = [fromMs + part * 1500, 90_000 + Math.floor(trace.random.uniform() * 20_000)]
      trace.write(atMs, `clips/${clip}/${part}.age`, bytes)
      trace.add(atMs + 8, { kind: 'part', clip, part, bytes })
    }
  }
}

function tellUploads(trace: Trace): void {
  for (let atMs = 7400; atMs < 60_000; atMs += atMs < 9000 ? 600 : 4100) {
    if (atMs > 9000 && atMs < 32_300) continue
    trace.add(atMs, { kind: 'store', call: 'put', name: 'o-19fe', bytes: 0, outcome: 'unavailable' })
    trace.add(atMs + 1, {
      kind: 'log',
      level: 'warn',
      event: 'upload.waits',
      fields: '{"kind":"unavailable","waiting":6}',
    })
  }
  for (let index = 0; index < 14; index++) {
    const [atMs, name] = [61_500 + index * 2300, `o-${(index * 7919).toString(16)}`]
    trace.add(atMs, { kind: 'store', call: 'put', name, bytes: 98_000, outcome: 'stored' })
    trace.write(atMs + 3, 'index', 200)
  }
  trace.add(74_900, { kind: 'clip', state: 'uploaded', clip: 'c-4f10', detail: {} })
  trace.add(92_300, { kind: 'clip', state: 'uploaded', clip: 'c-77aa', detail: {} })
}

function tellMessages(trace: Trace): void {
  const payload = '{"visit":"v-81c2","at":"2026-11-23T22:14:06.500Z"}'
  const press = { topic: 'lintel/front-door/press', payload }
  trace.add(1600, {
    kind: 'message',
    topic: 'lintel/front-door/availability',
    payload: 'online',
    outcome: 'acknowledged',
  })
  trace.add(1601, { kind: 'told', topic: 'lintel/front-door/availability', payload: 'online' })
  trace.add(3300, {
    kind: 'message',
    topic: 'lintel/front-door/motion',
    payload: 'ON',
    outcome: 'acknowledged',
  })
  for (const atMs of [8600, 33_000, 36_100, 42_300, 54_900])
    trace.add(atMs, { kind: 'message', ...press, outcome: 'unavailable' })
  trace.add(63_210, { kind: 'message', ...press, outcome: 'acknowledged' })
  trace.add(63_200, { kind: 'told', ...press })
  trace.add(64_000, { kind: 'alarm', what: 'the clock was set back by 877 s' })
}

const WEEK = `title: a week without the store; then all of it is uploaded
seed: 15
camera: drawn
timeline:
  - { at: 1m, store: down }
  - { at: 126s, button: press }
  - { at: 90h, power: cut }
  - { at: 91h, power: on }
  - { at: 168h, store: up }
expect:
  - { clip: 1, complete: true, uploaded: within 15m of store up }
  - { press: 1, notified: within 1s }
`

const WEEK_MS = 168 * 3_600_000

/** A week with so many entries at least; one clip comes to the store too late. */
export function longWeek(entriesMin: number): Played {
  const story = readStory({ name: 'week-without-store.yaml', text: WEEK })
  const trace = new Trace(15)
  const endMs = WEEK_MS + 3_600_000
  trace.add(0, { kind: 'power', state: 'on' })
  trace.add(900, { kind: 'boot', boot: 0 })
  trace.add(60_000, { kind: 'trouble', what: 'store down', state: 'begins' })
  trace.add(WEEK_MS, { kind: 'trouble', what: 'store down', state: 'ends' })
  trace.add(90 * 3_600_000, { kind: 'power', state: 'cut' })
  trace.add(91 * 3_600_000, { kind: 'power', state: 'on' })
  trace.add(91 * 3_600_000 + 900, { kind: 'boot', boot: 1 })
  const clips = tellWeek(trace, Math.ceil(entriesMin / 60), endMs)
  const dueMs = WEEK_MS + 900_000
  return {
    story,
    outcome: {
      title: story.title,
      seed: story.seed,
      ...trace.finish(),
      endMs,
      boots: 2,
      presses: clips.map(({ fromMs }) => ({
        pressedAtMs: fromMs + 6000,
        chimedAtMs: fromMs + 6009,
        acknowledgedAtMs: fromMs + 6014,
        notifiedAtMs: fromMs + 6030,
      })),
      visits: clips.map(({ visit, fromMs, toMs }) => ({ id: visit, fromMs, toMs, signs: ['pir', 'press'] })),
      clips,
      verdicts: [
        {
          line: 10,
          text: 'clip 1: complete, uploaded within 15m of store up',
          holds: false,
          atMs: dueMs,
          why: `wanted uploaded by ${dueMs / 1000}.0 s (900 s after store up), was uploaded at ${dueMs / 1000 + 12}.4 s`,
        },
        { line: 11, text: 'press 1: notified within 1s', holds: true, atMs: undefined, why: '' },
      ],
      violations: [
        {
          checker: 'comes-to-rest',
          atMs: endMs,
          message: '3 uploads and 0 messages wait, nobody is there',
        },
      ],
    },
  }
}

function tellWeek(trace: Trace, visits: number, endMs: number): readonly ClipFact[] {
  return Array.from({ length: visits }, (_, index): ClipFact => {
    const fromMs = Math.round(120_000 + (index * (WEEK_MS - 600_000)) / visits)
    const [id, visit] = [`c-${index}`, `v-${index}`]
    tellOneVisit(trace, { fromMs, id, visit })
    const uploadedAtMs = Math.min(WEEK_MS + 912_400 - index * 400, endMs)
    trace.add(uploadedAtMs, { kind: 'clip', state: 'uploaded', clip: id, detail: {} })
    const end = { sealedAtMs: fromMs + 20_100, uploadedAtMs: Math.max(uploadedAtMs, WEEK_MS + 1000) }
    return {
      id,
      visit,
      fromMs,
      toMs: fromMs + 20_000,
      parts: 8,
      bytes: 800_000,
      complete: true,
      ended: 'quiet',
      ...end,
      expired: false,
    }
  })
}

function tellOneVisit(
  trace: Trace,
  { fromMs, id, visit }: { readonly fromMs: number; readonly id: string; readonly visit: string },
): void {
  trace.pulse(fromMs + 3000, 2500, 'pir')
  trace.pulse(fromMs + 6000, 150, 'button')
  trace.pulse(fromMs + 6009, 400, 'chime')
  trace.add(fromMs + 3000, { kind: 'visit', state: 'began', visit, edgeMs: fromMs + 3000, signs: ['pir'] })
  trace.add(fromMs + 3010, { kind: 'clip', state: 'began', clip: id, detail: { visit, fromMs } })
  trace.add(fromMs + 6001, { kind: 'press', visit, pressedAtMs: fromMs + 6000 })
  trace.add(fromMs + 6030, {
    kind: 'told',
    topic: 'lintel/front-door/press',
    payload: `{"visit":"${visit}"}`,
  })
  for (let part = 0; part < 8; part++) {
    trace.write(fromMs + 4000 + part * 2000, `clips/${id}/${part}.age`, 100_000)
    trace.add(fromMs + 4010 + part * 2000, { kind: 'part', clip: id, part, bytes: 100_000 })
  }
  trace.add(fromMs + 20_100, { kind: 'clip', state: 'sealed', clip: id, detail: { parts: 8 } })
  trace.add(fromMs + 20_000, {
    kind: 'visit',
    state: 'ended',
    visit,
    edgeMs: fromMs + 20_000,
    signs: ['pir'],
  })
  for (let attempt = 0; attempt < 4; attempt++)
    trace.add(fromMs + 21_000 + attempt * 30_000, {
      kind: 'store',
      call: 'put',
      name: id,
      bytes: 0,
      outcome: 'unavailable',
    })
}

/** Markup, ends of script and comments, control characters, halves of pairs, escapes of terminals, turned writing. */
export const HOSTILE = `</title></script></style>--><img src=x onerror=alert(1)>"'&amp;]]>\0\u0007\u001b[31m\ud800\u202e\ufffe\nend`

/** Every text of an outcome says something that means harm. */
export function hostileOutcome(): Played {
  const { story, outcome } = strangerAtNight()
  const spoil = <T>(value: T): T =>
    JSON.parse(JSON.stringify(value), (key, it: unknown) =>
      typeof it === 'string' && !FIXED.includes(key) ? `${it} ${HOSTILE}` : it,
    ) as T // The same shape: only texts were made longer.
  return {
    story: { ...story, title: HOSTILE, settings: [`name=${JSON.stringify(HOSTILE)}`] },
    outcome: {
      ...outcome,
      title: HOSTILE,
      hash: HOSTILE,
      entries: spoil(outcome.entries),
      visits: spoil(outcome.visits),
      clips: spoil(outcome.clips),
      verdicts: spoil(outcome.verdicts),
      violations: [{ checker: HOSTILE, atMs: 70_000, message: HOSTILE }],
    },
  }
}

/** What the type says word by word. */
const FIXED: readonly string[] = ['kind', 'state', 'line']
