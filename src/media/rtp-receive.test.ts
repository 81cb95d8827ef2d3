import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../base/bytes.ts'
import { u32 } from './boxes.ts'
import { parseRtp, RtpDepacketiser, rtpPayloads, type RtpPacket, type RtpUnits } from './index.ts'

const unit = (head: readonly number[], bytes: number): Uint8Array => {
  const nal = new Uint8Array(bytes).map((_, index) => index % 251)
  nal.set(head)
  return nal
}
const dataOf = (units: readonly Uint8Array[]): Uint8Array =>
  concatBytes(units.flatMap((nal) => [u32(nal.length), nal]))

/** The packets of pictures, each under a time stamp of its own. */
function packetsOf(
  codec: 'h264' | 'hevc',
  pictures: readonly (readonly Uint8Array[])[],
): readonly RtpPacket[] {
  let sequence = 65_530
  return pictures.flatMap((units, picture) => {
    const payloads = rtpPayloads({ codec, data: dataOf(units), parameterSets: [], isKey: false })
    return payloads.map((payload, index) => ({
      ...{ payloadType: 96, timestamp: picture * 3600, payload },
      sequence: sequence++ & 0xffff,
      marker: index === payloads.length - 1,
    }))
  })
}

const receive = (codec: 'h264' | 'hevc', packets: readonly RtpPacket[]): readonly RtpUnits[] => {
  const depacketiser = new RtpDepacketiser(codec)
  return packets.flatMap((packet) => depacketiser.push(packet))
}

const SLICE = { h264: [0x41, 0x9a], hevc: [0x02, 0x01] } as const

describe('RTP payloads that were received', () => {
  it.each(['h264', 'hevc'] as const)(
    'become the units of %s that were sent, whatever their sizes',
    (codec) => {
      const picture = fc.array(fc.integer({ min: 3, max: 6000 }), { minLength: 1, maxLength: 6 })
      fc.assert(
        fc.property(fc.array(picture, { minLength: 1, maxLength: 5 }), (sizes) => {
          const pictures = sizes.map((each) => each.map((bytes) => unit(SLICE[codec], bytes)))
          const received = receive(codec, packetsOf(codec, pictures))
          expect(received.map(({ units }) => units)).toEqual(pictures)
          expect(received.every(({ isAfterLoss, isDamaged }) => !isAfterLoss && !isDamaged)).toBe(true)
        }),
      )
    },
  )

  it.each(['h264', 'hevc'] as const)(
    'of %s say what is damaged when one is lost, and never join what does not belong together',
    (codec) => {
      const pictures = [3000, 40, 3000, 40, 3000].map((bytes) => [unit(SLICE[codec], bytes)])
      const packets = packetsOf(codec, pictures)
      for (const lost of packets.keys()) {
        const received = receive(codec, packets.toSpliced(lost, 1))
        const timestamp = packets[lost]!.timestamp
        const next = received.find((one) => one.timestamp > timestamp)
        const whole = received.filter(({ isDamaged, isAfterLoss }) => !isDamaged && !isAfterLoss)
        for (const { units, timestamp: at } of whole) expect(units).toEqual(pictures[at / 3600])
        const mine = received.find((one) => one.timestamp === timestamp)
        if (next !== undefined) expect(mine?.isDamaged === true || next.isAfterLoss).toBe(true)
      }
    },
  )

  it('take a marker on every unit for what it is: only pictures end a picture', () => {
    const sets = [unit([0x67], 20), unit([0x68], 6)]
    const idr = unit([0x65, 0x88], 50)
    const packets = [...sets, idr].map((payload, index) => ({
      payloadType: 96,
      sequence: index,
      timestamp: 7,
      marker: true,
      payload,
    }))
    expect(receive('h264', packets)).toMatchObject([{ units: [...sets, idr], timestamp: 7 }])
  })

  it('are bounded: a unit without an end is given up', () => {
    const depacketiser = new RtpDepacketiser('h264')
    const content = new Uint8Array(1400)
    const piece = (sequence: number, flags: number): RtpPacket => ({
      ...{ payloadType: 96, timestamp: 0, marker: false, sequence: sequence & 0xffff },
      payload: concatBytes([Uint8Array.of(0x7c, flags), content]),
    })
    for (let n = 0; n < 8000; n++) expect(depacketiser.push(piece(n, n === 0 ? 0x85 : 0x05))).toEqual([])
    const last = depacketiser.push({ ...piece(8000, 0), payload: unit([0x41, 0x80], 20), marker: true })
    expect(last).toMatchObject([{ isDamaged: true }])
  })

  it('may be anything: what is no RTP is no packet, and nothing breaks', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('h264', 'hevc'),
        fc.array(fc.uint8Array({ maxLength: 80 })),
        (codec, all) => {
          const packets = all.flatMap((bytes) => parseRtp(bytes) ?? [])
          const forced = all.map((payload, sequence) => ({
            payloadType: 96,
            sequence,
            timestamp: sequence >> 2,
            marker: (payload[0] ?? 0) > 200,
            payload,
          }))
          for (const { units } of [...receive(codec, packets), ...receive(codec, forced)])
            expect(units.every(({ length }) => length > 0)).toBe(true)
        },
      ),
    )
  })
})

describe('an RTP packet', () => {
  it('is read past sources, extension and padding', () => {
    const bytes = Uint8Array.of(
      0xb1,
      0xe0,
      1,
      2,
      0,
      0,
      0,
      9,
      0,
      0,
      0,
      1,
      5,
      5,
      5,
      5,
      0xbe,
      0xde,
      0,
      1,
      6,
      6,
      6,
      6,
      0x41,
      0x42,
      0,
      2,
    )
    expect(parseRtp(bytes)).toEqual({
      payloadType: 96,
      marker: true,
      sequence: 258,
      timestamp: 9,
      payload: Uint8Array.of(0x41, 0x42),
    })
  })
})
