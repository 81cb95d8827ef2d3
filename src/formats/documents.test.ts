import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  encodeEntry,
  encodeMeta,
  formatRecipient,
  lineOf,
  makePair,
  openGrant,
  openManifest,
  openRecipientList,
  ownerSigner,
  parseEntry,
  parseMeta,
  signerOf,
  signGrant,
  signNote,
  signRecipients,
  type ClipGrant,
  type ClipManifest,
  type ClipMeta,
  type LedgerEntry,
  type RecipientList,
} from './index.ts'

const HASH = '0123456789abcdef'.repeat(4)
const CLIP = 'c'.repeat(16)
const NAME = 'd'.repeat(32)
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

const device = signerOf('lintel', generateKeyPairSync('ed25519').privateKey)
const owner = ownerSigner(new Uint8Array(32).fill(5))
const key = formatRecipient(makePair().publicKey)

const manifest: ClipManifest = {
  format: 'lintel-clip-manifest/1',
  clip: CLIP,
  device: device.name,
  deviceKey: base64(device.publicKey),
  header: HASH,
  parts: [{ name: NAME, bytes: 10, sha256: HASH }],
  meta: { name: NAME, bytes: 10, sha256: HASH },
  ended: 'quiet',
  previous: null,
}
const list: RecipientList = {
  format: 'lintel-recipients/1',
  version: 1,
  recipients: [{ key, name: 'kitchen tablet' }],
  owner: base64(owner.publicKey),
  previous: null,
}
const grant: ClipGrant = {
  format: 'lintel-grant/1',
  clip: CLIP,
  to: key,
  header: base64(new Uint8Array(100)),
  manifest: HASH,
  manifestNote: signNote(lineOf(manifest), device),
  owner: base64(owner.publicKey),
}
const meta: ClipMeta = {
  format: 'sealed-clip-meta/1',
  clip: CLIP,
  visit: CLIP,
  device: 'Front door',
  fromUnixMs: 1_767_225_600_000,
  clockTrusted: true,
  durationMs: 12_000,
  codec: 'h264',
  width: 1920,
  height: 1080,
  presses: [100],
  signs: ['motion', 'press'],
  labels: [{ label: 'person', score: 0.9, atMs: 20 }],
  complete: true,
}
const ENTRIES: readonly LedgerEntry[] = [
  { type: 'clip', clip: CLIP, manifest: HASH, name: NAME },
  { type: 'expired', clip: CLIP },
  { type: 'deleted', clip: CLIP },
  { type: 'activity', sha256: HASH },
  { type: 'recipients', version: 2, sha256: HASH },
  { type: 'grant', clip: CLIP, sha256: HASH },
  { type: 'started', boot: 0 },
  { type: 'clock', boot: 0, monoMs: 310_750, unixMs: 1_767_225_911_000 },
  { type: 'index-rebuilt', lost: 0, clips: 3, absent: 1 },
]

const corrupt = (words: RegExp): object =>
  expect.objectContaining({ name: 'Fault', kind: 'corrupt', message: expect.stringMatching(words) })

describe('what is written down', () => {
  it('reads back as it was', () => {
    expect(openManifest('m', signNote(lineOf(manifest), device))).toEqual(manifest)
    expect(openRecipientList('r', signRecipients(list, owner))).toEqual(list)
    expect(openGrant('g', signGrant(grant, owner))).toEqual(grant)
    expect(parseMeta('meta', encodeMeta(meta))).toEqual(meta)
    for (const entry of ENTRIES) expect(parseEntry('e', encodeEntry(entry))).toEqual(entry)
  })

  it('reads back with and without what older versions left out of the metadata', () => {
    const dated = { ...meta, boot: 3, fromMonoMs: 12_345 }
    expect(parseMeta('meta', encodeMeta(dated))).toEqual(dated)
    expect(parseMeta('meta', encodeMeta(meta))).not.toHaveProperty('boot')
  })

  it('is one line with its members sorted, so that the same is always written the same', () => {
    expect(encodeEntry({ type: 'clip', name: NAME, manifest: HASH, clip: CLIP })).toBe(
      `{"clip":"${CLIP}","manifest":"${HASH}","name":"${NAME}","type":"clip"}`,
    )
    expect(lineOf(list)).toMatch(/^\{"format":.*,"owner":.*,"previous":null,"recipients":.*,"version":1\}\n$/)
  })

  it('shows no id of a clip in the letters in which it stands everywhere else', () => {
    expect(encodeMeta({ ...meta, continues: CLIP })).not.toContain(CLIP.slice(0, 4))
  })

  it('is refused with members that are not understood', () => {
    const extra = (document: object): string => JSON.stringify({ ...document, also: 1 })
    expect(() => parseMeta('meta of a', extra(meta))).toThrow(corrupt(/^meta of a: .*also/))
    expect(() => parseEntry('entry 3', extra(ENTRIES[1] ?? {}))).toThrow(corrupt(/^entry 3: .*also/))
    const note = signNote(`${extra(list)}\n`, owner)
    expect(() => openRecipientList('list', note)).toThrow(corrupt(/^list: .*also/))
  })

  it.each(['', 'no json', '[]', 'null', '{}', '{"format":"sealed-clip-meta/2"}'])(
    'is refused in words when it is %j',
    (text) => {
      expect(() => parseMeta('meta of a', text)).toThrow(corrupt(/^meta of a: /))
      expect(() => parseEntry('entry 3', text)).toThrow(corrupt(/^entry 3: /))
    },
  )
})

