/**
 * The wiring. Read it from top to bottom: sinks first, sources last, so that closing (newest first)
 * stops the camera before the recorder and the recorder before the uploads.
 */
import { isFault } from './base/fault.ts'
import type { VisitId } from './base/ids.ts'
import { openScope, startLoop, type Scope } from './base/scope.ts'
import type { MonoMs } from './base/time.ts'
import { createChime, type Chime } from './chime/index.ts'
import { createClockTrust, type ClockTrust, type KnownTime } from './clock-trust/index.ts'
import type { ClipHappening, Clips } from './clips/index.ts'
import { privateZonesRecorded, type Config } from './config/index.ts'
import { createDesk, type Desk } from './desk.ts'
import type { Ledger } from './ledger/index.ts'
import { createHealth, type Alarm, type AlarmKind, type Health, type Vital } from './health/index.ts'
import { createLamp, type Lamp } from './lamp/index.ts'
import { createLines, type LineSign, type Lines } from './lines/index.ts'
import { startActions } from './action-side.ts'
import { startBrokerSide } from './broker-side.ts'
import { createLive, serveRtsp, type Live } from './live/index.ts'
import { createTalk, type Talk } from './talk/index.ts'
import { createTelemetry, type Payload, type Telemetry } from './mqtt/index.ts'
import type { OrderHouse } from './orders/index.ts'
import type { InputLine } from './ports/gpio.ts'
import type { Ports } from './ports/ports.ts'
import { createQuiet, type Quiet, type QuietState, type Silenced } from './quiet/index.ts'
import type { IndexRebuilt } from './rebuild.ts'
import type { LookedAt } from './recognise/index.ts'
import { createEyes, newestPicture, type Eyes, type Look, type Seeing } from './seeing.ts'
import { createStorage, type Storage } from './storage.ts'
import { openDeviceKey, type ClipSeal, type ClipSealMaker, type DeviceKey } from './vault/index.ts'
import type { SignKind, VisitLabel } from './visits/index.ts'
import type { ClipShelf } from './web/index.ts'

export type Happening =
  /** The recessed button was held: whoever did it is inside the house, or has taken the doorbell off the wall. */
  | { readonly kind: 'reset'; readonly at: MonoMs }
  | { readonly kind: 'line-stuck' | 'line-free'; readonly line: InputLine; readonly at: MonoMs }
  | { readonly kind: 'motion-began'; readonly at: MonoMs }
  | { readonly kind: 'motion-ended'; readonly at: MonoMs }
  | {
      readonly kind: 'press'
      readonly at: MonoMs
      readonly visit: VisitId
      readonly id: string
      /** In quiet hours: what the household wants silent; otherwise empty. */
      readonly silent: readonly Silenced[]
    }
  | { readonly kind: 'visit-began'; readonly visit: VisitId; readonly from: MonoMs; readonly sign: SignKind }
  | {
      readonly kind: 'visit-ended'
      readonly visit: VisitId
      readonly from: MonoMs
      readonly to: MonoMs
      readonly signs: readonly SignKind[]
      readonly labels: readonly VisitLabel[]
    }
  | {
      readonly kind: 'notice'
      readonly visit: VisitId
      readonly at: MonoMs
      readonly what: string
      readonly zone?: string
    }
  | ClipHappening
  | Alarm
  /** The index was damaged or gone. Presses that were not told yet are lost with it. */
  | IndexRebuilt

export type DoorbellOptions = {
  readonly onHappening?: (happening: Happening) => void
  /** What was made of each picture: `score` from 0 to 1. Often: five times a second. */
  readonly onLook?: (look: Look) => void
  /** Each picture in which people and things were looked for, during visits. */
  readonly onLookedAt?: (looked: LookedAt) => void
  /** A loop that throws is a bug; whoever started the doorbell ends the process. */
  readonly onCrash: (error: unknown) => void
  /** Who changes settings and carries out the owner's orders; left out: clips can be held and deleted, nothing else. */
  readonly house?: OrderHouse & Required<Pick<OrderHouse, 'set'>>
  /** Of the software. */
  readonly version?: string
  /**
   * Storage that cannot be opened silences no bell: the doorbell is up at once, raises `storage-failed` and tries again, as a device
   * on a wall must. Left out, the start waits for the storage, and throws when it cannot be opened.
   */
  readonly ringsWithoutStorage?: boolean
  /** Only tests hand in another: one that seals nothing, to show that the search for plaintext would find it. */
  readonly sealClip?: ClipSealMaker
}

