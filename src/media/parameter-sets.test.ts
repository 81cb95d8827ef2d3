import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isFault } from '../base/fault.ts'
import { codecName, parameterSets, pictureShape, sampleEntry, setKind } from './index.ts'

/** The sample entry of a fixture: the box itself stands in the file. */
function entryOf(name: string, type: string): Uint8Array {
  const file = readFileSync(new URL(`../../test-fixtures/${name}`, import.meta.url))
  const at = file.lastIndexOf(type, undefined, 'latin1') - 4 // Before it, only as a brand.
  return new Uint8Array(file.subarray(at, at + file.readUInt32BE(at)))
}

const FILMS = [
  ['walk-up.mp4', 'avc1', 'h264', { width: 640, height: 360, reorder: 2 }],
  ['walk-up-night.mp4', 'avc1', 'h264', { width: 640, height: 360, reorder: 0 }],
  ['open-gop.mp4', 'avc1', 'h264', { width: 320, height: 180, reorder: 2 }],
  ['hevc.mp4', 'hvc1', 'hevc', { width: 320, height: 180, reorder: 2 }],
] as const

const setsOf = (entry: Uint8Array, codec: 'h264' | 'hevc') => {
  const all = parameterSets(entry)
  const ofKind = (kind: string) => all.filter((set) => setKind(set, codec) === kind)
  return { vps: ofKind('vps'), sps: ofKind('sps'), pps: ofKind('pps') }
}

describe('parameter sets', () => {
  it.each(FILMS)(
    'of %s say how large pictures are and in which order they come',
    (name, type, codec, shape) => {
      expect(pictureShape(setsOf(entryOf(name, type), codec).sps[0]!, codec)).toEqual(shape)
    },
  )

  it.each(FILMS)('of %s make a sample entry that says the same as the one of ffmpeg', (name, type, codec) => {
    const theirs = entryOf(name, type)
    const ours = sampleEntry(codec, setsOf(theirs, codec))
    expect(codecName(ours)).toBe(codecName(theirs))
    expect(parameterSets(ours)).toEqual(
      parameterSets(theirs).filter((set) => setKind(set, codec) !== undefined),
    )
    expect(ours.subarray(24, 36)).toEqual(theirs.subarray(24, 36)) // Width, height, resolution.
    expect(new DataView(ours.buffer).getUint32(0)).toBe(ours.length)
  })

  it('that are damaged are refused with a fault, and nothing else happens', () => {
    for (const [name, type, codec] of FILMS) {
      const sets = setsOf(entryOf(name, type), codec)
      const change = fc.tuple(
        fc.nat({ max: sets.sps[0]!.length - 1 }),
        fc.nat({ max: 255 }),
        fc.nat({ max: 60 }),
      )
      fc.assert(
        fc.property(change, ([at, byte, length]) => {
          const spoilt = sets.sps[0]!.slice(0, Math.max(1, length))
          if (at < spoilt.length) spoilt[at] = byte
          try {
            sampleEntry(codec, { ...sets, sps: [spoilt] })
          } catch (error) {
            expect(isFault(error, 'corrupt')).toBe(true)
          }
        }),
      )
    }
  })
})
