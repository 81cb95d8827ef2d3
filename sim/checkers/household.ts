import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import { createDurableDisk } from '../../src/drivers/durable-disk.ts'
import {
  addRecipient,
  enrolOwner,
  pairsOf,
  parseIdentity,
  readRecipients,
  removeRecipient,
  secretFromBytes,
  type Opener,
} from '../../src/owner/index.ts'
import type { Disk } from '../../src/ports/disk.ts'
import { openGate, SimFiles } from '../devices/sim-files.ts'

/** The people who own the simulated doorbell: always the same, so that the same seed always gives the same trace. */
export type Household = {
  /** What their clips are opened with. */
  readonly opener: Opener
  /** A disk with the device's key and the signed list of recipients on it, all of it synced. */
  newDisk(sectorBytes?: number): SimFiles
  /** One more key is enrolled, or taken away again. Nothing happens when it is so already. */
  changeRecipients(files: SimFiles, what: 'add' | 'remove'): Promise<void>
}

const OWNER = secretFromBytes(new Uint8Array(32).fill(1))
const GUEST = secretFromBytes(new Uint8Array(32).fill(2))
const DEVICE_SEED = new Uint8Array(32).fill(3)
/** What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_HEAD = new Uint8Array([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
])

export async function openHousehold(): Promise<Household> {
  const owner = await parseIdentity('owner', OWNER)
  const guest = await parseIdentity('guest', GUEST)
  const template = new SimFiles()
  const disk = diskOf(template)
  await disk.replace('device.key', utf8(pemOf(DEVICE_SEED)), { mode: 0o600 })
  await enrolOwner({ disk, identityText: OWNER, name: 'owner' })
  return {
    opener: { identities: pairsOf(owner) },
    newDisk: (sectorBytes) => template.clone({ sectorBytes }),
    async changeRecipients(files, what) {
      const there = diskOf(files)
      const isThere = await knows(there, guest.recipient)
      if (what === 'add' && !isThere)
        await addRecipient(there, owner, { key: guest.recipient, name: 'guest' })
      if (what === 'remove' && isThere) await removeRecipient(there, owner, guest.recipient)
    },
  }
}

/** Another process than the doorbell, on the same disk. */
const diskOf = (files: SimFiles): Disk => createDurableDisk(files.openClient(openGate), { mark: 'household' })

async function knows(disk: Disk, key: string): Promise<boolean> {
  const present = await readRecipients(disk)
  return present?.list.recipients.some((recipient) => recipient.key === key) === true
}

function pemOf(seed: Uint8Array): string {
  const der = Buffer.from(concatBytes([PKCS8_HEAD, seed])).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`
}
