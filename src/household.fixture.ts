/** A whole household in one process, for tests: real pages, pictures and seals; the disk, the store and the index are in memory, and the time of day can be moved. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createMemoryDisk, type MemoryDisk } from '../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../sim/devices/memory-records.ts'
import { createMemoryStore, type MemoryStore } from '../sim/devices/memory-store.ts'
import { createSimGpio, type SimGpio } from '../sim/devices/sim-gpio.ts'
import { createSimPushService } from '../sim/devices/sim-push-service.ts'
import { silentLog } from './base/log.ts'
import { openScope } from './base/scope.ts'
import { unixMs } from './base/time.ts'
import { readVideo } from './commands/board-camera.ts'
import { webOptionsOf } from './commands/web-place.ts'
import { loadConfig, type Config } from './config/index.ts'
import type { Happening } from './doorbell.ts'
import { createLoopingCamera, ffmpegReencoder, ffmpegStills } from './drivers/ffmpeg/index.ts'
import { createHttpServer } from './drivers/http/index.ts'
import { nodeClock } from './drivers/node-clock.ts'
import { nodeRandom as random } from './drivers/node-random.ts'
import { openWebrtcPeers } from './drivers/webrtc/index.ts'
import { startHousehold, type Household } from './household.ts'
import type { Clock } from './ports/clock.ts'
import type { Ports } from './ports/ports.ts'
import type { PushService } from './ports/push-service.ts'
import type { PageFiles } from './web/index.ts'

const VIDEO = join(import.meta.dirname, '../test-fixtures/walk-up.mp4')
const EVERYWHERE = '[[0, 0], [1, 0], [1, 1], [0, 1]]'
/** Only presses make clips, and short ones; nothing is decoded that a test does not look at. */
const SETS = [
  'web.port=0',
  'detect.recognise=false',
  `detect.zones=[{ name: all, mode: ignore, points: ${EVERYWHERE} }]`,
  'visit.quietAfterMs=1500',
  'capture.prerollMs=2000',
]
const PRESS_MS = 100

export type House = AsyncDisposable & {
  readonly household: Household
  readonly origin: string
  readonly disk: MemoryDisk
  readonly store: MemoryStore
  readonly happenings: readonly Happening[]
  /** Somebody pushes the button. */
  press(): Promise<void>
  /** The time of day jumps; nothing that waits is held up, or sooner. */
  moveTime(ms: number): void
  /** Whether the time of day is known. */
  isTimeKnown: boolean
}

export type HouseOptions = {
  readonly page?: PageFiles
  readonly push?: PushService
  readonly sets?: readonly string[]
  /** Wraps what a doorbell gets, each time that one starts. */
  readonly ports?: (ports: Ports, config: Config) => Ports
}

const NO_PAGE: PageFiles = { read: async () => undefined }

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const time = { offsetMs: 0, isKnown: true }
  const clock: Clock = {
    ...nodeClock,
    wall: () => ({ at: unixMs(nodeClock.wall().at + time.offsetMs), trusted: time.isKnown }),
  }
  const disk = createMemoryDisk()
  const records = new MemoryRecords().open()
  const store = createMemoryStore()
  const happenings: Happening[] = []
  let gpio: SimGpio | undefined
  const sets = [...SETS, ...(options.sets ?? [])]
  return openScope(async (scope) => {
    const stop = scope.own('video', aborter())
    const household = scope.own(
      'household',
      await startHousehold(
        {
          ...{ clock, random, disk, log: silentLog },
          records,
          server: createHttpServer({ log: silentLog }),
          push: options.push ?? createSimPushService(),
          page: options.page ?? NO_PAGE,
          async openPorts(config) {
            gpio = createSimGpio(clock)
            const video = await readVideo(VIDEO, { config, log: silentLog, signal: stop.signal })
            const ports: Ports = {
              ...{ clock, random, disk, records, gpio, store, log: silentLog },
              camera: createLoopingCamera({ clock, video }),
              ...{ stills: ffmpegStills, reencoder: ffmpegReencoder },
              peers: openWebrtcPeers({ additionalHosts: ['127.0.0.1'] }),
            }
            return options.ports?.(ports, config) ?? ports
          },
        },
        {
          configWith: (changed) => loadConfig({ changed, sets }),
          fixedKeys: [],
          web: (config) => webOptionsOf(config, { disk, now: clock.wall() }),
          version: 'test',
          simulate: { press: () => press(gpio) },
          onHappening: (happening) => happenings.push(happening),
          onCrash(error) {
            throw error
          },
        },
      ),
    )
    return {
      ...{ household, disk, store, happenings },
      origin: `http://localhost:${household.port}`,
      press: () => press(gpio),
      moveTime: (ms: number) => void (time.offsetMs += ms),
      get isTimeKnown() {
        return time.isKnown
      },
      set isTimeKnown(is) {
        time.isKnown = is
      },
    }
  })
}

async function press(gpio: SimGpio | undefined): Promise<void> {
  if (gpio === undefined) throw new Error('the doorbell has no owner yet')
  gpio.drive('button', true)
  await sleep(PRESS_MS) // How long a finger stays on a button.
  gpio.drive('button', false)
}

function aborter(): AsyncDisposable & { readonly signal: AbortSignal } {
  const stop = new AbortController()
  return { signal: stop.signal, [Symbol.asyncDispose]: async () => stop.abort() }
}
