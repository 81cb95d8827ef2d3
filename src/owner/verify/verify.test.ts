import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '../../base/bytes.ts'
import { createMemoryDisk } from '../../../sim/devices/memory-disk.ts'
import { silentLog } from '../../base/log.ts'
import { openDeviceKey } from '../../vault/index.ts'
import { namesInLedger } from '../../formats/index.ts'
import { orderKey } from '../../ports/records.ts'
import { localSource } from '../local-source.ts'
import type { ClipSource } from '../source.ts'
import { isClean, verifySource } from './index.ts'
import {
  copyOf,
  Doorbell,
  findingsIn,
  listNote,
  OWNER,
  problemsIn,
  STRANGER,
  type Look,
  type RecordOptions,
  type World,
} from './world.fixture.ts'

const [A, B, C, GROWING] = ['aa', 'bb', 'cc', 'dd'].map((pair) => pair.repeat(8)) as [
  string,
  string,
  string,
  string,
] // Four went in.
const LOOKS: readonly Look[] = ['device', 'store', 'both']

/** After each clip; the last is the present. */
let states: readonly World[]
let world: World

beforeAll(async () => {
  const doorbell = await Doorbell.start()
  const after: World[] = []
  for (const clip of [A, B, C]) {
    await doorbell.record(clip)
    await doorbell.upload()
    after.push(await doorbell.world())
  }
  states = after
  world = present()
})

const present = (): World => {
  const last = states.at(-1)
  if (last === undefined) throw new Error('there is a present')
  return copyOf(last)
}

describe('where nothing was changed', () => {
  it.each(LOOKS)('nothing is found, and every clip is genuine: %s', async (look) => {
    for (const state of states) expect(await problemsIn(state, look)).toEqual([])
    const genuine = (await findingsIn(world, look)).filter(({ verdict }) => verdict === 'genuine')
    expect(genuine.filter(({ what }) => [A, B, C].includes(what))).toHaveLength(look === 'both' ? 6 : 3)
  })

  it('nothing is found while a clip grows, whose parts only the doorbell knows', async () => {
    const doorbell = await Doorbell.start()
    await doorbell.record(A)
    await doorbell.upload()
    await doorbell.record(GROWING, { isFinished: false })
    const growing = await doorbell.world()
    expect(await problemsIn(growing, 'device')).toEqual([])
    expect(await problemsIn(growing, 'both')).toEqual([])
    expect(await problemsIn(growing, 'both', GROWING)).toEqual([])
    // Without the doorbell nobody can say whose they are.
    expect(await problemsIn(growing, 'store')).toHaveLength(4)
  })

  it('nothing is found at any moment of an upload', async () => {
    const doorbell = await Doorbell.start()
    await doorbell.record(A)
    await doorbell.record(B)
    for (let steps = 0; steps < 20; steps++) {
      expect(await problemsIn(await doorbell.world(), 'both')).toEqual([])
      expect(await problemsIn(await doorbell.world(), 'both', B)).toEqual([])
      await doorbell.upload(1)
    }
  })

  it('nothing is found when the doorbell goes on recording while it is looked at', async () => {
    const doorbell = await Doorbell.start()
    await doorbell.record(A)
    await doorbell.record(GROWING, { isFinished: false })
    const source = localSource(doorbell)
    const busy: ClipSource = {
      ...source,
      async places() {
        const places = await source.places()
        await doorbell.record(B)
        return places
      },
      async entries(size) {
        const entries = await source.entries(size)
        await doorbell.record(C)
        return entries
      },
    }
    expect(isClean(await verifySource(busy))).toBe(true)
  })

  it('nothing is found of a clip whose time was over', async () => {
    const doorbell = await Doorbell.start()
    await doorbell.record(A)
    await doorbell.record(B)
    await doorbell.expire(A)
    await doorbell.upload()
    for (const look of LOOKS) expect(await problemsIn(await doorbell.world(), look)).toEqual([])
  })
})

