import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import {
  CHECKPOINT_NAME,
  encodeEntry,
  formatCheckpoint,
  formatRecipient,
  leafHash,
  lineOf,
  makeFileKey,
  makePair,
  objectsAfterAppend,
  rootOf,
  sealAge,
  sha256,
  signerOf,
  signNote,
  wrapFileKey,
  type BoundObject,
  type ClipManifest,
  type NoteSigner,
} from '../formats/index.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { isClean, storeSource, verifySource, type VerifyOptions } from './index.ts'

/** A store as a doorbell leaves it after three clips: every object by its name, and every state of the ledger. */
type World = {
  readonly objects: ReadonlyMap<string, Uint8Array>
  readonly before: ReadonlyMap<string, Uint8Array>
  readonly device: NonNullable<VerifyOptions['device']>
}

const CLIPS = 3
const PARTS = 3
const { signal } = new AbortController()

describe('verifying a store', () => {
  it('finds nothing wrong where nothing was changed, with and without the device', async () => {
    const world = makeWorld()
    expect(await problems(world.objects)).toEqual([])
    expect(await problems(world.objects, { device: world.device })).toEqual([])
  })

  it('finds every flipped bit, cut, removal, swap and replay of any object', async () => {
    const world = makeWorld()
    const names = [...world.objects.keys()]
    const parts = names.filter((name) => /^[0-9a-f]{32}$/.test(name))
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant('flip' as const), name: fc.constantFrom(...names), at: fc.nat() }),
      fc.record({ kind: fc.constant('cut' as const), name: fc.constantFrom(...names), at: fc.nat() }),
      fc.record({
        kind: fc.constant('remove' as const),
        name: fc.constantFrom(...names.filter(isNeeded(world))),
      }),
      fc.record({
        kind: fc.constant('copy' as const),
        name: fc.constantFrom(...parts),
        from: fc.constantFrom(...parts),
      }),
      fc.record({ kind: fc.constant('add' as const), from: fc.constantFrom(...parts) }),
    )
    await fc.assert(
      fc.asyncProperty(mutation, async (change) => {
        const objects = new Map(world.objects)
        const source = world.objects.get('name' in change ? change.name : change.from) ?? new Uint8Array(0)
        if (change.kind === 'flip') objects.set(change.name, flipped(source, change.at))
        if (change.kind === 'cut') objects.set(change.name, source.slice(0, change.at % source.length))
        if (change.kind === 'remove') objects.delete(change.name)
        if (change.kind === 'add') objects.set('f'.repeat(32), source)
        if (change.kind === 'copy') {
          fc.pre(change.name !== change.from)
          objects.set(change.name, world.objects.get(change.from) ?? source)
        }
        expect(await problems(objects, { device: world.device })).not.toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('finds that an old state of the whole store is shown, when the device is at hand', async () => {
    const world = makeWorld()
    expect(await problems(world.before)).toEqual([])
    expect(await problems(world.before, { device: world.device })).toEqual([
      expect.stringContaining('an old state is shown'),
    ])
    const waiting = new Set([CHECKPOINT_NAME])
    expect(await problems(world.before, { device: world.device, waiting })).toEqual([])
  })

  it('finds a ledger that somebody else signed', async () => {
    const [world, other] = [makeWorld(), makeWorld()]
    expect(await problems(other.objects, { device: world.device })).not.toEqual([])
  })

  it('names the part and says what was wanted and what came', async () => {
    const world = makeWorld()
    const [name] = [...world.objects.keys()]
    const objects = new Map(world.objects)
    if (name !== undefined) objects.set(name, flipped(objects.get(name) ?? new Uint8Array(1), 400))
    expect(await problems(objects)).toEqual([
      expect.stringMatching(/^part 0 of clip [0-9a-f]{16}: wanted SHA-256 [0-9a-f]{64}, got/),
    ])
  })
})

async function problems(
  objects: ReadonlyMap<string, Uint8Array>,
  options: VerifyOptions = {},
): Promise<readonly string[]> {
  const verification = await verifySource(storeSource(storeOf(objects), { signal }), options)
  const wrong = verification.findings.filter(({ verdict }) => verdict !== 'genuine' && verdict !== 'note')
  expect(isClean(verification)).toBe(wrong.length === 0)
  return wrong.map(({ detail }) => detail)
}

/** Old partial tiles may go: newer ones hold the same. */
function isNeeded({ device, objects }: World): (name: string) => boolean {
  const current = new Set(
    objectsAfterAppend(device.entries, device.entries.map(leafHash)).map(({ name }) => name),
  )
  return (name) => objects.has(name) && (!name.startsWith('tile/') || current.has(name))
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  const index = at % copy.length
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}

function makeWorld(): World {
  const signer = signerOf('lintel', generateKeyPairSync('ed25519').privateKey)
  const objects = new Map<string, Uint8Array>()
  const entries: Uint8Array[] = []
  let previous: string | null = null
  let before = new Map<string, Uint8Array>()
  for (let clip = 0; clip < CLIPS; clip++) {
    before = new Map(objects)
    previous = addClip(objects, entries, {
      id: hex(sha256(Uint8Array.of(clip))).slice(0, 16),
      previous,
      signer,
    })
  }
  return { objects, before, device: { key: signer.publicKey, entries } }
}

function addClip(
  objects: Map<string, Uint8Array>,
  entries: Uint8Array[],
  {
    id,
    previous,
    signer,
  }: { readonly id: string; readonly previous: string | null; readonly signer: NoteSigner },
): string {
  const fileKey = makeFileKey()
  const header = wrapFileKey(fileKey, [formatRecipient(makePair().publicKey)])
  const put = (what: string, bytes: Uint8Array): BoundObject => {
    const name = hex(sha256(utf8(`${id}${what}`))).slice(0, 32)
    objects.set(name, bytes)
    return { name, bytes: bytes.length, sha256: hex(sha256(bytes)) }
  }
  const seal = (text: string): Uint8Array => sealAge(header, fileKey, utf8(text))
  const manifest: ClipManifest = {
    format: 'lintel-clip-manifest/1',
    clip: id,
    device: signer.name,
    deviceKey: Buffer.from(signer.publicKey).toString('base64'),
    header: hex(sha256(header)),
    parts: Array.from({ length: PARTS }, (_, part) => put(`part ${part}`, seal('the same in each'))),
    meta: put('meta', seal('{}')),
    ended: 'quiet',
    previous,
  }
  const note = utf8(signNote(lineOf(manifest), signer))
  const { name, sha256: hash } = put('manifest', note)
  entries.push(utf8(encodeEntry({ type: 'clip', clip: id, manifest: hash, name })))
  const leaves = entries.map(leafHash)
  for (const tile of objectsAfterAppend(entries, leaves)) objects.set(tile.name, tile.bytes)
  objects.set(
    CHECKPOINT_NAME,
    utf8(
      signNote(formatCheckpoint({ origin: signer.name, size: leaves.length, root: rootOf(leaves) }), signer),
    ),
  )
  return hash
}

/** Only what the owner's side reads with. */
function storeOf(objects: ReadonlyMap<string, Uint8Array>): ObjectStore {
  const refuse = async (): Promise<never> => {
    throw new Error('verifying changes nothing')
  }
  return {
    put: refuse,
    remove: refuse,
    head: refuse,
    async get(name) {
      const bytes = objects.get(name)
      if (bytes === undefined) throw new Fault('missing', name)
      return bytes
    },
    async *list({ prefix = '' }) {
      for (const [name, bytes] of [...objects].sort())
        if (name.startsWith(prefix)) yield { name, bytes: bytes.length }
    },
  }
}
