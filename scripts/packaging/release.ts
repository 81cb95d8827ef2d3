/** Signing releases: the note that `lintel update install` asks for, beside the archive. */
import { createHash, generateKeyPairSync, createPrivateKey } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { signerOf, signNote } from '../../src/formats/index.ts'
import { DATA_FORMAT, formatRelease, formatReleaseKey } from '../../src/update/index.ts'
import type { Arch } from './arch.ts'

/** Makes a key that only its owner can read, and says the line for `/etc/lintel/update-key`. Never overwrites one. */
export async function makeReleaseKey(file: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519')
  await writeFile(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' })
  return formatReleaseKey(signerOf('lintel-release', privateKey))
}

/** The note’s file: the archive’s name with `.note` for `.deb`. */
export async function signRelease(
  archive: string,
  facts: { readonly version: string; readonly arch: Arch; readonly keyFile: string },
): Promise<string> {
  const bytes = await readFile(archive)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const { version, arch } = facts
  const text = formatRelease({ version, arch, bytes: bytes.length, sha256, dataFormat: DATA_FORMAT })
  const note = archive.replace(/[.]deb$/, '.note')
  await writeFile(
    note,
    signNote(text, signerOf('lintel-release', createPrivateKey(await readFile(facts.keyFile)))),
  )
  return note
}
