import type { Log } from '../base/log.ts'
import type { ClipId, VisitId } from '../base/ids.ts'
import type { MonoMs } from '../base/time.ts'
import type { Ledger } from '../ledger/index.ts'
import type { Packet, Track } from '../ports/camera.ts'
import type { Clock } from '../ports/clock.ts'
import type { Disk } from '../ports/disk.ts'
import type { Edge } from '../ports/gpio.ts'
import type { Random } from '../ports/random.ts'
import type { Change, Records } from '../ports/records.ts'
import type { Stills } from '../ports/stills.ts'
import type { Area } from '../ports/vision.ts'
import type { QueuedJob, UploadJob } from '../upload/index.ts'
import type { ClipSeal, DeviceKey } from '../vault/index.ts'
import type { SignKind } from '../visits/index.ts'
import type { ClipShelf } from '../web/index.ts'
import type { Ended } from './cutter.ts'
import type { ExpiryReason } from './rows.ts'

export type ClipsDeps = {
  readonly disk: Disk
  readonly records: Records
  readonly clock: Clock
  readonly random: Random
  readonly stills: Pick<Stills, 'jpegOf'>
  readonly log: Log
  /** A fresh file key, wrapped to the recipients of now. */
  readonly sealClip: () => Promise<ClipSeal>
  readonly deviceKey: DeviceKey
  readonly ledger: Pick<Ledger, 'append'>
  /** Base64 of the key that signs the list of recipients: the same signs grants. */
  readonly ownerKey: () => string
  /** The changes that queue an upload; empty when there is no cloud. */
  readonly queueUpload: (job: QueuedJob) => readonly Change[]
  /** What was queued could not be written after all. */
  readonly cancelUploads?: (changes: readonly Change[]) => void
  readonly wakeUploads: () => void
  /** The changes that take a clip's uploads out of the queue: what expired cannot be sent any more. */
  readonly forgetUploads?: (clip: ClipId) => readonly Change[]
  /** What should have been taken out is still there: those changes could not be written. */
  readonly unforgetUploads?: (changes: readonly Change[]) => void
  /** What the preroll has of the present run, from the last key frame at or before `at`; the packet taken last among it. */
  readonly prerollSince: (at: MonoMs) => readonly Packet[]
  /** What the household calls this doorbell. */
  readonly deviceName: string
  /** How often the device was started before. */
  readonly boot: number
  readonly onClip: (happening: ClipHappening) => void
}

export type ClipRules = {
  readonly partMs: number
  readonly clipMsMax: number
  readonly retainBytes: number
  readonly retainMs: number
  /** Disk space that clips never touch. */
  readonly reserveBytes: number
  readonly posterWidthMax: number
  /** So long a better picture than the first is waited for; 0 where nobody looks for one. */
  readonly posterWaitMs: number
}

export type Label = {
  readonly label: string
  readonly score: number
  readonly at: MonoMs
  readonly box: Area
  readonly zones: readonly string[]
}

/** All that is known of the visit so far, not only what is new. */
export type VisitNotes = {
  readonly signs: readonly SignKind[]
  readonly presses: readonly MonoMs[]
  readonly labels: readonly Label[]
  /** What was seen on the lines around the presses. */
  readonly edges?: readonly Edge[]
}

export interface Clips extends AsyncDisposable {
  /** Recovers what the last process left behind. Call before anything else. */
  open(): Promise<void>
  /** Clips may be recorded from now on; packets of other runs are not mixed with those of this one. */
  beginRun(track: Track): Promise<void>
  /** Resolves when the packet is where it belongs; a part that it completes is durable by then. */
  take(packet: Packet): Promise<void>
  endRun(): Promise<void>
  /** Packets are missing here: what is being recorded will not be complete. */
  noteLoss(): Promise<void>
  /** Records the visit from `since` on. Does nothing when that visit is being recorded already. */
  begin(visit: { readonly visit: VisitId; readonly since: MonoMs }): Promise<ClipId>
  note(notes: VisitNotes): Promise<void>
  /** The best picture of the visit so far; what comes too late for a poster is left out. */
  show(picture: { readonly visit: VisitId; readonly jpeg: Uint8Array }): void
  /** The visit was over at `at`: its clip is sealed once its pictures up to then have come. */
  end(options: { readonly at: MonoMs }): Promise<void>
  /** What the household may do with the clips that are here. */
  readonly shelf: ClipShelf
  /** How many clips are here, their bytes, and in how many days (trusted ones) they were begun. */
  kept(): { readonly clips: number; readonly bytes: number; readonly days: number }
  /** Nothing is being recorded, and nothing waits to be. */
  idle(): boolean
  /** Clips that ended, and wait for room on the disk to be sealed. */
  unsealed(): number
  /** Makes room as the rules say. */
  retain(): Promise<void>
  /** What becomes true when the object is stored; to be written in one transaction with the end of the upload. */
  uploaded(job: UploadJob): readonly Change[]
}

export type ClipHappening =
  | {
      readonly kind: 'clip-began'
      readonly clip: ClipId
      readonly visit: VisitId
      readonly from: MonoMs
      readonly clockTrusted: boolean
    }
  | { readonly kind: 'part-stored'; readonly clip: ClipId; readonly part: number; readonly bytes: number }
  | {
      readonly kind: 'clip-sealed'
      readonly clip: ClipId
      readonly visit: VisitId
      readonly from: MonoMs
      readonly to: MonoMs
      readonly parts: number
      readonly bytes: number
      readonly ended: Ended
    }
  | {
      readonly kind: 'clip-recovered'
      readonly clip: ClipId
      readonly visit: VisitId
      readonly parts: number
      readonly bytes: number
    }
  /** Told when the upload is known; told again if the note of it could not be written at first. */
  | { readonly kind: 'clip-uploaded'; readonly clip: ClipId }
  | {
      readonly kind: 'clip-expired'
      readonly clip: ClipId
      readonly why: ExpiryReason
      /** False: nobody will see it any more. */
      readonly uploaded: boolean
    }
  /** The disk was full, and this much of the visit is not recorded. */
  | { readonly kind: 'clip-gap'; readonly clip: ClipId; readonly visit: VisitId; readonly ms: number }
  /** An object was acknowledged and is gone; `file` is its name in the clip's folder. */
  | { readonly kind: 'object-lost'; readonly clip: ClipId; readonly file: string }
  /** Nothing is recorded any more until the next start. */
  | { readonly kind: 'storage-failed'; readonly why: string }
