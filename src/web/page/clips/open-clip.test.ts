import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes, utf8 } from '../../../base/bytes.ts'
import * as device from '../../../formats/index.ts'
import * as owner from '../../../owner/index.ts'
import { keyFromSecret, makeSecret, type HouseKey } from '../keys/house-key.ts'
import type { ClipFacts, ClipSource } from './clip-source.ts'
import { verdictOf } from './genuine.ts'
import { ClipOpener } from './open-clip.ts'
import { noCache } from './sealed-cache.ts'
import { filmOf, grantFor } from './take-away.ts'

const CLIP = '0123456789abcdef'
const PARTS = [200_000, 5, 70_000].map((length, n) =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + n) & 0xff),
)
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A clip as the device has it, sealed to `recipients`, and the shelf from which the page reads it. */
function recordClip(recipients: readonly string[]) {
  const signer = device.signerOf('lintel', generateKeyPairSync('ed25519').privateKey)
  const fileKey = device.makeFileKey()
  const header = device.wrapFileKey(fileKey, recipients)
  const files = new Map(PARTS.map((part, n) => [`000${n}.age`, device.sealAge(header, fileKey, part)]))
  files.set('meta.age', device.sealAge(header, fileKey, utf8('{}')))
  const objectOf = (file: string) => {
    const bytes = files.get(file) ?? new Uint8Array(0)
    return { name: sha(utf8(file)).slice(0, 32), bytes: bytes.length, sha256: sha(bytes) }
  }
  const manifest: device.ClipManifest = {
    format: 'lintel-clip-manifest/1',
    clip: CLIP,
    device: signer.name,
    deviceKey: Buffer.from(signer.publicKey).toString('base64'),
    header: sha(header),
    parts: PARTS.map((_, n) => objectOf(`000${n}.age`)),
    meta: objectOf('meta.age'),
    ended: 'quiet',
    previous: null,
  }
  files.set('manifest.note', utf8(device.signNote(device.lineOf(manifest), signer)))
  const objects = [...files.keys()].map((file) => ({ file, ...objectOf(file), uploaded: false }))
  const facts: ClipFacts = { clip: CLIP, order: 1, phase: 'sealed', held: false, objects }
  return { facts, files, signer, manifest }
}

function openerFor(
  clip: ReturnType<typeof recordClip>,
  { key, grants = [] }: { readonly key: HouseKey; readonly grants?: readonly string[] },
) {
  const reads: string[] = []
  const source: ClipSource = {
    list: async () => ({ clips: [clip.facts], more: false }),
    async read(_, { file: name }, { range } = {}) {
      const file = clip.files.get(name) ?? new Uint8Array(0)
      reads.push(range === undefined ? name : `${name} ${range.from}-${range.to}`)
      return range === undefined ? file : file.slice(range.from, range.to)
    },
    grants: async () => grants,
    tell: async () => {},
    corrected: (meta) => meta,
  }
  const opener = new ClipOpener({
    source,
    cache: noCache(),
    key: () => key,
    devicePublicKey: () => clip.signer.publicKey,
  })
  return { opener, reads }
}

const partOf = (facts: ClipFacts, file: string) => facts.objects.find((each) => each.file === file)!

