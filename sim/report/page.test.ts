import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { TraceEntry } from '../trace.ts'
import { storyPage, type Thumbnail } from './index.ts'
import { HOSTILE, hostileOutcome, longWeek, strangerAtNight, type Played } from './outcome.fixture.ts'
import { elementsOf, parseXml, type XmlElement } from './well-formed.fixture.ts'

const pageOf = (played: Played, thumbnails: readonly Thumbnail[] = []): string =>
  storyPage({ ...played, thumbnails, replayCommand: 'lintel sim night.yaml --seed 7' })

/** The drawings of a page, read strictly. */
const drawingsOf = (page: string): readonly XmlElement[] =>
  [...page.matchAll(/<svg width="100%".*?<\/svg>\n?<div class="hair"/gs)].map(([text]) =>
    parseXml(text.replace(/<div class="hair"$/, '').trim()),
  )

const withClass = (root: XmlElement | undefined, look: string): readonly XmlElement[] =>
  root === undefined
    ? []
    : [...elementsOf(root)].filter(({ attributes }) => (attributes.class ?? '').split(' ').includes(look))

const laneOf = (root: XmlElement | undefined, name: string): XmlElement | undefined =>
  withClass(root, 'lane').find(({ attributes }) => attributes['data-lane'] === name)

const elementCount = (page: string): number => page.match(/<[a-z]/gi)?.length ?? 0

/** The whole story is drawn with a little room behind its end. */
const WIDTH_MS = 96_400 * 1.012
const placeIn = (atMs: number, widthMs = WIDTH_MS): number => (100 * atMs) / widthMs

