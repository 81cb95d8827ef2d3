import { Fault, isFault } from '../base/fault.ts'
import type { ClipId } from '../base/ids.ts'
import { unixMs, type MonoMs, type WallTime } from '../base/time.ts'
import type { Change } from '../ports/records.ts'
import type { ClipRules, ClipsDeps } from './clips.ts'
import { grantRange } from './grants.ts'
import { clipFolder, CLIPS, type ClipRow, type ExpiryReason } from './rows.ts'
import { bytesOf, isUploaded, objectNames, type Edit, type Shelf, type ShelfClip } from './shelf.ts'

export type RoomDeps = Pick<
  ClipsDeps,
  | 'disk'
  | 'records'
  | 'clock'
  | 'log'
  | 'ledger'
  | 'onClip'
  | 'queueUpload'
  | 'cancelUploads'
  | 'wakeUploads'
  | 'forgetUploads'
  | 'unforgetUploads'
>
export type RoomRules = Pick<ClipRules, 'retainBytes' | 'retainMs' | 'reserveBytes'>

/** One clip as retention looks at it. */
export type Candidate = {
  readonly clip: ClipId
  readonly bytes: number
  readonly uploaded: boolean
  readonly hour: number | undefined
  readonly phase: ClipRow['phase']
  readonly held: boolean
}

export type Situation = {
  readonly freeBytes: number
  /** Hours since 1970; undefined when the clock is not trusted. */
  readonly hour: number | undefined
  /** What is about to be written. */
  readonly wantedBytes: number
}

export type Expiry = { readonly clip: ClipId; readonly why: 'age' | 'room' }

/**
 * Which clips have to go, in this order. Pure. `clips` are in the order they were begun.
 * What is uploaded goes first, what is not goes last, what grows or is held never.
 */
export function planExpiry(
  clips: readonly Candidate[],
  situation: Situation,
  rules: RoomRules,
): readonly Expiry[] {
  const mayGo = clips.filter(({ phase, held }) => !held && (phase === 'sealed' || phase === 'uploaded'))
  const inOrder = [...mayGo.filter(({ uploaded }) => uploaded), ...mayGo.filter(({ uploaded }) => !uploaded)]
  const isOld = ({ hour }: Candidate): boolean =>
    situation.hour !== undefined && hour !== undefined && (situation.hour - hour) * HOUR_MS > rules.retainMs
  const old = inOrder.filter(isOld)
  const others = inOrder.filter((candidate) => !isOld(candidate))
  const kept = sumOf(clips) - sumOf(old) + situation.wantedBytes
  let tooMuch = Math.max(
    kept - rules.retainBytes,
    rules.reserveBytes + situation.wantedBytes - situation.freeBytes - sumOf(old),
  )
  const forRoom: Candidate[] = []
  for (const candidate of others) {
    if (tooMuch <= 0) break
    forRoom.push(candidate)
    tooMuch -= candidate.bytes
  }
  return [
    ...old.map(({ clip }) => ({ clip, why: 'age' as const })),
    ...forRoom.map(({ clip }) => ({ clip, why: 'room' as const })),
  ]
}

const HOUR_MS = 3_600_000

export const hourOf = ({ at, trusted }: WallTime): number | undefined =>
  trusted ? Math.floor(at / HOUR_MS) : undefined

const sumOf = (clips: readonly Candidate[]): number => clips.reduce((sum, { bytes }) => sum + bytes, 0)

/** Keeps the disk from filling up with clips. */
export class Room {
  readonly #deps: RoomDeps
  readonly #rules: RoomRules
  readonly #shelf: Shelf
  /** Clips on the shelf that this process began while the clock was not trusted. */
  readonly #untimed = new Map<ClipId, MonoMs>()
  #turn: Promise<void> = Promise.resolve()

  constructor(deps: RoomDeps, rules: RoomRules, shelf: Shelf) {
    this.#deps = deps
    this.#rules = rules
    this.#shelf = shelf
  }

