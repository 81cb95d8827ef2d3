import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes, equalBytes, hex } from '../../../base/bytes.ts'
import { isFault } from '../../../base/fault.ts'
import * as device from '../../../formats/index.ts'
import * as owner from '../../../owner/index.ts'
import type { ClipFacts } from '../clips/clip-source.ts'
import { ClipOpener } from '../clips/open-clip.ts'
import { noCache, type SealedCache } from '../clips/sealed-cache.ts'
import { filmOf } from '../clips/take-away.ts'
import { unbase64 } from '../crypto/bytes.ts'
import type { ClipMeta } from '../crypto/documents.ts'
import { correctedMeta, openCloudLibrary, type CloudLibrary } from './library.ts'
import { readLedger, rootAt } from './ledger.ts'
import { lookAround } from './look-around.ts'
import {
  FIRST_UNIX_MS,
  ownerLibrary,
  pageLibrary,
  pageStore,
  record,
  signal,
  type Objects,
  type Recorded,
} from './recorded.fixture.ts'

let recorded: Recorded
let opener: owner.Opener
beforeAll(async () => {
  recorded = await record(2)
  opener = { identities: owner.pairsOf(await owner.parseIdentity('owner', recorded.secret)) }
}, 120_000)

const openerFor = (library: CloudLibrary): ClipOpener =>
  new ClipOpener({
    source: library.source,
    cache: noCache(),
    key: () => recorded.key,
    devicePublicKey: () => unbase64(library.device?.key ?? '') ?? new Uint8Array(0),
  })

async function partsOf(clip: owner.SignedClip): Promise<readonly owner.OpenedPart[]> {
  const parts: owner.OpenedPart[] = []
  for await (const part of owner.openParts(clip, opener)) parts.push(part)
  return parts
}

const listed = async (library: CloudLibrary) => (await library.source.list({ limit: 100 })).clips

/** Ids of the clips that the page, and the owner's command line, open whole and take for genuine. */
async function openedByPage(objects: Objects): Promise<readonly string[]> {
  const library = await pageLibrary(objects)
  const found: string[] = []
  for (const facts of await listed(library)) {
    try {
      if (facts.problem !== undefined) continue
      await openerFor(library).meta(facts)
      await filmOf(openerFor(library), facts, () => {})
      found.push(facts.clip)
    } catch (error) {
      if (!isFault(error, 'corrupt', 'denied')) throw error
    }
  }
  return found.toReversed()
}

async function openedByOwner(objects: Objects): Promise<readonly string[]> {
  const library = await ownerLibrary(objects)
  const found: string[] = []
  for (const id of library.ids) {
    try {
      const clip = await library.clip(id)
      await owner.openTime(clip, opener)
      const parts = await partsOf(clip)
      if (parts.every((part) => 'plaintext' in part)) found.push(id)
    } catch (error) {
      if (!isFault(error, 'corrupt', 'denied')) throw error
    }
  }
  return found
}

