import { Fault, isFault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { retryDelayMs, type RetryRules } from '../base/retry.ts'
import type { PacketFact, PacketGate } from '../gate/index.ts'
import { isReferencePicture, isWholePacket, unitLengthBytes } from '../media/index.ts'
import type { Camera, CameraRun, LumaFrame, Packet, Track } from '../ports/camera.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { MonoMs } from '../base/time.ts'
import { Preroll, type PrerollRules } from './preroll.ts'
import { Watch } from './watch.ts'

const CLOSING_MS_MAX = 5000
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
  /** Says from the packets whether pictures are worth decoding; left out: always. */
  readonly gate?: Pick<PacketGate, 'packet' | 'restart'> | undefined
  /** Packets were damaged and left out, up to the next key frame. */
  readonly onLoss: () => Promise<void>
  /** The camera went away: what comes next, if ever, is another run. Not called when capture itself is stopped. */
  readonly onRunEnd: () => Promise<void>
}

export interface Capture {
  readonly preroll: Preroll
  /** The newest packets from a key frame on, and their track; undefined while there are none. */
  newest(): { readonly track: Track; readonly packets: readonly Packet[] } | undefined
  run(signal: AbortSignal): Promise<void>
}

export type CaptureRules = PrerollRules & {
  /** A camera that sends nothing for so long has hung, though its connection stands. */
  readonly stallMs: number
}

export function createCapture(deps: CaptureDeps, rules: CaptureRules): Capture {
  const preroll = new Preroll(rules)
  let track: Track | undefined
  const noting: CaptureDeps = {
    ...deps,
    onRun: async (next) => {
      track = next
      await deps.onRun(next)
    },
  }
  return {
    preroll,
    newest() {
      const packets = preroll.since(deps.clock.mono())
      return track === undefined || packets.length === 0 ? undefined : { track, packets }
    },
    async run(signal) {
      for (let attempt = 1; !signal.aborted; attempt++) {
        const outcome = await captureOnce(noting, { preroll, stallMs: rules.stallMs }, signal)
        if (outcome === 'hopeless') return
        if (outcome === 'played') attempt = 0
        const waitMs = retryDelayMs(attempt, deps.random.uniform(), RETRY)
        await deps.clock.sleep(waitMs, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
      }
    },
  }
}

const factOf = ({ at, data, isKey }: Packet, { codec }: Track): PacketFact => ({
  at,
  bytes: data.length,
  kind: isKey ? 'key' : isReferencePicture(data, codec) ? 'reference' : 'other',
})

/** `played`: at least one packet came, so the next try may come soon. `hopeless`: no use in trying again. */
type Outcome = 'played' | 'nothing' | 'hopeless'

async function captureOnce(
  deps: CaptureDeps,
  { preroll, stallMs }: { readonly preroll: Preroll; readonly stallMs: number },
  signal: AbortSignal,
): Promise<Outcome> {
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
    const lookFrom = (packet: Packet): MonoMs | undefined => {
      const advice = deps.gate?.packet(factOf(packet, run.track))
      return advice?.decode === true ? (preroll.since(advice.since)[0]?.at ?? packet.at) : undefined
    }
    await pump(run, { takePacket, lookFrom, stallMs }, deps, signal)
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
  {
    takePacket,
    lookFrom,
    stallMs,
  }: {
    readonly takePacket: (packet: Packet) => Promise<void>
    readonly lookFrom: (packet: Packet) => MonoMs | undefined
    readonly stallMs: number
  },
  deps: CaptureDeps,
  signal: AbortSignal,
): Promise<void> {
  let isOver = false
  let lastMs = deps.clock.mono()
  const enough = new AbortController()
  const each = async <T>(source: AsyncIterable<T>, what: string, take: (item: T) => Promise<void>) => {
    for await (const item of source) {
      if (isOver || signal.aborted) return
      await handOver(what, take(item))
    }
  }
  const watch = run.look === undefined || deps.gate === undefined ? undefined : new Watch(run.look)
  const { codec, width, height } = run.track
  deps.gate?.restart(run.look === undefined ? undefined : `${codec} ${width}×${height}`)
  const packets = each(sifted(run.packets, run.track, deps), 'a packet', async (packet) => {
    await takePacket(packet)
    lastMs = deps.clock.mono()
    watch?.want(lookFrom(packet))
  }).finally(() => watch?.close())
  const showing =
    watch === undefined
      ? each(run.frames, 'a picture', deps.onFrame)
      : watch.run((frame) => handOver('a picture', deps.onFrame(frame)), enough.signal)
  const frames = showing.catch((error: unknown) => {
    // Without pictures nobody is seen, but the button still records.
    if (!isOver && !signal.aborted) tellOrThrow(deps.log, 'capture.frames_lost', error)
  })
  const watching =
    run.isRecording === true ? [] : [untilStalled(deps.clock, () => lastMs, stallMs, enough.signal)]
  try {
    await Promise.race([Promise.all([packets, frames]), ...watching])
  } finally {
    isOver = true
    enough.abort()
    await run[Symbol.asyncDispose]()
    await settledSoon(deps.clock, [packets, frames])
  }
}

/** A camera that was closed ends what it was giving; one that does not is left behind. */
async function settledSoon(clock: Clock, giving: readonly Promise<void>[]): Promise<void> {
  const enough = new AbortController()
  const patience = clock.sleep(CLOSING_MS_MAX, enough).catch(() => {}) // Aborted below, when it was in time.
  await Promise.race([Promise.allSettled(giving), patience])
  enough.abort()
}

/** Rejects when nothing has come for too long; never resolves before it is stopped. One timer, however many packets come. */
async function untilStalled(
  clock: Clock,
  lastMs: () => number,
  stallMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const leftMs = lastMs() + stallMs - clock.mono()
    if (leftMs <= 0)
      throw new Fault('unavailable', `the camera has sent nothing for ${(stallMs / 1000).toFixed(0)} s`)
    await clock.sleep(leftMs, { signal }).catch(() => {}) // Stopped: the loop's condition ends it.
  }
}

/**
 * Keeps away what would spoil a clip: a damaged packet, and what needs it, up to the next key frame. Throws
 * `Fault('unavailable')` where decoding times go back: such a run cannot be told on.
 */
async function* sifted(
  packets: AsyncIterable<Packet>,
  track: Track,
  { onLoss, log }: Pick<CaptureDeps, 'onLoss' | 'log'>,
): AsyncGenerator<Packet, void> {
  const isWhole = unitLengthBytes(track.sampleEntry) === 4 ? isWholePacket : () => true
  let lastDts = -Infinity
  let isLost = false
  for await (const packet of packets) {
    const { data, dts, isKey } = packet
    if (dts <= lastDts)
      throw new Fault(
        'unavailable',
        `the camera’s times go back: wanted more than ${lastDts} ticks, got ${dts}`,
      )
    lastDts = dts
    const isDamaged = !isWhole(data)
    if (packet.isAfterLoss === true && !isLost) {
      log.warn('capture.packets_lost', { codec: track.codec })
      await handOver('the loss of packets', onLoss())
    }
    if (isDamaged && !isLost) log.warn('capture.packet_damaged', { bytes: data.length, codec: track.codec })
    if (isDamaged) await handOver('the loss of a packet', onLoss())
    isLost = isDamaged || (isLost && !isKey)
    if (!isLost) yield packet
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
