import { assert, assertNever } from '../base/assert.ts'
import { concatBytes } from '../base/bytes.ts'
import { errorOf, isFault } from '../base/fault.ts'
import type { ClipId, VisitId } from '../base/ids.ts'
import { laterBy, type MonoMs } from '../base/time.ts'
import { fragment, initSegment } from '../media/index.ts'
import type { Packet, Track } from '../ports/camera.ts'
import type { Change } from '../ports/records.ts'
import type { ClipSeal } from '../vault/index.ts'
import type { Bench } from './bench.ts'
import type { VisitNotes } from './clips.ts'
import { cut, shownUntil, waiting, type CutEvent, type CutState, type Ended } from './cutter.ts'
import { sealClip } from './manifest.ts'
import { metaBytes, type ClipFrame } from './meta.ts'
import { fileJob, freshObjectName, inlineJob, objectRow, sha256Hex } from './objects.ts'
import { posterOf } from './poster.ts'
import { hourOf } from './room.ts'
import { clipFolder, CLIPS, pathOf, type ClipRow, type ObjectRow } from './rows.ts'
import { bytesOf, partsOf, type Edit, type ShelfClip } from './shelf.ts'

/** A visit as its clips see it. Notes may come before, while and after there is a clip. */
export type Visit = { readonly id: VisitId; notes: VisitNotes; best?: Uint8Array }

export type GrowingPlan = {
  readonly id: ClipId
  readonly visit: Visit
  /** The clip before this one, of the same visit. */
  readonly continues: { readonly clip: ClipId; readonly until: MonoMs } | undefined
  /** The picture that shows best what the visit is about; left out: the first. */
  readonly posterKey?: Packet
}

/** What the recorder must know after each packet. */
export type Progress = {
  /** The next clip of the visit begins with this packet. */
  readonly nextKey: Packet | undefined
  readonly ended: Ended | undefined
}

type Sealed = { readonly object: ObjectRow; readonly bytes: Uint8Array }

/** What is known once the first key frame has come. */
type Begun = {
  readonly seal: ClipSeal
  readonly row: ClipRow
  readonly track: Track
  readonly first: Packet
  readonly frame: ClipFrame
}

/**
 * One clip while it grows: does what its cutter decides, in the order of DESIGN.md.
 * Its calls must not overlap; any fault it throws means that the storage is not to be trusted any more.
 */
export class GrowingClip {
  readonly id: ClipId
  readonly visit: Visit
  readonly #bench: Bench
  readonly #plan: GrowingPlan
  #cut: CutState = waiting
  #begun: Begun | undefined
  /** The row is written. Not so at first when the disk was full at the beginning. */
  #isOpen = false
  #partsMade = 0
  #hasGap = false
  /** What came before is missing: only a key frame can be the next. */
  #needsKey = false
  #batch: (readonly Packet[])[] | undefined
  #last: Packet | undefined
  #overlap: readonly Packet[] = []
  /** Until when a better picture is waited for; undefined once the poster is being stored. */
  #posterDueAt: MonoMs | undefined
  #poster: Promise<void> = Promise.resolve()
  #posterFault: unknown
  #finished: { readonly ended: Ended; readonly last: Packet } | undefined

  constructor(bench: Bench, plan: GrowingPlan) {
    this.#bench = bench
    this.#plan = plan
    this.id = plan.id
    this.visit = plan.visit
  }

  /** There is something of it on the disk. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Ended, but the disk was too full to say so. */
  get isUnsealed(): boolean {
    return this.#finished !== undefined
  }