describe('a store in the page', () => {
  it('has the clips that the owner’s command line finds there, to the last byte', async () => {
    const [page, cli] = [await pageLibrary(recorded.objects), await ownerLibrary(recorded.objects)]
    const facts = (await listed(page)).toReversed()
    expect(facts.map(({ clip }) => clip)).toEqual(cli.ids)
    expect(facts.length).toBeGreaterThanOrEqual(2)
    expect([page.problems, cli.problems]).toEqual([[], []])
    const [head] = await cli.heads()
    expect(page.pin).toEqual({
      device: { name: head?.device.name, key: Buffer.from(head!.device.publicKey).toString('base64') },
      checkpoint: head?.head,
    })
    const list = await owner.listClips(cli, opener, { signal })
    for (const each of facts) {
      const meta = await openerFor(page).meta(each)
      const same = list.find(({ id }) => id === each.clip)
      expect(meta).toEqual(same?.meta)
      expect(meta?.fromUnixMs).toBe(same?.time?.fromUnixMs)
      const film = await filmOf(openerFor(page), each, () => {})
      const parts = await partsOf(await cli.clip(each.clip))
      const whole = concatBytes(
        parts.map((part) => ('plaintext' in part ? part.plaintext : new Uint8Array(0))),
      )
      expect(equalBytes(new Uint8Array(await film.arrayBuffer()), whole)).toBe(true)
      const poster = await owner.openPoster(await cli.clip(each.clip), opener)
      expect(equalBytes((await openerFor(page).poster(each))!, poster!)).toBe(true)
    }
  })

  it('is read newest first, a few at a time', async () => {
    const { source } = await pageLibrary(recorded.objects)
    const all = await source.list({ limit: 100 })
    const first = await source.list({ limit: 1 })
    expect(first).toEqual({ clips: all.clips.slice(0, 1), more: true })
    const next = await source.list({ limit: 100, before: first.clips[0]!.order })
    expect([...first.clips, ...next.clips]).toEqual(all.clips)
    expect(next.more).toBe(false)
  })

  it('with any byte changed shows as genuine what the command line does, and nothing else', async () => {
    const names = [...recorded.objects.keys()]
    const all = await openedByPage(recorded.objects)
    let refused = 0
    await fc.assert(
      fc.asyncProperty(
        fc.nat(names.length - 1),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (n, at, mask) => {
          const objects = new Map(recorded.objects)
          const bytes = objects.get(names[n]!)!.slice()
          const place = at % bytes.length
          bytes[place] = bytes[place]! ^ mask
          objects.set(names[n]!, bytes)
          const opened = await openedByPage(objects)
          expect(opened, `${names[n]} at ${place}`).toEqual(await openedByOwner(objects))
          if (opened.length < all.length) refused++
        },
      ),
      { numRuns: 40 },
    )
    expect(refused).toBeGreaterThan(5)
  }, 60_000)

  it('with any object gone shows as genuine what the command line does', async () => {
    for (const name of recorded.objects.keys()) {
      const objects = new Map(recorded.objects)
      objects.delete(name)
      expect([name, await openedByPage(objects)]).toEqual([name, await openedByOwner(objects)])
    }
  }, 60_000)

  it('never shows a clip whose ledger was signed by somebody else', async () => {
    const other = await record(1)
    const objects = new Map(recorded.objects)
    objects.set('checkpoint', other.objects.get('checkpoint')!)
    expect(await openedByPage(objects)).toEqual([])
    const { problems } = await pageLibrary(objects)
    expect(problems).toHaveLength(1)
  }, 60_000)

  it('fetches what is full of the ledger once, and believes nothing because it was kept', async () => {
    const kept = new Map<string, Uint8Array>()
    const cache: SealedCache = {
      get: async (name) => kept.get(name),
      put: async (name, bytes) => void kept.set(name, bytes),
      clear: async () => kept.clear(),
    }
    const ledger = longLedger(300)
    const asked: string[] = []
    const open = () => openCloudLibrary(pageStore(ledger, asked), { cache, pinned: undefined, signal })
    expect((await open()).problems).toEqual([])
    expect((await open()).problems).toEqual([])
    expect(asked.filter((name) => name === 'tile/entries/000')).toHaveLength(1)
    const key = [...kept.keys()].find((name) => name.endsWith('tile/entries/000'))!
    kept.set(key, kept.get(key)!.with(40, 0))
    expect((await open()).problems).toEqual([]) // It looks again at what is there.
  })
})

describe('the tree of a long ledger', () => {
  it('has the roots of the device’s, whatever its size and whichever part of it is asked for', async () => {
    for (const size of [1, 255, 256, 257, 300, 512, 700]) {
      const objects = longLedger(size)
      const view = await readLedger(pageStore(objects), { cache: noCache(), signal })
      expect([size, view.problem]).toEqual([size, undefined])
      const leaves = view.pieces.flatMap(({ entries }) => entries).map(device.leafHash)
      for (const at of [0, 1, 2, 255, 256, 257, 511, 512, 513, size])
        expect([size, at, await rootAt(view)(at)]).toEqual([
          size,
          at,
          at > size ? undefined : Buffer.from(device.rootOf(leaves.slice(0, at))).toString('base64'),
        ])
    }
  })
})

/** A ledger without clips, of so many entries, as the device writes it. */
function longLedger(size: number): Objects {
  const signer = device.signerOf('lintel', generateKeyPairSync('ed25519').privateKey)
  const entries = Array.from({ length: size }, (_, boot) =>
    new TextEncoder().encode(JSON.stringify({ boot, type: 'started' })),
  )
  const objects = new Map<string, Uint8Array>()
  const leaves = entries.map(device.leafHash)
  for (let n = 1; n <= size; n++)
    if (n === size || n % 256 === 0)
      for (const { name, bytes } of device.objectsAfterAppend(entries.slice(0, n), leaves.slice(0, n)))
        objects.set(name, bytes)
  const checkpoint = { origin: signer.name, size, root: device.rootOf(entries.map(device.leafHash)) }
  const note = device.signNote(device.formatCheckpoint(checkpoint), signer)
  return objects.set('checkpoint', new TextEncoder().encode(note))
}

