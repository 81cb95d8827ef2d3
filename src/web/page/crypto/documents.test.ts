import { describe, expect, it } from 'vitest'
import { hex, utf8 } from '../../../base/bytes.ts'
import { canonicalJson, type Json } from '../../../base/json.ts'
import * as device from '../../../formats/index.ts'
import { keyFromSecret, keyFromKept, makeSecret, wrapSecret } from '../keys/house-key.ts'
import {
  openGrant,
  openManifest,
  openRecipientList,
  parseMeta,
  signGrant,
  signRecipients,
} from './documents.ts'
import { generateKeyPairSync } from 'node:crypto'

const deviceSigner = () => device.signerOf('lintel', generateKeyPairSync('ed25519').privateKey)
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const SHA = 'ab'.repeat(32)
const bound = { name: 'cd'.repeat(16), bytes: 5, sha256: SHA }

function manifestOf(signer: device.NoteSigner): device.ClipManifest {
  return {
    format: 'lintel-clip-manifest/1',
    clip: '0123456789abcdef',
    device: signer.name,
    deviceKey: base64(signer.publicKey),
    header: SHA,
    parts: [bound, bound],
    meta: bound,
    ended: 'quiet',
    previous: null,
  }
}

describe('the list of recipients', () => {
  it('is the same note, to the last letter, as the owner’s command line signs with the same key', async () => {
    const secret = makeSecret()
    const signer = device.ownerSigner(secret)
    for (const key of [await keyFromSecret(secret), await keyFromKept(await wrapSecret(secret))]) {
      const note = await signRecipients([{ key: key.recipient, name: 'Maja' }], key.signer)
      const list: device.RecipientList = {
        format: 'lintel-recipients/1',
        version: 1,
        recipients: [{ key: key.recipient, name: 'Maja' }],
        owner: base64(signer.publicKey),
        previous: null,
      }
      expect(note).toBe(device.signRecipients(list, signer))
      expect(key.recipient).toBe(device.formatRecipient(device.pairOf(secret).publicKey))
    }
  })

  it('follows on the one before it', async () => {
    const { recipient, signer } = await keyFromSecret(makeSecret())
    const first = await signRecipients([{ key: recipient, name: 'Maja' }], signer)
    const other = device.formatRecipient(device.makePair().publicKey)
    const second = await signRecipients(
      [
        { key: recipient, name: 'Maja' },
        { key: other, name: 'Jan' },
      ],
      signer,
      first,
    )
    const list = device.openRecipientList('list', second)
    expect(list).toMatchObject({ version: 2, previous: hex(device.sha256(utf8(first))) })
    expect(await openRecipientList('list', second)).toEqual(list)
  })

  it('is not continued by another key, nor believed when it was changed', async () => {
    const [mine, other] = [await keyFromSecret(makeSecret()), await keyFromSecret(makeSecret())]
    const note = await signRecipients([{ key: mine.recipient, name: 'Maja' }], mine.signer)
    await expect(signRecipients([{ key: other.recipient, name: 'X' }], other.signer, note)).rejects.toThrow(
      'another key than yours',
    )
    await expect(openRecipientList('list', note.replace('Maja', 'Mala'))).rejects.toThrow('was changed')
  })
})

describe('a manifest', () => {
  it('is read as the device signed it', async () => {
    const signer = deviceSigner()
    const note = device.signNote(device.lineOf(manifestOf(signer)), signer)
    expect(await openManifest('manifest', note, signer.publicKey)).toEqual(manifestOf(signer))
  })

  it('is refused when it was changed, when another device signed it, and when it says more than is known', async () => {
    const signer = deviceSigner()
    const note = device.signNote(device.lineOf(manifestOf(signer)), signer)
    await expect(
      openManifest('manifest', note.replace('"quiet"', '"stopped"'), signer.publicKey),
    ).rejects.toThrow('was changed')
    await expect(openManifest('manifest', note, deviceSigner().publicKey)).rejects.toThrow(
      'not this doorbell',
    )
    const more = `${canonicalJson({ ...manifestOf(signer), more: 1 } as Json)}\n`
    await expect(openManifest('manifest', device.signNote(more, signer), signer.publicKey)).rejects.toThrow(
      '“more” is not known',
    )
    const taken = { ...manifestOf(signer), device: 'lintel/0000000000000000' }
    const renamed = device.signNote(device.lineOf(taken), signer)
    await expect(openManifest('manifest', renamed, signer.publicKey)).rejects.toThrow(
      'wanted the name lintel/',
    )
  })
})

it('reads the metadata that the device seals', () => {
  const meta: device.ClipMeta = {
    format: 'sealed-clip-meta/1',
    clip: '0123456789abcdef0123456789abcdef',
    visit: 'fedcba9876543210fedcba9876543210',
    device: 'Front door',
    fromUnixMs: 1_790_000_000_000,
    clockTrusted: true,
    boot: 3,
    fromMonoMs: 12,
    durationMs: 8200,
    codec: 'h264',
    width: 1280,
    height: 720,
    presses: [6000],
    edges: [{ line: 'button', active: true, atMs: -0.125 }],
    signs: ['press', 'motion'],
    labels: [
      {
        label: 'person',
        score: 0.8,
        atMs: 5,
        box: { x: 0, y: 0.25, width: 0.5, height: 1 },
        zones: ['path'],
      },
    ],
    continues: '00112233445566778899aabbccddeeff',
    complete: true,
  }
  expect(parseMeta('meta', device.encodeMeta(meta))).toEqual(meta)
  const half = device.encodeMeta(meta).replace('8200', '8200.5')
  expect(() => parseMeta('meta of clip 01', half)).toThrow(
    'meta of clip 01: durationMs: wanted a whole number',
  )
})

describe('a grant', () => {
  it('is the same note as the owner’s command line signs, with and without a corrected time', async () => {
    const secret = makeSecret()
    const [key, signer, of] = [await keyFromSecret(secret), device.ownerSigner(secret), deviceSigner()]
    const manifestNote = device.signNote(device.lineOf(manifestOf(of)), of)
    const to = device.formatRecipient(device.makePair().publicKey)
    const header = device.wrapFileKey(device.makeFileKey(), [to])
    for (const time of [{}, { fromUnixMs: 1_790_000_000_000 }]) {
      const note = await signGrant(
        { clip: '0123456789abcdef', to, header, manifestNote, ...time },
        key.signer,
      )
      const document: device.ClipGrant = {
        format: 'lintel-grant/1',
        clip: '0123456789abcdef',
        to,
        header: base64(header),
        manifest: hex(device.sha256(utf8(manifestNote))),
        manifestNote,
        ...time,
        owner: base64(signer.publicKey),
      }
      expect(note).toBe(device.signGrant(document, signer))
      expect(await openGrant('grant', note)).toEqual(device.openGrant('grant', note))
    }
  })
})
