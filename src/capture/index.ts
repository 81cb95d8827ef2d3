/**
 * Capture: camera → packets → preroll, and small pictures for whoever looks for movement.
 *
 * Owns: the camera session and the preroll.
 * Promises: packets are handed on in decoding order and untouched; a run begins before its first packet and ends after its last.
 * When full: the preroll drops whole groups of pictures, oldest first (`prerollMs`, `prerollBytesMax`).
 * When it fails: a camera that breaks or goes away is opened again and again, with growing pauses; everybody is told that the run ended.
 * Stopping: `run` ends when its signal is aborted, after the camera is closed.
 * Not its job: clips (`clips/`), motion (`detect/`), decoding (a driver).
 * See: `preroll.ts`; `../doorbell.ts` joins it with the recorder.
 */
import { isAbort, isFault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { retryDelayMs, type RetryRules } from '../base/retry.ts'
import type { Camera, CameraRun, LumaFrame, Packet, Track } from '../ports/camera.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import { Preroll, type PrerollRules } from './preroll.ts'

export { Preroll, type PrerollRules } from './preroll.ts'

const RETRY: RetryRules = { delayMsMin: 250, delayMsMax: 30_000 }

export type CaptureDeps = {
  readonly camera: Camera
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly onRun: (track: Track) => Promise<void>
  readonly onPacket: (packet: Packet) => Promise<void>
  readonly onFrame: (frame: LumaFrame) => Promise<void>
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
        if (await captureOnce(deps, preroll, signal)) attempt = 0
        const waitMs = retryDelayMs(attempt, deps.random.uniform(), RETRY)
        await deps.clock.sleep(waitMs, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
      }
    },
  }
}

/** One run. True when there was at least one packet, so that the next try may come soon. */
async function captureOnce(deps: CaptureDeps, preroll: Preroll, signal: AbortSignal): Promise<boolean> {
  let packets = 0
  let isRunning = false
  try {
    await using run = await deps.camera.open({ signal })
    await deps.onRun(run.track)
    isRunning = true
    const takePacket = async (packet: Packet): Promise<void> => {
      packets++
      preroll.push(packet)
      await deps.onPacket(packet)
    }
    await pump(run, takePacket, deps, signal)
  } catch (error) {
    if (isFault(error, 'bug') || !isFault(error)) {
      if (!isAbort(error) && !signal.aborted) throw error
    } else if (!signal.aborted)
      deps.log.warn('capture.camera_lost', { kind: error.kind, problem: messageOf(error) })
  } finally {
    preroll.clear()
    // Asked to stop, it is not the camera that went away: whoever records ends its clip when it is stopped itself.
    if (isRunning && !signal.aborted) await deps.onRunEnd()
  }
  return packets > 0
}

/** Packets and pictures side by side; when one of them fails the other is stopped by closing the run. */
async function pump(
  run: CameraRun,
  takePacket: (packet: Packet) => Promise<void>,
  deps: CaptureDeps,
  signal: AbortSignal,
): Promise<void> {
  const packets = async (): Promise<void> => {
    for await (const packet of run.packets) {
      if (signal.aborted) return
      await takePacket(packet)
    }
  }
  const frames = async (): Promise<void> => {
    for await (const frame of run.frames) {
      if (signal.aborted) return
      await deps.onFrame(frame)
    }
  }
  const looking = frames().catch((error: unknown) => {
    // Without pictures nobody is seen, but the button still records: the packets go on.
    if (!isFault(error) || error.kind === 'bug') throw error
    if (!signal.aborted)
      deps.log.error('capture.frames_lost', { kind: error.kind, problem: messageOf(error) })
  })
  looking.catch(() => {}) // Waited for below; until then it must not count as unhandled.
  await packets()
  await looking
}