export interface Doorbell extends AsyncDisposable {
  readonly clips: ClipShelf
  readonly live: Live
  readonly talk: Talk
  readonly ledger: Pick<Ledger, 'append'>
  /** Resolves with true once the storage is open, with false when the doorbell is stopped before. Before that, whatever needs clips or ledger throws `Fault('unavailable')`. */
  opened(): Promise<boolean>
  /** Why the storage cannot be opened; undefined while it can, or nobody knows yet. */
  storageProblem(): string | undefined
  /** Makes a picture of what is there now and seals it to the household; undefined while there is no picture, or nothing to seal it with. */
  picture(): (() => Promise<Uint8Array>) | undefined
  /** Rings in the house, as for a press. */
  ring(): void
  /** How many clips are kept here, their bytes, and in how many days they were begun. */
  kept(): ReturnType<Clips['kept']>
  /** When the camera sent its last packet; undefined: it never has. */
  heardAt(): MonoMs | undefined
  /** Somebody wants to see what the detector makes of the picture: it is decoded for a while. */
  look(): void
  /** True when nobody is there and no clip grows. */
  isIdle(): boolean
  /** `clips`: ended, but the disk was too full to seal them. */
  waiting(): { readonly uploads: number; readonly messages: number; readonly clips: number }
  /** In memory, of what the camera sent. */
  held(): { readonly prerollBytes: number }
  published(): number
  /** What somebody should look after, in the order it began. */
  alarms(): readonly AlarmKind[]
  /** What is decoded and why, and who recognises. */
  seeing(): Seeing
  /** What the watchdog looks at. */
  vitals(): readonly Vital[]
  /** Whether it is quiet now, and until when. */
  quiet(): QuietState
}

/**
 * The bell first: from the moment the key is read, presses chime and are told. Storage opens beside that, and takes over the visit
 * that goes on by then.
 */
export async function startDoorbell(
  ports: Ports,
  config: Config,
  options: DoorbellOptions,
): Promise<Doorbell> {
  return openScope(async (scope) => {
    const loop = loopsOf(scope, options)
    const lamp = startLamp(ports, loop)
    const ears: Tell[] = [options.onHappening ?? (() => {}), startActions(ports, config, loop), lampOf(lamp)]
    const key = await openDeviceKey(ports)
    const clockTrust = clockTrustFor(ports, { storage: () => storage, telemetry: () => telemetry })
    const telemetry = createTelemetryFor(ports, config, { device: key.name, clockTrust })
    const uploadsStuckMs = (): number => storage.opened()?.uploads?.stuckMs() ?? 0
    const { health, tell } = healthFor(ports, { telemetry, clockTrust, uploadsStuckMs }, (happening) =>
      ears.forEach((hear) => hear(happening)),
    )
    loop('clock-trust', (signal) => clockTrust.run(signal))
    if (telemetry !== undefined) loop('telemetry', (signal) => telemetry.run(signal))
    const storage: Storage = scope.own(
      'storage',
      createStorage({
        ...{ ...options, ports, config, key, telemetry, tell },
        onProblem: (isOn) => health.note('storage-failed', isOn),
        prerollSince: (at) => eyes.capture.preroll.since(at),
      }),
    )
    loop('health', (signal) => health.run(signal))
    const { chime, talk } = startSound(ports, { config, telemetry }, loop)
    const quiet = createQuiet(ports, { ...config.quietHours, timeZone: config.device.timeZone })
    const eyes: Eyes = createEyes(ports, config, {
      ...{ ...options, clips: storage.late, telemetry, tell, live: () => live, desk: () => desk },
    })
    const live = scope.own('live', liveOf(ports, { key, eyes, talk, lamp }))
    const desk: Desk = createDesk({
      ...{ ports, config, clips: storage.late, telemetry, quiet, tell, ring: () => chime.ring() },
      edgesAround: (presses) => lines.edgesAround(presses),
      onVisit: (visit) => eyes.recogniser.visit(visit),
    })
    startSeeing(eyes, loop)
    startDesk(desk, loop)
    const lines = linesFor(ports, config, { desk, eyes, tell, onCrash: options.onCrash })
    loop('lines', (signal) => lines.run(signal))
    loop('capture', (signal) => eyes.capture.run(signal))
    await startRtsp(scope, ports, { config, live })
    const opened = await openStorage(storage, options)
    const seen = { heardAt: () => eyes.heardAt(), picture: () => newestPicture(ports, eyes) }
    ears.push(startBrokerSide({ ...seen, ports, config, telemetry, storage, opened, key, options, loop }))
    return {
      ...doorbellOf({ ports, desk, storage, telemetry, health, eyes, quiet }),
      ...{ live, talk, opened, ring: () => chime.ring() },
      picture: () => pictureOf(ports, eyes, storage.opened()?.sealClip),
      vitals: () => vitalsOf({ lines, chime, desk }),
    }
  })
}

