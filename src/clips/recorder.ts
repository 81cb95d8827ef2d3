import { isFault, messageOf } from '../base/fault.ts'
import type { ClipId } from '../base/ids.ts'
import type { MonoMs } from '../base/time.ts'
import type { Packet, Track } from '../ports/camera.ts'
import type { Change } from '../ports/records.ts'
import type { UploadJob } from '../upload/index.ts'
import type { Bench } from './bench.ts'
import type { ClipShelf } from '../web/index.ts'
import { createClipShelf, keptOn } from './clip-shelf.ts'
import type { ClipRules, Clips, ClipsDeps, VisitNotes } from './clips.ts'
import type { CutEvent } from './cutter.ts'
import { GrowingClip, type GrowingPlan, type Visit } from './growing.ts'
import { freshClipId } from './objects.ts'
import { recover } from './recovery.ts'
import { Room } from './room.ts'
import { Shelf } from './shelf.ts'

/** Does no I/O; `open` does. */
export function createClips(deps: ClipsDeps, rules: ClipRules): Clips {
  const shelf = new Shelf(deps.records)
  return new Recorder({ deps, rules, shelf, room: new Room(deps, rules, shelf) })
}

/** The visit that is being recorded, or was last. */
type OpenVisit = Visit & { isOver: boolean; clip: ClipId }

type Run = {
  readonly track: Track
  /** Older pictures in the preroll are of a run before. */
  firstAt: MonoMs | undefined
}

const NOTHING: VisitNotes = { signs: [], presses: [], labels: [] }

/** Brings packets, runs and visits together; what happens to one clip is `GrowingClip`'s. */
class Recorder implements Clips {
  readonly shelf: ClipShelf
  readonly #bench: Bench
  #run: Run | undefined
  #visit: OpenVisit | undefined
  /** At most three: one hands over to the next, while one of the visit before still ends. In the order begun. */
  #growing: GrowingClip[] = []
  /** Ended on a full disk. */
  #unsealed: GrowingClip[] = []
  #isBroken = false
  #isClosed = false
  #waiting = 0
  #turn: Promise<void> = Promise.resolve()

  constructor(bench: Bench) {
    this.#bench = bench
    this.shelf = createClipShelf(bench, {
      isOpen: () => !this.#isBroken && !this.#isClosed,
      onFault: (error) => this.#giveUp(error),
    })
  }

