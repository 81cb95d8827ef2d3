import { Fault, isFault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { retryDelayMs, type RetryRules } from '../base/retry.ts'
import type { Camera, CameraRun, LumaFrame, Packet, Track } from '../ports/camera.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import { Preroll, type PrerollRules } from './preroll.ts'

const RETRY: RetryRules = { delayMsMin: 250, delayMsMax: 30_000 }

export type CaptureDeps = {
  readonly camera: Camera
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Packets of this track follow. */
  readonly onRun: (track: Track) => Promise<void>
  readonly onPacket: (packet: Packet) => Promise<void>
  readonly onFrame: (frame: LumaFrame) => Promise<void>
  /** The camera went away: what comes next, if ever, is another run. Not called when capture itself is stopped. */
  readonly onRunEnd: () => Promise<void>
}

export interface Capture {
  readonly preroll: Preroll
  run(signal: AbortSignal): Promise<void>
}

export function createCapture(deps: CaptureDeps, rules: PrerollRules): Capture {
  const preroll = new Preroll(rules)
  return {
    preroll,
    async run(signal) {
      for (let attempt = 1; !signal.aborted; attempt++) {
        const outcome = await captureOnce(deps, preroll, signal)
        if (outcome === 'hopeless') return
        if (outcome === 'played') attempt = 0
        const waitMs = retryDelayMs(attempt, deps.random.uniform(), RETRY)
        await deps.clock.sleep(waitMs, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
      }
    },
  }
}

/** `played`: at least one packet came, so the next try may come soon. `hopeless`: no use in trying again. */
type Outcome = 'played' | 'nothing' | 'hopeless'

async function captureOnce(deps: CaptureDeps, preroll: Preroll, signal: AbortSignal): Promise<Outcome> {
  const run = await openCamera(deps, signal)
  if (run === 'nothing' || run === 'hopeless') return run
  let packets = 0
  const takePacket = async (packet: Packet): Promise<void> => {
    packets++
    preroll.push(packet)
    await deps.onPacket(packet)
  }
  try {
    await handOver('the track', deps.onRun(run.track))
    await pump(run, takePacket, deps, signal)
  } catch (error) {
    if (!signal.aborted) tellOrThrow(deps.log, 'capture.camera_lost', error)
  } finally {
    await run[Symbol.asyncDispose]()
    preroll.clear()
  }
  if (!signal.aborted) await deps.onRunEnd()
  return packets > 0 ? 'played' : 'nothing'
}

async function openCamera(
  { camera, log }: CaptureDeps,
  signal: AbortSignal,
): Promise<CameraRun | 'nothing' | 'hopeless'> {
  try {
    return await camera.open({ signal })
  } catch (error) {
    if (signal.aborted) return 'nothing'
    const isHopeless = isFault(error, 'invalid')
    tellOrThrow(log, isHopeless ? 'capture.camera_unusable' : 'capture.camera_absent', error)
    return isHopeless ? 'hopeless' : 'nothing'
  }
}

/** Packets and pictures side by side. When one of them breaks, the run is closed, which ends the other too. */
async function pump(
  run: CameraRun,
  takePacket: (packet: Packet) => Promise<void>,
  deps: CaptureDeps,
  signal: AbortSignal,
): Promise<void> {
  let isOver = false
  const each = async <T>(source: AsyncIterable<T>, what: string, take: (item: T) => Promise<void>) => {
    for await (const item of source) {
      if (isOver || signal.aborted) return
      await handOver(what, take(item))
    }
  }
  const packets = each(run.packets, 'a packet', takePacket)
  const frames = each(run.frames, 'a picture', deps.onFrame).catch((error: unknown) => {
    // Without pictures nobody is seen, but the button still records.
    if (!isOver && !signal.aborted) tellOrThrow(deps.log, 'capture.frames_lost', error)
  })
  try {
    await Promise.all([packets, frames])
  } finally {
    isOver = true
    await run[Symbol.asyncDispose]()
    await Promise.allSettled([packets, frames])
  }
}

/** Whoever takes it handles his own weather; what he lets through must not be taken for the camera's. */
async function handOver(what: string, taking: Promise<void>): Promise<void> {
  await taking.catch((cause: unknown) => {
    throw new Fault('bug', `nobody took ${what}: ${messageOf(cause)}`, { cause })
  })
}

/** Weather is told; a broken promise of ours is not ours to hide. */
function tellOrThrow(log: Log, event: string, error: unknown): void {
  if (!isFault(error) || error.kind === 'bug') throw error
  log.warn(event, { kind: error.kind, problem: error.message })
}
