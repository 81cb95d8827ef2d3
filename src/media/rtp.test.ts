import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../base/bytes.ts'
import { u32 } from './boxes.ts'
import { RTP_PAYLOAD_BYTES_MAX, rtpPayloads } from './index.ts'

const unit = (head: number, bytes: number): Uint8Array => {
  const nal = new Uint8Array(bytes).map((_, index) => index % 251)
  nal[0] = head
  return nal
}
const packet = (...units: readonly Uint8Array[]): Uint8Array =>
  concatBytes(units.flatMap((nal) => [u32(nal.length), nal]))

const [SPS, PPS, IDR, SLICE, DELIMITER] = [unit(0x67, 20), unit(0x68, 6), 0x65, 0x41, unit(0x09, 2)]
const h264 = { codec: 'h264', parameterSets: [SPS, PPS] } as const

describe('RTP payloads of H.264', () => {
  it('put the parameter sets before a key picture, in one packet with what else is small', () => {
    const [first, ...rest] = rtpPayloads({ ...h264, isKey: true, data: packet(unit(IDR, 50)) })
    expect(rest).toEqual([])
    expect([...(first ?? [])]).toEqual([...[0x60 | 24, 0, 20, ...SPS, 0, 6, ...PPS, 0, 50, ...unit(IDR, 50)]])
  })

  it('leave out parameter sets of the sample entry where the picture brings its own, and before pictures that are not key', () => {
    const own = rtpPayloads({
      ...h264,
      isKey: true,
      data: packet(unit(0x67, 30), unit(0x68, 8), unit(IDR, 50)),
    })
    expect(own[0]?.length).toBe(1 + 2 + 30 + 2 + 8 + 2 + 50)
    expect(rtpPayloads({ ...h264, isKey: false, data: packet(unit(SLICE, 9)) })).toEqual([unit(SLICE, 9)])
  })

  it('leave out delimiters', () => {
    expect(rtpPayloads({ ...h264, isKey: false, data: packet(DELIMITER, unit(SLICE, 9)) })).toEqual([
      unit(SLICE, 9),
    ])
  })

  for (const codec of ['h264', 'hevc'] as const)
    it(`of ${codec} fit into packets of any network, and give the units back as they were`, () => {
      const units = fc.array(fc.integer({ min: 10, max: 5000 }), { minLength: 1, maxLength: 8 })
      fc.assert(
        fc.property(units, (sizes) => {
          const sent = sizes.map((bytes) => unit(codec === 'h264' ? SLICE : 0x02, bytes))
          const payloads = rtpPayloads({ codec, isKey: false, parameterSets: [], data: packet(...sent) })
          expect(Math.max(...payloads.map((payload) => payload.length))).toBeLessThanOrEqual(
            RTP_PAYLOAD_BYTES_MAX,
          )
          expect(unpacked(payloads, codec)).toEqual(sent)
        }),
        { numRuns: 100 },
      )
    })
})

/** What a receiver makes of them (RFC 6184, 5.7 and 5.8; RFC 7798, 4.4). */
function unpacked(payloads: readonly Uint8Array[], codec: 'h264' | 'hevc'): readonly Uint8Array[] {
  const units: Uint8Array[] = []
  const head = codec === 'h264' ? 1 : 2
  let pieces: Uint8Array[] = []
  for (const payload of payloads) {
    const [first = 0, second = 0, third = 0] = payload
    const type = codec === 'h264' ? first & 0x1f : (first >> 1) & 0x3f
    if (type === (codec === 'h264' ? 24 : 48)) {
      for (let at = head; at < payload.length;) {
        const bytes = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0)
        units.push(payload.slice(at + 2, at + 2 + bytes))
        at += 2 + bytes
      }
    } else if (type === (codec === 'h264' ? 28 : 49)) {
      const edges = codec === 'h264' ? second : third
      const original =
        codec === 'h264'
          ? Uint8Array.of((first & 0xe0) | (second & 0x1f))
          : Uint8Array.of((first & 0x81) | ((third & 0x3f) << 1), second)
      if ((edges & 0x80) !== 0) pieces = [original]
      pieces.push(payload.subarray(head + 1))
      if ((edges & 0x40) !== 0) units.push(concatBytes(pieces))
    } else units.push(payload)
  }
  return units
}