describe('what was seen before', () => {
  it('is remembered as the command line remembers it, and tells the same of an old, a rewritten and another ledger', async () => {
    const other = await record(1)
    const place = 'https://store.example/door'
    const seenBy = async (objects: Objects): Promise<owner.SeenLedger> => {
      const [head] = await (await ownerLibrary(objects)).heads()
      return {
        place,
        device: { name: head!.device.name, key: Buffer.from(head!.device.publicKey).toString('base64') },
        rootAt: head!.rootAt,
        checkpoint: head!.head!,
      }
    }
    const whole = await pageLibrary(recorded.objects)
    const pins = owner.acceptPin(owner.noPins, await seenBy(recorded.objects))
    expect(pins.places[place]).toEqual(whole.pin)
    const changed = await pageLibrary(other.objects, whole.pin)
    expect(changed.surprise?.what).toBe('other-device')
    expect(owner.comparePins(pins, await seenBy(other.objects)).surprise).toContain('device key changed')
    expect(changed.pin).toEqual(whole.pin)
    expect(changed.accepted).toEqual(owner.acceptPin(pins, await seenBy(other.objects)).places[place])
    // Nothing of another doorbell is believed until somebody has accepted it.
    for (const facts of await listed(changed))
      await expect(openerFor(changed).manifest(facts)).rejects.toThrow('is not this doorbell')
    const ahead = {
      ...whole.pin!,
      checkpoint: { size: whole.entries + 5, root: whole.pin!.checkpoint!.root },
    }
    expect((await pageLibrary(recorded.objects, ahead)).surprise).toEqual({
      what: 'rolled-back',
      was: whole.entries + 5,
      is: whole.entries,
    })
    const rewritten = { ...whole.pin!, checkpoint: { size: 2, root: whole.pin!.checkpoint!.root } }
    expect((await pageLibrary(recorded.objects, rewritten)).surprise).toEqual({ what: 'rewritten', was: 2 })
    const gone = new Map([...recorded.objects].filter(([name]) => name !== 'checkpoint'))
    expect((await pageLibrary(gone, whole.pin)).surprise).toEqual({ what: 'gone', was: whole.entries })
  }, 60_000)

  it('grows with the ledger', async () => {
    const whole = await pageLibrary(recorded.objects)
    const before = { ...whole.pin!, checkpoint: await headAt(recorded.objects, 3) }
    const now = await pageLibrary(recorded.objects, before)
    expect([now.surprise, now.pin]).toEqual([undefined, whole.pin])
  })
})

async function headAt(objects: Objects, size: number): Promise<{ size: number; root: string }> {
  const [head] = await (await ownerLibrary(objects)).heads()
  return { size, root: head!.rootAt(size)! }
}

