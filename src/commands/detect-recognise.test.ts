import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Fault } from '../base/fault.ts'
import { monoMs } from '../base/time.ts'
import { probeVideo } from '../drivers/ffmpeg/index.ts'
import { hasFfmpeg } from '../drivers/ffmpeg/videos.fixture.ts'
import type { Area, Sight, Vision } from '../ports/vision.ts'
import { createOnlooker, type OnlookerOptions } from './detect-recognise.ts'
import type { Look } from './detect-watch.ts'

const WALK_UP = join(resolve(import.meta.dirname, '../../test-fixtures'), 'walk-up.mp4')
const { signal } = new AbortController()
const box: Area = { x: 0.4, y: 0.2, width: 0.1, height: 0.5 }
const person = (score = 0.8, at = box): Sight => ({ thing: 'person', score, box: at })

type Event = 'motion-began' | 'motion-ended'

const look = (atS: number, event?: Event): Look => ({
  atS,
  result: {
    ...{ moving: true, score: 1, boxes: [box] },
    events:
      event === undefined
        ? []
        : event === 'motion-began'
          ? [{ kind: event, at: monoMs(1000 * atS) }]
          : [{ kind: event, at: monoMs(1000 * atS), hasLeft: true }],
  },
  view: () => undefined,
})

/** Five pictures a second; something moves from `fromS` until `toS`. Somebody sees, in this order, what is handed in; then nothing. */
async function watch(
  [fromS, toS]: readonly [number, number],
  sights: readonly (readonly Sight[] | Fault)[],
  zones: OnlookerOptions['zones'] = [],
) {
  const waiting = [...sights]
  const asked: Area[] = []
  const vision: Vision = {
    state: () => ({ state: 'ready', engine: 'scripted' }),
    async look(picture, { within }) {
      expect(picture.rgb).toHaveLength(picture.width * picture.height * 3)
      asked.push(within)
      const next = waiting.shift() ?? []
      if (next instanceof Fault) throw next
      return next
    },
  }
  await using onlooker = createOnlooker(await probeVideo(WALK_UP), { vision, zones, signal })
  for (let n = 0; n < 40; n++) {
    const event = n === fromS * 5 ? 'motion-began' : n === toS * 5 ? 'motion-ended' : undefined
    await onlooker.take(look(n / 5, event))
  }
  return { asked, ...onlooker.recognition() }
}

describe.skipIf(!hasFfmpeg)('looking at movements', () => {
  it('looks once a second while something moves, around what moves, and never else', async () => {
    const { asked, glances } = await watch([1, 4], [])
    expect(glances.map(({ atS }) => atS)).toEqual([1, 2, 3])
    expect(asked.every(({ width }) => width < 1)).toBe(true)
  })

  it('looks a second time at what moved for less than a second, as one look alone is not believed', async () => {
    const { glances, labels } = await watch([1, 1.4], [[person(0.7)], [person(0.9)]])
    expect(glances.map(({ atS }) => atS)).toEqual([1, 2])
    expect(labels).toEqual([{ movement: 0, label: 'person', score: 0.9, atS: 2, box, zones: [] }])
  })

  it('believes two of three looks, keeps the best of them, and says when it was first sure', async () => {
    const best = { ...box, height: 0.6 }
    const { labels } = await watch([0, 6], [[person()], [], [person(0.75)], [person(0.95, best)], [person()]])
    expect(labels).toEqual([{ movement: 0, label: 'person', score: 0.95, atS: 2, box: best, zones: [] }])
    expect((await watch([0, 6], [[person()], [person(0.4)], [], []])).labels).toEqual([])
  })

  it('follows the zones: who stands where nothing counts is nobody', async () => {
    const zone = { name: 'path', points: [[0, 0], [1, 0], [1, 1], [0, 1]] as [number, number][] } // prettier-ignore
    const twice = [[person()], [person()]]
    expect((await watch([0, 2], twice, [{ ...zone, mode: 'ignore' }])).labels).toEqual([])
    expect((await watch([0, 2], twice, [{ ...zone, mode: 'watch' }])).labels).toMatchObject([{ zones: ['path'] }]) // prettier-ignore
  })

  it('says why nobody was looked for when there is no detector of people, and asks once only', async () => {
    const { asked, labels, missing } = await watch([0, 6], [new Fault('unavailable', 'it is not installed')])
    expect([asked.length, labels, missing]).toEqual([1, [], 'it is not installed'])
  })

  it('goes on after a look of which nonsense came back', async () => {
    const nonsense = new Fault('corrupt', 'nonsense')
    const { labels, missing } = await watch([0, 6], [nonsense, [person()], [person()]])
    expect([labels.length, missing]).toEqual([1, undefined])
  })
})