describe('in the store', () => {
  it('every flipped bit, cut, addition, removal, swap and replay of any object is found', async () => {
    const names = [...world.objects.keys()]
    const parts = names.filter((name) => /^[0-9a-f]{32}$/.test(name))
    const needed = names.filter((name) => !name.startsWith('tile/') || namesInLedger(5).includes(name))
    const one = fc.constantFrom(...names)
    const change = fc.oneof(
      fc.record({ kind: fc.constant('flip' as const), name: one, at: fc.nat(), bit: fc.nat({ max: 7 }) }),
      fc.record({ kind: fc.constant('cut' as const), name: one, at: fc.nat() }),
      fc.record({ kind: fc.constant('lengthen' as const), name: one, by: fc.uint8Array({ minLength: 1 }) }),
      fc.record({ kind: fc.constant('remove' as const), name: fc.constantFrom(...needed) }),
      fc.record({ kind: fc.constant('swap' as const), name: one, other: one }),
      fc.record({ kind: fc.constant('copy' as const), name: one, other: one }),
      fc.record({ kind: fc.constant('add' as const), name: fc.constantFrom(...parts), as: newName }),
    )
    await fc.assert(
      fc.asyncProperty(change, fc.constantFrom<Look>('store', 'both'), async (step, look) => {
        const changed = copyOf(world)
        apply(changed.objects, step)
        fc.pre(!isSame(changed.objects, world.objects))
        expect(await problemsIn(changed, look)).not.toEqual([])
      }),
      { numRuns: 600 },
    )
  })

  it('an old state of all of it is found when the doorbell is at hand', async () => {
    for (const before of states.slice(0, -1)) {
      const rolledBack = { ...present(), objects: new Map(before.objects) }
      expect(await problemsIn(rolledBack, 'both')).toContainEqual(
        expect.stringMatching(
          /^changed the store checkpoint: an old state is shown: \d entries, although the/,
        ),
      )
    }
  })

  it('an old state is found also while newer entries wait to be uploaded', async () => {
    const doorbell = await Doorbell.start()
    await doorbell.record(A)
    await doorbell.upload()
    const old = await doorbell.world()
    await doorbell.record(B)
    await doorbell.upload()
    await doorbell.record(C)
    const late = await doorbell.world()
    expect(await problemsIn(late, 'both')).toEqual([])
    expect(await problemsIn({ ...late, objects: old.objects }, 'both')).toContainEqual(
      expect.stringContaining('an old state is shown: 3 entries, although the store had acknowledged 4'),
    )
  })

  it('an old checkpoint alone is found, with and without the doorbell', async () => {
    const replayed = present()
    replayed.objects.set('checkpoint', states[0]?.objects.get('checkpoint') ?? new Uint8Array())
    for (const look of ['store', 'both'] as const) expect(await problemsIn(replayed, look)).not.toEqual([])
  })

  it('an older manifest in place of a newer one is found', async () => {
    const [older, newer] = [objectOf(A, 'manifest.note'), objectOf(C, 'manifest.note')]
    const replayed = present()
    replayed.objects.set(newer, replayed.objects.get(older) ?? new Uint8Array())
    expect(await problemsIn(replayed, 'store')).toContainEqual(
      expect.stringContaining(`the manifest of clip ${C} is not the one in the ledger`),
    )
  })

  it('a whole ledger that somebody else signed is found when the doorbell is at hand', async () => {
    const doorbell = await Doorbell.start()
    for (const clip of [A, B, C]) await doorbell.record(clip)
    await doorbell.upload()
    const forged = { ...present(), objects: (await doorbell.world()).objects }
    expect(await problemsIn(forged, 'both')).toContainEqual(
      expect.stringMatching(/^changed the store checkpoint: checkpoint: wanted the signature of lintel/),
    )
  })

  it('damage to parts of a growing clip is found by what the doorbell noted', async () => {
    const doorbell = await Doorbell.start()
    await doorbell.record(A)
    await doorbell.upload()
    await doorbell.record(GROWING, { isFinished: false })
    const growing = await doorbell.world()
    const name = objectOf(GROWING, '0001.age', growing)
    const changed = copyOf(growing)
    changed.objects.set(name, flipped(growing.objects.get(name), 300, 3))
    expect(await problemsIn(changed)).toEqual([
      expect.stringMatching(
        new RegExp(`^changed the store ${name}: part 1 of clip ${GROWING}: wanted SHA-256`),
      ),
    ])
    changed.objects.delete(name)
    expect(await problemsIn(changed)).toEqual([
      `missing the store ${name}: part 1 of clip ${GROWING} is not there`,
    ])
  })

  it('a name that no piece of a ledger has is told so', async () => {
    const changed = present()
    changed.objects.set('tile/0/000.p/007', changed.objects.get('tile/0/000.p/5') ?? new Uint8Array())
    expect(await problemsIn(changed, 'store')).toEqual([
      'unknown the store tile/0/000.p/007: no piece of a ledger is called so',
    ])
  })

  it.each([
    'tile/0/000.p/0',
    'tile/99/999',
    'tile/0/x000/001',
    'tile/',
    'tile/entries/000.p/300',
    'checkpoint.tmp',
  ])('an object that nobody put there is found, also when it is called %s', async (name) => {
    const changed = present()
    changed.objects.set(name, utf8('x'))
    for (const look of ['store', 'both'] as const)
      expect(await problemsIn(changed, look)).toEqual([
        expect.stringContaining(`unknown the store ${name}: `),
      ])
  })

  it('a missing object is no loss while it is on its way, and is one when the store refused it for good', async () => {
    const name = objectOf(B, '0000.age')
    const changed = present()
    changed.objects.delete(name)
    changed.rows.set(`upload/${orderKey(99)}`, { name })
    expect(await problemsIn(changed)).toEqual([])
    expect(await findingsIn(changed)).toContainEqual(
      expect.objectContaining({
        verdict: 'note',
        what: name,
        detail: `part 0 of clip ${B}: waits to be uploaded`,
      }),
    )
    changed.rows.set(`upload/${orderKey(99)}`, { name, parked: 'the store has another' })
    expect(await problemsIn(changed)).toEqual([`missing the store ${name}: part 0 of clip ${B} is not there`])
  })

  it('what the doorbell learnt of the time is told, and is nothing wrong', async () => {
    const doorbell = await Doorbell.start()
    await doorbell.record(A)
    await doorbell.learnTime(Date.UTC(2026, 5, 1, 12))
    await doorbell.upload()
    const world = await doorbell.world()
    expect(await problemsIn(world)).toEqual([])
    expect(await findingsIn(world, 'store')).toContainEqual(
      expect.objectContaining({
        verdict: 'note',
        what: 'ledger entry 3',
        detail: expect.stringContaining('start 1 knew the time from 2026-06-01T12:00:00.000Z on'),
      }),
    )
  })

  it('pieces of a ledger without a checkpoint are found before there is a clip', async () => {
    const doorbell = await Doorbell.start()
    await doorbell.upload(1)
    expect(await problemsIn(await doorbell.world(), 'both')).toEqual([])
    await doorbell.upload()
    const started = await doorbell.world()
    started.objects.delete('checkpoint')
    expect(await problemsIn(started, 'store')).toEqual([
      'missing the store checkpoint: there are pieces of a ledger, and no checkpoint',
    ])
    expect(await problemsIn(started, 'both')).toEqual([
      'missing the store checkpoint: the ledger’s checkpoint is not there, although the store had it',
    ])
  })

  it('a missing bundle of entries is told with how many there should be', async () => {
    const changed = present()
    changed.objects.delete('tile/entries/000.p/5')
    expect(await problemsIn(changed, 'store')).toContain(
      'missing the store ledger: the checkpoint is for 5 entries, 0 are there',
    )
  })

  it('a checkpoint that claims to be for very many entries is found soon', async () => {
    const changed = present()
    const text = Buffer.from(changed.objects.get('checkpoint') ?? []).toString()
    changed.objects.set('checkpoint', utf8(text.replace('\n5\n', '\n999999999999999\n')))
    for (const look of ['store', 'both'] as const) expect(await problemsIn(changed, look)).not.toEqual([])
  })

  it('one clip can be looked at alone', async () => {
    const changed = present()
    changed.objects.delete(objectOf(B, '0000.age'))
    expect(await problemsIn(changed, 'both', A)).toEqual([])
    expect(await problemsIn(changed, 'both', B)).toEqual([
      `missing the store ${objectOf(B, '0000.age')}: part 0 of clip ${B} is not there`,
    ])
    expect(await problemsIn(changed, 'store', GROWING)).toEqual([
      `missing the store ${GROWING}: the ledger knows no such clip`,
    ])
  })
})

