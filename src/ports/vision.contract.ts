import { describe, expect, it } from 'vitest'
import type { ColourPicture } from './stills.ts'
import type { Vision } from './vision.ts'

export type VisionUnderTest = {
  readonly vision: Vision
  /** Somebody stands in the right half of it, and nobody in the left. */
  readonly picture: ColourPicture
}

const WHOLE = { x: 0, y: 0, width: 1, height: 1 }
const LEFT = { x: 0, y: 0, width: 0.5, height: 1 }

/** What everything that recognises people must do, real or simulated. */
export function describeVisionContract(name: string, setUp: () => Promise<VisionUnderTest>): void {
  const { signal } = new AbortController()

  describe(`${name} keeps the contract of vision:`, () => {
    it('finds the person where it stands, in shares of the whole picture', async () => {
      const { vision, picture } = await setUp()
      const [sight] = await vision.look(picture, { within: WHOLE, signal })
      expect(sight?.thing).toBe('person')
      expect(sight?.score).toBeGreaterThan(0.5)
      const { x = 0, width = 0, y = 0, height = 0 } = sight?.box ?? {}
      expect(x).toBeGreaterThan(0.45)
      expect(x + width).toBeLessThanOrEqual(1)
      expect(y + height).toBeLessThanOrEqual(1)
    })

    it('finds the same place when it looks more closely', async () => {
      const { vision, picture } = await setUp()
      const [wide] = await vision.look(picture, { within: WHOLE, signal })
      const [close] = await vision.look(picture, { within: { x: 0.4, y: 0, width: 0.6, height: 1 }, signal })
      for (const side of ['x', 'y', 'width', 'height'] as const)
        expect(Math.abs((close?.box[side] ?? 9) - (wide?.box[side] ?? 0))).toBeLessThan(0.1)
    })

    it('looks only where it was told to', async () => {
      const { vision, picture } = await setUp()
      const sights = await vision.look(picture, { within: LEFT, signal })
      expect(sights.filter(({ score }) => score > 0.5)).toEqual([])
    })

    it('says the same of the same picture', async () => {
      const { vision, picture } = await setUp()
      const first = await vision.look(picture, { within: WHOLE, signal })
      expect(await vision.look(picture, { within: WHOLE, signal })).toEqual(first)
      expect(vision.state()).toMatchObject({ state: 'ready' })
    })

    it('refuses a picture with too few bytes', async () => {
      const { vision } = await setUp()
      const looking = vision.look(
        { width: 100, height: 100, rgb: new Uint8Array(9) },
        { within: WHOLE, signal },
      )
      await expect(looking).rejects.toMatchObject({ kind: 'invalid' })
    })

    it('stops when it is told to', async () => {
      const { vision, picture } = await setUp()
      const looking = vision.look(picture, { within: WHOLE, signal: AbortSignal.abort() })
      await expect(looking).rejects.toThrow()
    })
  })
}