describe('the page of a story that failed', () => {
  const page = pageOf(strangerAtNight())
  const [drawing] = drawingsOf(page)

  it('says first that it failed, and why, in one sentence', () => {
    expect(page).toMatch(
      /<div class="word">✗ FAILED<\/div><p class="reason">press 1: wanted notified by 61\.0 s \(1 s after network up\), was notified at 63\.2 s<\/p>/,
    )
  })

  it('names the seed, the trace and the command that plays it again', () => {
    expect(page).toContain('seed <b>7</b>')
    expect(page).toContain(strangerAtNight().outcome.hash)
    expect(page).toContain('lintel sim night.yaml --seed 7')
  })

  it('draws a red line where it failed, through all lanes, with what failed beside it', () => {
    const [failure, ...others] = withClass(drawing, 'failure')
    expect(others).toEqual([])
    const [title, line, text] = failure?.children ?? []
    expect(title?.text).toContain('wanted notified by 61.0 s')
    expect(Number.parseFloat(line?.attributes.x1 ?? '')).toBeCloseTo(placeIn(61_000), 4)
    expect(line?.attributes.x1).toBe(line?.attributes.x2)
    expect(line?.attributes.y2).toBe(drawing?.attributes.height)
    expect(text?.text).toBe('✗ 61.0 s press 1: notified within 1s of network up')
  })

  it('draws a violation where it was', () => {
    const { story, outcome } = strangerAtNight()
    const violations = [{ checker: 'part-survives', atMs: 30_000, message: 'part 3 of clip c-4f10 is gone' }]
    const [drawn] = drawingsOf(pageOf({ story, outcome: { ...outcome, violations } }))
    const places = withClass(drawn, 'failure').map(({ children }) =>
      Number.parseFloat(children[1]?.attributes.x1 ?? ''),
    )
    expect(places).toEqual([expect.closeTo(placeIn(30_000), 4), expect.closeTo(placeIn(61_000), 4)])
  })

  it('says in sentences what a checker promises, and what goes on all the time', () => {
    const { story, outcome } = strangerAtNight()
    const promise = 'every clip that was begun has ended'
    const violations = [{ checker: 'clip-ends', promise, atMs: 30_000, message: 'c-4f10 is still growing' }]
    const drawn = pageOf({ story, outcome: { ...outcome, violations } })
    expect(drawn).toContain('<b>clip-ends</b><small> every clip that was begun has ended</small>')
    expect(drawn).toContain('<b>slow-store</b> the store takes 1 to 8 s for each object')
  })

  it('draws everything to one scale', () => {
    const [pulse] = withClass(laneOf(drawing, 'PIR'), 'span')
    expect(Number.parseFloat(pulse?.attributes.x ?? '')).toBeCloseTo(placeIn(4000), 4)
    expect(Number.parseFloat(pulse?.attributes.width ?? '')).toBeCloseTo(placeIn(5000), 4)
    const [press] = withClass(laneOf(drawing, 'button'), 'press')
    expect(Number.parseFloat(press?.children[1]?.attributes.cx ?? '')).toBeCloseTo(placeIn(6500), 4)
    const refused = withClass(laneOf(drawing, 'messages'), 'bad').map(({ attributes }) =>
      Number.parseFloat(attributes.x1 ?? ''),
    )
    expect(refused).toEqual(
      [8600, 33_000, 36_100, 42_300, 54_900].map((atMs) => expect.closeTo(placeIn(atMs), 4)),
    )
  })

  it('hatches the time without power across all lanes', () => {
    const [cut] = withClass(drawing, 'cut')
    expect(Number.parseFloat(cut?.attributes.x ?? '')).toBeCloseTo(placeIn(9000), 4)
    expect(Number.parseFloat(cut?.attributes.width ?? '')).toBeCloseTo(placeIn(21_000), 4)
    expect(cut?.children[0]?.text).toBe('power off from 9.0 s to 30.0 s (21 s)')
  })

  it('lets a visit that never ended go on until the power went', () => {
    const { story, outcome } = strangerAtNight()
    const visits = outcome.visits.map((visit) => ({ ...visit, toMs: undefined }))
    const [drawn] = drawingsOf(pageOf({ story, outcome: { ...outcome, visits } }))
    const widths = withClass(laneOf(drawn, 'visits'), 'span').map(({ attributes }) =>
      Number.parseFloat(attributes.width ?? ''),
    )
    expect(widths).toEqual([
      expect.closeTo(placeIn(9000 - 3200), 4),
      expect.closeTo(placeIn(96_400 - 32_900), 4),
    ])
  })

  it('tells what happened before it and after, the failure among it', () => {
    const [around = ''] = /<ol class="around">.*?<\/ol>/s.exec(page) ?? []
    const told = [...around.matchAll(/<span>(.*?)<\/span>/g)].map(([, text = '']) =>
      text.replaceAll(/<[^>]*>/g, ''),
    )
    const order = [
      'press at 6.5 s taken (visit v-81c2)',
      'network down begins',
      'the power is cut',
      'network down ends',
    ]
    expect(told.filter((text) => order.includes(text))).toEqual(order)
    expect(told.indexOf('network down ends')).toBe(told.findIndex((text) => text.startsWith('✗')) - 1)
    expect(told).toContainEqual(
      expect.stringMatching(/^store put o-19fe: unavailable \(10 × until 58\.4 s\)$/),
    )
  })

  it('marks the line of the story that did not come true, and only that', () => {
    expect([...page.matchAll(/<mark>(.*?)<\/mark>/g)].map(([, line]) => line)).toEqual([
      '  - { press: 1, notified: within 1s of network up }  # ✗',
    ])
  })

  it('says so where there is no video, and shows it where there is', () => {
    expect(laneOf(drawing, 'video')?.children[0]?.text).toBe('no video')
    const jpeg = Uint8Array.of(0xff, 0xd8, 0xff)
    const [seen] = drawingsOf(
      pageOf(strangerAtNight(), [
        { atMs: 40_000, jpeg },
        { atMs: 40_100, jpeg },
      ]),
    )
    const pictures = withClass(laneOf(seen, 'video'), 'thumbnail')
    expect(pictures.map(({ attributes }) => attributes.href)).toEqual(['data:image/jpeg;base64,/9j/'])
    expect(Number.parseFloat(pictures[0]?.attributes.x ?? '')).toBeCloseTo(placeIn(40_000), 4)
  })
})

