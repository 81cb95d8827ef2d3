import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../base/bytes.ts'
import { u32 } from './boxes.ts'
import { isRandomAccessPicture, isReferencePicture, nalUnits } from './index.ts'

const packet = (...units: readonly (readonly number[])[]): Uint8Array =>
  concatBytes(units.flatMap((unit) => [u32(unit.length), Uint8Array.from(unit)]))

describe('NAL units of a packet', () => {
  it('are what stands behind each length', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (units) => {
        const data = concatBytes(units.flatMap((unit) => [u32(unit.length), unit]))
        expect([...nalUnits(data)]).toEqual(units)
      }),
    )
  })

  it('end before the first that is cut short', () => {
    const data = packet([1, 2, 3], [4, 5, 6])
    expect([...nalUnits(data.subarray(0, data.length - 1))]).toEqual([Uint8Array.of(1, 2, 3)])
    expect([...nalUnits(Uint8Array.of(0, 0))]).toEqual([])
  })
})

describe('an H.264 picture', () => {
  it('is a reference when nal_ref_idc says so, whatever stands before its slice', () => {
    expect(isReferencePicture(packet([0x06, 1], [0x41, 0x9a]), 'h264')).toBe(true) // SEI, then P
    expect(isReferencePicture(packet([0x09, 1], [0x01, 0x9e]), 'h264')).toBe(false) // AUD, then b
    expect(isReferencePicture(packet([0x65, 0x88]), 'h264')).toBe(true)
  })

  it('can be begun with when it is an IDR', () => {
    expect(isRandomAccessPicture(packet([0x67], [0x68], [0x65, 0x88]), 'h264')).toBe(true)
    expect(isRandomAccessPicture(packet([0x41, 0x9a]), 'h264')).toBe(false)
  })
})

describe('an HEVC picture', () => {
  const unit = (type: number): readonly number[] => [type << 1, 1, 0x80]
  it('is no reference when its type is one of the sub-layer non-reference ones', () => {
    expect([0, 2, 4, 6, 8].map((type) => isReferencePicture(packet(unit(35), unit(type)), 'hevc'))).toEqual(
      Array(5).fill(false),
    )
    expect([1, 3, 9, 16, 19, 21].map((type) => isReferencePicture(packet(unit(type)), 'hevc'))).toEqual(
      Array(6).fill(true),
    )
  })

  it('can be begun with when it is BLA, IDR or CRA', () => {
    expect(
      [16, 19, 20, 21].map((type) => isRandomAccessPicture(packet(unit(32), unit(type)), 'hevc')),
    ).toEqual(Array(4).fill(true))
    expect([1, 8, 9].map((type) => isRandomAccessPicture(packet(unit(type)), 'hevc'))).toEqual([
      false,
      false,
      false,
    ])
  })
})

describe('a packet without a picture', () => {
  it('is taken for needed, and for no beginning', () => {
    expect(isReferencePicture(Uint8Array.of(), 'h264')).toBe(true)
    expect(isRandomAccessPicture(Uint8Array.of(), 'hevc')).toBe(false)
  })
})
