import { describe, expect, it } from 'vitest'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { Fault } from '../base/fault.ts'
import type { VisitId } from '../base/ids.ts'
import { silentLog } from '../base/log.ts'
import { monoMs, ticks, unixMs } from '../base/time.ts'
import type { Packet, Track } from '../ports/camera.ts'
import type { Area, Sight, Vision } from '../ports/vision.ts'
import {
  createRecogniser,
  type LookedAt,
  type Recognised,
  type RecogniserDeps,
  type Region,
} from './index.ts'

const track: Track = {
  ...{ codec: 'h264', timescale: 1000, width: 1920, height: 1080 },
  sampleEntry: new Uint8Array(16),
}
const packetAt = (atMs: number): Packet => ({
  ...{ data: new Uint8Array(8), pts: ticks(atMs), dts: ticks(atMs), duration: ticks(100) },
  ...{ isKey: true, at: monoMs(atMs) },
})
const picture = { width: 1920, height: 1080, rgb: new Uint8Array(0) }
const boxAt = (x: number, y = 0.3): Area => ({ x, y, width: 0.1, height: 0.4 })
const person = (score = 0.8, box = boxAt(0.4)): Sight => ({ thing: 'person', score, box })
const VISIT = 'visit1' as VisitId

type Look = readonly Sight[] | Fault | 'hangs'

/** Somebody who sees, in this order, what is handed in; then nothing. */
function setUp(
  looks: readonly Look[],
  overrides: Partial<RecogniserDeps> = {},
  zones: readonly Region[] = [],
) {
  const clock = new SimClock({ bootWall: unixMs(0) })
  const waiting = [...looks]
  const told: Recognised[] = []
  const posters: number[] = []
  const lookedAt: number[] = []
  const within: Area[] = []
  const vision: Vision = {
    state: () => ({ state: 'asleep' }),
    async look(_picture, options) {
      lookedAt.push(clock.mono())
      within.push(options.within)
      const next = waiting.shift() ?? []
      if (next === 'hangs') return new Promise(() => {})
      if (next instanceof Fault) throw next
      return next
    },
  }
  const recogniser = createRecogniser(
    {
      ...{ vision, clock, log: silentLog },
      stills: { pictureOf: async () => picture, encodeJpeg: async () => new Uint8Array([posters.length]) },
      newest: () => ({ track, packets: [packetAt(clock.mono())] }),
      onRecognised: async (recognised) => void told.push(recognised),
      onBest: (_visit, jpeg) => void posters.push(jpeg[0] ?? -1),
      ...overrides,
    },
    { zones, posterWidthMax: 1280 },
  )
  const stop = new AbortController()
  const running = recogniser.run(stop.signal)
  const end = async (): Promise<void> => {
    stop.abort()
    await running
  }
  return { clock, recogniser, told, posters, lookedAt, within, end }
}

