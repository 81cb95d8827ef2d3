import { createHash } from 'node:crypto'
import { Bell } from '../base/bell.ts'
import { Fault, type FaultKind } from '../base/fault.ts'
import type { ClipId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { retryDelayMs, type RetryRules } from '../base/retry.ts'
import type { Clock } from '../ports/clock.ts'
import type { Disk } from '../ports/disk.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Random } from '../ports/random.ts'
import type { Change, Records } from '../ports/records.ts'
import { WaitingLine, type Waiting } from './waiting-line.ts'

/** One object that has to get to the cloud. */
export type UploadJob = {
  /** Its name there. */
  readonly name: string
  /** A sealed file on the disk, or small bytes in the row itself (base64). */
  readonly source: { readonly file: string } | { readonly inline: string }
  /** Hexadecimal SHA-256 of the bytes. */
  readonly sha256: string
  readonly bytes: number
  /** A newer state of the same object may take its place; otherwise it must not exist yet. */
  readonly replace: boolean
  readonly clip?: ClipId
  readonly what: 'part' | 'meta' | 'poster' | 'manifest' | 'ledger'
  readonly part?: number
}

/** One object that has to leave the cloud: its clip was deleted. */
export type RemovalJob = { readonly name: string; readonly remove: true }

export type QueuedJob = UploadJob | RemovalJob

export const isRemoval = (job: QueuedJob): job is RemovalJob => 'remove' in job

export type UploadDeps = {
  readonly store: ObjectStore
  readonly records: Records
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What else becomes true, in the same transaction, when the store has the object. */
  readonly onStored: (job: UploadJob) => readonly Change[]
  /** After that transaction. */
  readonly onDone?: (job: UploadJob) => void
}

export interface Uploads {
  /** Loads what was waiting before. */
  open(): Promise<void>
  /** The changes that queue a job; the caller writes them together with its own, then wakes us. */
  queue(job: QueuedJob): readonly Change[]
  /** To be called with what `queue` gave when those changes could not be written. */
  cancel(changes: readonly Change[]): void
  wake(): void
  /** The changes that take a clip's uploads out of the queue: what expired cannot be sent any more. */
  forget(clip: ClipId): readonly Change[]
  /** To be called with what `forget` gave when those changes could not be written. */
  unforget(changes: readonly Change[]): void
  waiting(): { readonly objects: number; readonly bytes: number }
  /** For so long something has waited in this start, and nothing got out of the way; 0 when nothing waits. */
  stuckMs(): number
  run(signal: AbortSignal): Promise<void>
}

/** What our own disk says when the bytes will never be what they were. */
const DAMAGE: ReadonlySet<FaultKind> = new Set(['corrupt', 'missing', 'invalid'])
/** Somebody has to do something before it gets better. */
const NEEDS_SOMEBODY: ReadonlySet<FaultKind> = new Set(['denied', 'full'])
const RETRY: RetryRules = { delayMsMin: 500, delayMsMax: 300_000 }

export function createUploads(deps: UploadDeps): Uploads {
  const line = new WaitingLine()
  const bell = new Bell()
  let isWoken = false
  /** When something got out of the way last, or began to wait when nothing else did. */
  let movedAt = deps.clock.mono()
  return {
    async open() {
      for (const { key, row } of await deps.records.list('upload')) {
        const job = parseJob(row)
        if (job === undefined) deps.log.error('upload.row_damaged', { key })
        // Also what was set aside: a disk that could not read it then may read it now, and somebody may have set the store right.
        line.reload(key, job)
      }
      isWoken = line.size > 0
    },
    queue(job) {
      if (line.size === 0) movedAt = deps.clock.mono()
      return line.add(job)
    },
    cancel: (changes) => line.cancel(changes),
    forget: (clip) => line.forget(clip),
    unforget: (changes) => line.unforget(changes),
    waiting: () => ({ objects: line.size, bytes: line.bytes() }),
    stuckMs: () => (line.size === 0 ? 0 : deps.clock.mono() - movedAt),
    wake() {
      isWoken = true
      bell.ring()
    },
    async run(signal) {
      let attempt = 0
      while (!signal.aborted) {
        if (!isWoken) await bell.untilRung(signal)
        isWoken = false
        const next = await oldest(deps, line)
        if (next === undefined) continue
        isWoken = true // There may be more behind it.
        const fault = await sendNext(deps, line, next, signal)
        attempt = fault === undefined ? 0 : attempt + 1
        if (fault === undefined) movedAt = deps.clock.mono()
        if (fault === undefined || signal.aborted) continue
        sayWhyWeWait(deps.log, fault, { attempt, waiting: line.size })
        // Where nothing waits but removals, the first upload that comes does not wait for them.
        if (isRemoval(next.job)) await pauseUntilRung(deps, attempt, { bell, signal })
        else await pause(deps, attempt, signal)
      }
    },
  }
}

/**
 * Of those whose row is there: a job may be queued whose transaction is still under way, or failed. Removals come after all
 * uploads: the ledger says first that it was deleted, and a store that lets nobody delete stops no upload.
 */
async function oldest({ records }: UploadDeps, line: WaitingLine): Promise<Waiting | undefined> {
  for (const wanted of [false, true])
    for (const waiting of line.all())
      if (isRemoval(waiting.job) === wanted && (await records.read('upload', waiting.key)) !== undefined)
        return waiting
  return undefined
}

/** What has to be waited out; undefined when the job is out of the way: stored, or set aside. */
async function sendNext(
  deps: UploadDeps,
  line: WaitingLine,
  next: Waiting,
  signal: AbortSignal,
): Promise<Fault | undefined> {
  try {
    const problem = await sendOne(deps, line, next, signal)
    if (problem !== undefined) await setAside(deps, line, next, problem)
    return undefined
  } catch (error) {
    if (!(error instanceof Fault) || error.kind === 'bug') throw error
    return error
  }
}

/** What will be wrong with it for ever; undefined when it is stored. */
async function sendOne(
  deps: UploadDeps,
  line: WaitingLine,
  { key, job }: Waiting,
  signal: AbortSignal,
): Promise<Fault | undefined> {
  if (isRemoval(job)) {
    const refused = await forGood(REFUSED, deps.store.remove(job.name, { signal }))
    if (refused instanceof Fault) return refused
    await deps.records.write([{ remove: 'upload', key }])
    line.remove(key)
    return undefined
  }
  const bytes = await forGood(DAMAGE, bytesOf(deps.disk, job))
  if (bytes instanceof Fault) return bytes
  line.beginSending(key)
  const refused = await forGood(REFUSED, putOne(deps.store, job, bytes, signal))
  if (refused instanceof Fault) return refused
  if (line.wasForgotten(key)) {
    // Its clip expired while it was on its way; nobody would ever look for it.
    await deps.store.remove(job.name, { signal })
    return undefined
  }
  await deps.records.write([{ remove: 'upload', key }, ...deps.onStored(job)])
  line.remove(key)
  deps.onDone?.(job)
  return undefined
}

/** The store says that it will never take this object. Anything else it says is weather. */
const REFUSED: ReadonlySet<FaultKind> = new Set(['invalid'])

/** The fault as a value when it is of such a kind. */
async function forGood<T>(kinds: ReadonlySet<FaultKind>, attempt: Promise<T>): Promise<T | Fault> {
  try {
    return await attempt
  } catch (error) {
    if (error instanceof Fault && kinds.has(error.kind)) return error
    throw error
  }
}

function sayWhyWeWait(
  log: Log,
  { kind, message: problem }: Fault,
  counts: { readonly attempt: number; readonly waiting: number },
): void {
  if (NEEDS_SOMEBODY.has(kind)) log.error('upload.waits', { kind, problem, ...counts })
  else log.warn('upload.waits', { kind, problem, ...counts })
}

async function bytesOf(disk: Disk, job: UploadJob): Promise<Uint8Array> {
  const bytes =
    'inline' in job.source ? Buffer.from(job.source.inline, 'base64') : await disk.read(job.source.file)
  const got = createHash('sha256').update(bytes).digest('hex')
  if (got === job.sha256) return bytes
  const where = 'inline' in job.source ? job.name : job.source.file
  throw new Fault(
    'corrupt',
    `${where}: wanted ${job.bytes} bytes with SHA-256 ${job.sha256}, got ${bytes.length} with ${got}`,
  )
}

async function putOne(
  store: ObjectStore,
  job: UploadJob,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const outcome = await store.put(job.name, bytes, { sha256: job.sha256, ifAbsent: !job.replace, signal })
  if (outcome === 'stored') return
  // Ours, whose acknowledgement was lost? Or somebody else's under our name?
  const there = await store.head(job.name, { signal })
  if (there === undefined)
    throw new Fault('unavailable', `object ${job.name}: it was there already, and then it was gone`)
  if (there.bytes !== job.bytes || (there.sha256 !== undefined && there.sha256 !== job.sha256))
    throw new Fault(
      'invalid',
      `object ${job.name}: the store already has another of ${there.bytes} bytes, ours has ${job.bytes}`,
    )
}

/** Never dropped silently: the row stays, marked, and the next job has its turn. */
async function setAside(
  deps: UploadDeps,
  line: WaitingLine,
  { key, job }: Waiting,
  problem: Fault,
): Promise<void> {
  if (line.has(key)) {
    await deps.records.write([{ put: 'upload', key, row: { ...job, parked: problem.message } }])
    const what = isRemoval(job) ? 'removal' : job.what
    deps.log.error('upload.set_aside', { object: job.name, what, problem: problem.message })
  }
  line.remove(key)
}

async function pause({ clock, random }: UploadDeps, attempt: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(retryDelayMs(attempt, random.uniform(), RETRY), { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
}

async function pauseUntilRung(
  deps: UploadDeps,
  attempt: number,
  { bell, signal }: { readonly bell: Bell; readonly signal: AbortSignal },
): Promise<void> {
  const enough = new AbortController()
  const either = AbortSignal.any([signal, enough.signal])
  await Promise.race([pause(deps, attempt, either), bell.untilRung(either)])
  enough.abort()
}

/** A row we wrote; undefined when it is something else. */
function parseJob(row: Json): QueuedJob | undefined {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return undefined
  const { name, source, sha256, bytes, what, remove } = row as Record<string, Json | undefined>
  if (typeof name === 'string' && remove === true) return { name, remove }
  const isWhole =
    typeof name === 'string' &&
    typeof sha256 === 'string' &&
    typeof bytes === 'number' &&
    typeof what === 'string'
  if (!isWhole || typeof source !== 'object' || source === null || !('file' in source || 'inline' in source))
    return undefined
  return row as unknown as UploadJob // Its members were just looked at; the rest only we write.
}
