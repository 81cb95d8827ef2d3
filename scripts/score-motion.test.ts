import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { FIXTURES, openManifest, type Labels } from './fixtures-manifest.ts'
import { mean, quantile, scoreMotion, totalScore, type Score } from './score-motion-rules.ts'
import { watchVideo } from './score-motion-watch.ts'

describe('the scorer', () => {
  const labels: Labels = {
    motion: [
      [10, 12],
      [20, 24],
    ],
    ignore: [[12, 20]],
    quiet: [
      [0, 10],
      [24, 40],
    ],
    present: [[10, 24]],
  }

  it('counts what was found and how late', () => {
    const { found, wanted, latenciesS } = scoreMotion(labels, [[10.5, 25]])
    expect({ found, wanted, latenciesS }).toEqual({ found: 2, wanted: 2, latenciesS: [0.5, 0] })
  })

  it('counts movement in quiet time as false, after two seconds of grace', () => {
    const { falseEvents, falseS, quietS } = scoreMotion(labels, [
      [2, 3.5],
      [20, 27],
    ])
    expect({ falseEvents, falseS, quietS }).toEqual({ falseEvents: 1, falseS: 2.5, quietS: 24 })
  })

  it('counts the events of a visit', () => {
    const pieces = scoreMotion(labels, [
      [10, 12],
      [20, 24],
    ])
    expect(pieces.eventsPerVisit).toEqual([2])
  })
})

const videos = process.env['LINTEL_VIDEOS'] ?? ''
const { manifest } = await openManifest()
const real = manifest.fetched.filter(({ name }) => videos !== '' && existsSync(path.join(videos, name)))

describe('the motion detector on real footage (LINTEL_VIDEOS)', () => {
  it.skipIf(real.length === 0)('finds every movement at once, and little else', async () => {
    const scores: Score[] = []
    for (const { name, labels } of real) {
      scores.push(scoreMotion(labels, (await watchVideo(path.join(videos, name))).events))
    }
    const { found, wanted, latenciesS, falseS, quietS, eventsPerVisit } = totalScore(scores)
    expect(found).toBe(wanted)
    expect(quantile(latenciesS, 0.9)).toBeLessThanOrEqual(0.5)
    expect(falseS).toBeLessThanOrEqual(0.03 * quietS)
    expect(mean(eventsPerVisit)).toBeLessThanOrEqual(1.1)
  })
})

describe('the motion detector on encoded fixtures', () => {
  const labelled = manifest.generated.flatMap(({ name, labels }) =>
    labels === undefined ? [] : [{ name, labels }],
  )
  it.each(labelled)('finds who is there and nobody else: $name', async ({ name, labels }) => {
    const { found, wanted, falseS } = scoreMotion(
      labels,
      (await watchVideo(path.join(FIXTURES, name))).events,
    )
    expect({ found, falseS }).toEqual({ found: wanted, falseS: 0 })
  })
})
