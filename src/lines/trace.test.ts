import { expect, it } from 'vitest'
import { monoMs } from '../base/time.ts'
import { EdgeTrace } from './trace.ts'

const edge = (atMs: number, active: boolean) => ({ line: 'button', active, at: monoMs(atMs) }) as const

it('keeps the half second before and after each press', () => {
  const trace = new EdgeTrace()
  for (const at of [400, 499, 500, 999, 1000, 1500, 1501]) trace.note(edge(at, true))
  expect(trace.around([monoMs(1000)]).map(({ at }) => at)).toEqual([500, 999, 1000, 1500])
  expect(trace.around([])).toEqual([])
})

it('lets the oldest go when a wire never rests', () => {
  const trace = new EdgeTrace()
  for (let n = 0; n < 600; n++) trace.note(edge(n / 10, n % 2 === 0))
  expect(trace.around([monoMs(0)])).toHaveLength(512)
})
