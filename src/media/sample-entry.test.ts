import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openPackets, probeVideo } from '../drivers/ffmpeg/index.ts'
import { hasFfmpeg } from '../drivers/ffmpeg/videos.fixture.ts'
import { codecName, parameterSets, profileLevelId } from './index.ts'

const entryOf = async (film: string): Promise<Uint8Array> => {
  const video = await probeVideo(join(import.meta.dirname, '../../test-fixtures', film))
  await using source = await openPackets(video)
  return source.init.sampleEntry
}

describe.skipIf(!hasFfmpeg)('a sample entry', () => {
  it('names H.264 as browsers and SDP want it, and gives its parameter sets', async () => {
    const entry = await entryOf('walk-up.mp4')
    expect(codecName(entry)).toBe('avc1.640016')
    expect(profileLevelId(entry)).toBe('640016')
    expect(parameterSets(entry).map((set) => (set[0] ?? 0) & 0x1f)).toEqual([7, 8])
  })

  it('names HEVC as browsers want it, and gives its parameter sets', async () => {
    const entry = await entryOf('hevc.mp4')
    expect(codecName(entry)).toMatch(/^hvc1[.]1[.]6[.]L\d+[.]90$/)
    expect(profileLevelId(entry)).toBeUndefined()
    const types = parameterSets(entry).map((set) => ((set[0] ?? 0) >> 1) & 0x3f)
    expect(types.filter((type) => type >= 32 && type <= 34)).toEqual([32, 33, 34])
  })

  it('without a configuration record names nothing', () => {
    expect(codecName(new Uint8Array(86))).toBeUndefined()
    expect(parameterSets(new Uint8Array(86))).toEqual([])
  })

  it('that ends too soon gives what is whole', () => {
    const cut = Uint8Array.of(...Buffer.from('avcC'), 1, 0x64, 0, 0x1e, 0xff, 0xe1, 0, 9, 0x67, 1)
    expect(parameterSets(cut)).toEqual([])
  })
})
