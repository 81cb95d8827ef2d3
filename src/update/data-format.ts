/** What the data folder is written in, so that no version takes what a newer one wrote for damage. */
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault, isFault } from '../base/fault.ts'
import type { Disk } from '../ports/disk.ts'

/**
 * One number more whenever a version writes what the one before it would take for damage: another kind of ledger entry, another shape of
 * a manifest. The package's preinst reads the same file before it installs an older version.
 */
export const DATA_FORMAT = 1
const FILE = 'data-format'

/**
 * To be called before anything of the data folder is opened. Writes down that this version was here; throws `Fault('invalid')` when a newer
 * one was, and changes nothing then.
 */
export async function claimDataFormat(disk: Disk, reads = DATA_FORMAT): Promise<void> {
  const written = await readFormat(disk)
  if (written !== undefined && written > reads)
    throw new Fault(
      'invalid',
      `${FILE}: wanted data format ${reads} or older, got ${written}: these recordings were written by a newer version. ` +
        'Install that version again, or begin anew with an empty data folder',
    )
  if (written !== reads) await disk.replace(FILE, utf8(`${reads}\n`))
}

async function readFormat(disk: Disk): Promise<number | undefined> {
  let text: string
  try {
    text = fromUtf8(await disk.read(FILE)).trim()
  } catch (error) {
    if (isFault(error, 'missing')) return undefined // A new folder, or one from before there were numbers.
    throw error
  }
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new Fault('corrupt', `${FILE}: wanted a number, got “${text.slice(0, 40)}”`)
}
