/**
 * The part of the wiring that needs a disk: ledger, list of recipients, uploads, clips. It may be there late: nothing that rings
 * waits for it, and what cannot be opened is tried again.
 */
import { Fault, isFault } from './base/fault.ts'
import type { ClipId } from './base/ids.ts'
import { openScope, startLoop, type Scope } from './base/scope.ts'
import type { MonoMs } from './base/time.ts'
import { createClips, type ClipHappening, type ClipRules, type Clips } from './clips/index.ts'
import type { Config } from './config/index.ts'
import { LateClips } from './late-clips.ts'
import { openLedger, type Ledger } from './ledger/index.ts'
import type { Telemetry } from './mqtt/index.ts'
import type { Packet } from './ports/camera.ts'
import type { Ports } from './ports/ports.ts'
import type { Change } from './ports/records.ts'
import { BOOT_KEY, rebuildIndex, type IndexRebuilt } from './rebuild.ts'
import { POSTER_WIDTH_MAX } from './seeing.ts'
import { createUploads, type QueuedJob, type UploadJob, type Uploads } from './upload/index.ts'
import {
  beginClipSeal,
  openRecipients,
  type ClipSeal,
  type ClipSealMaker,
  type DeviceKey,
  type Recipients,
} from './vault/index.ts'

export type StorageDeps = {
  readonly ports: Ports
  readonly config: Config
  readonly key: DeviceKey
  readonly telemetry: Telemetry | undefined
  readonly tell: (happening: ClipHappening | IndexRebuilt) => void
  /** That storage cannot be opened is so, or is over. */
  readonly onProblem: (isOn: boolean) => void
  /** What the preroll has of the present run, from the last key frame at or before that. */
  readonly prerollSince: (at: MonoMs) => readonly Packet[]
  readonly onCrash: (error: unknown) => void
  readonly sealClip?: ClipSealMaker | undefined
}

/** Once everything is open. */
export type Opened = {
  readonly clips: Clips
  readonly ledger: Ledger
  readonly uploads: Uploads | undefined
  readonly noteStart: () => Promise<void>
  readonly sealClip: () => Promise<ClipSeal>
  readonly boot: number
  /** Base64 of the key that signs the household's lists. */
  readonly owner: () => string
}

export interface Storage extends AsyncDisposable {
  /** Where eyes and desk hand over what is to be recorded, from the beginning on. */
  readonly late: LateClips
  /** Undefined as long as it is not open. */
  opened(): Opened | undefined
  /** Throws `Fault('unavailable')` that says why it is not open. */
  mustBeOpen(): Opened
  /** Why it is not open; undefined when it is, or when nothing has gone wrong yet. */
  problem(): string | undefined
  /** Tries until it is open or disposed of, whatever the weather. Resolves with false when it was disposed of before. */
  openInTheEnd(): Promise<boolean>
  /** Tries once. */
  open(): Promise<void>
}

const AGAIN_MS = { least: 1000, most: 60_000 }
const RETAIN_EVERY_MS = 60_000
/** Who comes up to the door is best seen by then. */
const POSTER_WAIT_MS = 20_000
const DAY_MS = 86_400_000

/** Does no I/O; `open` and `openInTheEnd` do. */
export function createStorage(deps: StorageDeps): Storage {
  const { log, clock } = deps.ports
  const late = new LateClips(log)
  const stop = new AbortController()
  let opened: (Opened & AsyncDisposable) | undefined
  let problem: string | undefined
  let opening: Promise<unknown> = Promise.resolve()

  const open = async (): Promise<void> => {
    opened = await openAll(deps)
    problem = undefined
    await late.attach(opened.clips)
  }
  const openInTheEnd = async (): Promise<boolean> => {
    for (let pauseMs = AGAIN_MS.least; !stop.signal.aborted; pauseMs = Math.min(AGAIN_MS.most, 2 * pauseMs)) {
      try {
        await open()
        deps.onProblem(false)
        return true
      } catch (error) {
        if (!isFault(error) || error.kind === 'bug') throw error
        if (problem !== error.message) log.error('storage.not_open', { problem: error.message })
        problem = error.message
        deps.onProblem(true)
      }
      await clock.sleep(pauseMs, stop).catch(() => {}) // Aborted: the loop's condition ends it.
    }
    return false
  }
  return {
    late,
    opened: () => opened,
    mustBeOpen() {
      if (opened !== undefined) return opened
      throw new Fault(
        'unavailable',
        `the storage is not open${problem === undefined ? ' yet' : `: ${problem}`}`,
      )
    },
    problem: () => problem,
    async open() {
      opening = open()
      await opening
    },
    openInTheEnd() {
      const trying = openInTheEnd()
      opening = trying
      return trying
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await opening.catch(() => {}) // Whoever opened hears of it.
      await opened?.[Symbol.asyncDispose]()
    },
  }
}

