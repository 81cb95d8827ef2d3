import { expect, it } from 'vitest'
import { monoMs } from '../base/time.ts'
import { createPacketGate, createPirGate } from './index.ts'

it('decodes nothing until a sign wakes it, then as long as something moves, and sleeps again', () => {
  const gate = createPirGate(createPacketGate())
  gate.restart('h264 640×360')
  const decoded: number[] = []
  for (let at = 0; at <= 100_000; at += 1000) {
    if (at === 20_000) gate.sign(monoMs(at))
    const { decode } = gate.packet({
      at: monoMs(at),
      bytes: 5000,
      kind: at % 2000 === 0 ? 'key' : 'reference',
    })
    if (decode) decoded.push(at)
    if (decode) gate.looked({ at: monoMs(at), moving: at < 40_000, onset: undefined })
  }
  expect(decoded[0]).toBe(20_000)
  expect(decoded.at(-1)).toBeGreaterThanOrEqual(53_000)
  expect(decoded.at(-1)).toBeLessThan(55_000)
  expect(gate.status()).toMatchObject({ why: 'the settings say that the PIR wakes the vision' })
  expect(gate.status().decodedShare).toBeCloseTo(decoded.length / 101, 5)
})
