import { constants } from 'node:fs'
import { lstat, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { Fault, messageOf } from '../base/fault.ts'
import { readIdentity, type OwnerIdentity } from '../owner/index.ts'
import { askSecret, isInteractive } from './ask.ts'

/** Where the owner's key is when nobody says otherwise. */
export function defaultOwnerFile(): string {
  const config = process.env.XDG_CONFIG_HOME
  return join(
    config === undefined || config === '' ? join(homedir(), '.config') : config,
    'lintel',
    'owner.txt',
  )
}

/** What to call the household in the recipient list when nobody says otherwise. */
export function defaultOwnerName(): string {
  try {
    return userInfo().username
  } catch {
    return 'owner' // A user without an entry in /etc/passwd, as in some containers.
  }
}

/** Reads the owner's key; asks for the passphrase on a terminal when the file has one and `passphraseFile` is not given. */
export async function readIdentityFile(
  path: string,
  options?: { readonly passphraseFile?: string | undefined },
): Promise<OwnerIdentity> {
  const bytes = await readOwnerFile(path)
  await warnOfOtherReaders(path)
  return readIdentity({ name: path, bytes }, () => passphraseFor(path, options?.passphraseFile))
}

/** Makes a file that only its owner can read, and never overwrites one. Durable when it resolves. */
export async function writeSecretFile(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw fileFault(dirname(path), cause)
  })
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600).catch(
    (cause: unknown) => {
      throw codeOf(cause) === 'EEXIST' ? existsAlready(path) : fileFault(path, cause)
    },
  )
  try {
    await file.writeFile(bytes)
    await file.sync()
  } catch (cause) {
    await rm(path, { force: true })
    throw fileFault(path, cause)
  } finally {
    await file.close()
  }
}

/** Before anybody is asked for a passphrase in vain; `writeSecretFile` refuses all the same. */
export async function refuseExisting(path: string): Promise<void> {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  )
  if (isThere) throw existsAlready(path)
}

/** The first line of a passphrase file, without its line end. */
export async function readPassphraseFile(path: string): Promise<string> {
  const [line = ''] = (await readTextFile(path)).split(/\r?\n/)
  if (line === '') throw new Fault('invalid', `${path}: wanted a passphrase in the first line, got nothing`)
  return line
}

/** A file that holds one secret: its first line, without the end of line. */
export async function readFirstLine(path: string): Promise<string> {
  return (await readTextFile(path)).split(/\r?\n/)[0] ?? ''
}

export async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw fileFault(path, cause)
  }
}

/** What went wrong with a file that somebody named, in a sentence. */
export function fileFault(path: string, cause: unknown): Fault {
  switch (codeOf(cause)) {
    case 'ENOENT':
      return new Fault('missing', `${path}: there is no such file or folder`, { cause })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new Fault('denied', `${path}: this user may not use it`, { cause })
    case 'EISDIR':
      return new Fault('invalid', `${path}: wanted a file, got a folder`, { cause })
    case 'ENOTDIR':
    case 'EEXIST':
      return new Fault('invalid', `${path}: part of this path is a file, not a folder`, { cause })
    case 'ENOSPC':
    case 'EDQUOT':
      return new Fault('full', `${path}: no room on the disk`, { cause })
    default:
      return new Fault('unavailable', `${path}: ${messageOf(cause)}`, { cause })
  }
}

const existsAlready = (path: string): Fault =>
  new Fault('invalid', `${path} exists already and is never overwritten; give another name or move it away`)

async function readOwnerFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw fileFault(path, cause)
    throw new Fault(
      'missing',
      `${path}: there is no owner key; make one with: lintel owner init --owner ${path}`,
      {
        cause,
      },
    )
  }
}

async function warnOfOtherReaders(path: string): Promise<void> {
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0)
    process.stderr.write(`lintel: other users may read ${path}; mend that with: chmod 600 ${path}\n`)
}

async function passphraseFor(path: string, passphraseFile: string | undefined): Promise<string> {
  if (passphraseFile !== undefined) return readPassphraseFile(passphraseFile)
  if (isInteractive()) return askSecret(`Passphrase of ${path}: `)
  throw new Fault('denied', `${path} is behind a passphrase: give it with --passphrase-file FILE`)
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
