import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Edge, Gpio, InputLine } from './gpio.ts'

/** One set of lines to test; `drive` moves an input from outside, as a finger or a sensor does. */
export interface GpioUnderTest extends AsyncDisposable {
  readonly gpio: Gpio
  drive(line: InputLine, active: boolean): Promise<void>
}

/** What all lines must do, real or simulated. */
export function describeGpioContract(name: string, setUp: () => Promise<GpioUnderTest>): void {
  describe(`${name} keeps the contract of lines:`, () => {
    let subject: GpioUnderTest
    let stop: AbortController
    beforeEach(async () => {
      subject = await setUp()
      stop = new AbortController()
    })
    afterEach(async () => {
      stop.abort()
      await subject[Symbol.asyncDispose]()
    })

    it('tells every edge in the order in which it happened, with times that never go back', async () => {
      const seen: Edge[] = []
      const edges = subject.gpio.edges(stop)[Symbol.asyncIterator]()
      for (const [line, active] of [
        ['button', true],
        ['pir', true],
        ['button', false],
        ['pir', false],
      ] as const) {
        await subject.drive(line, active)
        const { value } = await edges.next()
        if (value !== undefined) seen.push(value)
      }
      expect(seen.map(({ line, active }) => [line, active])).toEqual([
        ['button', true],
        ['pir', true],
        ['button', false],
        ['pir', false],
      ])
      expect(seen.map(({ at }) => at)).toEqual(seen.map(({ at }) => at).toSorted((a, b) => a - b))
    })

    it('keeps edges that happen before somebody looks', async () => {
      const edges = subject.gpio.edges(stop)
      await subject.drive('button', true)
      await subject.drive('button', false)
      const seen: boolean[] = []
      for await (const { active } of edges) if (seen.push(active) === 2) break
      expect(seen).toEqual([true, false])
    })

    it('ends without an error when it is told to stop', async () => {
      const edges = subject.gpio.edges(stop)[Symbol.asyncIterator]()
      const next = edges.next()
      stop.abort()
      expect(await next).toMatchObject({ done: true })
    })

    it('sets the chime, and sets it again to what it is', async () => {
      await subject.gpio.set('chime', true)
      await subject.gpio.set('chime', true)
      await subject.gpio.set('chime', false)
    })
  })
}
