import { describe, expect, it } from 'vitest'
import { bytesText, momentText, spanText, withClocks } from './moment-text.ts'

describe('times for people', () => {
  it.each([
    [0, '0.0 s'],
    [63_200, '63.2 s'],
    [6520.5, '6.521 s'],
    [599_900, '599.9 s'],
    [600_000, '0:10:00'],
    [3_800_500, '1:03:20.5'],
    [86_399_999, '1d 00:00:00'],
    [3 * 86_400_000 + 7_506_000, '3d 02:05:06'],
  ])('says %d ms as %s', (ms, text) => {
    expect(momentText(ms)).toBe(text)
  })

  it.each([
    [8, '8 ms'],
    [56_700, '56.7 s'],
    [900_000, '15 min'],
    [12_600_000, '3.5 h'],
    [7 * 86_400_000, '7 d'],
  ])('says how long %d ms are: %s', (ms, text) => {
    expect(spanText(ms)).toBe(text)
  })

  it('says large seconds in a sentence as a clock does, and leaves small ones', () => {
    expect(withClocks('wanted uploaded by 605700.0 s (900 s after store up), was never uploaded')).toBe(
      'wanted uploaded by 7d 00:15:00 (15 min after store up), was never uploaded',
    )
    expect(withClocks('by 61.0 s (1 s after network up)')).toBe('by 61.0 s (1 s after network up)')
  })

  it('says how large something is', () => {
    expect([812, 4812, 1_234_567].map(bytesText)).toEqual(['812 B', '4.8 kB', '1.2 MB'])
  })
})