describe('on the device', () => {
  it('every flipped bit, cut, addition, removal, swap and replay of any file is found', async () => {
    const files = [...world.files.keys()].filter((path) => path !== 'device.key')
    const one = fc.constantFrom(...files)
    const folder = fc.constantFrom(A, B, GROWING)
    const change = fc.oneof(
      fc.record({ kind: fc.constant('flip' as const), name: one, at: fc.nat(), bit: fc.nat({ max: 7 }) }),
      fc.record({ kind: fc.constant('cut' as const), name: one, at: fc.nat() }),
      fc.record({ kind: fc.constant('lengthen' as const), name: one, by: fc.uint8Array({ minLength: 1 }) }),
      fc.record({ kind: fc.constant('remove' as const), name: one }),
      fc.record({ kind: fc.constant('swap' as const), name: one, other: one }),
      fc.record({ kind: fc.constant('copy' as const), name: one, other: one }),
      fc.record({
        kind: fc.constant('add' as const),
        name: one,
        as: folder.map((id) => `clips/${id}/0007.age`),
      }),
      fc.record({ kind: fc.constant('add' as const), name: one, as: fc.constant('clips/lost.age') }),
    )
    await fc.assert(
      fc.asyncProperty(change, fc.constantFrom<Look>('device', 'both'), async (step, look) => {
        const changed = copyOf(world)
        apply(changed.files, step)
        fc.pre(!isSame(changed.files, world.files))
        expect(await problemsIn(changed, look)).not.toEqual([])
      }),
      { numRuns: 600 },
    )
  })

  it.each<[string, (rows: World['rows']) => void]>([
    ['says something else of a start', (rows) => rows.set(entryKey(0), '{"boot":7,"type":"started"}')],
    ['says something else of a clip', (rows) => rows.set(entryKey(2), rows.get(entryKey(3)) ?? null)],
    ['is no entry', (rows) => rows.set(entryKey(2), '{"type":"party"}')],
    ['is no text', (rows) => rows.set(entryKey(2), 7)],
    ['is gone', (rows) => rows.delete(entryKey(2))],
    ['is the last and is gone', (rows) => rows.delete(entryKey(4))],
    ['was added', (rows) => rows.set(entryKey(5), '{"boot":1,"type":"started"}')],
    ['was moved', (rows) => rows.delete(entryKey(4)) && rows.set(entryKey(9), '{"boot":1,"type":"started"}')],
    ['lost the checkpoint above it', (rows) => rows.delete('device/checkpoint')],
    [
      'has an older checkpoint above it',
      (rows) => rows.set('device/checkpoint', states[0]?.rows.get('device/checkpoint') ?? null),
    ],
  ])('an entry of the ledger that %s is found', async (_what, change) => {
    const changed = present()
    change(changed.rows)
    expect(await problemsIn(changed, 'device')).not.toEqual([])
    expect(await problemsIn(changed, 'both')).not.toEqual([])
  })

  it('a ledger without the checkpoint above it is told with how many entries there are', async () => {
    const changed = present()
    changed.rows.delete('device/checkpoint')
    expect(await problemsIn(changed, 'device')).toContain(
      'missing the device checkpoint: 5 entries, and no checkpoint that vouches for them',
    )
  })

  it('is found to be set back when the store is at hand', async () => {
    const before = states[1] ?? world
    const setBack = { ...copyOf(before), objects: world.objects }
    expect(await problemsIn(setBack)).toContainEqual(
      expect.stringMatching(
        /^changed the store checkpoint: it is for 5 entries, the device has 4: another ledger/,
      ),
    )
  })

  it('a clip that was removed with all its rows but the ledger’s is found', async () => {
    const changed = present()
    for (const path of [...changed.files.keys()]) if (path.includes(C)) changed.files.delete(path)
    for (const key of [...changed.rows.keys()])
      if (/^(clip|part)/.test(key) && key.includes(C)) changed.rows.delete(key)
    expect(await problemsIn(changed, 'device')).toEqual([
      `missing the device clips/${C}/manifest.note: manifest of clip ${C} is not there`,
    ])
  })

  it.each<[string, Uint8Array]>([
    ['no key', utf8('no key')],
    [
      'another key',
      utf8(String(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }))),
    ],
  ])('a key file with %s in it is found', async (_what, bytes) => {
    const changed = present()
    changed.files.set('device.key', bytes)
    expect(await problemsIn(changed, 'device')).not.toEqual([])
    expect(await problemsIn(changed, 'both')).not.toEqual([])
  })

  it('damage to a growing clip is found by what the doorbell noted', async () => {
    const doorbell = await Doorbell.start()
    await doorbell.record(GROWING, { isFinished: false })
    const growing = await doorbell.world()
    const path = `clips/${GROWING}/0000.age`
    growing.files.set(path, flipped(growing.files.get(path), 300, 0))
    expect(await problemsIn(growing, 'device')).toEqual([
      expect.stringMatching(
        new RegExp(`^changed the device ${path}: part 0 of clip ${GROWING}: wanted SHA-256`),
      ),
    ])
  })

  it('what is half written or being removed is left alone', async () => {
    const changed = present()
    changed.files.set(`clips/${A}/meta.age.tmp`, utf8('half'))
    changed.rows.set(`clip/${GROWING}`, { phase: 'expiring' })
    changed.files.set(`clips/${GROWING}/0000.age`, utf8('on its way out'))
    expect(await problemsIn(changed, 'device')).toEqual([])
  })
})

