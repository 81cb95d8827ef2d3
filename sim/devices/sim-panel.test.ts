import { describe, expect, it } from 'vitest'
import { unixMs } from '../../src/base/time.ts'
import { describeGpioContract } from '../../src/ports/gpio.contract.ts'
import type { Edge } from '../../src/ports/gpio.ts'
import { createSeededRandom } from './seeded-random.ts'
import { SimClock } from './sim-clock.ts'
import { createSimPanel, type LineChange, type SimPanel } from './sim-panel.ts'

describeGpioContract('the panel of the simulated board', async () => {
  const clock = new SimClock({ bootWall: unixMs(0) })
  const panel = createSimPanel({ clock, random: createSeededRandom(1) })
  return {
    gpio: panel.openClient(clock),
    drive: async (line, active) => panel.drive(line, active),
    async [Symbol.asyncDispose]() {},
  }
})

class Bench {
  readonly clock = new SimClock({ bootWall: unixMs(0) })
  readonly panel: SimPanel
  readonly edges: LineChange<string>[] = []

  constructor(seed = 7) {
    this.panel = createSimPanel({ clock: this.clock, random: createSeededRandom(seed) })
    this.panel.onEdge = (change) => this.edges.push(change)
  }

  /** When the line changed, and to what; from there on it begins anew. */
  takeEdges(): readonly (readonly [atMs: number, level: number])[] {
    return this.edges.splice(0).map(({ atMs, active }) => [atMs, active ? 1 : 0])
  }
}

describe('a button of the panel', () => {
  it('flutters for no longer than it bounces, on the way down and up, and stays in between', async () => {
    let flutters = 0
    for (let seed = 0; seed < 50; seed++) {
      const { clock, panel, edges } = new Bench(seed)
      await clock.advance(100)
      panel.press({ holdMs: 300, bounceMs: 12 })
      await clock.advance(1000)
      flutters += edges.length - 2
      expect(edges[0]).toEqual({ line: 'button', active: true, atMs: 100 })
      expect(edges.filter(({ atMs }) => atMs > 112 && atMs < 400)).toEqual([])
      expect(edges.filter(({ atMs }) => atMs <= 112).at(-1)?.active).toBe(true)
      expect(edges.filter(({ atMs }) => atMs >= 400).at(-1)?.active).toBe(false)
      expect(edges.at(-1)?.atMs).toBeLessThanOrEqual(412)
      expect(panel.isActive('button')).toBe(false)
    }
    expect(flutters).toBeGreaterThan(200)
  })

  it('gives one edge down and one up when it does not bounce', async () => {
    const bench = new Bench()
    bench.panel.press({ holdMs: 80, bounceMs: 0 })
    await bench.clock.advance(1000)
    expect(bench.takeEdges()).toEqual([
      [0, 1],
      [80, 0],
    ])
  })

  it('stays open when the finger goes while it still bounces', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const { clock, panel } = new Bench(seed)
      panel.drive('button', true, { bounceMs: 20 })
      await clock.advance(5)
      panel.drive('button', false)
      await clock.advance(100)
      expect(panel.isActive('button')).toBe(false)
    }
  })

  it('is one contact however many fingers there are, and says when it is touched', async () => {
    const bench = new Bench()
    const touches: boolean[] = []
    bench.panel.onContact = (isTouched) => touches.push(isTouched)
    bench.panel.press({ holdMs: 200, bounceMs: 0 })
    await bench.clock.advance(100)
    bench.panel.press({ holdMs: 200, bounceMs: 0 })
    await bench.clock.advance(1000)
    expect(bench.takeEdges()).toEqual([
      [0, 1],
      [300, 0],
    ])
    expect(touches).toEqual([true, false])
  })

  it('shows a spike for as long as it lasts, and none while it is closed', async () => {
    const bench = new Bench()
    bench.panel.glitch('button', 0.7)
    await bench.clock.advance(10)
    expect(bench.takeEdges()).toEqual([
      [0, 1],
      [0.7, 0],
    ])
    bench.panel.drive('button', true)
    bench.panel.glitch('button', 5)
    await bench.clock.advance(10)
    expect(bench.takeEdges()).toEqual([[10, 1]])
  })

  it('stays closed when a finger comes during a spike', async () => {
    const bench = new Bench()
    bench.panel.glitch('button', 5)
    await bench.clock.advance(2)
    bench.panel.drive('button', true)
    await bench.clock.advance(100)
    expect(bench.takeEdges()).toEqual([[0, 1]])
  })

  it('that is stuck moves for nobody, and shows how things are when it comes free', async () => {
    const bench = new Bench()
    bench.panel.stick('button', true)
    bench.panel.press({ holdMs: 100, bounceMs: 12 })
    await bench.clock.advance(1000)
    bench.panel.free('button')
    expect(bench.takeEdges()).toEqual([
      [0, 1],
      [1000, 0],
    ])
    bench.panel.stick('button', false)
    bench.panel.drive('button', true)
    await bench.clock.advance(50)
    expect(bench.takeEdges()).toEqual([])
    bench.panel.free('button')
    expect(bench.takeEdges()).toEqual([[1050, 1]])
  })
})

