import { assert } from '../base/assert.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { errorOf, isFault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import {
  encodePage,
  formatCheckpoint,
  leafHash,
  MerkleEdge,
  noteText,
  parsePage,
  type LedgerPage,
} from '../formats/index.ts'
import { TEMPORARY_SUFFIX, type Disk } from '../ports/disk.ts'
import { orderKey } from '../ports/records.ts'
import type { DeviceKey } from '../vault/index.ts'

export type MirrorDeps = { readonly disk: Disk; readonly log: Log }

/** A page that is to be written; its text is made when it is wanted. */
type Pending = { readonly index: number; readonly text: () => string }

const MIRROR = 'ledger'
const QUARANTINE = 'quarantine'
const PAGE = /^(\d{12})\.json$/
/** When more wait for room on the disk, the rest is written at the next start. */
const PENDING_MAX = 1000

const pagePath = (index: number): string => `${MIRROR}/${orderKey(index)}.json`

/**
 * The ledger's pages as files, one an entry, so that the loss of the index does not take the ledger with it. Each is
 * written after the transaction that made the entry durable: the mirror may be behind, never ahead.
 * A disk that refuses stops the mirror, not the ledger.
 */
export class LedgerMirror {
  readonly #disk: Disk
  readonly #log: Log
  #pending: Pending[] = []
  #hasFolder = false
  #isBroken = false

  constructor({ disk, log }: MirrorDeps) {
    this.#disk = disk
    this.#log = log
  }

  /** Makes the folder hold the pages of this ledger and nothing else. `pageAt` gives the text of any of `size`. */
  async open(size: number, pageAt: (index: number) => string): Promise<void> {
    await this.#guarded(async () => {
      const there = await this.#sweep(size)
      if (size === 0) return
      for (const index of await this.#unlike(there, pageAt)) there.delete(index)
      for (let index = 0; index < size; index++)
        if (!there.has(index)) this.#pending.push({ index, text: () => pageAt(index) })
      await this.#writePending(Math.max(-1, ...there))
    })
  }

  async append(index: number, text: string): Promise<void> {
    if (this.#isBroken) return
    this.#pending.push({ index, text: () => text })
    await this.#guarded(() => this.#writePending(-1))
  }

  /** The pages that are there. What is none of ours is put aside; what `replace` left half done goes. */
  async #sweep(size: number): Promise<Set<number>> {
    const there = new Set<number>()
    for (const { name } of await this.#disk.list(MIRROR)) {
      const index = Number(PAGE.exec(name)?.[1] ?? NaN)
      this.#hasFolder = true
      if (index < size) there.add(index)
      else if (name.endsWith(TEMPORARY_SUFFIX)) await this.#disk.remove(`${MIRROR}/${name}`)
      else await this.#putAside(name)
    }
    return there
  }

  /** The power may have torn the newest; those that are whole again behind it were synced before. */
  async #unlike(there: ReadonlySet<number>, pageAt: (index: number) => string): Promise<readonly number[]> {
    const unlike: number[] = []
    for (const index of [...there].sort((a, b) => b - a)) {
      if ((await readText(this.#disk, pagePath(index))) === pageAt(index)) break
      await this.#putAside(`${orderKey(index)}.json`)
      unlike.push(index)
    }
    return unlike
  }

  /** Above `newest` there is nothing yet: those become durable together. A hole is filled in one by one. */
  async #writePending(newest: number): Promise<void> {
    if (this.#pending.length === 0) return
    await this.#makeFolder()
    let isCreated = false
    for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
      const bytes = utf8(next.text())
      if (next.index < newest) await this.#disk.replace(pagePath(next.index), bytes)
      else await this.#disk.create(pagePath(next.index), bytes)
      isCreated ||= next.index >= newest
      this.#pending.shift()
    }
    if (isCreated) await this.#disk.syncFolder(MIRROR)
  }

  async #makeFolder(): Promise<void> {
    if (this.#hasFolder) return
    await this.#disk.makeFolder(MIRROR)
    await this.#disk.syncFolder('')
    this.#hasFolder = true
  }

  /** Nothing is ever deleted: it may show that somebody had another ledger here. */
  async #putAside(name: string): Promise<void> {
    await this.#disk.makeFolder(QUARANTINE)
    const taken = new Set((await this.#disk.list(QUARANTINE)).map((entry) => entry.name))
    let to = `${MIRROR}-${name}`
    for (let n = 1; taken.has(to); n++) to = `${MIRROR}-${name}-${n}`
    const paths = { from: `${MIRROR}/${name}`, to: `${QUARANTINE}/${to}` }
    this.#log.warn('ledger.put_aside', paths)
    await this.#disk.rename(paths)
    await this.#disk.syncFolder(QUARANTINE)
    await this.#disk.syncFolder(MIRROR)
  }

  /** The ledger itself is durable without its mirror, so a fault here stops nothing else. */
  async #guarded(write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (error) {
      if (!isFault(error) || error.kind === 'bug') throw error
      const waiting = this.#pending.length
      this.#isBroken = error.kind !== 'full' || waiting > PENDING_MAX
      const event = this.#isBroken ? 'ledger.mirror_failed' : 'ledger.mirror_waits'
      this.#log.error(event, { problem: messageOf(error), waiting })
    }
  }
}

