import { describe, expect, it } from 'vitest'
import type { MemoryDisk } from '../../sim/devices/memory-disk.ts'
import type { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { hex, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { guarded, type Verdict } from './rig.fixture.ts'
import { lineOf, parseHeader, sha256, type BoundObject, type ClipManifest } from '../formats/index.ts'
import { House, live, type Life, type Lived } from './rebuild.fixture.ts'
import { openDeviceKey } from '../vault/index.ts'

type MemoryHouse = House & { readonly index: MemoryRecords }

/** The index is gone, and an empty one is in its place. */
function loseIndex(house: MemoryHouse): void {
  house.index.putAside()
  house.records = house.index.open()
}

async function expectAllThere(house: House, lived: Lived): Promise<void> {
  const files = await house.files('clips')
  for (const [key, hash] of lived.acknowledged) expect(files.get(`clips/${key}`)).toBe(hash)
  expect(await house.films()).toEqual(lived.films)
}

/** Wherever it is now. What was half written is no loss. */
async function expectNothingDeleted(house: House, before: ReadonlyMap<string, string>): Promise<void> {
  const hashes = new Set((await house.files()).values())
  for (const [path, hash] of before) expect([path, hashes.has(hash)]).toEqual([path, true])
}

describe('an index that was lost', () => {
  it('is built again: every clip is there, plays, uploads, and the ledger goes on', async () => {
    const house = await House.inMemory()
    const lived = await live(house, await house.start())
    const before = await house.files()
    const ledger = await house.entries()
    loseIndex(house)

    const life = await house.start()
    const counts = { sealed: 2, growing: 1, absent: 0, entriesKept: ledger.length, entriesLost: 0 }
    expect(life.rebuilt).toEqual({ kind: 'index-rebuilt', ...counts })
    expect(life.boot).toBe(1)
    expect(house.logged).toContainEqual(expect.stringMatching(/^error index\.rebuilt .*untoldPresses/))
    expect(life.rig.of('clip-recovered')).toMatchObject([{ clip: lived.growing }])
    expect(life.rig.of('object-lost')).toEqual([])
    await expectAllThere(house, lived)
    await expectNothingDeleted(house, before)
    expect(await house.entries()).toEqual([
      ...ledger,
      { type: 'index-rebuilt', lost: 0, clips: 3, absent: 0 },
      { type: 'started', boot: 1 },
      expect.objectContaining({ type: 'clip', clip: lived.growing }),
    ])
    await house.uploadAll(life)
    expect(life.rig.of('clip-uploaded').map(({ clip }) => clip)).toEqual(
      expect.arrayContaining([...lived.sealed, lived.growing]),
    )
    expect(await house.problems()).toEqual([])
    expect(await house.disk.list('quarantine')).toEqual([])
  })

  it('is built once: the start after it finds a sound one', async () => {
    const house = await House.inMemory()
    const lived = await live(house, await house.start())
    loseIndex(house)
    await house.start()
    const again = await house.start()
    expect(again.rebuilt).toBeUndefined()
    expect(again.rig.happenings).toEqual([])
    expect(again.boot).toBe(2)
    await expectAllThere(house, lived)
  })

  it('does not send the store anything under a name that holds something else', async () => {
    const house = await House.inMemory()
    const life = await house.start()
    const lived = await live(house, life)
    await house.uploadAll(life)
    loseIndex(house)
    const next = await house.start()
    await house.uploadAll(next)
    expect(house.logged.filter((line) => line.includes('upload.set_aside'))).toEqual([])
    await expectAllThere(house, lived)
    // Names of what grew were known to the index alone; the store keeps those objects, of which nobody knows any more.
    const problems = await house.problems()
    expect(problems.length).toBeGreaterThan(0)
    for (const problem of problems) expect(problem).toMatch(/^unknown the store [0-9a-f]{32}: nobody signed/)
  })

  it('may be lost again and again', async () => {
    const house = await House.inMemory()
    const lived = await live(house, await house.start())
    for (let n = 1; n <= 3; n++) {
      loseIndex(house)
      const life = await house.start()
      expect(life.boot).toBe(n)
      await expectAllThere(house, lived)
      await house.uploadAll(life)
      expect(await house.problems()).toEqual([])
    }
  })

  it('is known to have been lost also when there is no clip', async () => {
    const house = await House.inMemory()
    await house.start()
    loseIndex(house)
    expect((await house.start()).rebuilt).toMatchObject({ sealed: 0, growing: 0, entriesKept: 1 })
    expect(await house.entries()).toMatchObject([
      { type: 'started', boot: 0 },
      { type: 'index-rebuilt' },
      { type: 'started', boot: 1 },
    ])
  })

  it('is no index that was never there', async () => {
    const house = await House.inMemory()
    expect((await house.start()).rebuilt).toBeUndefined()
  })

  it('gives back the pin of the recipients: an older list is still refused', async () => {
    const house = await House.inMemory()
    await live(house, await house.start())
    const pin = await house.records.read('device', 'recipients')
    loseIndex(house)
    await house.start()
    expect(pin).toBeDefined()
    expect(await house.records.read('device', 'recipients')).toEqual(pin)
  })

  it('is written down as far as clips expired: what the ledger has and the disk has not', async () => {
    const house = await House.inMemory()
    const life = await house.start()
    const lived = await live(house, life)
    await house.uploadAll(life)
    const [first] = lived.sealed
    for (const { name } of await house.disk.list(`clips/${first}`))
      await house.disk.remove(`clips/${first}/${name}`)
    await house.disk.remove(`clips/${first}`)
    loseIndex(house)
    expect((await house.start()).rebuilt).toMatchObject({ sealed: 1, absent: 1 })
    const here = (await house.findings()).filter(({ where }) => where === 'the device')
    expect(here.filter(({ verdict }) => verdict !== 'genuine').map(({ detail }) => detail)).toEqual([
      'the index was lost, and built again from the disk (clips found: 2; of the ledger’s, not there any more: 1)',
      expect.stringContaining('removed when its time was over'),
    ])
  })
})

describe('what lies on the disk and is damaged', () => {
  let house: MemoryHouse
  let lived: Lived
  const begin = async (): Promise<void> => {
    house = await House.inMemory()
    lived = await live(house, await house.start())
  }
  const restart = async (): Promise<Life> => {
    const before = await house.files()
    loseIndex(house)
    const life = await house.start()
    await expectNothingDeleted(house, before)
    return life
  }
  const memoryDisk = (): MemoryDisk => house.disk as MemoryDisk // As `inMemory` made it.
  const quarantined = async (): Promise<readonly string[]> =>
    (await house.disk.list('quarantine')).map(({ name }) => name)

  it('a part of a sealed clip is put aside and missed aloud', async () => {
    await begin()
    const [first] = lived.sealed
    memoryDisk().damage(`clips/${first}/0001.age`, 700)
    const life = await restart()
    expect(life.rig.of('object-lost')).toEqual([{ kind: 'object-lost', clip: first, file: '0001.age' }])
    expect(await quarantined()).toEqual([`${first}-0001.age`])
    await house.uploadAll(life)
    expect(life.rig.of('clip-uploaded')).toHaveLength(3)
  })

  it('a part of a growing clip that was not written whole is put aside', async () => {
    await begin()
    const torn = `clips/${lived.growing}/0007.age`
    const whole = await house.disk.read(`clips/${lived.growing}/0001.age`)
    await house.disk.create(
      torn,
      Uint8Array.from(whole, (byte, at) => (at < 512 ? byte : 0)),
    )
    const life = await restart()
    expect(life.rig.of('clip-recovered')).toMatchObject([{ clip: lived.growing }])
    expect(await quarantined()).toEqual([`${lived.growing}-0007.age`])
    await expectAllThere(house, lived)
  })

  it('a clip whose manifest was changed is put aside file by file, and the others are there', async () => {
    await begin()
    const [first, second] = lived.sealed
    memoryDisk().damage(`clips/${first}/manifest.note`, 100)
    const life = await restart()
    expect(life.rig.of('object-lost')).toEqual([{ kind: 'object-lost', clip: first, file: 'manifest.note' }])
    expect(await quarantined()).toContain(`${first}-0000.age`)
    expect((await house.problems()).filter((problem) => problem.includes('the device'))).toEqual([
      expect.stringContaining(`clips/${first}/manifest.note`),
    ])
    expect(await house.records.read('clip', second)).toMatchObject({ phase: 'sealed' })
  })

  it('a growing clip without its meta is put aside whole', async () => {
    await begin()
    await house.disk.remove(`clips/${lived.growing}/meta.age`)
    loseIndex(house)
    const life = await house.start()
    expect(life.rebuilt).toMatchObject({ sealed: 2, growing: 0 })
    expect(await quarantined()).toEqual([lived.growing])
    expect(house.logged).toContainEqual(expect.stringMatching(/^error clips\.not_rebuilt .*meta/))
  })

  it('folders that are no clips of this doorbell are put aside', async () => {
    await begin()
    const stranger = await House.inMemory()
    const other = await live(stranger, await stranger.start())
    const [foreign] = other.sealed
    // Another doorbell counts its random ids as this one does.
    const as = 'f'.repeat(16)
    await house.disk.makeFolder(`clips/${as}`)
    for (const { name } of await stranger.disk.list(`clips/${foreign}`))
      if (name !== 'meta.age')
        await house.disk.create(`clips/${as}/${name}`, await stranger.disk.read(`clips/${foreign}/${name}`))
    await restart()
    expect(await quarantined()).toEqual([as])
    await expectAllThere(house, lived)
  })
})

describe('a clip that was signed when the power went, and not entered yet,', () => {
  /** The manifest as it lay there before the transaction that never came. */
  async function signGrowing(house: House, clip: string, previous: string | null): Promise<void> {
    const key = await openDeviceKey({ disk: house.disk, log: silentLog })
    const bound = async (file: string): Promise<BoundObject> => {
      const bytes = await house.disk.read(`clips/${clip}/${file}`)
      const row = await house.records.read('part', `${clip}/${file}`)
      const name = typeof row === 'object' && row !== null && 'name' in row ? row.name : undefined
      return { name: typeof name === 'string' ? name : '', bytes: bytes.length, sha256: hex(sha256(bytes)) }
    }
    const files = (await house.disk.list(`clips/${clip}`)).map(({ name }) => name)
    const meta = await house.disk.read(`clips/${clip}/meta.age`)
    const manifest: ClipManifest = {
      format: 'lintel-clip-manifest/1',
      clip,
      device: key.name,
      deviceKey: Buffer.from(key.publicKey).toString('base64'),
      header: hex(sha256(meta.subarray(0, parseHeader(meta).bytes))),
      parts: await Promise.all(files.filter((name) => /^\d/.test(name)).map(bound)),
      meta: await bound('meta.age'),
      poster: await bound('poster.age'),
      ended: 'stopped',
      previous,
    }
    await house.disk.replace(`clips/${clip}/manifest.note`, utf8(key.signNote(lineOf(manifest))))
  }

  it('is entered as it was signed', async () => {
    const house = await House.inMemory()
    const before = await house.start()
    const { films, growing } = await live(house, before)
    await house.uploadAll(before)
    const own = await house.records.read('device', 'clips')
    const head =
      typeof own === 'object' && own !== null && 'previousManifest' in own ? own.previousManifest : null
    await signGrowing(house, growing, typeof head === 'string' ? head : null)
    loseIndex(house)
    const life = await house.start()
    expect(life.rebuilt).toMatchObject({ sealed: 3, growing: 0 })
    expect(await house.films()).toEqual({ ...films, [growing]: ['sealed', films[growing]?.[1]] })
    await house.uploadAll(life)
    expect(await house.problems()).toEqual([])
  })

  it('is signed again when others were sealed meanwhile, with the names under which it lies in the store', async () => {
    const house = await House.inMemory()
    const before = await house.start()
    const lived = await live(house, before)
    await house.uploadAll(before)
    await signGrowing(house, lived.growing, null)
    loseIndex(house)
    const life = await house.start()
    expect(life.rig.of('clip-recovered')).toMatchObject([{ clip: lived.growing }])
    expect((await house.disk.list('quarantine')).map(({ name }) => name)).toEqual([
      `${lived.growing}-manifest.note`,
    ])
    await expectAllThere(house, lived)
    await house.uploadAll(life)
    expect(await house.problems()).toEqual([])
  })
})

describe('the ledger', () => {
  const pages = (house: House): Promise<readonly string[]> =>
    house.disk.list('ledger').then((list) => list.map(({ name }) => `ledger/${name}`))

  it('goes on from what is vouched for when its newest pages are gone, and says how many it lost', async () => {
    const house = await House.inMemory()
    const lived = await live(house, await house.start())
    const ledger = await house.entries()
    const torn = (await pages(house))[2] ?? ''
    await house.disk.replace(torn, (await house.disk.read(torn)).subarray(0, 80))
    loseIndex(house)

    const life = await house.start()
    expect(life.rebuilt).toMatchObject({ entriesKept: 2, entriesLost: ledger.length - 2 })
    const [first, second] = lived.sealed
    expect(await house.entries()).toMatchObject([
      ...ledger.slice(0, 2),
      { type: 'index-rebuilt', lost: ledger.length - 2, clips: 3 },
      { type: 'clip', clip: first },
      { type: 'clip', clip: second },
      { type: 'started' },
      { type: 'clip', clip: lived.growing },
    ])
    await expectAllThere(house, lived)
    await house.uploadAll(life)
    expect(await house.problems()).toEqual(
      ['the device', 'the store'].map((where) =>
        expect.stringContaining(
          `missing ${where} ledger entry 2: entries of the ledger that were lost with the index: ${ledger.length - 2}`,
        ),
      ),
    )
  })

  it('starts no second time from nothing', async () => {
    const house = await House.inMemory()
    await live(house, await house.start())
    for (const page of await pages(house)) await house.disk.remove(page)
    loseIndex(house)
    const before = await house.files()
    await expect(house.start()).rejects.toMatchObject({
      kind: 'corrupt',
      message: expect.stringMatching(/the ledger with at least 2 clips.*device\.key away/s),
    })
    expect(await house.files()).toEqual(before)
  })

  it('shows when the store has more of it than the disk: those pieces cannot be replaced', async () => {
    const house = await House.inMemory()
    await house.start()
    await house.uploadAll(await house.start())
    const all = await pages(house)
    await house.disk.remove(all.at(-1) ?? '')
    loseIndex(house)
    await house.uploadAll(await house.start())
    expect(house.logged).toContainEqual(expect.stringMatching(/^error upload\.set_aside .*tile/))
    expect(await house.problems()).toEqual([
      expect.stringMatching(/^changed the store tile\/0\/000\.p\/2: .*not what its entries give/),
      expect.stringMatching(/^changed the store tile\/entries\/000\.p\/2: /),
    ])
  })
})

describe('a rebuild that the power interrupts', () => {
  it('is done again with the same outcome, wherever it stopped', async () => {
    const whole = await callsOfStart()
    expect(whole).toBeGreaterThan(12)
    for (let at = 1; at <= whole; at++)
      for (const verdict of ['fail-before', 'fail-after'] as const) await expectSame(at, verdict)
  })

  async function callsOfStart(): Promise<number> {
    const house = await House.inMemory()
    await live(house, await house.start())
    loseIndex(house)
    let calls = 0
    const ask = (): Verdict => (calls++, 'pass')
    await house.start(guarded(house, ask, () => new Fault('corrupt', 'never')))
    return calls
  }

  async function expectSame(at: number, verdict: Verdict): Promise<void> {
    const house = await House.inMemory()
    const lived = await live(house, await house.start())
    const [first] = lived.sealed
    const disk = house.disk as MemoryDisk // As `inMemory` made it.
    disk.damage(`clips/${first}/0001.age`, 700)
    const before = await house.files()
    const ledger = await house.entries()
    loseIndex(house)
    let calls = 0
    const ask = (): Verdict => (++calls < at ? 'pass' : calls === at ? verdict : 'fail-before')
    const cut = guarded(house, ask, () => new Fault('corrupt', 'the power went'))
    await house.start(cut).catch(() => {})
    await cut.settled()
    disk.powerCut()

    const life = await house.start()
    await expectNothingDeleted(house, before)
    const entries = await house.entries()
    expect(entries.slice(0, ledger.length + 1)).toEqual([
      ...ledger,
      { type: 'index-rebuilt', lost: 0, clips: 3, absent: 0 },
    ])
    expect(entries.filter(({ type }) => type === 'index-rebuilt')).toHaveLength(1)
    expect(entries.filter((entry) => entry.type === 'clip' && entry.clip === lived.growing)).toHaveLength(1)
    expect((await house.disk.list('quarantine')).map(({ name }) => name)).toEqual([`${first}-0001.age`])
    await house.uploadAll(life)
    expect((await house.problems()).map((problem) => problem.split(':')[0])).toEqual([
      `missing the device clips/${first}/0001.age`,
      expect.stringMatching(/^missing the store/),
    ])
  }
})
