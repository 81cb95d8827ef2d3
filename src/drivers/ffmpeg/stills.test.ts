import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeStillsContract } from '../../ports/stills.contract.ts'
import { ffmpegStills } from './index.ts'
import { hasFfmpeg, makeVideos, type Videos } from './videos.fixture.ts'

describe.skipIf(!hasFfmpeg)('stills through ffmpeg', () => {
  let videos: Videos
  let mp4: Uint8Array
  beforeAll(() => {
    videos = makeVideos()
    videos.path('b-frames.mp4')
    const args = ['-i', 'b-frames.mp4', '-c', 'copy', '-movflags', 'frag_keyframe+empty_moov']
    mp4 = readFileSync(videos.make('fragments.mp4', args))
  })
  afterAll(() => videos[Symbol.dispose]())
  const { signal } = new AbortController()

  it('are the first picture as JPEG, no wider than wanted', async () => {
    const jpeg = await ffmpegStills.jpegOf(mp4, { widthMax: 160, signal })
    expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 160, height: 120 })
    const { data: dark } = await sharp(jpeg).extract({ left: 0, top: 50, width: 2, height: 2 }).raw().toBuffer({ resolveWithObject: true }) // prettier-ignore
    expect(Math.max(...dark)).toBeLessThan(40)
  })

  it('need only the first fragment', async () => {
    const second = Buffer.from(mp4).indexOf('moof', Buffer.from(mp4).indexOf('moof') + 4) - 4
    const jpeg = await ffmpegStills.jpegOf(mp4.subarray(0, second), { widthMax: 320, signal })
    expect(await sharp(jpeg).metadata()).toMatchObject({ width: 320 })
  })

  describeStillsContract('ffmpeg', () => ({ stills: ffmpegStills, film: mp4 }))
})