  /** Tries to write about `bytes`; when the disk is full, makes room and tries once more. False: still full. */
  async tryTwice(bytes: number, write: () => Promise<void>): Promise<boolean> {
    if (await this.#try(bytes, write)) return true
    await this.retain(bytes)
    return this.#try(bytes, write)
  }

  /** Lets clips expire until the rules are met and `wantedBytes` more will fit. */
  retain(wantedBytes = 0): Promise<void> {
    return this.#inTurn(() => this.#retain(wantedBytes))
  }

  /** *Delete a clip*: its owner wants it gone, from here and from the store. Throws where not even that could be written down. */
  remove(clip: ClipId): Promise<'removed' | 'missing' | 'growing' | 'held'> {
    return this.#inTurn(async () => {
      const found = this.#shelf.get(clip)
      if (found === undefined || found.row.phase === 'expiring') return 'missing'
      if (found.row.phase === 'growing') return 'growing'
      if (found.row.held) return 'held'
      await this.expire(found, 'owner')
      return 'removed'
    })
  }

  /** Whatever was under way is over. */
  async settled(): Promise<void> {
    await this.#turn
  }

  /** It begins at a time that nobody knows yet. */
  noteUntimed(clip: ClipId, at: MonoMs): void {
    this.#untimed.set(clip, at)
  }

  /** Takes the clip away for good; an interrupted one goes on where it stopped. */
  async expire(clip: ShelfClip, why: ExpiryReason): Promise<void> {
    const wasUploaded = isUploaded(clip)
    const row = { ...clip.row, phase: 'expiring', why } as const
    if (clip.row.phase !== 'expiring') await this.#writeTombstone(clip.id, row, wasUploaded)
    await this.#unlink(clip.id)
    await this.#writeEnd(clip, { ...row, phase: 'expired' })
    this.#untimed.delete(clip.id)
    this.#deps.log[wasUploaded || why === 'owner' ? 'info' : 'warn']('clips.expired', {
      clip: clip.id,
      why,
      uploaded: wasUploaded,
    })
    this.#deps.onClip({ kind: 'clip-expired', clip: clip.id, why, uploaded: wasUploaded })
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(job)
    this.#turn = mine.then(
      () => {},
      () => {}, // Whoever asked hears of it.
    )
    return mine
  }

  /** Nothing of it is here any more. What its owner deleted leaves the store too. */
  async #writeEnd(clip: ShelfClip, row: Extract<ClipRow, { phase: 'expiring' | 'expired' }>): Promise<void> {
    const { records, queueUpload, cancelUploads, wakeUploads } = this.#deps
    const grants = await records.list('grant', grantRange(clip.id))
    const names = row.why === 'owner' ? objectNames(clip) : []
    const removals = names.flatMap((name) => queueUpload({ name, remove: true }))
    const edits: readonly Edit[] = [
      { clip: clip.id, removeObjects: true },
      { clip: clip.id, row },
    ]
    try {
      await this.#shelf.write(edits, [
        ...grants.map(({ key }): Change => ({ remove: 'grant', key })),
        ...removals,
      ])
    } catch (error) {
      cancelUploads?.(removals)
      throw error
    }
    if (removals.length > 0) wakeUploads()
  }

  async #try(bytes: number, write: () => Promise<void>): Promise<boolean> {
    try {
      const free = await this.#deps.disk.free()
      if (free.bytes - bytes < this.#rules.reserveBytes) {
        const wanted = `${bytes} bytes and ${this.#rules.reserveBytes} to spare`
        throw new Fault('full', `disk: wanted room for ${wanted}, got ${free.bytes}`)
      }
      await write()
      return true
    } catch (error) {
      if (!isFault(error, 'full')) throw error
      this.#deps.log.warn('clips.full', { problem: error.message })
      return false
    }
  }

  async #retain(wantedBytes: number): Promise<void> {
    await this.#giveHours()
    for (const clip of this.#shelf.clips())
      if (clip.row.phase === 'expiring' && !(await this.#tryExpire(clip, clip.row.why))) return
    const candidates = this.#shelf.clips().map((clip) => ({
      clip: clip.id,
      bytes: bytesOf(clip),
      uploaded: clip.row.phase === 'uploaded',
      hour: clip.row.hour,
      phase: clip.row.phase,
      held: clip.row.held,
    }))
    const { bytes: freeBytes } = await this.#deps.disk.free()
    const situation = { freeBytes, hour: hourOf(this.#deps.clock.wall()), wantedBytes }
    for (const { clip, why } of planExpiry(candidates, situation, this.#rules)) {
      const found = this.#shelf.get(clip)
      if (found === undefined || found.row.held) continue
      if (!(await this.#tryExpire(found, why))) return
    }
  }

  /** Even the tombstone needs some room. False: it is tried again with the next part, or in a minute. */
  async #tryExpire(clip: ShelfClip, why: ExpiryReason): Promise<boolean> {
    try {
      await this.expire(clip, why)
      return true
    } catch (error) {
      if (!isFault(error, 'full')) throw error
      this.#deps.log.warn('clips.no_room_for_tombstone', { clip: clip.id, problem: error.message })
      return false
    }
  }

  /**
   * Once the time is known, clips age that were begun when it was not: those of this process from when they were begun, those
   * of an earlier one from now, as nobody has counted since.
   */
  async #giveHours(): Promise<void> {
    const wall = this.#deps.clock.wall()
    if (!wall.trusted) return
    const edits: Extract<Edit, { row: ClipRow }>[] = []
    for (const { id, row } of this.#shelf.clips()) {
      if (row.hour !== undefined || (row.phase !== 'sealed' && row.phase !== 'uploaded')) continue
      const at = this.#untimed.get(id)
      const agoMs = at === undefined ? 0 : this.#deps.clock.mono() - at
      edits.push({ clip: id, row: { ...row, hour: hourOf({ ...wall, at: unixMs(wall.at - agoMs) }) } })
    }
    if (edits.length === 0) return
    try {
      await this.#shelf.write(edits)
      for (const { clip } of edits) this.#untimed.delete(clip)
    } catch (error) {
      if (!isFault(error, 'full')) throw error
      this.#deps.log.warn('clips.no_room_for_hours', { clips: edits.length, problem: error.message })
    }
  }

  async #writeTombstone(
    clip: ClipId,
    row: Extract<ClipRow, { phase: 'expiring' | 'expired' }>,
    wasUploaded: boolean,
  ): Promise<void> {
    // A clip that never got a manifest is not in the ledger, so it cannot be missed there.
    const isMissed = row.why === 'owner' || (!wasUploaded && row.why !== 'empty')
    const uploads = this.#deps.forgetUploads?.(clip) ?? []
    try {
      if (!isMissed) {
        await this.#shelf.write([{ clip, row }], uploads)
        return
      }
      const type = row.why === 'owner' ? 'deleted' : 'expired'
      await this.#shelf.write([{ clip, row }], uploads, (changes) =>
        this.#deps.ledger.append({ type, clip }, changes),
      )
    } catch (error) {
      this.#deps.unforgetUploads?.(uploads)
      throw error
    }
  }

  async #unlink(clip: ClipId): Promise<void> {
    const { disk } = this.#deps
    const folder = clipFolder(clip)
    for (const { name } of await disk.list(folder)) await disk.remove(`${folder}/${name}`)
    await disk.remove(folder)
    await disk.syncFolder(CLIPS)
  }
}
