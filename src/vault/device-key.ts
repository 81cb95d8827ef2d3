import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { utf8 } from '../base/bytes.ts'
import { Fault, isFault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { signerOf, signNote } from '../formats/index.ts'
import type { Disk } from '../ports/disk.ts'

const KEY_FILE = 'device.key'

/** The device's own Ed25519 key: it signs, it cannot open anything. */
export interface DeviceKey {
  /** `lintel/` and the first 16 hexadecimal digits of the key's SHA-256. */
  readonly name: string
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array
  /** The complete signed note. `body` ends with a newline. */
  signNote(body: string): string
  /** A raw Ed25519 signature. What is signed begins with a line that says what it is for, so that none can pass for another. */
  sign(text: Uint8Array): Uint8Array
}

/** Reads the key, or makes it at the first start (mode 600). Throws `Fault('corrupt')` when the file is something else. */
export async function openDeviceKey({
  disk,
  log,
}: {
  readonly disk: Disk
  readonly log: Log
}): Promise<DeviceKey> {
  const signer = signerOf('lintel', parseKey((await readKey(disk)) ?? (await makeKey(disk, log))))
  return {
    name: signer.name,
    publicKey: signer.publicKey,
    signNote: (body) => signNote(body, signer),
    sign: (text) => new Uint8Array(sign(null, text, signer.secret)),
  }
}

async function readKey(disk: Disk): Promise<string | undefined> {
  try {
    return Buffer.from(await disk.read(KEY_FILE)).toString('latin1') // PEM is ASCII; whatever else it is, `parseKey` says so.
  } catch (error) {
    if (isFault(error, 'missing')) return undefined
    throw error
  }
}

async function makeKey(disk: Disk, log: Log): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  await disk.replace(KEY_FILE, utf8(pem), { mode: 0o600 })
  log.info('device_key.made', { file: KEY_FILE })
  return pem
}

function parseKey(pem: string): ReturnType<typeof createPrivateKey> {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch (cause) {
    throw new Fault(
      'corrupt',
      `${KEY_FILE}: wanted an Ed25519 private key in PEM; move the file away to have a new one made`,
      { cause },
    )
  }
  throw new Fault(
    'corrupt',
    `${KEY_FILE}: wanted an Ed25519 key, got another kind; move the file away to have a new one made`,
  )
}