describe('a manifest', () => {
  it('names the key that signed it, and is refused with another’s', () => {
    const stranger = signerOf('lintel', generateKeyPairSync('ed25519').privateKey)
    expect(() => openManifest('m', signNote(lineOf(manifest), stranger))).toThrow(
      corrupt(/wanted the signature of/),
    )
    const renamed = { ...manifest, device: stranger.name }
    expect(() => openManifest('m', signNote(lineOf(renamed), device))).toThrow(
      corrupt(/wanted the name lintel\/[0-9a-f]{16} for its key, got lintel\/[0-9a-f]{16}/),
    )
  })

  it('is refused when it was changed after it was signed', () => {
    const note = signNote(lineOf(manifest), device).replace('"bytes":10', '"bytes":11')
    expect(() => openManifest('m', note)).toThrow(corrupt(/it was changed after/))
  })

  it.each<[string, object]>([
    ['a name that could leave a folder', { meta: { ...manifest.meta, name: '../../etc/passwd' } }],
    ['a hash of another length', { header: HASH.slice(1) }],
    ['a size below nothing', { meta: { ...manifest.meta, bytes: -1 } }],
    ['half a byte', { meta: { ...manifest.meta, bytes: 0.5 } }],
    ['an end that nobody knows', { ended: 'bored' }],
    ['a key of another length', { deviceKey: base64(new Uint8Array(31)) }],
  ])('is refused with %s', (_what, change) => {
    const note = signNote(`${JSON.stringify({ ...manifest, ...change })}\n`, device)
    expect(() => openManifest('m', note)).toThrow(corrupt(/^m: /))
  })
})

describe('the owner’s key for signing', () => {
  it('comes from the age identity, and from no other', () => {
    expect(ownerSigner(new Uint8Array(32).fill(5)).name).toBe(owner.name)
    expect(ownerSigner(new Uint8Array(32).fill(6)).name).not.toBe(owner.name)
    expect(owner.name).toMatch(/^lintel-owner\/[0-9a-f]{16}$/)
  })

  it('is not a device’s key, though its bytes may be the same', () => {
    const note = signNote(lineOf(list), { ...owner, name: owner.name.replace('lintel-owner', 'lintel') })
    expect(() => openRecipientList('list', note)).toThrow(corrupt(/wanted the signature of lintel-owner/))
  })
})

describe('a list of recipients', () => {
  it.each<[string, object]>([
    ['nobody on it', { recipients: [] }],
    ['33 on it', { recipients: Array.from({ length: 33 }, () => ({ key, name: '' })) }],
    ['a private key on it', { recipients: [{ key: `AGE-SECRET-KEY-1${'Q'.repeat(58)}`, name: '' }] }],
    ['version 0', { version: 0 }],
    ['a name of 61 letters', { recipients: [{ key, name: 'n'.repeat(61) }] }],
  ])('with %s is refused', (_what, change) => {
    const note = signNote(`${JSON.stringify({ ...list, ...change })}\n`, owner)
    expect(() => openRecipientList('list', note)).toThrow(corrupt(/^list: /))
  })

  it('may have 32 on it', () => {
    const many = { ...list, recipients: Array.from({ length: 32 }, () => ({ key, name: '' })) }
    expect(openRecipientList('list', signRecipients(many, owner)).recipients).toHaveLength(32)
  })
})
