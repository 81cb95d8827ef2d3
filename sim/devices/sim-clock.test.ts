import { promisify } from 'node:util'
import { deflate } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { monoMs, unixMs } from '../../src/base/time.ts'
import { SimClock } from './sim-clock.ts'

const squeeze = promisify(deflate)
const forever = { signal: new AbortController().signal }
const newClock = (): SimClock => new SimClock({ bootWall: unixMs(1_767_225_600_000) })

describe('the virtual clock', () => {
  it('fires timers in the order of their times, and equal times in the order they were asked for', async () => {
    const clock = newClock()
    const trace: string[] = []
    const wait = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms, forever)
      trace.push(`${name}@${clock.mono()}`)
    }
    const all = [wait('c', 20), wait('a', 10), wait('b', 10), wait('d', 20)]
    await clock.advance(100)
    await Promise.all(all)
    expect(trace).toEqual(['a@10', 'b@10', 'c@20', 'd@20'])
    expect(clock.mono()).toBe(100)
  })

  it('gives the same trace in every run although real work takes different times', async () => {
    const traces = new Set<string>()
    for (let run = 0; run < 10; run++) traces.add(await raceRealWork())
    expect(traces.size).toBe(1)
  })

  it('moves for whoever sleeps less than its numbers can tell apart', async () => {
    const clock = newClock()
    await clock.advance(1e9)
    const before = clock.mono()
    const sleeping = clock.sleep(1e-12, forever)
    await clock.advance(1)
    await sleeping
    let woken = 0
    for (const deadline = before + 100.1; clock.mono() < deadline; woken++) {
      const rest = clock.sleep(deadline - clock.mono(), forever)
      await clock.runUntil(() => false, monoMs(deadline + 1))
      await rest
    }
    expect(woken).toBeLessThan(5)
  })

  it('rejects a sleep when its signal is aborted and forgets the timer', async () => {
    const clock = newClock()
    const stop = new AbortController()
    const sleeping = clock.sleep(1000, stop)
    stop.abort(new Error('enough'))
    await expect(sleeping).rejects.toThrow('enough')
    expect(await clock.runUntil(() => false)).toBe(false)
    expect(clock.mono()).toBe(0)
  })

  it('stops at the limit when what it waits for never happens', async () => {
    const clock = newClock()
    const loop = async (): Promise<void> => {
      for (;;) await clock.sleep(7, forever)
    }
    void loop()
    expect(await clock.runUntil(() => false, monoMs(50))).toBe(false)
    expect(clock.mono()).toBe(49)
  })
})

async function raceRealWork(): Promise<string> {
  const clock = newClock()
  const trace: string[] = []
  const worker = async (name: string, bytes: number, everyMs: number): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      await clock.real(() => squeeze(new Uint8Array(bytes)))
      trace.push(`${name}${i}@${clock.mono()}`)
      await clock.sleep(everyMs, forever)
    }
  }
  const all = [worker('big', 2_000_000, 10), worker('small', 10, 5), worker('middle', 100_000, 7)]
  await clock.advance(1000)
  await Promise.all(all)
  return trace.join(' ')
}
