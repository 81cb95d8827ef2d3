import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from './clock.ts'

/** One clock to test. `pass` lets time go by: a real clock needs no help, a virtual one must be moved. */
export interface ClockUnderTest extends AsyncDisposable {
  readonly clock: Clock
  pass(ms: number): Promise<void>
}

/** What every clock must do, real or simulated. No test here depends on how fast the machine is. */
export function describeClockContract(name: string, setUp: () => Promise<ClockUnderTest>): void {
  describe(`${name} keeps the contract of a clock:`, () => {
    let subject: ClockUnderTest
    let clock: Clock
    beforeEach(async () => {
      subject = await setUp()
      clock = subject.clock
    })
    afterEach(async () => subject[Symbol.asyncDispose]())
    const forever = { signal: new AbortController().signal }

    it('never goes back', async () => {
      let last = clock.mono()
      for (let i = 0; i < 20; i++) {
        await passing(clock.sleep(1, forever), 1)
        expect(clock.mono()).toBeGreaterThanOrEqual(last)
        last = clock.mono()
      }
    })

    it('wakes a sleeper not before its time', async () => {
      const from = clock.mono()
      await passing(clock.sleep(20, forever), 20)
      expect(clock.mono() - from).toBeGreaterThanOrEqual(20)
    })

    it('wakes at once who sleeps for nothing or less', async () => {
      await passing(clock.sleep(0, forever), 1)
      await passing(clock.sleep(-5, forever), 1)
    })

    it('ends a sleep with the reason of the signal when it is aborted', async () => {
      const stop = new AbortController()
      const sleep = clock.sleep(1_000_000_000, stop)
      stop.abort(new Error('closing'))
      await expect(sleep).rejects.toThrow('closing')
    })

    it('does not begin a sleep that is already aborted', async () => {
      const signal = AbortSignal.abort(new Error('closed'))
      await expect(clock.sleep(5, { signal })).rejects.toThrow('closed')
    })

    it('tells the time of day and whether to believe it', () => {
      const { at, trusted } = clock.wall()
      expect(Number.isFinite(at)).toBe(true)
      expect(typeof trusted).toBe('boolean')
    })

    async function passing(sleep: Promise<void>, ms: number): Promise<void> {
      await Promise.all([sleep, subject.pass(ms)])
    }
  })
}
