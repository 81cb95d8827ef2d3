import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fragment, initSegment, type FragmentSample } from '../../../media/index.ts'
import { initFacts, partFacts, type PartFacts } from './fragments.ts'
import { PartTimes } from './part-times.ts'

const LENGTHS = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 })

/** Parts one after another; only every third begins with a picture that needs no other. */
function partsOf(lengths: readonly number[]): readonly PartFacts[] {
  let at = 0
  return lengths.map((length, n) => {
    const facts = { fromTicks: at, toTicks: at + length, keyTicks: n % 3 === 0 ? [at] : [] }
    at += length
    return facts
  })
}

function timesOf(parts: readonly PartFacts[]): { readonly times: PartTimes; readonly looks: () => number } {
  let looks = 0
  const times = new PartTimes({
    parts: parts.length,
    durationTicks: parts.at(-1)?.toTicks ?? 0,
    look: async (part) => {
      looks++
      return parts[part] as PartFacts
    },
  })
  return { times, looks: () => looks }
}

describe('the place of a moment in a clip', () => {
  it('is the part that shows it, whatever their lengths; behind the end the last', async () => {
    await fc.assert(
      fc.asyncProperty(LENGTHS, fc.nat(30_000), async (lengths, ticks) => {
        const parts = partsOf(lengths)
        const wanted = parts.findIndex(({ toTicks }) => ticks < toTicks)
        expect(await timesOf(parts).times.partAt(ticks)).toBe(wanted === -1 ? parts.length - 1 : wanted)
      }),
    )
  })

  it('begins where decoding can begin', async () => {
    await fc.assert(
      fc.asyncProperty(LENGTHS, fc.nat(30_000), async (lengths, ticks) => {
        const parts = partsOf(lengths)
        const { times } = timesOf(parts)
        const at = await times.partAt(ticks)
        expect(await times.startFor(ticks)).toBe(at - (at % 3))
      }),
    )
  })

  it('is found with a handful of looks in a clip of five minutes', async () => {
    const lengths = Array.from({ length: 200 }, (_, n) => 130 + ((n * 37) % 40))
    for (const share of [0.1, 0.5, 0.77, 0.99]) {
      const parts = partsOf(lengths)
      const { times, looks } = timesOf(parts)
      await times.partAt(Math.floor((parts.at(-1)?.toTicks ?? 0) * share))
      expect(looks()).toBeLessThanOrEqual(4)
    }
  })
})

describe('what a part says of itself', () => {
  const sample = (duration: number, isKey: boolean): FragmentSample => ({
    data: new Uint8Array(10),
    duration,
    compositionOffset: 0,
    isKey,
  })

  it('is when it begins and ends, and at which pictures one may begin', () => {
    const one = fragment({
      sequence: 1,
      baseDts: 5000,
      samples: [sample(10, false), sample(20, true), sample(30, false)],
    })
    expect(partFacts(one)).toEqual({ fromTicks: 5000, toTicks: 5060, keyTicks: [5010] })
    expect(partFacts(one.subarray(0, 20))).toBeUndefined()
  })

  it('is codec and time scale in the first one', () => {
    const film = new Uint8Array(
      readFileSync(join(import.meta.dirname, '../../../../test-fixtures/walk-up.mp4')),
    )
    const avcC = new TextDecoder('latin1').decode(film).indexOf('avcC')
    const profile = [...film.subarray(avcC + 5, avcC + 8)]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('')
    const entryAt = new TextDecoder('latin1').decode(film).indexOf('avc1', avcC - 120) - 4
    const sampleEntry = film.slice(entryAt, entryAt + new DataView(film.buffer, entryAt).getUint32(0))
    const init = initSegment(
      { timescale: 15_360, width: 640, height: 360, sampleEntry },
      { presentationOffset: 1024 },
    )
    expect(initFacts(init)).toEqual({
      timescale: 15_360,
      mime: `video/mp4; codecs="avc1.${profile}"`,
      skipTicks: 1024,
      bytes: init.length,
    })
    expect(initFacts(fragment({ sequence: 1, baseDts: 0, samples: [sample(1, true)] }))).toBeUndefined()
  })
})