/**
 * Gives the page of any entry, with the checkpoint that was signed when it was the newest: Ed25519 signs the same text
 * always the same way. `newest` is the note over all entries.
 */
export function pagesOf(
  entries: readonly Uint8Array[],
  key: DeviceKey,
  newest: string | undefined,
): (index: number) => string {
  const size = entries.length
  let roots: readonly Uint8Array[] | undefined
  return (index) => {
    const entry = entries[index]
    assert(entry !== undefined, 'a page is of an entry of the ledger')
    if (index === size - 1 && newest !== undefined)
      return encodePage({ entry: fromUtf8(entry), checkpoint: newest })
    roots ??= rootsOf(entries)
    const root = roots[index]
    assert(root !== undefined, 'there is a root for each entry')
    const body = formatCheckpoint({ origin: key.name, size: index + 1, root })
    return encodePage({ entry: fromUtf8(entry), checkpoint: key.signNote(body) })
  }
}

/** The root over the first entry, over the first two, and so on. */
export function rootsOf(entries: readonly Uint8Array[]): readonly Uint8Array[] {
  const edge = new MerkleEdge()
  return entries.map((entry) => {
    edge.add(leafHash(entry))
    return edge.root()
  })
}

/** Whether there is a page of this number, whatever it says. */
export const hasPage = (disk: Disk, index: number): Promise<boolean> =>
  disk.read(pagePath(index)).then(
    () => true,
    (error: unknown) => {
      if (isFault(error, 'missing')) return false
      if (isFault(error, 'corrupt')) return true
      throw errorOf(error)
    },
  )

/** The pages that can be read, by number; the others are damaged or gone. */
export async function readPages(disk: Disk): Promise<ReadonlyMap<number, LedgerPage>> {
  const pages = new Map<number, LedgerPage>()
  for (const { name } of await disk.list(MIRROR)) {
    const index = PAGE.exec(name)?.[1]
    if (index === undefined) continue
    const path = `${MIRROR}/${name}`
    const text = await readText(disk, path)
    const page = text === undefined ? undefined : pageIn(path, text)
    if (page !== undefined) pages.set(Number(index), page)
  }
  return pages
}

function pageIn(path: string, text: string): LedgerPage | undefined {
  try {
    return parsePage(path, text)
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    return undefined
  }
}

/** Undefined when it cannot be read, or is no text. */
async function readText(disk: Disk, path: string): Promise<string | undefined> {
  try {
    return noteText(path, await disk.read(path))
  } catch (error) {
    if (!isFault(error, 'corrupt', 'missing', 'invalid')) throw error
    return undefined
  }
}
