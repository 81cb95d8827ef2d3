/** What eyes and desk hand over to be recorded, also before there is anything to record to. */
import type { Log } from './base/log.ts'
import type { VisitId } from './base/ids.ts'
import type { MonoMs } from './base/time.ts'
import type { Clips, VisitNotes } from './clips/index.ts'
import type { Packet, Track } from './ports/camera.ts'

type Run = { readonly track: Track; first: Packet | undefined }
type Visit = {
  readonly visit: VisitId
  readonly since: MonoMs
  notes: VisitNotes | undefined
  best: Uint8Array | undefined
}

/**
 * Stands for the clips until they are open. Then they take over the run of the camera and the visit that are going on, with what
 * the preroll still has of it; a visit that is over by then was not recorded, and that is said.
 */
export class LateClips {
  readonly #log: Log
  #clips: Clips | undefined
  #run: Run | undefined
  #visit: Visit | undefined

  constructor(log: Log) {
    this.#log = log
  }

  /** All is asked for before anything else can be: it keeps its order. */
  async attach(clips: Clips): Promise<void> {
    const [run, visit] = [this.#run, this.#visit]
    this.#clips = clips
    this.#run = undefined
    this.#visit = undefined
    const asked: Promise<unknown>[] = []
    if (run !== undefined) asked.push(clips.beginRun(run.track))
    // Older pictures in the preroll are of a run before: the first one says so.
    if (run?.first !== undefined) asked.push(clips.take(run.first))
    if (visit !== undefined) {
      asked.push(clips.begin(visit))
      if (visit.notes !== undefined) asked.push(clips.note(visit.notes))
    }
    await Promise.all(asked)
    if (visit?.best !== undefined) clips.show({ visit: visit.visit, jpeg: visit.best })
  }

  async beginRun(track: Track): Promise<void> {
    if (this.#clips === undefined) this.#run = { track, first: undefined }
    else await this.#clips.beginRun(track)
  }

  async take(packet: Packet): Promise<void> {
    if (this.#clips !== undefined) await this.#clips.take(packet)
    else if (this.#run !== undefined) this.#run.first ??= packet
  }

  async endRun(): Promise<void> {
    this.#run = undefined
    await this.#clips?.endRun()
  }

  async noteLoss(): Promise<void> {
    await this.#clips?.noteLoss()
  }

  async begin({ visit, since }: Parameters<Clips['begin']>[0]): Promise<void> {
    if (this.#clips !== undefined) await this.#clips.begin({ visit, since })
    else if (this.#visit?.visit !== visit) this.#visit = { visit, since, notes: undefined, best: undefined }
  }

  async note(notes: VisitNotes): Promise<void> {
    if (this.#visit !== undefined) this.#visit.notes = notes
    await this.#clips?.note(notes)
  }

  show(picture: Parameters<Clips['show']>[0]): void {
    if (this.#visit?.visit === picture.visit) this.#visit.best = picture.jpeg
    this.#clips?.show(picture)
  }

  async end(options: Parameters<Clips['end']>[0]): Promise<void> {
    if (this.#visit !== undefined) this.#log.error('clips.visit_not_recorded', { visit: this.#visit.visit })
    this.#visit = undefined
    await this.#clips?.end(options)
  }
}
