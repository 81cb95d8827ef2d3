/** What the simulator saw of one world, for the checkers: everything in world time, collected where the doorbell cannot lie. */
import type { Change, TableName } from '../../src/ports/records.ts'
import type { SimFiles } from '../devices/sim-files.ts'
import type { MemoryRecords } from '../devices/memory-records.ts'
import type { Household } from '../checkers/household.ts'
import type { Happening } from '../../src/doorbell.ts'

/** One incarnation of the doorbell. */
export type LifeFact = {
  readonly boot: number
  /** Power, or the process, began. */
  readonly fromMs: number
  /** It was up: signs are heard from here on. */
  upMs: number | undefined
  toMs: number | undefined
  /** How it ended: pulled plug, killed process, orderly stop; undefined while it lives. */
  end: 'power' | 'killed' | 'stopped' | 'failed' | undefined
}

/** A finger on the button, as the story moved it: what must be heard. */
export type FingerFact = { readonly downMs: number; readonly upMs: number }

export type AcceptedPress = {
  readonly id: string
  readonly visit: string
  /** When the finger came, by the world's clock. */
  readonly pressedAtMs: number
  readonly acceptedAtMs: number
  /** From then on the contact was closed without a break. */
  readonly closedAtMs: number
  readonly life: number
  /** What the doorbell's own clock said the time was then. */
  readonly wallAt: number
  readonly wallTrusted: boolean
  /** By that clock, and as the household wants it, the chime is silent then. */
  readonly isQuiet: boolean
}

export type AcknowledgedPart = {
  readonly clip: string
  /** `<clip>/<file>`. */
  readonly key: string
  readonly name: string
  readonly sha256: string
  readonly bytes: number
  readonly atMs: number
}

export type ToldMessage = { readonly atMs: number; readonly topic: string; readonly payload: string }

export type StoredObject = {
  readonly bytes: Uint8Array
  readonly sha256: string
  /** How often a put made or changed it. */
  readonly storedTimes: number
}

export type Evidence = {
  readonly household: Household
  readonly lives: LifeFact[]
  readonly fingers: FingerFact[]
  readonly presses: AcceptedPress[]
  /** When the chime line went active. */
  readonly chimes: number[]
  /** When the speaker was told to sound. */
  readonly sounds: number[]
  /** Ids of presses whose row in the outbox was durable, and when. */
  readonly journalled: Map<string, number>
  readonly parts: Map<string, AcknowledgedPart>
  readonly sealedClips: Map<string, number>
  /** Clips that their owner wanted gone, from when that was durable: what is left to do is done after a power cut too, told or not. */
  readonly deletedClips: Set<string>
  readonly told: ToldMessage[]
  /** What the doorbell published and what it was answered: `acknowledged`, or the kind of fault. */
  readonly published: { readonly atMs: number; readonly payload: string; readonly outcome: string }[]
  readonly happenings: { readonly atMs: number; readonly life: number; readonly happening: Happening }[]
  /** When more waited or was held than may. */
  readonly excesses: { readonly atMs: number; readonly message: string }[]
  /** Loops that threw, and other broken promises. */
  readonly crashes: { readonly atMs: number; readonly message: string }[]
  /** Everything the doorbell wrote into its log, bounded; only to search it. */
  readonly logTexts: string[]
  /** Troubles under which acknowledged things may be lost: a disk that lies, or that was broken by hand. */
  excuses: {
    lyingDisk: boolean
    fullDisk: boolean
    brokenDisk: boolean
    spoiltIndex: boolean
    corruptPackets: boolean
  }
  /** How far off the clock was each time it was set wrong while it called itself right: nobody can know better then. */
  readonly believedOffsMs: number[]
  /** The story, or its healing, took longer than it may. */
  unsettled: string | undefined
  endMs: number
  /** As they are at the end. */
  readonly files: SimFiles
  readonly records: MemoryRecords
  readonly objects: ReadonlyMap<string, StoredObject>
  readonly hasStore: boolean
  readonly hasBroker: boolean
}

/** Reads acknowledged presses and parts out of a transaction that became durable. */
export function noteCommitted(evidence: Evidence, atMs: number, changes: readonly Change[]): void {
  for (const change of changes) {
    if (!('put' in change)) continue
    if (change.put === 'outbox') notePress(evidence, atMs, change.row)
    if (change.put === 'part') notePart(evidence, atMs, change.key, change.row)
    if (change.put === 'clip' && phaseOf(change.row) === 'sealed' && !evidence.sealedClips.has(change.key))
      evidence.sealedClips.set(change.key, atMs)
    if (change.put === 'clip' && fieldsOf(change.row)['why'] === 'owner')
      evidence.deletedClips.add(change.key)
  }
}

function notePress(evidence: Evidence, atMs: number, row: unknown): void {
  const id = typeof row === 'string' ? idOf(row) : undefined
  if (id !== undefined && !evidence.journalled.has(id)) evidence.journalled.set(id, atMs)
}

function notePart(evidence: Evidence, atMs: number, key: string, row: unknown): void {
  const { what, name, sha256, bytes } = fieldsOf(row)
  if (what !== 'part' || typeof name !== 'string' || typeof sha256 !== 'string' || typeof bytes !== 'number')
    return
  if (evidence.parts.has(name)) return
  evidence.parts.set(name, { clip: key.split('/')[0] ?? '', key, name, sha256, bytes, atMs })
}

const phaseOf = (row: unknown): unknown => fieldsOf(row)['phase']

/** The id of a press in the text of a message; undefined when it is something else. */
export function idOf(payload: string): string | undefined {
  if (!payload.includes('"id"')) return undefined
  const { id } = fieldsOf(parsed(payload))
  return typeof id === 'string' ? id : undefined
}

export function fieldsOf(row: unknown): Readonly<Record<string, unknown>> {
  return typeof row === 'object' && row !== null ? (row as Record<string, unknown>) : {} // Any object has names; their values stay unknown.
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const rowsOf = (evidence: Evidence, table: TableName): ReadonlyMap<string, unknown> =>
  new Map(evidence.records.rows(table).map(({ key, row }) => [key, row]))

/** The same up to now; what comes later is noted in one of them only. */
export const copyOf = (evidence: Evidence): Evidence => ({
  ...evidence,
  lives: evidence.lives.map((life) => ({ ...life })),
  fingers: [...evidence.fingers],
  presses: [...evidence.presses],
  chimes: [...evidence.chimes],
  sounds: [...evidence.sounds],
  journalled: new Map(evidence.journalled),
  parts: new Map(evidence.parts),
  sealedClips: new Map(evidence.sealedClips),
  deletedClips: new Set(evidence.deletedClips),
  told: [...evidence.told],
  published: [...evidence.published],
  happenings: [...evidence.happenings],
  excesses: [...evidence.excesses],
  crashes: [...evidence.crashes],
  logTexts: [...evidence.logTexts],
  excuses: { ...evidence.excuses },
})
