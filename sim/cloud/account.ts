import { createHmac, randomBytes } from 'node:crypto'
import { link, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../src/base/fault.ts'

/** Who may use the cloud. The shape of `credentials.json`; random, made at the first start. */
export type CloudAccount = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly mqttUsername: string
  readonly mqttPassword: string
  readonly bucket: string
  readonly region: string
}

/** Credentials that may only read, for whoever looks at recordings elsewhere: derived, so that there is nothing more to keep. */
export const readerOf = ({ accessKeyId, secretAccessKey }: CloudAccount): Reader => ({
  accessKeyId: `${accessKeyId}READ`,
  secretAccessKey: createHmac('sha256', secretAccessKey).update('lintel reader').digest('base64url'),
})
export type Reader = Pick<CloudAccount, 'accessKeyId' | 'secretAccessKey'>

export const CREDENTIALS_FILE = 'credentials.json'
/** The broker's password alone, as `mqtt.passwordFile` wants it. */
const MQTT_PASSWORD_FILE = 'mqtt-password'
const READER_FILE = 'reader.json'

const MEMBERS = [
  'accessKeyId',
  'secretAccessKey',
  'mqttUsername',
  'mqttPassword',
  'bucket',
  'region',
] as const

/** Returns the name of a file with the reader's credentials, as `--cloud-credentials` wants it; made where there is none. */
export async function openReaderFile(folder: string, account: CloudAccount): Promise<string> {
  const path = join(folder, READER_FILE)
  const reader = { ...readerOf(account), region: account.region }
  await writeOnce(path, `${JSON.stringify(reader, undefined, 2)}\n`)
  return path
}

/** Undefined when there is none yet. */
export async function readAccount(folder: string): Promise<CloudAccount | undefined> {
  const path = join(folder, CREDENTIALS_FILE)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new Fault('denied', `${path}: cannot be read: ${error.message}`, { cause: error })
  })
  return text === undefined ? undefined : parseAccount(path, text)
}

function parseAccount(path: string, text: string): CloudAccount {
  const advice = 'remove it to have new credentials made'
  let account: CloudAccount
  try {
    account = JSON.parse(text) as CloudAccount // Looked at in the next lines.
  } catch (cause) {
    throw new Fault('corrupt', `${path}: wanted JSON, got something else; ${advice}`, { cause })
  }
  const missing = MEMBERS.find((member) => typeof account?.[member] !== 'string' || account[member] === '')
  if (missing === undefined) return account
  throw new Fault('corrupt', `${path}: wanted a text as ${missing}, got none; ${advice}`)
}

/** The account of the folder, made where there is none. Two processes that start at once agree on one. */
export async function openAccount(folder: string): Promise<CloudAccount> {
  const known = await readAccount(folder)
  if (known !== undefined) return known
  const account = randomAccount()
  const isMine = await writeOnce(join(folder, CREDENTIALS_FILE), `${JSON.stringify(account, undefined, 2)}\n`)
  const agreed = isMine ? account : await readAccount(folder)
  if (agreed === undefined) throw new Fault('unavailable', `${folder}: its credentials were removed just now`)
  return agreed
}

/** Returns the name of a file with the broker's password, made where there is none. */
export async function openPasswordFile(folder: string, { mqttPassword }: CloudAccount): Promise<string> {
  const path = join(folder, MQTT_PASSWORD_FILE)
  await writeOnce(path, `${mqttPassword}\n`)
  return path
}

const randomAccount = (): CloudAccount => ({
  accessKeyId: `LINTEL${randomBytes(7).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64url'),
  mqttUsername: 'doorbell',
  mqttPassword: randomBytes(24).toString('base64url'),
  bucket: 'doorbell',
  region: 'us-east-1',
})

/** False when the file is there already. Nobody ever sees half of it, and nobody but its owner may read it. */
async function writeOnce(path: string, text: string): Promise<boolean> {
  const half = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const file = await open(half, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.datasync()
    await link(half, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    await file.close()
    await rm(half, { force: true })
  }
}
