/**
 * The wiring. Read it from top to bottom: sinks first, sources last, so that closing (newest first)
 * stops the camera before the recorder and the recorder before the uploads.
 */
import { isFault } from './base/fault.ts'
import type { ClipId, VisitId } from './base/ids.ts'
import { openScope, startLoop, type Scope } from './base/scope.ts'
import type { MonoMs } from './base/time.ts'
import { createChime, type Chime } from './chime/index.ts'
import { createClockTrust, type ClockTrust } from './clock-trust/index.ts'
import { createClips, type ClipHappening, type ClipRules, type Clips } from './clips/index.ts'
import { privateZonesRecorded, type Config } from './config/index.ts'
import { createDesk, type Desk } from './desk.ts'
import { openLedger, type Ledger } from './ledger/index.ts'
import { createHealth, type Alarm, type AlarmKind, type Health, type Vital } from './health/index.ts'
import { createLines, type LineSign, type Lines } from './lines/index.ts'
import { createLive, serveRtsp, type Live } from './live/index.ts'
import { createTelemetry, type Payload, type Telemetry } from './mqtt/index.ts'
import type { InputLine } from './ports/gpio.ts'
import type { Ports } from './ports/ports.ts'
import type { Change } from './ports/records.ts'
import { BOOT_KEY, rebuildIndex, type IndexRebuilt } from './rebuild.ts'
import type { LookedAt } from './recognise/index.ts'
import { createEyes, newestPicture, POSTER_WIDTH_MAX, type Eyes, type Look, type Seeing } from './seeing.ts'
import { createUploads, type QueuedJob, type UploadJob, type Uploads } from './upload/index.ts'
import {
  beginClipSeal,
  openDeviceKey,
  openRecipients,
  type ClipSeal,
  type ClipSealMaker,
  type DeviceKey,
  type Recipients,
} from './vault/index.ts'
import type { SignKind, VisitLabel } from './visits/index.ts'
import type { ClipShelf } from './web/index.ts'

export type Happening =
  | { readonly kind: 'line-stuck' | 'line-free'; readonly line: InputLine; readonly at: MonoMs }
  | { readonly kind: 'motion-began'; readonly at: MonoMs }
  | { readonly kind: 'motion-ended'; readonly at: MonoMs }
  | { readonly kind: 'press'; readonly at: MonoMs; readonly visit: VisitId; readonly id: string }
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
  /** Only tests hand in another: one that seals nothing, to show that the search for plaintext would find it. */
  readonly sealClip?: ClipSealMaker
}

export interface Doorbell extends AsyncDisposable {
  readonly clips: ClipShelf
  readonly live: Live
  readonly ledger: Pick<Ledger, 'append'>
  /** Makes a picture of what is there now and seals it to the household; undefined while there is no picture. */
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
}

const RETAIN_EVERY_MS = 60_000
/** Who comes up to the door is best seen by then. */
const POSTER_WAIT_MS = 20_000
const DAY_MS = 86_400_000

export async function startDoorbell(
  ports: Ports,
  config: Config,
  options: DoorbellOptions,
): Promise<Doorbell> {
  return openScope(async (scope) => {
    const loop = loopsOf(scope, options)
    const key = await openDeviceKey(ports)
    const clockTrust: ClockTrust = createClockTrust({
      ...ports,
      append: async (known) => {
        await noteStart()
        await ledger.append({ type: 'clock', boot, ...known }, [])
      },
      onKnown: () => telemetry?.giveTimes(),
    })
    const telemetry = await openTelemetry(ports, config, { device: key.name, clockTrust })
    const uploadsStuckMs = (): number => uploads?.stuckMs() ?? 0
    const { health, tell } = healthFor(ports, { telemetry, clockTrust, uploadsStuckMs }, options)
    const rebuilt = await rebuildIndex(ports, key)
    if (rebuilt !== undefined) tell(rebuilt)
    const recipients = await openRecipients(ports)
    const uploads = await openUploads(ports, (job) => (job.what === 'ledger' ? ledger : clips).uploaded(job))
    const queue = queueOf(uploads)
    const ledger: Ledger = await openLedger({ records: ports.records, key, ...queue, mirror: ports })
    const { boot, noteStart } = await openStart(ports, ledger)
    const sealClip = sealerOf({ recipients, ledger, noteStart }, options)
    loop('clock-trust', (signal) => clockTrust.run(signal))
    const clips: Clips = clipsOf(ports, config, {
      ...{ key, ledger, recipients, queue, sealClip, boot, tell },
      eyes: () => eyes,
    })
    if (telemetry !== undefined) loop('telemetry', (signal) => telemetry.run(signal))
    await clips.open() // Before the uploads: what was stored has to be noted with clips that are known.
    if (uploads !== undefined) loop('uploads', (signal) => uploads.run(signal))
    scope.own('clips', clips)
    loop('health', (signal) => health.run(signal))
    const chime = startChime(ports, loop)
    const eyes: Eyes = createEyes(ports, config, {
      ...{ ...options, clips, telemetry, tell, live: () => live, desk: () => desk },
    })
    const live = scope.own('live', liveOf(ports, { key, eyes }))
    const desk: Desk = createDesk({
      ...{ ports, config, clips, telemetry, tell, ring: () => chime.ring() },
      onVisit: (visit) => eyes.recogniser.visit(visit),
    })
    await startRtsp(scope, ports, { config, live })
    startSeeing(eyes, loop)
    startDesk({ ports, desk, clips, noteStart }, loop)
    const lines = linesFor(ports, config, { desk, eyes, tell, onCrash: options.onCrash })
    loop('lines', (signal) => lines.run(signal))
    loop('capture', (signal) => eyes.capture.run(signal))
    return {
      ...doorbellOf({ ports, desk, clips, uploads, telemetry, health, eyes }),
      ...{ live, ledger, ring: () => chime.ring() },
      picture: () => pictureOf(ports, eyes, sealClip),
      vitals: () => vitalsOf({ lines, chime, desk }),
    }
  })
}

