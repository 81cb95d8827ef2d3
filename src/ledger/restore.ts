import { equalBytes, fromUtf8, hex, utf8 } from '../base/bytes.ts'
import { isFault } from '../base/fault.ts'
import {
  CHECKPOINT_NAME,
  formatCheckpoint,
  leafHash,
  namesInLedger,
  objectsOfLedger,
  openNote,
  parseCheckpoint,
  parseEntry,
  rootOf,
  sha256,
  type Checkpoint,
  type LedgerEntry,
  type LedgerPage,
} from '../formats/index.ts'
import type { Disk } from '../ports/disk.ts'
import { orderKey, type Change } from '../ports/records.ts'
import type { UploadJob } from '../upload/index.ts'
import type { DeviceKey } from '../vault/index.ts'
import { readPages, rootsOf } from './mirror.ts'

/** What the mirror still tells of the ledger. */
export type RestoredLedger = {
  /** The longest beginning that a signed checkpoint vouches for, as it was written. */
  readonly texts: readonly Uint8Array[]
  readonly entries: readonly LedgerEntry[]
  /** How many entries came after those, as far as signed checkpoints tell. */
  readonly lost: number
}

/** Reads the mirror; changes nothing. What no signature of this device vouches for counts as lost. */
export async function restoreLedger({
  disk,
  key,
}: {
  readonly disk: Disk
  readonly key: DeviceKey
}): Promise<RestoredLedger> {
  const pages = await readPages(disk)
  const unbroken = unbrokenFrom(pages)
  const roots = rootsOf(unbroken.map(({ text }) => text))
  let kept = unbroken.length
  while (kept > 0 && !isVouchedFor(pages.get(kept - 1), key, { size: kept, root: roots[kept - 1] })) kept--
  const beyond = [...pages].filter(([index]) => index >= kept).map(([, page]) => sizeSigned(page, key))
  const known = unbroken.slice(0, kept)
  return {
    texts: known.map(({ text }) => text),
    entries: known.map(({ entry }) => entry),
    lost: Math.max(kept, ...beyond) - kept,
  }
}

type Known = { readonly text: Uint8Array; readonly entry: LedgerEntry }

/** Up to the first page that is damaged or gone. */
function unbrokenFrom(pages: ReadonlyMap<number, LedgerPage>): readonly Known[] {
  const known: Known[] = []
  for (let page = pages.get(0); page !== undefined; page = pages.get(known.length)) {
    const entry = entryIn(page)
    if (entry === undefined) break
    known.push({ text: utf8(page.entry), entry })
  }
  return known
}

function entryIn(page: LedgerPage): LedgerEntry | undefined {
  try {
    return parseEntry('ledger entry', page.entry)
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    return undefined
  }
}

function isVouchedFor(
  page: LedgerPage | undefined,
  key: DeviceKey,
  wanted: { readonly size: number; readonly root: Uint8Array | undefined },
): boolean {
  const signed = page === undefined ? undefined : signedBy(page, key)
  if (signed === undefined || wanted.root === undefined) return false
  return signed.size === wanted.size && equalBytes(signed.root, wanted.root)
}

const sizeSigned = (page: LedgerPage, key: DeviceKey): number => signedBy(page, key)?.size ?? 0

function signedBy({ checkpoint }: LedgerPage, key: DeviceKey): Checkpoint | undefined {
  try {
    const signed = parseCheckpoint(openNote('ledger checkpoint', checkpoint, key))
    return signed.origin === key.name ? signed : undefined
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    return undefined
  }
}

/** The rows of a ledger of these entries, and everything the store needs of it, the checkpoint last. */
export function ledgerOf(
  texts: readonly Uint8Array[],
  { key, checkpointKey }: { readonly key: DeviceKey; readonly checkpointKey: string },
): { readonly changes: readonly Change[]; readonly jobs: readonly UploadJob[] } {
  const leaves = texts.map(leafHash)
  const size = texts.length
  const note = key.signNote(formatCheckpoint({ origin: key.name, size, root: rootOf(leaves) }))
  const objectOf = objectsOfLedger(texts, leaves)
  const pieces = namesInLedger(size).flatMap((name) => {
    const bytes = objectOf(name)
    return bytes === undefined ? [] : [jobOf(name, bytes, false)]
  })
  return {
    changes: [
      ...texts.map((text, n): Change => ({ put: 'ledger', key: orderKey(n), row: fromUtf8(text) })),
      { put: 'device', key: checkpointKey, row: note },
    ],
    jobs: [...pieces, jobOf(CHECKPOINT_NAME, utf8(note), true)],
  }
}

export const jobOf = (name: string, bytes: Uint8Array, replace: boolean): UploadJob => ({
  name,
  source: { inline: Buffer.from(bytes).toString('base64') },
  sha256: hex(sha256(bytes)),
  bytes: bytes.length,
  replace,
  what: 'ledger',
})
