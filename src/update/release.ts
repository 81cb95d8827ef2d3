/**
 * A release: a signed note (https://c2sp.org/signed-note) about one `.deb`, by a key whose name begins with `lintel-release/`. The text:
 *
 *     lintel-release 1
 *     version 1.4.0
 *     arch arm64
 *     bytes 56512345
 *     sha256 9f86d0…
 *     data-format 1
 */
import { concatBytes, equalBytes, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { keyName, openNote, sha256, type NoteKey } from '../formats/index.ts'
import { checkVersion } from './version.ts'

export type Release = {
  readonly version: string
  readonly arch: 'arm64' | 'amd64'
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
  /** What it writes; older versions cannot read what a higher number wrote. */
  readonly dataFormat: number
}

export const formatRelease = (release: Release): string =>
  [
    'lintel-release 1',
    `version ${release.version}`,
    `arch ${release.arch}`,
    `bytes ${release.bytes}`,
    `sha256 ${release.sha256}`,
    `data-format ${release.dataFormat}`,
    '',
  ].join('\n')

const RELEASE =
  /^lintel-release 1\nversion (\S{1,96})\narch (arm64|amd64)\nbytes ([1-9]\d{0,11})\nsha256 ([0-9a-f]{64})\ndata-format ([1-9]\d{0,5})\n$/

/** What the release key's owner signed. Throws `Fault('corrupt')` for another key, a changed text, or none of these. */
export function openRelease(note: string, key: NoteKey): Release {
  const body = openNote('release', note, key)
  const [, version = '', arch, bytes, hash = '', dataFormat] = RELEASE.exec(body) ?? []
  if (arch !== 'arm64' && arch !== 'amd64')
    throw new Fault(
      'corrupt',
      'release: wanted the six lines of a release, got another text that the key signed',
    )
  return {
    version: checkVersion(version),
    arch,
    bytes: Number(bytes),
    sha256: hash,
    dataFormat: Number(dataFormat),
  }
}

const ED25519 = Uint8Array.of(1)
const KEY_BYTES = 32
const HASH_BYTES = 4

const hashOf = (name: string, publicKey: Uint8Array): Uint8Array =>
  sha256(utf8(`${name}\n`), ED25519, publicKey).subarray(0, HASH_BYTES)

/** A key as one line, `name+hash+base64`, as C2SP's signed notes write verifiers' keys. */
export function formatReleaseKey({ name, publicKey }: NoteKey): string {
  const key = Buffer.from(concatBytes([ED25519, publicKey])).toString('base64')
  return `${name}+${Buffer.from(hashOf(name, publicKey)).toString('hex')}+${key}`
}

/** Throws `Fault('invalid')`; `where` is the file it was read from. */
export function parseReleaseKey(line: string, where: string): NoteKey {
  const [, name = '', hash = '', text = ''] =
    /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)\s*$/.exec(line) ?? []
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  const publicKey = bytes.subarray(1)
  if (
    bytes.length !== 1 + KEY_BYTES ||
    bytes[0] !== ED25519[0] ||
    name !== keyName('lintel-release', publicKey) ||
    !equalBytes(new Uint8Array(Buffer.from(hash, 'hex')), hashOf(name, publicKey))
  )
    throw new Fault(
      'invalid',
      `${where}: wanted a release key such as lintel-release/…+…+…, got another text`,
    )
  return { name, publicKey }
}