describe('a recording that was cut off', () => {
  /** The store as it is when the doorbell is torn off the wall in the last clip: nothing signs for that, and its end is not there. */
  async function torn(): Promise<Objects> {
    const page = await pageLibrary(recorded.objects)
    const [newest] = await listed(page)
    const lost = new Set(
      newest!.objects.slice(-3).map(({ name }) => name), // Meta, poster, manifest.
    )
    const last = newest!.objects.filter(({ file }) => /^\d/.test(file)).at(-1)!
    lost.add(last.name)
    const left = [...recorded.objects].filter(([name]) => !lost.has(name) && !/^(tile|checkpoint)/.test(name))
    return new Map(left)
  }

  it('is found and opened as the command line finds it, and is said to be signed by nobody', async () => {
    const objects = await torn()
    const store = pageStore(objects)
    const library = await pageLibrary(objects)
    const found = await lookAround(store, library, {
      ids: [],
      isAll: true,
      holder: recorded.key.holder,
      signal,
    })
    const unsigned = await owner.findUnsigned(await ownerLibrary(objects), opener.identities, { signal })
    if ('tooMany' in found) throw new Error('there are few')
    const partsIn = ({ objects: all }: ClipFacts): string =>
      all.flatMap(({ file, name }) => (/^\d/.test(file) ? `object ${name}` : [])).join()
    expect(new Map(found.cutOff.map((facts) => [facts.clip, partsIn(facts)]))).toEqual(
      new Map(unsigned.map(({ id, parts }) => [id, parts.map(({ place }) => place).join()])),
    )
    expect(found.cutOff.length).toBeGreaterThanOrEqual(2)
    expect(found.cutOff.map(({ order }) => order)).toEqual(found.cutOff.map((_, n) => n + 1))
    for (const facts of found.cutOff) {
      const same = unsigned.find(({ id }) => id === facts.clip)
      expect(facts.guess?.durationMs).toBe(Math.max(same?.durationMs ?? 0, same?.meta?.durationMs ?? 0))
      const film = await filmOf(openerFor(library), facts, () => {})
      expect(film.size).toBeGreaterThan(10_000)
      expect(facts.phase).toBe('cut-off')
    }
    const guessed = found.cutOff.find(({ guess }) => guess?.device === '')
    expect(guessed?.guess?.clockTrusted).toBe(false)
    expect(guessed?.guess?.fromUnixMs).toBeGreaterThan(FIRST_UNIX_MS - 60_000)
  }, 120_000)

  it('is not looked for among what belongs to finished clips, and what is missing of those is left out', async () => {
    const library = await pageLibrary(recorded.objects)
    const clips = await listed(library)
    const part = clips[0]!.objects[1]!
    const objects = new Map(recorded.objects)
    objects.delete(part.name)
    const [some, asked] = [await pageLibrary(objects), [] as string[]]
    const found = await lookAround(pageStore(objects, asked), some, {
      ids: clips.map(({ clip }) => clip),
      isAll: true,
      holder: recorded.key.holder,
      signal,
    })
    expect(found).toEqual({ objects: objects.size, cutOff: [] })
    expect(asked).toEqual([])
    const [newest] = await listed(some)
    expect(newest?.objects).toHaveLength(clips[0]!.objects.length - 1)
    await expect(filmOf(openerFor(some), newest!, () => {})).rejects.toThrow(
      '1 part that the doorbell signed for is missing',
    )
  })
})

describe('the time of a clip', () => {
  const meta = (more: Partial<ClipMeta>): ClipMeta => ({
    ...{ format: 'sealed-clip-meta/1', clip: 'ab'.repeat(8), visit: 'cd'.repeat(8), device: 'd' },
    ...{ fromUnixMs: 5000, clockTrusted: false, durationMs: 1, codec: 'h264', width: 1, height: 1 },
    ...{ presses: [], signs: [], labels: [], complete: true },
    ...more,
  })

  it('is put right by what the doorbell learnt later, as the command line does', () => {
    const clocks = new Map([[1, { monoMs: 2000, unixMs: 1_767_254_400_000 }]])
    for (const each of [
      meta({}),
      meta({ boot: 1, fromMonoMs: 500 }),
      meta({ boot: 2, fromMonoMs: 500 }),
      meta({ boot: 1 }),
      meta({ boot: 1, fromMonoMs: 500, clockTrusted: true }),
    ]) {
      const { known, fromUnixMs } = owner.timeOf(each, clocks)
      const { fromUnixMs: shown, clockTrusted } = correctedMeta(each, clocks)
      expect([shown, clockTrusted]).toEqual([fromUnixMs, known !== 'unknown'])
    }
  })
})

describe('entries of the ledger', () => {
  it('that the device knows are all known to the page', async () => {
    const { parseEntry } = await import('./entries.ts')
    const sha = hex(new Uint8Array(32))
    const clip = 'ab'.repeat(8)
    const all: readonly device.LedgerEntry[] = [
      { type: 'clip', clip, manifest: sha, name: 'ab'.repeat(16) },
      { type: 'expired', clip },
      { type: 'deleted', clip },
      { type: 'activity', sha256: sha },
      { type: 'recipients', version: 1, sha256: sha },
      { type: 'grant', clip, sha256: sha },
      { type: 'started', boot: 0 },
      { type: 'clock', boot: 0, monoMs: 1, unixMs: 2 },
      { type: 'index-rebuilt', lost: 0, clips: 0, absent: 0 },
    ]
    for (const entry of all) {
      const parsed = parseEntry('entry', new TextEncoder().encode(JSON.stringify(entry)))
      expect(parsed.type).not.toBe('unknown')
      if (parsed.type !== 'other') expect(parsed).toEqual(entry)
    }
    expect(parseEntry('entry', new TextEncoder().encode('{"type":"newer","x":1}'))).toEqual({
      type: 'unknown',
    })
    for (const damaged of ['{"type":"clip"}', '{"type":"expired","clip":"x"}', '[]', '"', '\u0000'])
      expect(() => parseEntry('entry', new TextEncoder().encode(damaged))).toThrow('entry')
  })
})
