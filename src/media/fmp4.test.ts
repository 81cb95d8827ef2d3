import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '../base/bytes.ts'
import { isFault } from '../base/fault.ts'
import { box, fullBox, u16, u32, zeros } from './boxes.ts'
import {
  BOX_BYTES_MAX,
  fragment,
  Fmp4Reader,
  initSegment,
  type FragmentOutput,
  type FragmentSample,
} from './index.ts'

const track = {
  timescale: 12_800,
  width: 1920,
  height: 1080,
  sampleEntry: box(
    'avc1',
    zeros(24),
    u16(1920),
    u16(1080),
    zeros(50),
    box('avcC', Uint8Array.of(1, 2, 3, 4)),
  ),
}
const init: FragmentOutput = { kind: 'init', ...track }

const sample: fc.Arbitrary<FragmentSample> = fc.record({
  data: fc.uint8Array({ maxLength: 300 }),
  duration: fc.nat({ max: 2 ** 32 - 1 }),
  compositionOffset: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  isKey: fc.boolean(),
})
const fragments = fc.array(
  fc.record({
    baseDts: fc.integer({ min: 0, max: 2 ** 50 }),
    samples: fc.array(sample, { minLength: 1, maxLength: 6 }),
  }),
  { maxLength: 4 },
)
type Fragments = readonly { readonly baseDts: number; readonly samples: readonly FragmentSample[] }[]

const write = (given: Fragments): Uint8Array =>
  concatBytes([
    initSegment(track, { presentationOffset: 1024 }),
    ...given.map((each, index) => fragment({ sequence: index + 1, ...each })),
  ])

const wanted = (given: Fragments): FragmentOutput[] =>
  given.flatMap(({ baseDts, samples }) => {
    let dts = baseDts
    return samples.map(({ data, duration, compositionOffset, isKey }): FragmentOutput => {
      const at = dts
      dts += duration
      return { kind: 'sample', data, dts: at, pts: at + compositionOffset, duration, isKey }
    })
  })

function read(bytes: Uint8Array, cuts: readonly number[] = []): FragmentOutput[] {
  const reader = new Fmp4Reader()
  const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
  const out = edges
    .slice(1)
    .flatMap((edge, index) => reader.push(bytes.slice(edges[index], Math.min(edge, bytes.length))))
  reader.end()
  return out
}

describe('fragmented MP4', () => {
  it('comes out of the reader as it went into the writer, however it is cut into chunks', () => {
    fc.assert(
      fc.property(fragments, fc.array(fc.nat({ max: 6000 })), (given, cuts) => {
        const bytes = write(given)
        expect(
          read(
            bytes,
            cuts.filter((at) => at < bytes.length),
          ),
        ).toEqual([init, ...wanted(given)])
      }),
      { numRuns: 200 },
    )
  })

  it('comes out the same byte by byte', () => {
    const given = [{ baseDts: 2 ** 40, samples: fc.sample(sample, { numRuns: 5, seed: 1 }) }]
    const bytes = write(given)
    expect(
      read(
        bytes,
        Array.from(bytes, (_, at) => at),
      ),
    ).toEqual(read(bytes))
    expect(read(bytes)).toEqual([init, ...wanted(given)])
  })

  it('is refused as corrupt wherever it is damaged, or read to its end, but nothing else happens', () => {
    const whole = write([{ baseDts: 5, samples: fc.sample(sample, { numRuns: 4, seed: 2 }) }])
    fc.assert(
      fc.property(
        fc.nat({ max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.nat({ max: whole.length }),
        (at, change, end) => {
          const damaged = whole.slice(0, Math.max(end, 1))
          damaged[at % damaged.length] = (damaged[at % damaged.length] ?? 0) ^ change
          try {
            read(damaged)
          } catch (error) {
            expect(isFault(error, 'corrupt')).toBe(true)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('reads decoding times before 0, which ffmpeg writes as negative numbers', () => {
    const written = fragment({
      sequence: 1,
      baseDts: 0,
      samples: [{ data: Uint8Array.of(7), duration: 512, compositionOffset: 1024, isKey: true }],
    })
    const tfdt = Buffer.from(written).indexOf('tfdt')
    new DataView(written.buffer).setBigInt64(tfdt + 8, -1024n)
    expect(read(concatBytes([initSegment(track, { presentationOffset: 0 }), written])).at(-1)).toMatchObject({
      dts: -1024,
      pts: 0,
    })
  })
})

describe('the reader of fragmented MP4', () => {
  it('hands out samples of their own, which keep nothing else in memory and do not change with the chunk', () => {
    const chunk = Buffer.from(write([{ baseDts: 0, samples: fc.sample(sample, { numRuns: 3, seed: 4 }) }]))
    const samples = new Fmp4Reader().push(chunk).flatMap((it) => (it.kind === 'sample' ? [it.data] : []))
    expect(samples.every((data) => data.buffer !== chunk.buffer)).toBe(true)
    expect(samples.every((data) => data.buffer.byteLength === data.length)).toBe(true)
  })

  it('refuses a box over 64 MiB before its content comes', () => {
    const reader = new Fmp4Reader()
    expect(() => reader.push(concatBytes([u32(BOX_BYTES_MAX + 1), utf8('mdat')]))).toThrow(
      'box “mdat”: wanted 8 … 67108864 bytes, got 67108865',
    )
  })

  it('refuses a box that is smaller than its own head', () => {
    expect(() => new Fmp4Reader().push(concatBytes([u32(7), utf8('free')]))).toThrow('got 7')
    expect(() => new Fmp4Reader().push(concatBytes([u32(0), utf8('mdat')]))).toThrow('got 0')
  })

  it('reads a box whose size has 64 bits', () => {
    const long = concatBytes([u32(1), utf8('free'), u32(0), u32(20), zeros(4)])
    expect(read(concatBytes([long, initSegment(track, { presentationOffset: 0 })]))).toEqual([init])
    expect(() => new Fmp4Reader().push(concatBytes([u32(1), utf8('free'), u32(1), u32(0)]))).toThrow(
      'got 4294967296',
    )
  })

  it('does not believe a number of samples that its table has no room for', () => {
    const tfhd = fullBox('tfhd', 0, 0x20000, u32(1))
    const tfdt = fullBox('tfdt', 0, 0, u32(0))
    const moof = (trun: Uint8Array): Uint8Array => box('moof', box('traf', tfhd, tfdt, trun))
    const bomb = moof(fullBox('trun', 0, 0, u32(0xffffffff)))
    expect(() => new Fmp4Reader().push(bomb)).toThrow('4294967295 samples, room for 65536')
    const short = moof(fullBox('trun', 0, 0x300, u32(3), zeros(16)))
    expect(() => new Fmp4Reader().push(short)).toThrow('3 samples, room for 2')
  })

  it('says so when the stream ends inside a box, or before the samples that were announced', () => {
    const bytes = write([{ baseDts: 0, samples: fc.sample(sample, { numRuns: 3, seed: 3 }) }])
    expect(() => read(bytes.subarray(0, bytes.length - 1))).toThrow('ended inside a box')
    const mdat = Buffer.from(bytes).indexOf('mdat') - 4
    expect(() => read(bytes.subarray(0, mdat))).toThrow('ended before the 3 samples')
  })
})
