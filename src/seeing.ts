/** How it sees: which pictures are decoded, what moves in them, who it is, and what the owner is told of all that. */
import type { MonoMs } from './base/time.ts'
import { createCapture, type Capture } from './capture/index.ts'
import type { Config } from './config/index.ts'
import type { Desk } from './desk.ts'
import { createMotionDetector, type MotionEvent } from './detect/index.ts'
import { createPacketGate, createPirGate, type GateStatus, type PacketGate } from './gate/index.ts'
import type { LateClips } from './late-clips.ts'
import type { Live } from './live/index.ts'
import { filmOf } from './media/index.ts'
import type { Payload, Telemetry } from './mqtt/index.ts'
import { createNight, type Night } from './night/index.ts'
import type { CameraPath, LumaFrame } from './ports/camera.ts'
import type { Ports } from './ports/ports.ts'
import type { Area, VisionState } from './ports/vision.ts'
import { createRecogniser, zonesOf, type LookedAt, type Recogniser } from './recognise/index.ts'

/** What was made of one picture. */
export type Look = {
  readonly at: MonoMs
  /** From 0 to 1. */
  readonly score: number
  readonly moving: boolean
  readonly boxes: readonly Area[]
}

export type Seeing = {
  /** Which path the pictures take, where the camera tells. */
  readonly camera?: CameraPath
  readonly decoding: GateStatus
  readonly recognising: VisionState | { readonly state: 'off' }
}

export type EyesDeps = {
  readonly clips: LateClips
  readonly live: () => Pick<Live, 'beginRun' | 'take' | 'endRun'>
  readonly desk: () => Pick<Desk, 'take' | 'tellMotion'>
  readonly telemetry: Telemetry | undefined
  readonly tell: (event: MotionEvent) => void
  readonly onLook?: (look: Look) => void
  readonly onLookedAt?: (looked: LookedAt) => void
}

export interface Eyes {
  readonly capture: Capture
  readonly recogniser: Recogniser
  /** When the camera sent its last packet; undefined: it never has. */
  heardAt(): MonoMs | undefined
  /** PIR or press: worth a look. */
  sign(at: MonoMs): void
  seeing(): Seeing
  /** Switches the infrared light, where there is one; undefined: there is none. */
  readonly keepLight: ((signal: AbortSignal) => Promise<void>) | undefined
  /** Tells the broker now and then, until stopped. */
  tellSeeing(signal: AbortSignal): Promise<void>
}

const ALWAYS = 'the settings say that everything is decoded'
const SEEING_EVERY_MS = 300_000
export const POSTER_WIDTH_MAX = 1280

export function createEyes(ports: Ports, config: Config, deps: EyesDeps): Eyes {
  const gate = gateOf(config)
  const seeing = (): Seeing => seeingOf(ports, config, gate)
  const recogniser = recogniserFor(ports, config, { ...deps, newest: () => capture.newest() })
  let heardAt: MonoMs | undefined
  const heard = (): void => void (heardAt = ports.clock.mono())
  const night = nightFor(ports, config)
  const capture = captureFor(ports, config, { ...deps, recogniser, gate, heard, night })
  return {
    heardAt: () => heardAt,
    capture,
    recogniser,
    sign: (at) => gate.sign(at),
    seeing,
    keepLight: night === undefined ? undefined : (signal) => night.run(signal),
    tellSeeing: (signal) => tellSeeing(ports, { seeing, telemetry: deps.telemetry }, signal),
  }
}

const gateOf = ({ visit }: Config): PacketGate =>
  visit.fusion === 'pir-wakes-vision' ? createPirGate(createPacketGate()) : createPacketGate()

function nightFor({ clock, log, gpio }: Ports, { night, gpio: lines, device }: Config): Night | undefined {
  if (lines.infrared === undefined) return undefined
  const light = (isOn: boolean): Promise<void> => gpio.set('infrared', isOn)
  return createNight({ clock, log, light }, { ...night, timeZone: device.timeZone })
}

const seeingOf = ({ camera, vision }: Ports, { detect }: Config, gate: PacketGate): Seeing => ({
  ...(camera.path === undefined ? {} : { camera: camera.path() }),
  decoding: detect.decode === 'always' ? { ...gate.status(), why: ALWAYS } : gate.status(),
  recognising: vision === undefined || !detect.recognise ? { state: 'off' } : vision.state(),
})