describe('the PIR of the panel', () => {
  it('holds from the last movement it saw', async () => {
    const bench = new Bench()
    bench.panel.pulse({ holdMs: 3000 })
    await bench.clock.advance(2000)
    bench.panel.pulse({ holdMs: 3000 })
    await bench.clock.advance(10_000)
    expect(bench.takeEdges()).toEqual([
      [0, 1],
      [5000, 0],
    ])
  })

  it('sees people where there are none in its first minute, and none later', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const { clock, panel, edges } = new Bench(seed)
      panel.warmUpPir()
      await clock.advance(3_600_000)
      expect(edges.length).toBeGreaterThanOrEqual(2)
      expect(edges.length).toBeLessThanOrEqual(6)
      expect(edges.at(-1)).toMatchObject({ line: 'pir', active: false })
      expect(edges.at(-1)?.atMs).toBeLessThanOrEqual(60_000)
    }
  })

  it('is warm and sees nobody once everything is released', async () => {
    const bench = new Bench()
    bench.panel.warmUpPir()
    bench.panel.pulse({ holdMs: 60_000 })
    bench.panel.release()
    await bench.clock.advance(120_000)
    expect(bench.takeEdges()).toEqual([
      [0, 1],
      [0, 0],
    ])
  })
})

describe('the panel', () => {
  it('bounces the same for the same seed, and whatever the other line does', async () => {
    const times = async (seed: number, disturb: boolean): Promise<unknown> => {
      const bench = new Bench(seed)
      if (disturb) bench.panel.drive('pir', true, { bounceMs: 12 })
      bench.panel.press({ holdMs: 100, bounceMs: 12 })
      await bench.clock.advance(1000)
      return bench.edges.filter(({ line }) => line === 'button')
    }
    expect(await times(1, false)).toEqual(await times(1, true))
    expect(await times(1, false)).not.toEqual(await times(2, false))
  })

  it('keeps so many edges for a reader that does not read, and says which it lost', async () => {
    const { panel, clock } = new Bench()
    let lost = 0
    panel.onEdgeLost = () => lost++
    const gpio = panel.openClient(clock)
    for (let n = 0; n < 2000; n++) panel.drive('pir', n % 2 === 0)
    expect(lost).toBe(2000 - 1024)
    const stop = new AbortController()
    const kept: Edge[] = []
    const edges = gpio.edges(stop)
    stop.abort()
    for await (const edge of edges) kept.push(edge)
    expect(kept).toHaveLength(1024)
  })

  it('tells each incarnation of the doorbell only of its own time, by its own clock', async () => {
    const { panel, clock } = new Bench()
    const outputs: unknown[] = []
    panel.onOutput = (change) => outputs.push(change)
    const first = panel.openClient(clock)
    panel.drive('pir', true)
    await first.set('chime', true)
    panel.killClient()
    await first.set('chime', false)
    panel.drive('pir', false)
    await clock.advance(1000)
    const its = clock.openClient(() => clock.wall())
    const second = panel.openClient(its.clock)
    await clock.advance(50)
    panel.drive('pir', true)
    await second.set('chime', true)
    const stop = new AbortController()
    const edges = second.edges(stop)
    stop.abort()
    const heard: Edge[] = []
    for await (const edge of edges) heard.push(edge)
    expect(heard).toEqual([{ line: 'pir', active: true, at: 50 }])
    expect(outputs).toEqual([
      { line: 'chime', active: true, atMs: 0 },
      { line: 'chime', active: true, atMs: 1050 },
    ])
  })
})