/** In the order that recovery needs. What is open when something fails is closed again. */
function openAll(deps: StorageDeps): Promise<Opened & AsyncDisposable> {
  const { ports, key, telemetry, tell } = deps
  return openScope(async (scope) => {
    await telemetry?.open()
    const rebuilt = await rebuildIndex(ports, key)
    if (rebuilt !== undefined) tell(rebuilt)
    const recipients = await openRecipients(ports)
    const uploads = await openUploads(ports, (job) => (job.what === 'ledger' ? ledger : clips).uploaded(job))
    const queue = queueOf(uploads)
    const ledger: Ledger = await openLedger({ records: ports.records, key, ...queue, mirror: ports })
    const { boot, noteStart } = await openStart(ports, ledger)
    const sealClip = sealerOf({ recipients, ledger, noteStart }, deps)
    const clips: Clips = clipsOf(deps, { recipients, ledger, queue, sealClip, boot })
    await clips.open() // Before the uploads: what was stored has to be noted with clips that are known.
    run(scope, deps, { clips, uploads, noteStart })
    return { clips, ledger, uploads, noteStart, sealClip, boot, owner: () => recipients.owner() }
  })
}

/** Closed newest first: retention, then what grows is sealed, then the uploads. */
function run(
  scope: Scope,
  { ports, onCrash }: StorageDeps,
  { clips, uploads, noteStart }: Pick<Opened, 'clips' | 'uploads' | 'noteStart'>,
): void {
  if (uploads !== undefined)
    scope.own(
      'uploads',
      startLoop((signal) => uploads.run(signal), onCrash),
    )
  scope.own('clips', clips)
  scope.own(
    'retention',
    startLoop((signal) => keepRetention(ports, { clips, noteStart }, signal), onCrash),
  )
}

type ClipsParts = Pick<Opened, 'ledger' | 'sealClip' | 'boot'> & {
  readonly recipients: Recipients
  readonly queue: ReturnType<typeof queueOf>
}

const clipsOf = (
  { ports, config, key, tell, prerollSince }: StorageDeps,
  { ledger, recipients, queue, sealClip, boot }: ClipsParts,
): Clips =>
  createClips(
    {
      ...{ ...ports, ...queue, sealClip, ledger, boot, prerollSince },
      deviceKey: key,
      ownerKey: () => recipients.owner(),
      deviceName: config.device.name,
      onClip: tell,
    },
    clipRules(ports, config),
  )

const clipRules = ({ vision }: Ports, { clip, detect, retention }: Config): ClipRules => ({
  partMs: clip.partMs,
  clipMsMax: clip.msMax,
  retainBytes: retention.bytesMax,
  retainMs: retention.daysMax * DAY_MS,
  reserveBytes: retention.reserveBytes,
  posterWidthMax: POSTER_WIDTH_MAX,
  posterWaitMs: vision === undefined || !detect.recognise ? 0 : POSTER_WAIT_MS,
})

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
type Started = Pick<Opened, 'boot' | 'noteStart'>

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
  { sealClip = beginClipSeal }: Pick<StorageDeps, 'sealClip'>,
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

/** Also what had to wait for room. */
async function keepRetention(
  { clock }: Ports,
  { clips, noteStart }: Pick<Opened, 'clips' | 'noteStart'>,
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