/** Who or what it is; without a detector of people, the recogniser says that nobody knows. */
function recogniserFor(
  { vision, stills, clock, log }: Ports,
  config: Config,
  {
    clips,
    desk,
    newest,
    onLookedAt,
  }: Pick<EyesDeps, 'clips' | 'desk' | 'onLookedAt'> & { readonly newest: Capture['newest'] },
): Recogniser {
  const { detect } = config
  return createRecogniser(
    {
      ...{ stills, clock, log, newest, onLookedAt },
      vision: detect.recognise ? vision : undefined,
      onRecognised: (sign) => desk().take(sign),
      onBest: (visit, jpeg) => clips.show({ visit, jpeg }),
    },
    { zones: detect.zones, posterWidthMax: POSTER_WIDTH_MAX },
  )
}

type CaptureDeps = EyesDeps & {
  readonly night: Night | undefined
  readonly recogniser: Recogniser
  readonly gate: PacketGate
  readonly heard: () => void
}

function captureFor(ports: Ports, config: Config, deps: CaptureDeps): Capture {
  const { clips, live, gate, heard } = deps
  return createCapture(
    {
      ...ports,
      onRun: (track) => {
        live().beginRun(track)
        return clips.beginRun(track)
      },
      onPacket: (packet) => {
        heard()
        live().take(packet) // Whoever watches does not wait for the disk.
        return clips.take(packet)
      },
      onFrame: lookAtFrames(config, deps),
      gate: config.detect.decode === 'always' ? undefined : gate,
      onLoss: () => clips.noteLoss(),
      onRunEnd: () => {
        live().endRun()
        return clips.endRun()
      },
    },
    config.capture,
  )
}

function lookAtFrames(
  config: Config,
  { desk, recogniser, gate, tell, onLook, night }: CaptureDeps,
): (frame: LumaFrame) => Promise<void> {
  const detector = createMotionDetector(config.detect)
  let onset: MonoMs | undefined
  return async (frame) => {
    night?.note(frame)
    const { moving, score, boxes, events } = detector.step(frame)
    onLook?.({ at: frame.at, score, moving, boxes })
    const zones = [...new Set(boxes.flatMap((box) => zonesOf(box, config.detect.zones)))]
    for (const event of events) {
      tell(event)
      if (event.kind === 'motion-began') await desk().take({ kind: 'motion', at: event.at, zones })
      else if (event.hasLeft) await desk().take({ kind: 'left', at: event.at })
      await desk().tellMotion(event.kind === 'motion-began' ? 'on' : 'off', event.at)
    }
    for (const event of events) onset = event.kind === 'motion-began' ? event.at : undefined
    gate.looked({ at: frame.at, moving, onset })
    recogniser.moved(frame.at, boxes)
    if (moving) await desk().take({ kind: 'motion', at: frame.at, zones })
  }
}

/** The broker hears now and then what is decoded, and what cannot be recognised, when that has changed. */
async function tellSeeing(
  ports: Ports,
  { seeing, telemetry }: { readonly seeing: () => Seeing; readonly telemetry: Telemetry | undefined },
  signal: AbortSignal,
): Promise<void> {
  let told = ''
  while (!signal.aborted) {
    const payload = seeingMessage(seeing())
    const { savedS: _, decodedShare: __, ...news } = payload
    if (JSON.stringify(news) !== told) await telemetry?.publish('seeing', payload)
    told = JSON.stringify(news)
    await ports.clock.sleep(SEEING_EVERY_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
  }
}

const seeingMessage = ({ camera, decoding, recognising }: Seeing): Payload => ({
  ...(camera === undefined ? {} : { detection: camera.detection, detectionWhy: camera.why }),
  trusted: decoding.trusted,
  why: decoding.why,
  decodedShare: Math.round(decoding.decodedShare * 1000) / 1000,
  savedS: Math.round(decoding.savedS),
  recognising: recognising.state,
  ...('why' in recognising ? { missing: recognising.why } : {}),
})

/** The newest key frame as JPEG, decoded when asked for; undefined while there is no picture. */
export function newestPicture(
  { stills }: Pick<Ports, 'stills'>,
  { capture }: Pick<Eyes, 'capture'>,
): ((signal: AbortSignal) => Promise<Uint8Array>) | undefined {
  const { track, packets: [key] = [] } = capture.newest() ?? {}
  if (track === undefined || key === undefined) return undefined
  return (signal) =>
    stills.jpegOf(filmOf(track, [{ ...key, pts: key.dts }]), { widthMax: POSTER_WIDTH_MAX, signal })
}
