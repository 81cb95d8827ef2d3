import { equalBytes, fromUtf8, utf8 } from '../../base/bytes.ts'
import { isFault, messageOf } from '../../base/fault.ts'
import {
  keyName,
  leafHash,
  MerkleEdge,
  openNote,
  parseCheckpoint,
  parsePage,
  type NoteKey,
} from '../../formats/index.ts'
import type { Disk } from '../../ports/disk.ts'
import type { Records } from '../../ports/records.ts'
import { localSource } from '../local-source.ts'
import type { Finding, Verdict } from './findings.ts'

const MIRROR = 'ledger'
const PAGE = /^(\d{12})\.json$/

/**
 * Whether the pages of the ledger beside the index are those of the ledger: on the day when the index is lost, they are all
 * that is left of it. A doorbell may be appending meanwhile, so the pages are listed before the entries are read.
 */
export async function verifyMirror(place: {
  readonly disk: Disk
  readonly records: Records
}): Promise<readonly Finding[]> {
  const names = (await place.disk.list(MIRROR)).map(({ name }) => name).filter((name) => PAGE.test(name))
  const findings: Finding[] = []
  const add = (verdict: Verdict, what: string, detail: string): void =>
    void findings.push({ verdict, where: 'the device', what, detail })
  try {
    const { entries, key } = await ledgerIn(place)
    if (key === undefined) return []
    const roots = rootsOf(entries)
    for (const name of names) {
      const index = Number(PAGE.exec(name)?.[1])
      const path = `${MIRROR}/${name}`
      const [entry, root] = [entries[index], roots[index]]
      if (entry === undefined || root === undefined) add('unknown', path, 'the ledger has no such entry')
      else {
        const problem = await problemOf(place.disk, path, { entry, root, size: index + 1, key })
        // The power may have gone while it was written.
        const isNewest = index === entries.length - 1
        if (problem !== undefined) add(isNewest ? 'note' : 'changed', path, problem)
      }
    }
    const missing = entries.length - names.length
    if (missing > 0) add('note', MIRROR, `${missing} pages are not written yet; the next start does it`)
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error // Told where the ledger and the key are verified.
  }
  return findings
}

async function ledgerIn(place: {
  readonly disk: Disk
  readonly records: Records
}): Promise<{ readonly entries: readonly Uint8Array[]; readonly key: NoteKey | undefined }> {
  const source = localSource(place)
  const publicKey = await source.deviceKey()
  const entries = await source.entries(Number.MAX_SAFE_INTEGER)
  return { entries, key: publicKey && { name: keyName('lintel', publicKey), publicKey } }
}

function rootsOf(entries: readonly Uint8Array[]): readonly Uint8Array[] {
  const edge = new MerkleEdge()
  return entries.map((entry) => {
    edge.add(leafHash(entry))
    return edge.root()
  })
}

type Wanted = {
  readonly entry: Uint8Array
  readonly root: Uint8Array
  readonly size: number
  readonly key: NoteKey
}

/** What is wrong with a page, as a sentence. */
async function problemOf(
  disk: Disk,
  path: string,
  { entry, root, size, key }: Wanted,
): Promise<string | undefined> {
  try {
    const page = parsePage(path, textOf(await disk.read(path)))
    if (!equalBytes(utf8(page.entry), entry)) return 'its entry is not the ledger’s'
    const signed = parseCheckpoint(openNote(path, page.checkpoint, key))
    const isOfEntry = signed.origin === key.name && signed.size === size && equalBytes(signed.root, root)
    return isOfEntry ? undefined : 'its checkpoint does not vouch for its entry'
  } catch (error) {
    if (!isFault(error, 'corrupt', 'missing')) throw error
    return messageOf(error)
  }
}

/** Bytes that are no text are no page either. */
function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch {
    return ''
  }
}
