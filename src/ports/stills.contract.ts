import { describe, expect, it } from 'vitest'
import type { Stills } from './stills.ts'

/** `film`: a playable piece of fragmented MP4 with pictures of 320×240. */
export type StillsUnderTest = { readonly stills: Stills; readonly film: Uint8Array }

/** What everything that makes pictures out of video must do, real or simulated. */
export function describeStillsContract(name: string, setUp: () => StillsUnderTest): void {
  const { signal } = new AbortController()

  describe(`${name} keeps the contract of stills:`, () => {
    it('makes a JPEG no wider than wanted, and keeps its shape', async () => {
      const { stills, film } = setUp()
      expect(sizeOfJpeg(await stills.jpegOf(film, { widthMax: 160, signal }))).toEqual({
        width: 160,
        height: 120,
      })
    })

    it('enlarges nothing', async () => {
      const { stills, film } = setUp()
      expect(sizeOfJpeg(await stills.jpegOf(film, { widthMax: 4000, signal }))).toEqual({
        width: 320,
        height: 240,
      })
    })

    it('gives a later picture with its colours, three bytes a pixel', async () => {
      const { stills, film } = setUp()
      const { width, height, rgb } = await stills.pictureOf(film, { nth: 1, widthMax: 160, signal })
      expect([width, height, rgb.length]).toEqual([160, 120, 160 * 120 * 3])
    })

    it('refuses as corrupt a picture behind the last', async () => {
      const { stills, film } = setUp()
      const looking = stills.pictureOf(film, { nth: 100_000, widthMax: 160, signal })
      await expect(looking).rejects.toMatchObject({ kind: 'corrupt' })
    })

    it('makes a JPEG of a picture, no wider than wanted', async () => {
      const { stills } = setUp()
      const picture = { width: 40, height: 30, rgb: new Uint8Array(40 * 30 * 3).fill(128) }
      const sizeFor = async (widthMax: number) => sizeOfJpeg(await stills.encodeJpeg(picture, { widthMax }))
      expect(await sizeFor(1000)).toEqual({ width: 40, height: 30 })
      expect(await sizeFor(20)).toEqual({ width: 20, height: 15 })
    })

    it('refuses as corrupt what holds no picture', async () => {
      const making = setUp().stills.jpegOf(Uint8Array.of(1, 2, 3), { widthMax: 320, signal })
      await expect(making).rejects.toMatchObject({ kind: 'corrupt' })
    })

    it('stops when it is told to', async () => {
      const { stills, film } = setUp()
      const making = stills.jpegOf(film, { widthMax: 320, signal: AbortSignal.abort() })
      await expect(making).rejects.toMatchObject({ kind: 'aborted' })
    })
  })
}

/** Height and width stand in the start-of-frame segment; see ITU-T T.81, B.2.2. */
function sizeOfJpeg(jpeg: Uint8Array): { width: number; height: number } {
  expect([...jpeg.subarray(0, 2)]).toEqual([0xff, 0xd8])
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength)
  for (let at = 2; at + 9 < jpeg.length; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1)
    if (marker === 0xc0 || marker === 0xc2)
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) }
  }
  throw new Error('no start of frame in the JPEG')
}
