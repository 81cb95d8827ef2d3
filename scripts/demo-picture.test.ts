import { describe, expect, it } from 'vitest'
import { clockOf, kilobytes, storySvg, THUMBNAIL, THUMBNAILS_MAX, type DemoStory } from './demo-picture.ts'

const quiet: DemoStory = {
  title: 'A porch',
  subtitle: '',
  footer: '',
  durationS: 144,
  motion: [],
  presses: [],
  visits: [],
  clips: [],
  thumbnails: [],
}

/** The 1440 pixels between the margins are 144 seconds: ten pixels a second, from 120 on. */
const bars = (svg: string): readonly string[] =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="\d+" width="([\d.]+)" height="34"/g)].map(
    ([, x, width]) => `${x}+${width}`,
  )

describe('the picture of the demo', () => {
  it('draws movement, visits and clips where they happened, as wide as they lasted', () => {
    const svg = storySvg({
      ...quiet,
      motion: [{ fromS: 10, toS: 20 }],
      visits: [{ id: 'v', fromS: 10, toS: 30, signs: ['motion', 'press'] }],
      clips: [{ id: 'c', fromS: 4, toS: 30, parts: 13, bytes: 812_345 }],
    })
    expect(bars(svg)).toEqual(['220+100', '220+200', '160+260'])
    expect(svg).toContain('motion + press')
    expect(svg).toContain('13 parts, 812 kB')
  })

  it('marks each press at its time', () => {
    const svg = storySvg({ ...quiet, presses: [{ atS: 12.5 }] })
    expect(svg).toContain('<circle cx="245"')
    expect(svg).toContain('pressed at 0:12.5')
  })

  it('lays pictures side by side inside the margins, however close their times are', () => {
    const thumbnails = Array.from({ length: THUMBNAILS_MAX + 2 }, (_, i) => ({
      atS: 143 + i / 10,
      jpeg: new Uint8Array(),
    }))
    const frame = new RegExp(`<rect x="([\\d.]+)" y="\\d+" width="${THUMBNAIL.width + 2}"`, 'g')
    const lefts = [...storySvg({ ...quiet, thumbnails }).matchAll(frame)].map(([, x]) => Number(x) + 1)
    expect(lefts).toHaveLength(THUMBNAILS_MAX)
    for (const [i, left] of lefts.entries()) {
      expect(left).toBeGreaterThanOrEqual(40)
      expect(left + THUMBNAIL.width).toBeLessThanOrEqual(1560)
      if (i > 0) expect(left - (lefts[i - 1] ?? 0)).toBeGreaterThanOrEqual(THUMBNAIL.width)
    }
  })

  it('lets no text break out of the drawing', () => {
    expect(storySvg({ ...quiet, title: '<script>&' })).toContain('&lt;script&gt;&amp;')
  })

  it('writes times and sizes as people do', () => {
    expect([0, 8.5, 59.96, 64.74, 3600].map(clockOf)).toEqual(['0:00', '0:08.5', '1:00', '1:04.7', '60:00'])
    expect([999, 812_345, 3_240_000].map(kilobytes)).toEqual(['1 kB', '812 kB', '3.2 MB'])
  })
})