/** The result waits in an object of its own: a promise that is returned would be waited for. */
async function openStorage(
  storage: Storage,
  { ringsWithoutStorage = false, onCrash }: DoorbellOptions,
): Promise<() => Promise<boolean>> {
  if (!ringsWithoutStorage) {
    await storage.open()
    return () => Promise.resolve(true)
  }
  const opening = storage.openInTheEnd().catch((error: unknown) => {
    onCrash(error)
    return false
  })
  return () => opening
}

async function enterClock(storage: Storage, known: KnownTime): Promise<void> {
  const { ledger, noteStart, boot } = storage.mustBeOpen()
  await noteStart()
  await ledger.append({ type: 'clock', boot, ...known }, [])
}

type Parts = {
  readonly ports: Ports
  readonly desk: Desk
  readonly storage: Storage
  readonly telemetry: Telemetry | undefined
  readonly health: Health
  readonly eyes: Eyes
  readonly quiet: Quiet
}

const doorbellOf = ({
  ports,
  desk,
  storage,
  telemetry,
  health,
  eyes,
  quiet,
}: Parts): Omit<
  Doorbell,
  keyof AsyncDisposable | 'live' | 'talk' | 'ring' | 'picture' | 'opened' | 'vitals'
> => ({
  clips: shelfOf(storage),
  ledger: { append: async (entry, alongside) => storage.mustBeOpen().ledger.append(entry, alongside) },
  kept: () => storage.opened()?.clips.kept() ?? { clips: 0, bytes: 0, days: 0 },
  isIdle: () => desk.isIdle() && storage.opened()?.clips.idle() !== false,
  waiting: () => ({
    uploads: storage.opened()?.uploads?.waiting().objects ?? 0,
    messages: telemetry?.waiting() ?? 0,
    clips: storage.opened()?.clips.unsealed() ?? 0,
  }),
  held: () => ({ prerollBytes: eyes.capture.preroll.bytes }),
  published: () => telemetry?.published() ?? 0,
  alarms: () => health.alarms(),
  seeing: () => eyes.seeing(),
  quiet: () => quiet.state(),
  look: () => eyes.sign(ports.clock.mono()),
  heardAt: () => eyes.heardAt(),
  storageProblem: () => storage.problem(),
})

/**
 * What stands between a finger and the bell must never hang; what a disk does may take long, and a card that is slow
 * is no reason to start anew.
 */
const vitalsOf = ({
  lines,
  chime,
  desk,
}: {
  readonly lines: Lines
  readonly chime: Chime
  readonly desk: Desk
}): readonly Vital[] => [
  { name: 'lines', busyMs: () => lines.overdueMs(), busyMsMax: 5000 },
  { name: 'chime', busyMs: () => chime.busyMs(), busyMsMax: 10_000 },
  { name: 'desk', busyMs: () => desk.busyMs(), busyMsMax: 300_000 },
]
/** Every call says why, as long as there are no clips to be shown. */
function shelfOf(storage: Storage): ClipShelf {
  const shelf = (): ClipShelf => storage.mustBeOpen().clips.shelf
  return {
    list: async (...args) => shelf().list(...args),
    read: async (...args) => shelf().read(...args),
    hold: async (...args) => shelf().hold(...args),
    remove: async (...args) => shelf().remove(...args),
    keepGrant: async (...args) => shelf().keepGrant(...args),
    grants: async (...args) => shelf().grants(...args),
  }
}

