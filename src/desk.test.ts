import { describe, expect, it } from 'vitest'
import { createSeededRandom } from '../sim/devices/seeded-random.ts'
import { SimClock } from '../sim/devices/sim-clock.ts'
import { silentLog } from './base/log.ts'
import { laterBy, unixMs } from './base/time.ts'
import { configDefaults } from './config/index.ts'
import { createDesk } from './desk.ts'
import type { Happening } from './doorbell.ts'
import { createQuiet } from './quiet/index.ts'

describe('movement that is told late', () => {
  it.each([0, 3000, 20_000])(
    'by a decoder %i ms behind is one visit, as long as the movement',
    async (behindMs) => {
      const clock = new SimClock({ bootWall: unixMs(0) })
      const happenings: Happening[] = []
      const desk = createDesk({
        ports: { clock, random: createSeededRandom(1), log: silentLog } as unknown as Parameters<
          typeof createDesk
        >[0]['ports'], // All that it asks for here.
        config: configDefaults(),
        clips: { begin: async () => 'c', note: async () => {}, end: async () => {} } as unknown as Parameters<
          typeof createDesk
        >[0]['clips'], // As above.
        telemetry: undefined,
        quiet: createQuiet({ clock }, { times: [], silences: [], timeZone: undefined }),
        ring: () => {},
        tell: (happening) => happenings.push(happening),
        edgesAround: () => [],
        onVisit: () => {},
      })
      const stop = new AbortController()
      const running = [desk.run(stop.signal), desk.watchQuiet(stop.signal).catch(() => {})]
      await clock.advance(60_000)
      for (let n = 0; n < 25; n++) {
        await desk.take({ kind: 'motion', at: laterBy(clock.mono(), -behindMs) })
        await clock.advance(200)
      }
      await clock.advance(60_000)
      const visits = happenings.flatMap((it) => (it.kind === 'visit-ended' ? [it.to - it.from] : []))
      expect(visits).toHaveLength(1)
      expect(visits[0]).toBeCloseTo(24 * 200, 0)
      stop.abort()
      await clock.advance(0)
      await Promise.all(running)
    },
  )
})
