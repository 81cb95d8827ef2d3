import { describe, expect, it } from 'vitest'
import { TimesCheck, type PacketTimes } from './packet-times.ts'

const at = (dtsS: number, ptsS: number | undefined = dtsS): PacketTimes => ({
  ptsS,
  dtsS,
  dts: Math.round(dtsS * 1000),
  durationS: 0.04,
})

function check(...packets: readonly PacketTimes[]): TimesCheck {
  const times = new TimesCheck('x')
  for (const packet of packets) times.push(packet)
  return times
}

describe('the check of packet times', () => {
  it('lets slow videos pass, and knows when the last picture goes away', () => {
    const times = check(at(0), at(0.04, 0.12), at(0.08, 0.08), at(3600))
    expect(times.packets).toBe(4)
    expect(times.endS).toBeCloseTo(3600.04)
    expect(times.isTimed).toBe(true)
  })

  it('refuses a gap of more than an hour', () => {
    expect(() => check(at(0), at(3600.5))).toThrow(
      'x: absurd times: packet 2 comes 3600.5 s after the one ahead of it',
    )
  })

  it('refuses a time that does not come after the one before', () => {
    expect(() => check(at(5), at(4.5))).toThrow(
      'x: absurd times: packet 2 is decoded 0.5 s before the one ahead of it',
    )
    expect(() => check(at(5), at(5))).toThrow('packet 2 is decoded 0 s before')
  })

  it('refuses a picture that is shown hours after it is decoded', () => {
    expect(() => check(at(0, 4000))).toThrow('x: absurd times: a picture is shown 4000 s after it is decoded')
  })

  it('notices that the container does not say when pictures are shown', () => {
    const unknown = { ptsS: undefined, dtsS: undefined, dts: undefined, durationS: 0.04 }
    expect(check(unknown, unknown).isTimed).toBe(false)
    expect(check(unknown).endS).toBe(0)
  })
})
