import { describe, expect, it } from 'vitest'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { Fault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { monoMs, ticks, unixMs } from '../base/time.ts'
import type { Camera, CameraRun, LumaFrame, Packet, Track } from '../ports/camera.ts'
import { createCapture, type CaptureDeps } from './index.ts'

const track: Track = {
  codec: 'h264',
  timescale: 1000,
  width: 640,
  height: 360,
  // Nothing but the record that says that lengths have four bytes.
  sampleEntry: Uint8Array.of(...Buffer.from('avcC'), 1, 66, 0, 30, 0xff, 0xe0, 0),
}
const packet = (atMs: number): Packet => ({
  data: Uint8Array.of(0, 0, 0, 1, atMs / 100),
  pts: ticks(atMs),
  dts: ticks(atMs),
  duration: ticks(100),
  isKey: atMs % 1000 === 0,
  at: monoMs(atMs),
})
const frame = (atMs: number): LumaFrame => ({
  width: 2,
  height: 2,
  luma: new Uint8Array(4),
  at: monoMs(atMs),
})

type Plan = {
  readonly packets: AsyncIterable<Packet>
  readonly frames?: AsyncIterable<LumaFrame>
  readonly isRecording?: boolean
}

/** A camera that goes through its plans, one a run, and then is gone. */
class PlannedCamera implements Camera {
  readonly #plans: (Plan | Error)[]
  opened = 0
  closed = 0

  constructor(...plans: (Plan | Error)[]) {
    this.#plans = plans
  }

  async open({ signal }: { signal: AbortSignal }): Promise<CameraRun> {
    this.opened++
    const plan = this.#plans.shift()
    if (plan instanceof Error) throw plan
    if (plan === undefined) return untilAborted(signal)
    return {
      track,
      packets: plan.packets,
      frames: plan.frames ?? nothing(),
      isRecording: plan.isRecording === true,
      [Symbol.asyncDispose]: async () => {
        this.closed++
      },
    }
  }
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )

// eslint-disable-next-line require-yield
async function* nothing(): AsyncGenerator<never> {}

async function* of<T>(items: readonly T[], then?: Error): AsyncGenerator<T> {
  yield* items
  if (then !== undefined) throw then
}

type Trace = string[]

function setUp(
  camera: Camera | ((clock: SimClock) => Camera),
  overrides: Partial<CaptureDeps> = {},
): {
  readonly clock: SimClock
  readonly trace: Trace
  readonly run: () => { readonly done: Promise<void>; readonly stop: () => void }
  readonly capture: ReturnType<typeof createCapture>
} {
  const clock = new SimClock({ bootWall: unixMs(0) })
  const trace: Trace = []
  const log: Log = {
    debug() {},
    info() {},
    warn: (event, fields) => trace.push(`${event} ${fields?.kind}`),
    error: (event, fields) => trace.push(`${event} ${fields?.kind}`),
  }
  const deps: CaptureDeps = {
    camera: typeof camera === 'function' ? camera(clock) : camera,
    clock,
    random: { bytes: (length) => new Uint8Array(length), uniform: () => 1 },
    log,
    onRun: async () => void trace.push(`run @${clock.mono()}`),
    onPacket: async ({ at }) => void trace.push(`packet ${at}`),
    onFrame: async ({ at }) => void trace.push(`frame ${at}`),
    onLoss: async () => void trace.push('loss'),
    onRunEnd: async () => void trace.push('end'),
    ...overrides,
  }
  const capture = createCapture(deps, { prerollMs: 6000, prerollBytesMax: 1024 * 1024, stallMs: 15_000 })
  const run = () => {
    const stop = new AbortController()
    return { done: capture.run(stop.signal), stop: () => stop.abort() }
  }
  return { clock, trace, capture, run }
}

/** Suspects something for 700 ms from then on, and that it began so much earlier. */
const suspiciousFrom = (fromMs: number, beforeMs: number): NonNullable<CaptureDeps['gate']> => ({
  restart() {},
  packet: ({ at }) => ({
    decode: at >= fromMs && at < fromMs + 700,
    since: monoMs(at - beforeMs),
    why: 'suspicion',
  }),
})

/** Five seconds of video whose pictures can be shown again; notes from where somebody looked. */
const cameraWithLook =
  (looks: number[]) =>
  (clock: SimClock): Camera => ({
    async open({ signal }) {
      if (clock.mono() > 0) return untilAborted(signal)
      const each = async function* <T>(fromMs: number, make: (atMs: number) => T): AsyncGenerator<T, void> {
        for (let atMs = fromMs; atMs < 5000; atMs += 100) {
          if (atMs > clock.mono()) await clock.sleep(atMs - clock.mono(), { signal })
          yield make(atMs)
        }
      }
      return {
        track,
        packets: each(0, packet),
        frames: each(0, frame),
        look: (from) => {
          looks.push(from)
          return each(from, frame)
        },
        async [Symbol.asyncDispose]() {},
      }
    },
  })

describe('capture', () => {
  it('hands on packets and pictures of a run between its beginning and its end', async () => {
    const camera = new PlannedCamera({ packets: of([0, 100].map(packet)), frames: of([frame(0)]) })
    const { clock, trace, run } = setUp(camera)
    const { done, stop } = run()
    await clock.advance(0)
    stop()
    await done
    expect(trace.toSorted()).toEqual(['end', 'frame 0', 'packet 0', 'packet 100', 'run @0'])
    expect(trace[0]).toBe('run @0')
    expect(trace.at(-1)).toBe('end')
  })

  it('keeps packets in the preroll until the run ends', async () => {
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    const packets = async function* (): AsyncGenerator<Packet> {
      yield* [0, 100].map(packet)
      await gate
    }
    const { clock, capture, run } = setUp(new PlannedCamera({ packets: packets() }))
    const { done, stop } = run()
    await clock.advance(0)
    expect(capture.preroll.since(monoMs(0)).map(({ at }) => at)).toEqual([0, 100])
    release()
    await clock.advance(0)
    expect(capture.preroll.since(monoMs(0))).toEqual([])
    stop()
    await done
  })

  it('has a packet in the preroll before it is handed on, so that a clip begun meanwhile has it', async () => {
    const seen: number[] = []
    const camera = new PlannedCamera({ packets: of([packet(0)]) })
    const rig = setUp(camera, {
      onPacket: async () => void seen.push(rig.capture.preroll.since(monoMs(0)).length),
    })
    const { done, stop } = rig.run()
    await rig.clock.advance(0)
    stop()
    await done
    expect(seen).toEqual([1])
  })

  it('tells of a gap that the camera marks, before the key frame after it', async () => {
    const packets = of([packet(0), packet(100), { ...packet(1000), isAfterLoss: true }, packet(1100)])
    const { clock, trace, run } = setUp(new PlannedCamera({ packets }))
    const { done, stop } = run()
    await clock.advance(0)
    stop()
    await done
    expect(trace).toEqual([
      ...['run @0', 'packet 0', 'packet 100', 'capture.packets_lost undefined', 'loss'],
      ...['packet 1000', 'packet 1100', 'end'],
    ])
  })

  it('opens a camera again and again, with growing pauses, until it is there', async () => {
    const absent = (): Fault => new Fault('unavailable', 'no camera')
    const camera = new PlannedCamera(absent(), absent(), absent(), { packets: of([packet(0)]) })
    const { clock, trace, run } = setUp(camera)
    const { done, stop } = run()
    await clock.advance(10_000)
    stop()
    await done
    // 250 ms doubled once, twice, three times: chance is at its most here.
    expect(trace).toEqual([
      ...Array<string>(3).fill('capture.camera_absent unavailable'),
      'run @3500',
      'packet 0',
      'end',
    ])
  })

  it('opens a camera again that hangs without a word, and waits for one that only plays a recording', async () => {
    for (const isRecording of [false, true]) {
      const hangs = async function* (): AsyncGenerator<Packet> {
        yield packet(0)
        await new Promise(() => {})
      }
      const camera = new PlannedCamera({ packets: hangs(), isRecording }, { packets: of([packet(1000)]) })
      const { clock, trace, run } = setUp(camera)
      const { stop } = run()
      await clock.advance(25_000)
      stop()
      const second = isRecording
        ? []
        : ['capture.camera_lost unavailable', 'end', 'run @20250', 'packet 1000', 'end']
      expect(trace).toEqual(['run @0', 'packet 0', ...second])
    }
  })

  it('leaves out a damaged packet and what needs it, up to the next key frame, and says so once', async () => {
    const damaged = { ...packet(100), data: Uint8Array.of(0, 0, 0, 9, 1) }
    const packets = [packet(0), damaged, packet(200), packet(900), packet(1000), packet(1100)]
    const { clock, trace, run } = setUp(new PlannedCamera({ packets: of(packets) }))
    const { done, stop } = run()
    await clock.advance(0)
    stop()
    await done
    expect(trace).toEqual([
      'run @0',
      'packet 0',
      'capture.packet_damaged undefined',
      'loss',
      'packet 1000',
      'packet 1100',
      'end',
    ])
  })

  it('ends a run whose decoding times go back', async () => {
    const camera = new PlannedCamera(
      { packets: of([packet(1000), packet(900)]) },
      { packets: of([packet(0)]) },
    )
    const { clock, trace, run } = setUp(camera)
    const { done, stop } = run()
    await clock.advance(1000)
    stop()
    await done
    expect(trace).toEqual([
      'run @0',
      'packet 1000',
      'capture.camera_lost unavailable',
      'end',
      'run @250',
      'packet 0',
      'end',
    ])
  })

  it('comes back soon when a camera that worked breaks, and says that the run ended', async () => {
    const broken = new Fault('unavailable', 'the cable')
    const camera = new PlannedCamera({ packets: of([packet(0)], broken) }, { packets: of([packet(100)]) })
    const { clock, trace, run } = setUp(camera)
    const { done, stop } = run()
    await clock.advance(10_000)
    stop()
    await done
    expect(trace).toEqual([
      'run @0',
      'packet 0',
      'capture.camera_lost unavailable',
      'end',
      'run @250',
      'packet 100',
      'end',
    ])
    expect(camera.closed).toBeGreaterThanOrEqual(2)
  })

  it('gives up a camera that can never work', async () => {
    const camera = new PlannedCamera(new Fault('invalid', 'no such mode'))
    const { clock, trace, run } = setUp(camera)
    const { done } = run()
    await clock.advance(100_000)
    await done
    expect(trace).toEqual(['capture.camera_unusable invalid'])
    expect(camera.opened).toBe(1)
  })

  it('goes on with packets when the pictures break', async () => {
    const frames = of<LumaFrame>([frame(0)], new Fault('corrupt', 'decoder'))
    const camera = new PlannedCamera({ packets: of([0, 100, 200].map(packet)), frames })
    const { clock, trace, run } = setUp(camera)
    const { done, stop } = run()
    await clock.advance(0)
    stop()
    await done
    expect(trace.filter((line) => line.startsWith('packet'))).toEqual([
      'packet 0',
      'packet 100',
      'packet 200',
    ])
    expect(trace).toContain('capture.frames_lost corrupt')
    expect(trace.at(-1)).toBe('end')
  })

  it('takes trouble of whoever takes the packets for a bug, not for the camera’s', async () => {
    const camera = new PlannedCamera({ packets: of([packet(0)]) })
    const { run } = setUp(camera, {
      onPacket: async () => {
        throw new Fault('full', 'no room')
      },
    })
    await expect(run().done).rejects.toMatchObject({ kind: 'bug', message: 'nobody took a packet: no room' })
    expect(camera.closed).toBeGreaterThanOrEqual(1)
  })

  it('lets a bug among the pictures end it at once, although packets would go on', async () => {
    const endless = async function* (): AsyncGenerator<Packet> {
      for (let at = 0; ; at += 100) {
        await new Promise((resolve) => setImmediate(resolve))
        yield packet(at)
      }
    }
    const camera = new PlannedCamera({ packets: endless(), frames: of([frame(0)]) })
    const { run } = setUp(camera, {
      onFrame: async () => {
        throw new TypeError('undefined is not a picture')
      },
    })
    await expect(run().done).rejects.toThrow('undefined is not a picture')
  })

  it('closes the camera when it is stopped, and does not call that the end of a run', async () => {
    const packets = async function* (): AsyncGenerator<Packet> {
      for (let at = 0; ; at += 100) {
        await new Promise((resolve) => setImmediate(resolve))
        yield packet(at)
      }
    }
    const camera = new PlannedCamera({ packets: packets() })
    const { clock, trace, run } = setUp(camera)
    const { done, stop } = run()
    await clock.advance(0)
    stop()
    await done
    expect(camera.closed).toBeGreaterThanOrEqual(1)
    expect(trace).not.toContain('end')
  })

  it('decodes what the gate asks for, from the key frame before what it suspects, and nothing else', async () => {
    const looks: number[] = []
    const { clock, trace, run } = setUp(cameraWithLook(looks), { gate: suspiciousFrom(3500, 2000) })
    const { done, stop } = run()
    await clock.advance(6000)
    stop()
    await done
    expect(looks).toEqual([1000])
    const frames = trace.filter((line) => line.startsWith('frame'))
    expect(frames[0]).toBe('frame 1000')
    expect(frames.at(-1)).toBe('frame 4200') // One more than was asked for, on which it notices.
    expect(frames).toHaveLength(33)
    expect(trace.filter((line) => line.startsWith('packet'))).toHaveLength(50)
  })

  it('decodes everything where no gate is asked, and where the camera cannot show pictures again', async () => {
    const looks: number[] = []
    const withoutGate = setUp(cameraWithLook(looks))
    const withoutLook = setUp(new PlannedCamera({ packets: of([packet(0)]), frames: of([frame(0)]) }), {
      gate: suspiciousFrom(3500, 2000),
    })
    for (const { clock, trace, run } of [withoutGate, withoutLook]) {
      const { done, stop } = run()
      await clock.advance(1000)
      stop()
      await done
      expect(trace).toContain('frame 0')
    }
    expect(looks).toEqual([])
  })

  it('tells the gate of which stream it is, and the kinds of its packets', async () => {
    const told: string[] = []
    const gate: NonNullable<CaptureDeps['gate']> = {
      restart: (stream) => void told.push(stream ?? 'no choice'),
      packet: ({ at, bytes, kind }) => {
        told.push(`${at} ${kind} ${bytes}`)
        return { decode: false, since: at, why: 'calm' }
      },
    }
    const { clock, run } = setUp(cameraWithLook([]), { gate })
    const { done, stop } = run()
    await clock.advance(100)
    stop()
    await done
    expect(told).toEqual(['h264 640×360', '0 key 5', '100 other 5'])
  })
})
