import { describe, expect, it } from 'vitest'
import { renderScene, sceneNames } from './index.ts'

const SMALL = { width: 160, height: 90, fps: 5 }

describe('a scene', () => {
  it.each(sceneNames)('gives whole yuv420p pictures, the same every time: %s', (name) => {
    const scene = renderScene(name, { ...SMALL, seconds: 1 })
    const frames = [...scene.frames()]
    expect(frames).toHaveLength(5)
    expect(frames[0]).toHaveLength((160 * 90 * 3) / 2)
    expect([...scene.frames()]).toEqual(frames)
  })

  it('differs with the seed', () => {
    const first = (seed: number): Uint8Array =>
      [...renderScene('empty', { ...SMALL, seconds: 0.2, seed }).frames()][0]!
    expect(first(1)).not.toEqual(first(2))
  })

  it('accounts for every moment as motion, ignore or quiet', () => {
    for (const name of sceneNames) {
      const { truth, seconds } = renderScene(name, SMALL)
      const spans = [...truth.motion, ...truth.ignore, ...truth.quiet].toSorted((a, b) => a[0] - b[0])
      expect(spans[0]?.[0]).toBe(0)
      expect(spans.at(-1)?.[1]).toBeCloseTo(seconds, 1)
      for (const [n, [from]] of spans.entries()) if (n > 0) expect(from).toBe(spans[n - 1]![1])
    }
  })

  it('knows where somebody is: that part of the picture differs from the same picture without them', () => {
    const options = { ...SMALL, seconds: 12 }
    const luma = (name: string): Uint8Array => [...renderScene(name, options).frames()].at(-1)!
    const [with_, without] = [luma('two-visits'), luma('empty')]
    const { x, y, width, height } = renderScene('two-visits', options).truth.seenAt(11.8)[0]!.box
    const middle = Math.floor((y + height * 0.4) * 90) * 160 + Math.floor((x + width / 2) * 160)
    expect(Math.abs(with_[middle]! - without[middle]!)).toBeGreaterThan(15)
  })

  it('is refused with the name that was probably meant', () => {
    expect(() => renderScene('walkup')).toThrow('there is no scene walkup; did you mean walk-up?')
  })

  it('needs a size and a rate', () => {
    expect(() => renderScene('empty', { width: 4 })).toThrow('wanted at least 16×16 pixels')
    expect(() => renderScene('empty', { fps: 0 })).toThrow('a positive rate')
  })
})