  get until(): MonoMs {
    const { first, track } = this.#known()
    return shownUntil(this.#last ?? first, track.timescale)
  }

  /** Parts completed from now on are stored together at the end of the batch: for the preroll, which comes all at once. */
  beginBatch(): void {
    this.#batch = []
  }

  async endBatch(): Promise<void> {
    const batch = this.#batch ?? []
    this.#batch = undefined
    await this.#storeParts(batch)
  }

  /** The preroll may reach further than the packets that were handed over one by one: those come again. */
  expectOverlap(preroll: readonly Packet[]): void {
    const last = preroll.at(-1)
    this.#overlap = preroll.filter(({ dts }) => dts === last?.dts)
  }

  hasSeen(packet: Packet): boolean {
    const [last] = this.#overlap
    if (last === undefined) return false
    const isSeen = packet.dts < last.dts || this.#overlap.some((seen) => isSame(seen, packet))
    if (!isSeen) this.#overlap = []
    return isSeen
  }

  async step(event: CutEvent, track: Track | undefined): Promise<Progress> {
    const { state, actions } = cut(this.#cut, event, this.#bench.rules)
    this.#cut = state
    this.#storePosterWhenDue()
    let progress: Progress = { nextKey: undefined, ended: undefined }
    for (const action of actions) {
      switch (action.do) {
        case 'begin':
          await this.#begin(action.first, track)
          break
        case 'store':
          if (this.#batch === undefined) await this.#storeParts([action.packets])
          else this.#batch.push(action.packets)
          break
        case 'continue':
          progress = { ...progress, nextKey: action.key }
          break
        case 'finish':
          await this.#finish(action.ended, action.last)
          progress = { ...progress, ended: action.ended }
          break
        default:
          assertNever(action)
      }
    }
    return progress
  }

  /** Packets were lost before they came to us. */
  noteLoss(): void {
    this.#hasGap = true
  }

  /** What is known of the visit has changed. */
  async note(): Promise<void> {
    if (!this.#isOpen) return
    const { object, bytes } = this.#sealMeta(undefined)
    const replaced = await this.#bench.room.tryTwice(bytes.length, () =>
      this.#bench.deps.disk.replace(pathOf(this.id, object), bytes),
    )
    if (!replaced) this.#bench.deps.log.warn('clips.note_not_stored', { clip: this.id })
  }

  /** Seals the clip; when even that finds no room, it stays as it is, to be tried again. */
  async seal(): Promise<void> {
    const finished = this.#finished
    if (finished === undefined) return
    await this.#poster
    if (this.#posterFault !== undefined) throw errorOf(this.#posterFault)
    const { room } = this.#bench
    if (partsOf(this.#onShelf()).length === 0) {
      await room.expire(this.#onShelf(), 'empty')
    } else {
      const meta = { ...this.#sealMeta(finished), isOnDisk: false }
      if (!(await sealClip(this.#bench, this.#onShelf(), { meta, ended: finished.ended }))) return
      this.#tellSealed(finished.ended)
    }
    this.#finished = undefined
  }

  async #begin(first: Packet, track: Track | undefined): Promise<void> {
    assert(track !== undefined, 'packets come in a run')
    const { deps, shelf } = this.#bench
    const seal = await deps.sealClip()
    const wall = deps.clock.wall()
    const row: ClipRow = {
      phase: 'growing',
      order: shelf.takeOrder(),
      visit: this.visit.id,
      header: sha256Hex(seal.header),
      hour: hourOf(wall),
      held: false,
      names: {
        meta: freshObjectName(deps.random),
        poster: freshObjectName(deps.random),
        manifest: freshObjectName(deps.random),
      },
    }
    const frame: ClipFrame = {
      clip: this.id,
      visit: this.visit.id,
      device: deps.deviceName,
      from: first.at,
      fromUnixMs: Math.round(wall.at - (deps.clock.mono() - first.at)),
      clockTrusted: wall.trusted,
      boot: deps.boot,
      track,
      continues: this.#plan.continues,
    }
    this.#begun = { seal, row, track, first, frame }
    await this.#open()
  }

  /** *Begin a clip*, steps 2 to 5. On a full disk, the next part tries again. */
  async #open(): Promise<void> {
    const { deps, room, shelf } = this.#bench
    const { row, first, frame } = this.#known()
    const { object, bytes } = this.#sealMeta(undefined)
    const upload = deps.queueUpload(inlineJob(this.id, object, bytes))
    this.#isOpen = await room.tryTwice(bytes.length, async () => {
      await deps.disk.makeFolder(clipFolder(this.id))
      await deps.disk.syncFolder(CLIPS)
      await deps.disk.replace(pathOf(this.id, object), bytes)
      const edits: Edit[] = [
        { clip: this.id, row },
        { clip: this.id, object },
      ]
      await shelf.write(edits, upload)
    })
    if (!this.#isOpen) {
      deps.cancelUploads?.(upload)
      return
    }
    deps.wakeUploads()
    const { clockTrusted } = frame
    if (!clockTrusted) room.noteUntimed(this.id, first.at)
    deps.onClip({ kind: 'clip-began', clip: this.id, visit: this.visit.id, from: first.at, clockTrusted })
    this.#posterDueAt = laterBy(deps.clock.mono(), this.#bench.rules.posterWaitMs)
    this.#storePosterWhenDue()
  }

  /** *Store parts*. */
  async #storeParts(cut: readonly (readonly Packet[])[]): Promise<void> {
    for (const packets of cut) this.#last = lastShown(packets, this.#last)
    const parts = this.#decodable(cut)
    if (parts.length === 0) return
    if (!this.#isOpen) await this.#open()
    const { deps } = this.#bench
    const sealed = parts.map((packets, index) => this.#sealPart(packets, this.#partsMade + index))
    if (!this.#isOpen || !(await this.#writeNew(sealed))) {
      this.#tellGap(parts.flat())
      this.#needsKey = true
      return
    }
    this.#partsMade += sealed.length
    deps.wakeUploads()
    for (const { object } of sealed) {
      deps.onClip({ kind: 'part-stored', clip: this.id, part: object.part, bytes: object.bytes })
    }
  }

  /** After a gap nothing can be decoded before the next key frame, so that is where the film goes on. */
  #decodable(parts: readonly (readonly Packet[])[]): readonly (readonly Packet[])[] {
    if (!this.#needsKey) return parts
    const packets = parts.flat()
    const key = packets.find(({ isKey }) => isKey)
    const from = key === undefined ? packets.length : packets.indexOf(key)
    if (from > 0) this.#tellGap(packets.slice(0, from))
    if (key === undefined) return []
    this.#needsKey = false
    const rest = new Set(packets.slice(from).filter((packet) => packet === key || packet.pts > key.pts))
    return parts.map((part) => part.filter((packet) => rest.has(packet))).filter((part) => part.length > 0)
  }

  /** New objects become durable, then acknowledged. False: there is no room for them. */
  async #writeNew(sealed: readonly Sealed[]): Promise<boolean> {
    const { deps, room } = this.#bench
    const bytes = sealed.reduce((sum, part) => sum + part.bytes.length, 0)
    // Once, not for each try: an upload is in the queue's hands from then on.
    const uploads = sealed.flatMap(({ object }) => deps.queueUpload(fileJob(this.id, object)))
    const isWritten = await room.tryTwice(bytes, () => this.#writeFiles(sealed, uploads))
    if (!isWritten) deps.cancelUploads?.(uploads)
    return isWritten
  }

  async #writeFiles(sealed: readonly Sealed[], uploads: readonly Change[]): Promise<void> {
    const { deps, shelf } = this.#bench
    const made: string[] = []
    try {
      for (const { object, bytes } of sealed) {
        await deps.disk.create(pathOf(this.id, object), bytes)
        made.push(pathOf(this.id, object))
      }
      await deps.disk.syncFolder(clipFolder(this.id))
      await shelf.write(
        sealed.map(({ object }) => ({ clip: this.id, object })),
        uploads,
      )
    } catch (error) {
      // Nobody was told of them, and the next try needs their names. After a failed sync we do not touch the disk again.
      if (isFault(error, 'full')) for (const path of made) await deps.disk.remove(path)
      throw error
    }
  }

  #tellGap(packets: readonly Packet[]): void {
    const { deps } = this.#bench
    const { track } = this.#known()
    this.#hasGap = true
    const ms = (packets.reduce((sum, { duration }) => sum + duration, 0) * 1000) / track.timescale
    deps.log.error('clips.gap', { clip: this.id, ms })
    deps.onClip({ kind: 'clip-gap', clip: this.id, visit: this.visit.id, ms })
  }

  #sealPart(packets: readonly Packet[], part: number): Sealed {
    const { seal, track, first } = this.#known()
    const [start] = packets
    assert(start !== undefined, 'a part has packets')
    const samples = packets.map((packet, index) => ({
      data: packet.data,
      // Not the packet's own: pictures that were dropped behind it leave their time to it.
      duration: (packets[index + 1]?.dts ?? packet.dts + packet.duration) - packet.dts,
      compositionOffset: packet.pts - packet.dts,
      isKey: packet.isKey,
    }))
    const media = fragment({ sequence: part + 1, baseDts: start.dts - first.dts, samples })
    const opening = { presentationOffset: first.pts - first.dts }
    const plain = part === 0 ? concatBytes([initSegment(track, opening), media]) : media
    const bytes = seal.seal(plain)
    const name = freshObjectName(this.#bench.deps.random)
    return { object: objectRow({ what: 'part', part, name }, bytes), bytes }
  }

  #sealMeta(finished: { readonly last: Packet } | undefined): Sealed {
    const { seal, row, frame, first, track } = this.#known()
    const last = this.#last ?? first
    const plain = metaBytes(frame, this.visit.notes, {
      durationMs: ((last.pts + last.duration - first.pts) * 1000) / track.timescale,
      isEnded: finished !== undefined,
      isComplete: finished !== undefined && !this.#hasGap,
    })
    const bytes = seal.seal(plain)
    return { object: objectRow({ what: 'meta', part: 0, name: row.names.meta }, bytes), bytes }
  }

  /** *Poster*: beside the recording, not in its way. */
  #storePosterWhenDue(isLast = false): void {
    if (this.#posterDueAt === undefined) return
    if (!isLast && this.#bench.deps.clock.mono() < this.#posterDueAt) return
    this.#posterDueAt = undefined
    this.#poster = this.#storePoster().catch((error: unknown) => void (this.#posterFault = error))
  }

  async #storePoster(): Promise<void> {
    const { deps, rules } = this.#bench
    const { seal, row, track, first } = this.#known()
    const key = this.#plan.posterKey ?? first
    const jpeg = this.visit.best ?? (await posterOf(deps, { track, key, rules }))
    if (jpeg === undefined) return
    const bytes = seal.seal(jpeg)
    const object = objectRow({ what: 'poster', part: 0, name: row.names.poster }, bytes)
    if (await this.#writeNew([{ object, bytes }])) deps.wakeUploads()
    else deps.log.warn('clips.poster_not_stored', { clip: this.id })
  }

  async #finish(ended: Ended, last: Packet | undefined): Promise<void> {
    await this.endBatch()
    if (last === undefined || !this.#isOpen) return // It never began, or the disk was full all the time.
    this.#last = last
    this.#finished = { ended, last }
    this.#storePosterWhenDue(true)
    await this.seal()
  }

  #tellSealed(ended: Ended): void {
    const { first } = this.#known()
    const clip = this.#onShelf()
    this.#bench.deps.onClip({
      kind: 'clip-sealed',
      clip: this.id,
      visit: this.visit.id,
      from: first.at,
      to: this.until,
      parts: partsOf(clip).length,
      bytes: bytesOf(clip),
      ended,
    })
  }

  #onShelf(): ShelfClip {
    const clip = this.#bench.shelf.get(this.id)
    assert(clip !== undefined, `clip ${this.id} is on the shelf while it grows`)
    return clip
  }

  #known(): Begun {
    assert(this.#begun !== undefined, `clip ${this.id} has begun`)
    return this.#begun
  }
}

/** The packet whose picture is shown last. */
const lastShown = (packets: readonly Packet[], last: Packet | undefined): Packet | undefined =>
  packets.reduce(
    (latest, packet) => (latest === undefined || packet.pts > latest.pts ? packet : latest),
    last,
  )

const isSame = (a: Packet, b: Packet): boolean =>
  a.dts === b.dts && a.pts === b.pts && a.data.length === b.data.length