describe('the page of a story that passed', () => {
  it('says so, and marks nothing', () => {
    const { story, outcome } = strangerAtNight()
    const verdicts = outcome.verdicts.map((verdict) => ({
      ...verdict,
      holds: true,
      atMs: undefined,
      why: '',
    }))
    const page = pageOf({ story, outcome: { ...outcome, verdicts } })
    expect(page).toContain('✓ PASSED')
    expect(page).toContain('all 3 expectations came true, no checker complained')
    expect(withClass(drawingsOf(page)[0], 'failure')).toEqual([])
    expect(page).not.toContain('<mark>')
  })

  it('can be drawn when nothing happened at all', () => {
    const { story, outcome } = strangerAtNight()
    const nothing = {
      entries: [],
      presses: [],
      visits: [],
      clips: [],
      verdicts: [],
      violations: [],
      endMs: 0,
    }
    const page = pageOf({ story, outcome: { ...outcome, ...nothing } })
    expect(page).toContain('nothing was expected, and no checker complained')
    expect(page.split('<script>')[0]?.match(/NaN|Infinity|undefined/g)).toBe(null)
  })
})

describe('a page of texts that mean harm', () => {
  const page = pageOf(hostileOutcome(), [{ atMs: 2000, jpeg: Uint8Array.of(1) }])

  it('has one script, its own, which alone may run', () => {
    const scripts = [...page.matchAll(/<script>(.*?)<\/script>/gs)]
    expect(page.match(/<\/?script/g)).toHaveLength(2)
    const hash = createHash('sha256')
      .update(scripts[0]?.[1] ?? '')
      .digest('base64')
    expect(page).toContain(`script-src 'sha256-${hash}'`)
    expect(page).toContain(`default-src 'none'`)
  })

  it('has no element of theirs, and shows their words', () => {
    const tags = [...page.matchAll(/<[a-z][^<>]*>/gi)].map(([tag]) => tag.replaceAll(/"[^"]*"/g, ''))
    expect(tags.filter((tag) => /^<img|\son\w+=/i.test(tag))).toEqual([])
    expect(page.includes('&lt;img src=x onerror=alert(1)&gt;')).toBe(true)
    expect(page.includes(HOSTILE)).toBe(false)
    expect(page.isWellFormed()).toBe(true)
    expect(/[\0\u0007\u001b\u202e\ufffe]/.test(page)).toBe(false)
  })

  it('draws in well-formed markup all the same', () => {
    const drawings = drawingsOf(page)
    expect(drawings).toHaveLength(1)
    const names = new Set(drawings.flatMap((drawing) => [...elementsOf(drawing)].map(({ name }) => name)))
    expect([...names].toSorted()).toEqual([
      'circle',
      'defs',
      'g',
      'image',
      'line',
      'path',
      'pattern',
      'rect',
      'svg',
      'text',
      'title',
    ])
  })

  it('asks for nothing from anywhere', () => {
    const outside = [...page.matchAll(/(?:src|href|url\(|@import|action)\s*=?\s*["'(]?([^"')\s>]*)/g)]
      .map(([, target = '']) => target)
      .filter((target) => /^(?:https?:|\/\/|file:|ftp:)/.test(target))
    expect(outside).toEqual([])
  })
})

describe('the page of a long story', () => {
  const played = longWeek(100_000)
  const page = pageOf(played)

  it('stays small enough for a browser, and says what it left out', () => {
    expect(played.outcome.entries.length).toBeGreaterThan(100_000)
    expect(elementCount(page)).toBeLessThan(20_000)
    expect(page.length).toBeLessThan(4_000_000)
    expect(page).toMatch(
      /entries of the trace in 1200 rows;.* Left out, farthest from the failure: \d+ of turns/,
    )
  })

  it('looks closer at the first failure, where it failed on that scale too', () => {
    const [near, whole] = drawingsOf(page)
    const dueMs = 168 * 3_600_000 + 900_000
    const place = (drawing: XmlElement | undefined): number =>
      Number.parseFloat(withClass(drawing, 'failure')[0]?.children[1]?.attributes.x1 ?? '')
    expect(place(near)).toBeCloseTo(75, 4)
    expect(place(whole)).toBeCloseTo(placeIn(dueMs, played.outcome.endMs * 1.012), 4)
  })

  it('draws coarser rather than more when everything happens all the time', () => {
    const { story, outcome } = strangerAtNight()
    const crowd = pageOf({ story, outcome: { ...outcome, ...everythingAlways() } })
    expect(elementCount(crowd)).toBeLessThan(20_000)
    expect(elementCount(crowd)).toBeGreaterThan(5000)
    expect(crowd).toContain('The first 8 of 5001 failures are marked.')
  })
})

/** An hour in which something of every kind happens every second or so, and what failed is failing. */
function everythingAlways() {
  const { outcome } = strangerAtNight()
  const often = Array.from({ length: 5000 }, (_, index) => ({ fromMs: index * 720, toMs: index * 720 + 400 }))
  const entries = often.flatMap(({ fromMs, toMs }, index): readonly TraceEntry[] => [
    { atMs: fromMs, kind: 'power', state: index % 2 === 0 ? 'cut' : 'on' },
    { atMs: fromMs, kind: 'boot', boot: index },
    { atMs: toMs, kind: 'stopped', why: 'restart' },
    ...(['button', 'pir'] as const).flatMap((line): readonly TraceEntry[] => [
      { atMs: fromMs, kind: 'input', line, active: true },
      { atMs: toMs, kind: 'input', line, active: false },
    ]),
    {
      atMs: fromMs,
      kind: 'trouble',
      what: `trouble ${index % 40}`,
      state: index % 80 < 40 ? 'begins' : 'ends',
    },
    { atMs: fromMs, kind: 'trouble', what: 'clock set', state: 'once' },
    { atMs: fromMs, kind: 'motion', state: index % 2 === 0 ? 'on' : 'off' },
    { atMs: fromMs, kind: 'clip', state: 'gap', clip: 'c', detail: {} },
    { atMs: fromMs, kind: 'part', clip: 'c', part: index, bytes: 1 },
    { atMs: fromMs, kind: 'store', call: 'put', name: 'o', bytes: 1, outcome: 'stored' },
    { atMs: fromMs, kind: 'store', call: 'put', name: 'o', bytes: 1, outcome: 'denied' },
    { atMs: fromMs, kind: 'message', topic: 't', payload: '', outcome: 'acknowledged' },
    { atMs: fromMs, kind: 'message', topic: 't', payload: '', outcome: 'unavailable' },
    { atMs: fromMs, kind: 'told', topic: 'a/press', payload: '' },
    { atMs: fromMs, kind: 'told', topic: 'a/motion', payload: '' },
    { atMs: fromMs, kind: 'disk', call: 'sync', path: 'p', bytes: 0, outcome: 'EIO' },
    { atMs: fromMs, kind: 'log', level: 'warn', event: 'e', fields: '' },
    { atMs: fromMs, kind: 'alarm', what: 'a' },
  ])
  const [press, visit, clip] = [outcome.presses[0]!, outcome.visits[0]!, outcome.clips[0]!]
  return {
    endMs: 3_600_000,
    entries,
    presses: often.map(({ fromMs }) => ({ ...press, pressedAtMs: fromMs })),
    visits: often.map((span) => ({ ...visit, ...span })),
    clips: often.map((span) => ({ ...clip, ...span, uploadedAtMs: span.toMs + 300 })),
    violations: often.map(({ fromMs }) => ({ checker: 'places-agree', atMs: fromMs, message: 'x' })),
  }
}