type ClipsParts = {
  readonly key: DeviceKey
  readonly ledger: Ledger
  readonly recipients: Recipients
  readonly queue: ReturnType<typeof queueOf>
  readonly sealClip: () => Promise<ClipSeal>
  readonly boot: number
  readonly tell: Tell
  readonly eyes: () => Eyes
}

function clipsOf(
  ports: Ports,
  config: Config,
  { key, ledger, recipients, queue, sealClip, boot, tell, eyes }: ClipsParts,
): Clips {
  return createClips(
    {
      ...{ ...ports, ...queue, sealClip, ledger, boot },
      deviceKey: key,
      ownerKey: () => recipients.owner(),
      prerollSince: (at) => eyes().capture.preroll.since(at),
      deviceName: config.device.name,
      onClip: tell,
    },
    clipRules(ports, config),
  )
}

type Parts = {
  readonly ports: Ports
  readonly desk: Desk
  readonly clips: Clips
  readonly uploads: Uploads | undefined
  readonly telemetry: Telemetry | undefined
  readonly health: Health
  readonly eyes: Eyes
}

const doorbellOf = ({
  ports,
  desk,
  clips,
  uploads,
  telemetry,
  health,
  eyes,
}: Parts): Omit<Doorbell, keyof AsyncDisposable | 'live' | 'ledger' | 'ring' | 'picture' | 'vitals'> => ({
  clips: clips.shelf,
  kept: () => clips.kept(),
  isIdle: () => desk.isIdle() && clips.idle(),
  waiting: () => ({
    uploads: uploads?.waiting().objects ?? 0,
    messages: telemetry?.waiting() ?? 0,
    clips: clips.unsealed(),
  }),
  held: () => ({ prerollBytes: eyes.capture.preroll.bytes }),
  published: () => telemetry?.published() ?? 0,
  alarms: () => health.alarms(),
  seeing: () => eyes.seeing(),
  look: () => eyes.sign(ports.clock.mono()),
  heardAt: () => eyes.heardAt(),
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

function liveOf(ports: Ports, { key, eyes }: { readonly key: DeviceKey; readonly eyes: Eyes }): Live {
  return createLive({
    ...ports,
    prerollSince: (at) => eyes.capture.preroll.since(at),
    sign: (text) => key.sign(text),
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
  sealClip: () => Promise<ClipSeal>,
): (() => Promise<Uint8Array>) | undefined {
  const picture = newestPicture(ports, eyes)
  if (picture === undefined) return undefined
  const { signal } = new AbortController() // The driver bounds its own time.
  return async () => (await sealClip()).seal(await picture(signal))
}

/** What others need of the queue; without a cloud nothing waits for it. */
function queueOf(uploads: Uploads | undefined) {
  return {
    queueUpload: (job: QueuedJob): readonly Change[] => uploads?.queue(job) ?? [],
    cancelUploads: (changes: readonly Change[]): void => uploads?.cancel(changes),
    forgetUploads: (clip: ClipId): readonly Change[] => uploads?.forget(clip) ?? [],
    unforgetUploads: (changes: readonly Change[]): void => uploads?.unforget(changes),
    wakeUploads: (): void => uploads?.wake(),
  }
}

function startChime(ports: Ports, loop: Loop): Chime {
  const chime = createChime(ports)
  loop('chime', (signal) => chime.run(signal))
  return chime
}

function startDesk(
  { ports, desk, ...kept }: Kept & { readonly ports: Ports; readonly desk: Desk },
  loop: Loop,
): void {
  loop('desk', (signal) => desk.run(signal))
  loop('retention', (signal) => keepRetention(ports, kept, signal))
  loop('quiet', (signal) => desk.watchQuiet(signal))
}

function startSeeing(eyes: Eyes, loop: Loop): void {
  loop('recogniser', (signal) => eyes.recogniser.run(signal))
  loop('seeing', (signal) => eyes.tellSeeing(signal))
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
  { onHappening = () => {} }: DoorbellOptions,
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
  const tell: Tell = (happening) => {
    onHappening(happening)
    const message = clipMessage(happening)
    if (message !== undefined) publish('clip', message)
    if (happening.kind === 'clip-began' && !happening.clockTrusted) clockTrust.noteUntimed('clip')
    if (happening.kind === 'storage-failed') health.note('storage-failed', true)
    if (happening.kind === 'index-rebuilt') health.note('index-rebuilt', true)
    if (happening.kind === 'line-stuck') health.note('line-stuck', true)
    if (happening.kind === 'line-free') health.note('line-stuck', false)
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

async function openTelemetry(
  ports: Ports,
  config: Config,
  { device, clockTrust }: { readonly device: string; readonly clockTrust: ClockTrust },
): Promise<Telemetry | undefined> {
  warnOfPrivate(ports, config)
  const { broker, clock, records, log } = ports
  if (broker === undefined) return undefined
  const telemetry = createTelemetry(
    { broker, clock, records, log, onUntimed: () => clockTrust.noteUntimed('message') },
    {
      prefix: config.mqtt?.prefix ?? 'lintel',
      device,
      name: config.device.name,
      privateRecorded: privateZonesRecorded(config, ports.camera),
    },
  )
  await telemetry.open()
  return telemetry
}

async function openUploads(
  { store, records, disk, clock, random, log }: Ports,
  onStored: (job: UploadJob) => readonly Change[],
): Promise<Uploads | undefined> {
  if (store === undefined) return undefined
  const uploads = createUploads({ store, records, disk, clock, random, log, onStored })
  await uploads.open()
  return uploads
}

/** `boot`: how many starts there were before. `noteStart` does nothing once that has been written down. */
type Started = { readonly boot: number; readonly noteStart: () => Promise<void> }

/**
 * Every start is in the ledger: a device that was started elsewhere, or not at all, shows. A full disk silences no bell, so
 * there the entry has to wait; nothing is sealed before it is written, and so no other start can have the same number.
 */
async function openStart({ records, log }: Ports, ledger: Ledger): Promise<Started> {
  const boot = bootOf(await records.read('device', BOOT_KEY))
  let noted: Promise<void> | undefined
  const noteStart = (): Promise<void> =>
    (noted ??= ledger
      .append({ type: 'started', boot }, [{ put: 'device', key: BOOT_KEY, row: boot + 1 }])
      .catch((error: unknown) => {
        noted = undefined
        throw error
      }))
  await noteStart().catch((error: unknown) => {
    if (!isFault(error, 'full')) throw error
    log.error('start.not_noted', { boot, problem: error.message })
  })
  return { boot, noteStart }
}

/** How often the device was started before. */
const bootOf = (row: unknown): number => (typeof row === 'number' ? row : 0)

/** One at a time: two who seal at once must not both enter a new list. */
function sealerOf(
  {
    recipients,
    ledger,
    noteStart,
  }: Pick<Started, 'noteStart'> & { readonly recipients: Recipients; readonly ledger: Ledger },
  { sealClip = beginClipSeal }: DoorbellOptions,
): () => Promise<ClipSeal> {
  let turn: Promise<unknown> = Promise.resolve()
  return () => {
    const mine = turn.then(async () => {
      await noteStart()
      return recipientsNow(recipients, ledger)
    })
    turn = mine.catch(() => {}) // Whoever asked hears of it.
    return mine.then(sealClip)
  }
}

/** A new list of recipients stands in the ledger before anything is sealed to it. */
async function recipientsNow(recipients: Recipients, ledger: Ledger): Promise<readonly string[]> {
  const keys = await recipients.current()
  const unrecorded = recipients.unrecorded()
  if (unrecorded !== undefined) {
    await ledger.append(unrecorded.entry, [unrecorded.pin])
    recipients.recorded()
  }
  return keys
}

const clipRules = ({ vision }: Ports, { clip, detect, retention }: Config): ClipRules => ({
  partMs: clip.partMs,
  clipMsMax: clip.msMax,
  retainBytes: retention.bytesMax,
  retainMs: retention.daysMax * DAY_MS,
  reserveBytes: retention.reserveBytes,
  posterWidthMax: POSTER_WIDTH_MAX,
  posterWaitMs: vision === undefined || !detect.recognise ? 0 : POSTER_WAIT_MS,
})

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
    if (sign.kind === 'press' || sign.active) eyes.sign(sign.at)
    desk.take(sign).catch(onCrash)
  }
  return createLines({ ...ports, onSign }, config.lines)
}

type Kept = Pick<Started, 'noteStart'> & { readonly clips: Clips }

/** Also what had to wait for room. */
async function keepRetention(
  { clock }: Ports,
  { clips, noteStart }: Kept,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clips.retain()
    await noteStart().catch((error: unknown) => {
      if (!isFault(error) || error.kind === 'bug') throw error // Otherwise it was said, and whoever records next says it again.
    })
    await clock.sleep(RETAIN_EVERY_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
  }
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
