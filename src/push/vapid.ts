import { createECDH } from 'node:crypto'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault, isFault } from '../base/fault.ts'
import type { Disk } from '../ports/disk.ts'
import type { VapidKeys } from '../ports/push-service.ts'

const KEY_FILE = 'push.key'
/** Services ask for somebody to write to; a doorbell has nobody who would be reached this way, and example.org is nobody's. */
const SUBJECT = 'mailto:lintel@example.org'
const PRIVATE_BYTES = 32

/** Reads the key, or makes it once (mode 600). Throws `Fault('corrupt')` when the file is something else. */
export async function openVapidKeys(disk: Disk): Promise<VapidKeys> {
  const text = (await readText(disk)) ?? (await makeKey(disk))
  const privateKey = Buffer.from(text.trim(), 'base64url')
  const pair = createECDH('prime256v1')
  try {
    if (privateKey.length !== PRIVATE_BYTES) throw new Error('wrong length')
    pair.setPrivateKey(privateKey)
  } catch (cause) {
    throw new Fault(
      'corrupt',
      `${KEY_FILE}: wanted a P-256 key of 32 bytes in base64url; move the file away to have a new one made, which every browser has to be told`,
      { cause },
    )
  }
  return {
    publicKey: pair.getPublicKey('base64url', 'uncompressed'),
    privateKey: privateKey.toString('base64url'),
    subject: SUBJECT,
  }
}

async function readText(disk: Disk): Promise<string | undefined> {
  try {
    return fromUtf8(await disk.read(KEY_FILE))
  } catch (error) {
    if (isFault(error, 'missing')) return undefined
    throw new Fault('corrupt', `${KEY_FILE}: cannot be read`, { cause: error })
  }
}

async function makeKey(disk: Disk): Promise<string> {
  const pair = createECDH('prime256v1')
  pair.generateKeys()
  const bytes = Buffer.alloc(PRIVATE_BYTES)
  const key = pair.getPrivateKey()
  key.copy(bytes, PRIVATE_BYTES - key.length) // Leading zeros are not given.
  const text = `${bytes.toString('base64url')}\n`
  await disk.replace(KEY_FILE, utf8(text), { mode: 0o600 })
  return text
}