describe('a clip in the page', () => {
  it('is opened, part by part, and put together as a film', async () => {
    const key = await keyFromSecret(makeSecret())
    const clip = recordClip([key.recipient])
    const { opener } = openerFor(clip, { key })
    const film = await filmOf(opener, clip.facts, () => {})
    expect(equalBytes(new Uint8Array(await film.arrayBuffer()), concatBytes(PARTS))).toBe(true)
  })

  it('is opened in pieces by fetching the chunks of the piece', async () => {
    const key = await keyFromSecret(makeSecret())
    const clip = recordClip([key.recipient])
    const { opener, reads } = openerFor(clip, { key })
    await opener.keyOf(clip.facts)
    reads.length = 0
    const piece = await opener.range(clip.facts, partOf(clip.facts, '0000.age'), { from: 0, to: 1000 })
    expect(equalBytes(piece, PARTS[0]!.subarray(0, 1000))).toBe(true)
    const { headerBytes } = await opener.keyOf(clip.facts)
    expect(reads).toEqual([`0000.age ${headerBytes}-${headerBytes + 16 + 65_536 + 16}`])
  })

  it('that another wrote over is refused before it is opened', async () => {
    const key = await keyFromSecret(makeSecret())
    const clip = recordClip([key.recipient])
    const { opener } = openerFor(clip, { key })
    clip.files.set('0001.age', recordClip([key.recipient]).files.get('0001.age')!)
    await expect(opener.whole(clip.facts, partOf(clip.facts, '0001.age'))).rejects.toThrow(
      'is not what the doorbell wrote down',
    )
  })
})

describe('a clip from before one had a key', () => {
  it('is opened with the owner’s grant, and not with one for somebody else or another clip', async () => {
    const [mine, joined] = [await keyFromSecret(makeSecret()), await keyFromSecret(makeSecret())]
    const clip = recordClip([mine.recipient])
    await expect(openerFor(clip, { key: joined }).opener.keyOf(clip.facts)).rejects.toThrow(
      'Recorded before you had a key here',
    )
    const { opener } = openerFor(clip, { key: mine })
    const grant = await grantFor(opener, clip.facts, { key: mine, to: joined.recipient })
    const other = await keyFromSecret(makeSecret())
    const forOther = await grantFor(opener, clip.facts, { key: mine, to: other.recipient })
    const granted = openerFor(clip, { key: joined, grants: [forOther, grant] })
    const film = await filmOf(granted.opener, clip.facts, () => {})
    expect(film.size).toBe(PARTS.reduce((sum, part) => sum + part.length, 0))
    await expect(
      openerFor(clip, { key: joined, grants: [forOther] }).opener.keyOf(clip.facts),
    ).rejects.toThrow('Recorded before you had a key here')
  })

  it('has a grant that the owner’s command line reads', async () => {
    const mine = await keyFromSecret(makeSecret())
    const clip = recordClip([mine.recipient])
    const receiver = device.makePair()
    const to = device.formatRecipient(receiver.publicKey)
    const note = await grantFor(openerFor(clip, { key: mine }).opener, clip.facts, { key: mine, to })
    const received = owner.readGrant('grant', note, [])
    const file = owner.withGrantHeader(received, clip.files.get('0000.age')!)
    expect(equalBytes(device.openAge(file, [receiver]), PARTS[0]!)).toBe(true)
  })
})

describe('a clip’s verdict', () => {
  const clip = recordClip([device.formatRecipient(device.makePair().publicKey)])
  const parts = clip.facts.objects.filter(({ file }) => /^\d/.test(file))
  const all = new Set(parts.keys())

  it('is genuine when every part looked at is the one the doorbell signed for', () => {
    expect(verdictOf(clip.manifest, parts, all)).toEqual({ is: 'genuine', checked: 3, of: 3 })
    expect(verdictOf(clip.manifest, parts, new Set([0]))).toEqual({ is: 'genuine', checked: 1, of: 3 })
  })

  it('is not genuine when a part is another, is missing, or stands where none was signed for', () => {
    const changed = parts.with(1, { ...parts[1]!, sha256: sha(utf8('another')) })
    expect(verdictOf(clip.manifest, changed, all)).toMatchObject({ problem: { what: 'part', part: 1 } })
    expect(verdictOf(clip.manifest, parts.slice(1), all)).toEqual({
      is: 'wrong',
      problem: { what: 'missing', parts: 1 },
    })
    const added = [...parts, { ...parts[0]!, name: 'ff'.repeat(16) }]
    expect(verdictOf(clip.manifest, added, new Set([3]))).toMatchObject({
      problem: { what: 'part', part: 3 },
    })
  })
})
