import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { colourFrames, pictureAt, picturesEachSecond, probeVideo } from './index.ts'
import { hasFfmpeg, makeVideos, type Videos } from './videos.fixture.ts'

const { signal } = new AbortController()

describe.skipIf(!hasFfmpeg)('the picture of a video at a time', () => {
  let videos: Videos
  beforeAll(() => (videos = makeVideos()))
  afterAll(() => videos[Symbol.dispose]())

  it.each(['plain.mp4', 'b-frames.mp4', 'late.mp4', 'late.mkv', 'b-frames.ts'] as const)(
    'is the one that plays then, in %s',
    async (name) => {
      const facts = await probeVideo(videos.path(name))
      const framesPerS = 25
      const wanted = [0, 1, 37, 80]
      let count = 0
      for await (const frame of colourFrames(facts, { width: 320, height: 240, framesPerS }, { signal })) {
        const nth = count++
        if (!wanted.includes(nth)) continue
        const atS = facts.startS + nth / framesPerS
        const { width, height, rgb } = await pictureAt(facts, { atS, widthMax: 1920, signal })
        expect([width, height]).toEqual([320, 240])
        expect(Buffer.from(rgb).equals(frame), `picture ${nth}`).toBe(true)
      }
      expect(count).toBeGreaterThan(80)
    },
  )

  it.each(['plain.mp4', 'late.mkv'] as const)(
    'is the same when one comes each second, in %s',
    async (name) => {
      const facts = await probeVideo(videos.path(name))
      const fromS = facts.startS + 0.6
      let count = 0
      for await (const { width, height, rgb } of picturesEachSecond(facts, {
        fromS,
        widthMax: 160,
        signal,
      })) {
        expect([width, height]).toEqual([160, 120])
        const wanted = await pictureAt(facts, { atS: fromS + count++, widthMax: 160, signal })
        expect(Buffer.from(rgb).equals(wanted.rgb), `picture ${count}`).toBe(true)
      }
      expect(count).toBe(4)
    },
  )

  it('is no wider than wanted, and none after the end', async () => {
    const facts = await probeVideo(videos.path('plain.mp4'))
    const { width, height } = await pictureAt(facts, { atS: 1, widthMax: 160, signal })
    expect([width, height]).toEqual([160, 120])
    await expect(pictureAt(facts, { atS: 60, widthMax: 160, signal })).rejects.toMatchObject({
      kind: 'corrupt',
    })
  })
})
