import { describe, expect, it } from 'vitest'
import { decodeChipInfo, decodeEvents, decodeLineInfo, encodeLineRequest, encodeValues } from './uapi.ts'

/** What `gcc` lays out for these structs of <linux/gpio.h>, as hexadecimal without the zeros at the end. */
const hex = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.subarray(from, to)).toString('hex')

describe('the bytes of the GPIO character device', () => {
  it('are a request of 592 bytes with everything in its place', () => {
    const bytes = encodeLineRequest({
      direction: 'input',
      consumer: 'lintel',
      edgesMax: 1024,
      lines: [
        { offset: 17, isActiveLow: true, bias: 'pull-up', debounceUs: 0 },
        { offset: 27, isActiveLow: false, bias: 'none', debounceUs: 5000 },
      ],
    })
    expect(bytes).toHaveLength(592)
    expect(hex(bytes, 0, 12)).toBe('110000001b00000000000000')
    expect(hex(bytes, 256, 264)).toBe('6c696e74656c0000')
    expect(hex(bytes, 288, 296)).toBe('3601000000000000') // active low, input, both edges, pull-up
    expect(hex(bytes, 296, 300)).toBe('02000000')
    expect(hex(bytes, 320, 344)).toBe('010000000000000034040000000000000200000000000000')
    expect(hex(bytes, 344, 368)).toBe('030000000000000088130000000000000200000000000000')
    expect(hex(bytes, 560, 568)).toBe('0200000000040000')
  })

  it('end a consumer’s name with a zero, however long it is', () => {
    const bytes = encodeLineRequest({
      direction: 'output',
      consumer: 'x'.repeat(40),
      edgesMax: 16,
      lines: [],
    })
    expect([bytes[256 + 30], bytes[256 + 31]]).toEqual([0x78, 0])
  })

  it('are events of 48 bytes, as many as there are', () => {
    const bytes = new Uint8Array(96 + 10)
    const view = new DataView(bytes.buffer)
    view.setBigUint64(0, 1_234_567_890_123n, true)
    view.setUint32(8, 1, true)
    view.setUint32(12, 17, true)
    view.setUint32(16, 9, true)
    view.setUint32(20, 3, true)
    view.setUint32(48 + 8, 2, true)
    expect(decodeEvents(bytes)).toEqual([
      { atNs: 1_234_567_890_123n, active: true, offset: 17, lineNumber: 3 },
      { atNs: 0n, active: false, offset: 0, lineNumber: 0 },
    ])
  })

  it('are chips and lines with names that may fill all their room', () => {
    const chip = new Uint8Array(68)
    chip.set(Buffer.from('gpiochip0\0rubbish'), 0)
    chip.set(Buffer.from('x'.repeat(32)), 32)
    chip[64] = 54
    expect(decodeChipInfo(chip)).toEqual({ name: 'gpiochip0', label: 'x'.repeat(32), lines: 54 })
    const line = new Uint8Array(256)
    line.set(Buffer.from('GPIO17'), 0)
    line.set(Buffer.from('led0'), 32)
    line[72] = 0b1001 // used, output
    expect(decodeLineInfo(line)).toEqual({ name: 'GPIO17', consumer: 'led0', isUsed: true, isOutput: true })
  })

  it('are values with bits and mask', () => {
    expect(hex(encodeValues({ bits: 2n, mask: 3n }), 0, 16)).toBe('02000000000000000300000000000000')
  })
})
