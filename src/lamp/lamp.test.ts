import { expect, it } from 'vitest'
import { Fault } from '../base/fault.ts'
import { silentLog, type Log } from '../base/log.ts'
import type { Gpio } from '../ports/gpio.ts'
import { createLamp } from './index.ts'

/** Everything that waits for nothing but promises is done after this. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

function rig(set: Gpio['set'], log: Log = silentLog) {
  const stop = new AbortController()
  const lamp = createLamp({ gpio: { set, edges: () => ({ async *[Symbol.asyncIterator]() {} }) }, log })
  const running = lamp.run(stop.signal)
  return { lamp, stop, running }
}

it('is on while something is recorded or somebody watches, and off at the end', async () => {
  const seen: boolean[] = []
  const { lamp, stop, running } = rig(async (_line, active) => void seen.push(active))
  lamp.recording(true)
  await settle()
  lamp.watching(true)
  lamp.recording(false)
  await settle()
  expect(seen).toEqual([true])
  lamp.watching(false)
  await settle()
  lamp.watching(true)
  await settle()
  stop.abort()
  await running
  expect(seen).toEqual([true, false, true, false])
})

it('says once that it does not work', async () => {
  const said: string[] = []
  const { lamp, stop, running } = rig(
    async () => {
      throw new Fault('unavailable', 'gone')
    },
    { ...silentLog, error: (event) => said.push(event) },
  )
  for (const isOn of [true, false, true]) {
    lamp.recording(isOn)
    await settle()
  }
  stop.abort()
  await running
  expect(said).toEqual(['lamp.failed'])
})
