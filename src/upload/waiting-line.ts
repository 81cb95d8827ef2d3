import type { ClipId } from '../base/ids.ts'
import { orderKey, type Change } from '../ports/records.ts'
import type { QueuedJob } from './queue.ts'

export type Waiting = { readonly key: string; readonly job: QueuedJob }

/** What waits, in order, and the rows that say so. Everything here is in memory; the changes it gives are written by others. */
export class WaitingLine {
  readonly #jobs = new Map<string, QueuedJob>()
  /**
   * Keys of the states of an object that may be replaced, newest last. Older ones are remembered until one is stored:
   * should the transaction that removes them fail, the next one removes them again, and after a restart no old state
   * follows a new one.
   */
  readonly #states = new Map<string, readonly string[]>()
  /** By the changes that `forget` gave. */
  readonly #forgotten = new WeakMap<readonly Change[], readonly (readonly [string, QueuedJob])[]>()
  #nextNumber = 0
  /** The job on its way to the store, and whether its clip was forgotten meanwhile. */
  #sending: { readonly key: string; forgotten: boolean } | undefined

  get size(): number {
    return this.#jobs.size
  }

  bytes(): number {
    let bytes = 0
    for (const job of this.#jobs.values()) if ('bytes' in job) bytes += job.bytes
    return bytes
  }

  *all(): Generator<Waiting> {
    for (const [key, job] of this.#jobs) yield { key, job }
  }

  /** A row that was there before; without a job it only keeps its number from being given again. */
  reload(key: string, job: QueuedJob | undefined): void {
    this.#nextNumber = Math.max(this.#nextNumber, Number(key) + 1)
    if (job !== undefined) this.#insert(key, job)
  }

  add(job: QueuedJob): readonly Change[] {
    const key = orderKey(this.#nextNumber++)
    const older = this.#insert(key, job)
    return [
      ...older.map((olderKey): Change => ({ remove: 'upload', key: olderKey })),
      { put: 'upload', key, row: job },
    ]
  }

  /** The transaction that should have queued these failed: there will never be a row of them. */
  cancel(changes: readonly Change[]): void {
    for (const change of changes) if ('put' in change && change.put === 'upload') this.remove(change.key)
  }

  has(key: string): boolean {
    return this.#jobs.has(key)
  }

  beginSending(key: string): void {
    this.#sending = { key, forgotten: false }
  }

  wasForgotten(key: string): boolean {
    return this.#sending?.key === key && this.#sending.forgotten
  }

  forget(clip: ClipId): readonly Change[] {
    const gone = [...this.#jobs].filter(([, job]) => 'clip' in job && job.clip === clip)
    for (const [key] of gone) {
      if (this.#sending?.key === key) this.#sending.forgotten = true
      this.remove(key)
    }
    const changes = gone.map(([key]): Change => ({ remove: 'upload', key }))
    this.#forgotten.set(changes, gone)
    return changes
  }

  /** What `forget` gave could not be written: it waits again. */
  unforget(changes: readonly Change[]): void {
    for (const [key, job] of this.#forgotten.get(changes) ?? []) this.#insert(key, job)
  }

  remove(key: string): void {
    const job = this.#jobs.get(key)
    this.#jobs.delete(key)
    if (isReplaceable(job) && this.#states.get(job.name)?.at(-1) === key) this.#states.delete(job.name)
  }

  /** The keys of the states that this one replaces. */
  #insert(key: string, job: QueuedJob): readonly string[] {
    this.#jobs.set(key, job)
    if (!isReplaceable(job)) return []
    const older = this.#states.get(job.name) ?? []
    for (const olderKey of older) this.#jobs.delete(olderKey)
    this.#states.set(job.name, [...older, key])
    return older
  }
}

const isReplaceable = (job: QueuedJob | undefined): job is QueuedJob =>
  job !== undefined && 'replace' in job && job.replace