function liveOf(
  ports: Ports,
  {
    key,
    eyes,
    talk,
    lamp,
  }: { readonly key: DeviceKey; readonly eyes: Eyes; readonly talk: Talk; readonly lamp: Lamp },
): Live {
  return createLive({
    ...ports,
    talk: ports.audio === undefined ? undefined : talk,
    prerollSince: (at) => eyes.capture.preroll.since(at),
    sign: (text) => key.sign(text),
    onViewers: (viewers) => lamp.watching(viewers.length > 0),
  })
}

/** A port that is taken makes nobody deaf. */
async function startRtsp(
  scope: Scope,
  { rtsp, clock, random, log }: Ports,
  { config, live }: { readonly config: Config; readonly live: Live },
): Promise<void> {
  const { port, host, username } = config.live.rtsp
  if (rtsp === undefined || port === 0) return
  try {
    const { server, password } = rtsp
    scope.own(
      'rtsp',
      await serveRtsp({ live, server, clock, random, log }, { host, port, username, password }),
    )
  } catch (error) {
    if (!isFault(error)) throw error
    log.error('live.rtsp_closed', { host, port, problem: error.message })
  }
}

/** The key frame is taken now, however long decoding takes. */
function pictureOf(
  ports: Ports,
  eyes: Eyes,
  sealClip: (() => Promise<ClipSeal>) | undefined,
): (() => Promise<Uint8Array>) | undefined {
  const picture = newestPicture(ports, eyes)
  if (picture === undefined || sealClip === undefined) return undefined
  const { signal } = new AbortController() // The driver bounds its own time.
  return async () => (await sealClip()).seal(await picture(signal))
}

const clockTrustFor = (
  ports: Ports,
  {
    storage,
    telemetry,
  }: { readonly storage: () => Storage; readonly telemetry: () => Telemetry | undefined },
): ClockTrust =>
  createClockTrust({
    ...ports,
    append: (known) => enterClock(storage(), known),
    onKnown: () => telemetry()?.giveTimes(),
  })

/** A visit that is over is recorded no more, whatever becomes of its clip. */
const lampOf =
  (lamp: Lamp): Tell =>
  ({ kind }) => {
    if (kind === 'clip-began') lamp.recording(true)
    if (kind === 'visit-ended' || kind === 'storage-failed') lamp.recording(false)
  }

function startLamp(ports: Ports, loop: Loop): Lamp {
  const lamp = createLamp(ports)
  loop('lamp', (signal) => lamp.run(signal))
  return lamp
}

function startSound(
  ports: Ports,
  { config, telemetry }: { readonly config: Config; readonly telemetry: Telemetry | undefined },
  loop: Loop,
): { readonly chime: Chime; readonly talk: Talk } {
  const tellOthers = async (): Promise<void> => {
    const { at, trusted } = ports.clock.wall()
    await telemetry?.tellNow('chime', { at: Math.round(at), trustedClock: trusted })
  }
  const chime = createChime({ ...ports, ...(config.chime.mqtt ? { tellOthers } : {}) }, config.chime)
  const talk = createTalk(ports, config.sound)
  loop('chime', (signal) => chime.run(signal))
  loop('talk', (signal) => talk.run(signal))
  return { chime, talk }
}

function startDesk(desk: Desk, loop: Loop): void {
  loop('desk', (signal) => desk.run(signal))
  loop('quiet', (signal) => desk.watchQuiet(signal))
}

function startSeeing(eyes: Eyes, loop: Loop): void {
  loop('recogniser', (signal) => eyes.recogniser.run(signal))
  loop('seeing', (signal) => eyes.tellSeeing(signal))
  if (eyes.keepLight !== undefined) loop('night', eyes.keepLight)
}

type Tell = (happening: Happening) => void

