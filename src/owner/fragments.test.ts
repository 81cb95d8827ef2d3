import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '../base/bytes.ts'
import { fragmentFacts } from './fragments.ts'

const hasFfmpeg = (() => {
  try {
    return execFileSync('ffmpeg', ['-version']).length > 0
  } catch {
    return false
  }
})()

const u32 = (n: number): Uint8Array => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n)
const box = (type: string, ...inside: readonly Uint8Array[]): Uint8Array => {
  const body = concatBytes(inside)
  return concatBytes([u32(body.length + 8), utf8(type), body])
}
const moof = (sequence: number, from: number, durations: readonly number[]): Uint8Array =>
  box(
    'moof',
    box('mfhd', u32(0), u32(sequence)),
    box(
      'traf',
      box('tfhd', u32(0x020000), u32(1)),
      box('tfdt', u32(0x01000000), u32(0), u32(from)),
      box('trun', u32(0x101), u32(durations.length), u32(0), ...durations.map(u32)),
    ),
  )
const mdat = box('mdat', new Uint8Array(50))
const mdhd = box('mdhd', u32(0), u32(0), u32(0), u32(90_000), u32(0), u32(0))
const moov = box('moov', box('trak', box('mdia', mdhd)))

describe('a decrypted part', () => {
  it('tells its number, its span and, when it is the first, the timescale', () => {
    const part = concatBytes([box('ftyp', utf8('iso6')), moov, moof(1, 0, [3000, 3000]), mdat])
    expect(fragmentFacts(part)).toEqual({ sequence: 1, fromTicks: 0, toTicks: 6000, timescale: 90_000 })
  })

  it('spans all its fragments and sorts by the first', () => {
    const part = concatBytes([moof(7, 9000, [3000]), mdat, moof(8, 12_000, [3000, 1500]), mdat])
    expect(fragmentFacts(part)).toEqual({ sequence: 7, fromTicks: 9000, toTicks: 16_500 })
  })

  it('is understood from its beginning', () => {
    const part = concatBytes([moof(7, 9000, [3000]), mdat])
    expect(fragmentFacts(part.subarray(0, part.length - 40))).toMatchObject({ sequence: 7, toTicks: 12_000 })
  })

  it('is told from anything else', () => {
    expect(fragmentFacts(new Uint8Array())).toBeUndefined()
    expect(fragmentFacts(utf8('{"format":"sealed-clip-meta/1"}'))).toBeUndefined()
    expect(fragmentFacts(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0))).toBeUndefined()
    expect(fragmentFacts(concatBytes([box('ftyp', utf8('iso6')), moov]))).toBeUndefined()
  })

  it('does no harm when it is nonsense', () => {
    expect(fragmentFacts(box('moof', box('mfhd', u32(0))))).toBeUndefined()
    expect(fragmentFacts(box('moof', box('mfhd', u32(0), u32(5)), box('traf')))).toMatchObject({
      sequence: 5,
    })
    const hungry = box('traf', box('trun', u32(0x101), u32(0xffffffff), u32(0)))
    expect(fragmentFacts(box('moof', box('mfhd', u32(0), u32(5)), hungry))).toMatchObject({ toTicks: 0 })
  })

  it.skipIf(!hasFfmpeg)('is read the same when ffmpeg made it', () => {
    const film = execFileSync(
      'ffmpeg',
      '-v error -f lavfi -i testsrc=size=64x48:rate=25:duration=2 -c:v libx264 -g 25 -movflags frag_keyframe+empty_moov+default_base_moof -f mp4 -'.split(
        ' ',
      ),
    )
    expect(fragmentFacts(film)).toEqual({ sequence: 1, fromTicks: 0, toTicks: 25_600, timescale: 12_800 })
  })
})