describe('what the device itself signed', () => {
  const after = async (options: RecordOptions): Promise<readonly string[]> => {
    const doorbell = await Doorbell.start()
    await doorbell.record(A)
    await doorbell.record(B, options)
    await doorbell.upload()
    return problemsIn(await doorbell.world(), 'store')
  }

  it.each<[string, RecordOptions, RegExp]>([
    ['in another order', { lie: { previous: null } }, /it does not follow the clip before it/],
    ['for another clip', { lie: { clip: C } }, new RegExp(`it is the manifest of clip ${C}`)],
    [
      'with another header',
      { lie: { header: '0'.repeat(64) } },
      /sealed with another header than its clip’s/,
    ],
  ])('is not believed %s', async (_what, options, words) => {
    expect(await after(options)).toContainEqual(expect.stringMatching(words))
  })

  it('is not what another device signed', async () => {
    const signer = await openDeviceKey({ disk: createMemoryDisk(), log: silentLog })
    const lie = { device: signer.name, deviceKey: Buffer.from(signer.publicKey).toString('base64') }
    expect(await after({ signer, lie })).toContainEqual(
      expect.stringContaining(`signed by ${signer.name}, the ledger is of lintel/`),
    )
  })
})

describe('the list of recipients', () => {
  const first = listNote(1)
  const withList = (note: string | undefined): World => {
    const changed = present()
    if (note === undefined) changed.files.delete('recipients.note')
    else changed.files.set('recipients.note', utf8(note))
    return changed
  }

  it('is genuine when it is the one in the ledger', async () => {
    expect(await findingsIn(world, 'device')).toContainEqual(
      expect.objectContaining({
        verdict: 'genuine',
        what: 'recipients.note',
        detail: expect.stringContaining('anna'),
      }),
    )
  })

  it('may be a newer one of the same owner', async () => {
    const known = Buffer.from(world.files.get('recipients.note') ?? []).toString()
    expect(await problemsIn(withList(listNote(2, { after: known })), 'device')).toEqual([])
  })

  it.each<[string, string | undefined, RegExp]>([
    ['gone', undefined, /^missing .* is not there/],
    ['rubbish', 'rubbish', /^changed .* wanted a signed note/],
    ['a stranger’s', listNote(2, { by: STRANGER, after: first }), /^changed .* who is not the owner/],
    ['a stranger’s with a high number', listNote(99, { by: STRANGER }), /^changed .* who is not the owner/],
    ['a newer one of another history', listNote(2), /^changed .* does not follow the version 1/],
    ['another of the same number', listNote(1, { after: 'x' }), /^changed .* is not the version 1 that/],
  ])('is found when it is %s', async (_what, note, words) => {
    expect(OWNER.name).not.toBe(STRANGER.name)
    expect(await problemsIn(withList(note), 'device')).toEqual([expect.stringMatching(words)])
  })

  it('is found when the doorbell was made to remember another', async () => {
    const changed = present()
    changed.rows.set('device/recipients', { owner: 'x', version: 1, sha256: 'y' })
    expect(await problemsIn(changed, 'device')).toEqual([
      expect.stringContaining('the index remembers another list than the ledger has'),
    ])
    changed.rows.delete('device/recipients')
    expect(await problemsIn(changed, 'device')).not.toEqual([])
  })
})

