import { access } from 'node:fs/promises'
import { enrolOwner, readRecipients } from '../owner/index.ts'
import type { Disk } from '../ports/disk.ts'
import { defaultOwnerFile, defaultOwnerName, readIdentityFile } from './owner-files.ts'

/**
 * Makes the owner known to a new data folder, before the doorbell starts: the doorbell itself only ever sees the signed list
 * of public keys. Without `--owner` the key in its usual place is taken, if there is one; else the doorbell refuses to start.
 */
export async function enrolFor(disk: Disk, owner: string | undefined): Promise<void> {
  const file = owner ?? ((await exists(defaultOwnerFile())) ? defaultOwnerFile() : undefined)
  const isEnrolled = (await readRecipients(disk)) !== undefined
  if (file === undefined || (isEnrolled && owner === undefined)) return
  const identity = await readIdentityFile(file)
  await enrolOwner({ disk, identityText: identity.secret, name: defaultOwnerName() })
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