describe('somebody who recognises', () => {
  it('says who it is when two of three looks agree, and goes on saying so for as long as they are seen', async () => {
    const { clock, recogniser, told, end } = setUp([[person()], [], [person(0.7)], [person(0.9)], []])
    recogniser.visit(VISIT)
    await clock.advance(30_000)
    await end()
    expect(told).toMatchObject([
      { kind: 'sight', thing: 'person', score: 0.7, at: 1200 },
      { kind: 'sight', thing: 'person', score: 0.9, at: 6200 },
    ])
  })

  it('believes neither one look alone nor a doubtful one', async () => {
    const { clock, recogniser, told, end } = setUp([[person(0.9)], [person(0.4)], [person(0.45)], []])
    recogniser.visit(VISIT)
    await clock.advance(5000)
    await end()
    expect(told).toEqual([])
  })

  it('looks often until it knows, then rarely, and not at all without a visit', async () => {
    const { clock, recogniser, lookedAt, end } = setUp([[person()], [person()]])
    await clock.advance(5000)
    recogniser.visit(VISIT)
    await clock.advance(12_000)
    recogniser.visit(undefined)
    await clock.advance(60_000)
    await end()
    expect(lookedAt).toEqual([5000, 5600, 10_600, 15_600])
  })

  it('stops looking often when there is nobody to be found', async () => {
    const { clock, recogniser, lookedAt, end } = setUp([])
    recogniser.visit(VISIT)
    await clock.advance(30_000)
    await end()
    expect(lookedAt.slice(0, 10)).toEqual([0, 600, 1200, 1800, 2400, 3000, 3600, 4200, 4800, 5400])
    expect(lookedAt.slice(10)).toEqual([10_400, 15_400, 20_400, 25_400])
  })

  it('looks closely where something moves, and leaves out what stands elsewhere', async () => {
    const parked: Sight = { thing: 'vehicle', score: 0.9, box: { x: 0, y: 0.6, width: 0.2, height: 0.2 } }
    const { clock, recogniser, told, within, end } = setUp([
      [parked, person()],
      [parked, person()],
    ])
    recogniser.visit(VISIT)
    recogniser.moved(monoMs(0), [boxAt(0.42)])
    await clock.advance(1000)
    await end()
    expect(within[0]?.width).toBeLessThan(0.5)
    expect((within[0]?.x ?? 1) < 0.42 && (within[0]?.x ?? 0) + (within[0]?.width ?? 0) > 0.52).toBe(true)
    expect(told.map((it) => it.kind === 'sight' && it.thing)).toEqual(['person'])
  })

  it('looks everywhere when nothing moves, as when somebody rings beside the picture', async () => {
    const { clock, recogniser, within, end } = setUp([])
    recogniser.visit(VISIT)
    await clock.advance(100)
    await end()
    expect(within[0]).toEqual({ x: 0, y: 0, width: 1, height: 1 })
  })

  it('names the zones somebody stands in, and does not see who stands where nothing counts', async () => {
    const half = (name: string, mode: Region['mode'], left: number): Region => ({
      ...{ name, mode },
      points: [[left, 0], [left + 0.5, 0], [left + 0.5, 1], [left, 1]], // prettier-ignore
    })
    const zones = [half('street', 'ignore', 0.5), half('garden', 'watch', 0)]
    const both = [person(0.8, boxAt(0.1)), { ...person(0.95, boxAt(0.8)) }]
    const { clock, recogniser, told, end } = setUp([both, both], {}, zones)
    recogniser.visit(VISIT)
    await clock.advance(1000)
    await end()
    expect(told).toMatchObject([{ score: 0.8, zones: ['garden'] }])
  })

  it('shows whoever wants to know all that it saw, and whom of that it counts', async () => {
    const looked: LookedAt[] = []
    const standing = person(0.9, boxAt(0.8))
    const { clock, recogniser, end } = setUp([[standing, person(0.4)]], {
      onLookedAt: (one) => looked.push(one),
    })
    recogniser.visit(VISIT)
    recogniser.moved(monoMs(0), [boxAt(0.4)])
    await clock.advance(100)
    await end()
    expect(looked).toMatchObject([{ visit: VISIT, at: 0, visitors: [person(0.4)], others: [standing] }])
    expect(looked[0]!.within.width).toBeLessThan(1)
  })

  it('keeps the picture on which the person is nearest and clearest', async () => {
    const near = person(0.8, { x: 0.3, y: 0.1, width: 0.3, height: 0.8 })
    const { clock, recogniser, posters, end } = setUp([[person()], [near], [person()], [person(0.82)]])
    recogniser.visit(VISIT)
    await clock.advance(20_000)
    await end()
    expect(posters).toEqual([0, 1])
  })
})

describe('when nobody can recognise', () => {
  it('says so at once, once a visit, where there is no detector', async () => {
    const { clock, recogniser, told, end } = setUp([], { vision: undefined })
    recogniser.visit(VISIT)
    await clock.advance(20_000)
    recogniser.visit(undefined)
    recogniser.visit('visit2' as VisitId)
    await clock.advance(20_000)
    await end()
    expect(told.map(({ kind, at }) => [kind, at])).toEqual([['unseen', 0], ['unseen', 20_000]]) // prettier-ignore
  })

  it.each([['unavailable'], ['corrupt']] as const)(
    'says so when a look is %s, and tries again',
    async (kind) => {
      const { clock, recogniser, told, end } = setUp([new Fault(kind, 'it crashed'), [person()], [person()]])
      recogniser.visit(VISIT)
      await clock.advance(3000)
      await end()
      expect(told.map((it) => it.kind)).toEqual(['unseen', 'sight'])
    },
  )

  it('says so after five seconds when a look hangs', async () => {
    const { clock, recogniser, told, end } = setUp(['hangs'])
    recogniser.visit(VISIT)
    await clock.advance(20_000)
    expect(told).toEqual([{ kind: 'unseen', at: 5000 }])
    void end()
  })

  it('goes on to the next visit when the picture cannot be decoded', async () => {
    const stills = {
      pictureOf: async () => Promise.reject(new Fault('corrupt', 'no picture')),
      encodeJpeg: async () => new Uint8Array(),
    }
    const { clock, recogniser, told, end } = setUp([], { stills })
    for (const id of ['visit1', 'visit2']) {
      recogniser.visit(id as VisitId)
      await clock.advance(6000)
      recogniser.visit(undefined)
    }
    await end()
    expect(told.map(({ kind }) => kind)).toEqual(['unseen', 'unseen'])
  })
})