type Change =
  | { readonly kind: 'flip'; readonly name: string; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly name: string; readonly at: number }
  | { readonly kind: 'lengthen'; readonly name: string; readonly by: Uint8Array }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'swap' | 'copy'; readonly name: string; readonly other: string }
  | { readonly kind: 'add'; readonly name: string; readonly as: string }

const newName = fc.constantFrom(
  'f'.repeat(32),
  'notes.txt',
  'tile/entries/007.p/9',
  'tile/0/000.p/77',
  'a/b.tmp',
)

function apply(things: Map<string, Uint8Array>, change: Change): void {
  const bytes = things.get(change.name) ?? new Uint8Array(0)
  if (change.kind === 'flip') things.set(change.name, flipped(bytes, change.at, change.bit))
  if (change.kind === 'cut') things.set(change.name, bytes.slice(0, change.at % bytes.length))
  if (change.kind === 'lengthen') things.set(change.name, concatBytes([bytes, change.by]))
  if (change.kind === 'remove') things.delete(change.name)
  if (change.kind === 'add') things.set(change.as, bytes)
  if (change.kind === 'swap' || change.kind === 'copy') {
    things.set(change.name, things.get(change.other) ?? bytes)
    if (change.kind === 'swap') things.set(change.other, bytes)
  }
}

function flipped(bytes: Uint8Array = new Uint8Array(1), at: number, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const index = at % copy.length
  copy[index] = (copy[index] ?? 0) ^ (1 << bit)
  return copy
}

const isSame = (a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean =>
  a.size === b.size &&
  [...a].every(([name, bytes]) => Buffer.compare(bytes, b.get(name) ?? Buffer.of()) === 0)

const entryKey = (n: number): string => `ledger/${orderKey(n)}`

/** The name in the store of a file of a clip. */
function objectOf(clip: string, file: string, { rows } = world): string {
  const row = rows.get(`part/${clip}/${file}`)
  return typeof row === 'object' && row !== null && 'name' in row && typeof row.name === 'string'
    ? row.name
    : ''
}