  async open(): Promise<void> {
    await recover(this.#bench)
  }

  beginRun(track: Track): Promise<void> {
    return this.#inTurn(async () => {
      this.#run = { track, firstAt: undefined }
    })
  }

  async take(packet: Packet): Promise<void> {
    // Most of the time nobody is there.
    if (this.#waiting === 0 && this.#growing.length === 0) this.#noteFirst(packet)
    else await this.#inTurn(() => this.#takeInTurn(packet))
  }

  endRun(): Promise<void> {
    return this.#inTurn(async () => {
      for (const clip of this.#growing.slice()) await this.#feed(clip, { kind: 'run-ended' })
      this.#run = undefined
    })
  }

  noteLoss(): Promise<void> {
    return this.#inTurn(async () => {
      for (const clip of this.#growing) clip.noteLoss()
    })
  }

  async begin({ visit, since }: Parameters<Clips['begin']>[0]): Promise<ClipId> {
    // Now, not in turn: what waits in front of us comes after it, or is in it already.
    const preroll = this.#bench.deps.prerollSince(since)
    const id = freshClipId(this.#bench.deps.random)
    let clip = id
    await this.#inTurn(async () => {
      const open = this.#visit
      if (open !== undefined && open.id === visit && !open.isOver) {
        clip = open.clip
        return
      }
      await this.#endVisit(this.#bench.deps.clock.mono())
      this.#visit = { id: visit, notes: NOTHING, isOver: false, clip: id }
      await this.#beginClip(this.#visit, this.#ofThisRun(preroll))
    })
    return clip
  }

  note(notes: VisitNotes): Promise<void> {
    return this.#inTurn(async () => {
      const visit = this.#visit
      if (visit === undefined) return
      visit.notes = notes
      for (const clip of this.#growing) if (clip.visit === visit) await clip.note()
    })
  }

  show({ visit, jpeg }: Parameters<Clips['show']>[0]): void {
    if (this.#visit?.id === visit) this.#visit.best = jpeg
  }

  end({ at }: { readonly at: MonoMs }): Promise<void> {
    return this.#inTurn(() => this.#endVisit(at))
  }

  kept(): ReturnType<Clips['kept']> {
    return keptOn(this.#bench.shelf)
  }

  idle(): boolean {
    return this.#waiting === 0 && this.#growing.length === 0
  }

  unsealed(): number {
    return this.#unsealed.length
  }

  async retain(): Promise<void> {
    if (this.#isBroken) return
    try {
      await this.#bench.room.retain()
    } catch (error) {
      this.#giveUp(error)
    }
    if (this.#unsealed.length > 0) await this.#inTurn(() => this.#sealLeftOvers())
  }

  uploaded(job: UploadJob): readonly Change[] {
    const { changes, isWhole } = this.#bench.shelf.uploaded(job)
    if (isWhole && job.clip !== undefined) this.#bench.deps.onClip({ kind: 'clip-uploaded', clip: job.clip })
    return changes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#isClosed) return
      this.#isClosed = true
      for (const clip of this.#growing.slice()) await this.#feed(clip, { kind: 'stop' })
    })
    await this.#bench.room.settled()
  }

  /** One at a time, in the order asked. After the storage failed, nothing happens any more. */
  async #inTurn(job: () => Promise<void>): Promise<void> {
    this.#waiting++
    const mine = this.#turn.then(async () => {
      try {
        if (!this.#isBroken && !this.#isClosed) await job()
      } catch (error) {
        this.#giveUp(error)
      } finally {
        this.#waiting--
      }
    })
    this.#turn = mine.catch(() => {}) // Whoever asked hears of it.
    await mine
  }

  /** A fault of the storage is final: see DESIGN.md. What is no fault is a bug, and ends the process. */
  #giveUp(error: unknown): void {
    if (!isFault(error) || error.kind === 'bug') throw error
    if (this.#isBroken) return
    this.#isBroken = true
    this.#growing = []
    this.#unsealed = []
    this.#bench.deps.log.error('clips.storage_failed', { kind: error.kind, problem: messageOf(error) })
    this.#bench.deps.onClip({ kind: 'storage-failed', why: messageOf(error) })
  }

  #noteFirst(packet: Packet): void {
    if (this.#run !== undefined) this.#run.firstAt ??= packet.at
  }

  async #takeInTurn(packet: Packet): Promise<void> {
    this.#noteFirst(packet)
    const event = this.#eventOf(packet)
    if (event === undefined) return
    for (const clip of this.#growing.slice()) if (!clip.hasSeen(packet)) await this.#feed(clip, event)
  }

  #eventOf(packet: Packet): CutEvent | undefined {
    return this.#run && { kind: 'packet', packet, timescale: this.#run.track.timescale }
  }

  #ofThisRun(preroll: readonly Packet[]): readonly Packet[] {
    const firstAt = this.#run?.firstAt
    return firstAt === undefined ? [] : preroll.filter(({ at }) => at >= firstAt)
  }

  async #beginClip(visit: OpenVisit, preroll: readonly Packet[]): Promise<void> {
    const posterKey = preroll.findLast(({ isKey }) => isKey)
    const clip = this.#addClip({
      id: visit.clip,
      visit,
      continues: undefined,
      ...(posterKey === undefined ? {} : { posterKey }),
    })
    clip.beginBatch()
    for (const packet of preroll) {
      const event = this.#eventOf(packet)
      // A preroll longer than a clip may make more than one already.
      for (const each of this.#growing.slice()) {
        if (each.visit === visit && event !== undefined) await this.#feed(each, event)
      }
    }
    for (const each of this.#growing) if (each.visit === visit) each.expectOverlap(preroll)
    await clip.endBatch()
  }

  async #endVisit(at: MonoMs): Promise<void> {
    const visit = this.#visit
    if (visit === undefined || visit.isOver) return
    visit.isOver = true
    for (const clip of this.#growing.slice()) {
      if (clip.visit === visit) await this.#feed(clip, { kind: 'end', at })
    }
  }

  #addClip(plan: GrowingPlan): GrowingClip {
    const clip = new GrowingClip(this.#bench, plan)
    this.#growing.push(clip)
    return clip
  }

  /** Hands one clip one event, and does what follows for others. */
  async #feed(clip: GrowingClip, event: CutEvent): Promise<void> {
    const { nextKey, ended } = await clip.step(event, this.#run?.track)
    if (nextKey !== undefined) await this.#continue(clip, nextKey)
    if (ended === undefined) return
    this.#growing = this.#growing.filter((other) => other !== clip)
    if (clip.isUnsealed) this.#unsealed.push(clip)
    const visit = this.#visit
    // The camera may come back while the visit goes on.
    if (ended === 'camera-lost' && visit === clip.visit && visit !== undefined && !visit.isOver)
      this.#succeed(clip)
  }

  async #continue(clip: GrowingClip, key: Packet): Promise<void> {
    const event = this.#eventOf(key)
    const next = this.#succeed(clip)
    if (event !== undefined) await this.#feed(next, event)
  }

  /** The next clip of the same visit. */
  #succeed(clip: GrowingClip): GrowingClip {
    const id = freshClipId(this.#bench.deps.random)
    if (this.#visit === clip.visit && this.#visit !== undefined) this.#visit.clip = id
    const continues = clip.isOpen ? { clip: clip.id, until: clip.until } : undefined
    return this.#addClip({ id, visit: clip.visit, continues })
  }

  async #sealLeftOvers(): Promise<void> {
    for (const clip of this.#unsealed) await clip.seal()
    this.#unsealed = this.#unsealed.filter((clip) => clip.isUnsealed)
  }
}