/** Everything that happens is told to whoever started us, and what is an alarm, or concerns a clip, to the broker. */
function healthFor(
  ports: Ports,
  {
    telemetry,
    clockTrust,
    uploadsStuckMs,
  }: {
    readonly telemetry: Telemetry | undefined
    readonly clockTrust: ClockTrust
    readonly uploadsStuckMs: () => number
  },
  onHappening: Tell,
): { readonly health: Health; readonly tell: Tell } {
  const publish = (kind: 'clip' | 'alarm' | 'health', payload: Payload): void => {
    telemetry?.publish(kind, payload).catch(() => {}) // Only a press is written to disk, so only a press can fail.
  }
  const health = createHealth({
    board: ports.board,
    uploadsStuckMs: ports.store === undefined ? undefined : uploadsStuckMs,
    clock: ports.clock,
    log: ports.log,
    onAlarm: (alarm) => {
      onHappening(alarm)
      const { at, trusted } = ports.clock.wall()
      publish('alarm', { what: alarm.what, state: alarm.state, at: Math.round(at), trustedClock: trusted })
      publish('health', { alarms: health.alarms().join(', ') })
    },
  })
  const stuck = new Set<InputLine>()
  const tell: Tell = (happening) => {
    onHappening(happening)
    const message = clipMessage(happening)
    if (message !== undefined) publish('clip', message)
    if (happening.kind === 'clip-began' && !happening.clockTrusted) clockTrust.noteUntimed('clip')
    if (happening.kind === 'storage-failed') health.note('storage-failed', true)
    if (happening.kind === 'index-rebuilt') health.note('index-rebuilt', true)
    if (happening.kind === 'line-stuck') stuck.add(happening.line)
    if (happening.kind === 'line-free') stuck.delete(happening.line)
    if (happening.kind === 'line-stuck' || happening.kind === 'line-free')
      health.note('line-stuck', stuck.size > 0)
  }
  return { health, tell }
}

type Loop = (name: string, run: (signal: AbortSignal) => Promise<void>) => void

const loopsOf =
  (scope: Scope, { onCrash }: DoorbellOptions): Loop =>
  (name, run) => {
    scope.own(name, startLoop(run, onCrash))
  }

/** At every start, so that it is not forgotten. Throws where the owner has not chosen that they may be recorded. */
function warnOfPrivate({ camera, log }: Ports, config: Config): void {
  const zones = privateZonesRecorded(config, camera)
  if (zones.length > 0) log.warn('private_zones.recorded', { zones: zones.join(', ') })
}

function createTelemetryFor(
  ports: Ports,
  config: Config,
  { device, clockTrust }: { readonly device: string; readonly clockTrust: ClockTrust },
): Telemetry | undefined {
  warnOfPrivate(ports, config)
  const { broker, clock, records, log } = ports
  if (broker === undefined) return undefined
  return createTelemetry(
    { broker, clock, records, log, onUntimed: () => clockTrust.noteUntimed('message') },
    {
      prefix: config.mqtt?.prefix ?? 'lintel',
      device,
      name: config.device.name,
      privateRecorded: privateZonesRecorded(config, ports.camera),
    },
  )
}

/** Nothing is waited for here: the next edge is on its way. What goes wrong ends the desk's own loop. */
function linesFor(
  ports: Ports,
  config: Config,
  {
    desk,
    eyes,
    tell,
    onCrash,
  }: Pick<DoorbellOptions, 'onCrash'> & {
    readonly desk: Desk
    readonly eyes: Eyes
    readonly tell: Tell
  },
): Lines {
  const onSign = (sign: LineSign): void => {
    if ('line' in sign) {
      ports.log[sign.kind === 'line-stuck' ? 'error' : 'info'](`lines.${sign.kind}`, { line: sign.line })
      tell(sign)
      return
    }
    if (sign.kind === 'traced') {
      desk.noteAgain()
      return
    }
    if (sign.kind === 'reset') {
      ports.log.warn('lines.reset_held')
      tell(sign)
      return
    }
    if (sign.kind === 'press' || sign.active) eyes.sign(sign.at)
    desk.take(sign).catch(onCrash)
  }
  const { pirWarmUpMs, ...rules } = config.lines
  const upMs = ports.board?.upMs?.()
  return createLines(
    { ...ports, onSign, warmInMs: upMs === undefined ? 0 : Math.max(0, pirWarmUpMs - upMs) },
    { ...rules, pirStuckMs: config.visit.pirHoldMsMax },
  )
}

/** The broker hears of clips as they get along; not of every part. */
function clipMessage(happening: Happening): Payload | undefined {
  switch (happening.kind) {
    case 'clip-sealed': {
      const { clip, visit, parts, bytes, from, to } = happening
      return { state: 'sealed', clip, visit, parts, bytes, durationMs: Math.round(to - from) }
    }
    case 'clip-uploaded':
      return { state: 'uploaded', clip: happening.clip }
    case 'clip-expired':
      return { state: 'expired', clip: happening.clip }
    default:
      return undefined
  }
}
