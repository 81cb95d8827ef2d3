import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryDisk, type MemoryDisk } from '../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { createMemoryStore, type MemoryStore } from '../../sim/devices/memory-store.ts'
import { concatBytes, hex, utf8 } from '../base/bytes.ts'
import { silentLog } from '../base/log.ts'
import { encodeMeta, lineOf, openAge, sha256, type BoundObject, type ClipManifest } from '../formats/index.ts'
import { openLedger } from '../ledger/index.ts'
import { fragment, initSegment } from '../media/index.ts'
import { orderKey, type Records } from '../ports/records.ts'
import type { UploadJob } from '../upload/index.ts'
import { beginClipSeal, openDeviceKey } from '../vault/index.ts'
import {
  findUnsigned,
  listClips,
  localSource,
  loneClip,
  loneShelf,
  makeSecret,
  openLibrary,
  openParts,
  openPoster,
  openTime,
  pairsOf,
  parseIdentity,
  readGrant,
  shareClip,
  storeSource,
  verifyLoneClip,
  withGrantHeader,
  type OwnerIdentity,
  type Shelf,
  type SignedClip,
  type UnsignedClip,
} from './index.ts'

const forever = { signal: new AbortController().signal }
const FROM = Date.UTC(2026, 5, 1, 12)
const TIMESCALE = 15_000
const PART_TICKS = 30_000
const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 1, 2, 3)

const CLIP_A = 'aa'.repeat(8)
const CLIP_B = 'ab'.repeat(8)
const CLIP_C = 'cc'.repeat(8)

let ada: OwnerIdentity
let bo: OwnerIdentity
let house: House

const newIdentity = async (): Promise<OwnerIdentity> => parseIdentity('test', await makeSecret())
const openerOf = (identity: OwnerIdentity) => ({ identities: pairsOf(identity) })

beforeEach(async () => {
  ada = await newIdentity()
  bo = await newIdentity()
  house = await openHouse(ada.recipient)
})

describe('the time of a clip', () => {
  const BOOTED = Date.UTC(2026, 5, 3, 8)
  /** As a doorbell does whose clock began in 1970 and was set ten minutes later. */
  const untimed = (boot: number): Partial<Recording> => ({
    clockTrusted: false,
    start: { boot, fromMonoMs: 20_500 },
  })
  const known = { monoMs: 600_000, unixMs: BOOTED + 600_000 }
  const timesOf = async (shelves = house.shelves()): Promise<readonly unknown[]> =>
    (await listClips(await openLibrary(shelves), openerOf(ada), forever)).map(({ time }) => time)
  const corrected = { known: 'corrected', fromUnixMs: BOOTED + 20_500 }

  it('is the doorbell’s own when it knew it', async () => {
    await house.record(CLIP_A, { start: { boot: 0, fromMonoMs: 20_500 } })
    await house.learnTime(0, known)
    expect(await timesOf()).toEqual([{ known: 'trusted', fromUnixMs: FROM }])
  })

  it('is worked out when the doorbell learnt it later in the same start, here and from the cloud alone', async () => {
    await house.record(CLIP_A, untimed(3))
    expect(await timesOf()).toEqual([{ known: 'unknown', fromUnixMs: FROM }])
    await house.learnTime(3, known)
    expect(await timesOf()).toEqual([corrected])
    expect(await timesOf([house.cloud()])).toEqual([corrected])
  })

  it('is worked out also while the clip grows', async () => {
    await house.record(CLIP_A, { ...untimed(3), finished: false })
    await house.learnTime(3, known)
    expect(await timesOf()).toEqual([corrected])
  })

  it('is as the doorbell said last when its clock was stepped', async () => {
    await house.record(CLIP_A, untimed(3))
    await house.learnTime(3, { ...known, unixMs: known.unixMs + 3_600_000 })
    await house.learnTime(3, known)
    expect(await timesOf()).toEqual([corrected])
  })

  it('stays unknown when only another start learnt it, or an older version did not say when that was', async () => {
    await house.record(CLIP_A, untimed(2))
    await house.record(CLIP_B, { clockTrusted: false })
    await house.learnTime(3, known)
    expect(await timesOf()).toEqual([
      { known: 'unknown', fromUnixMs: FROM },
      { known: 'unknown', fromUnixMs: FROM },
    ])
  })

  it('is in the grant where the receiver could not work it out, and only there', async () => {
    await house.record(CLIP_A, untimed(3))
    await house.record(CLIP_B)
    await house.learnTime(3, known)
    const library = await openLibrary(house.shelves())
    const owner = { identity: ada, opener: openerOf(ada) }
    const shared = await shareClip(await library.clip(CLIP_A), owner, bo.recipient)
    const { grant, clip } = readGrant('a.grant', shared.note, house.shelves())
    expect(await openTime(clip, { ...openerOf(bo), grant })).toEqual(corrected)
    const other = await shareClip(await library.clip(CLIP_B), owner, bo.recipient)
    expect(other.grant).not.toHaveProperty('fromUnixMs')
  })
})

describe('the list of clips', () => {
  it('tells of each clip what was sealed about it, newest first', async () => {
    await house.record(CLIP_A)
    await house.record(CLIP_B, { clockTrusted: false })
    const [newest, oldest, ...more] = await listClips(
      await openLibrary(house.shelves()),
      openerOf(ada),
      forever,
    )
    expect(more).toEqual([])
    expect(newest).toMatchObject({ id: CLIP_B, state: 'sealed', where: ['here', 'cloud'], parts: 3 })
    expect(newest?.meta).toMatchObject({ clockTrusted: false, signs: ['press', 'motion'], presses: [1500] })
    expect(oldest).toMatchObject({ id: CLIP_A, meta: { fromUnixMs: FROM, durationMs: 6000, clip: CLIP_A } })
  })

  it('shows that a clip is there, and nothing else, to a key it was not sealed to', async () => {
    await house.record(CLIP_A)
    const [clip] = await listClips(await openLibrary(house.shelves()), openerOf(bo), forever)
    expect(clip).toMatchObject({
      id: CLIP_A,
      problem: `clip ${CLIP_A} is sealed to other keys than this one`,
    })
    expect(clip?.meta).toBeUndefined()
  })

  it('knows where all of a clip is, and counts what is missing everywhere', async () => {
    await house.record(CLIP_A)
    await house.disk.remove(`clips/${CLIP_A}/0001.age`)
    const list = async () => listClips(await openLibrary(house.shelves()), openerOf(ada), forever)
    expect(await list()).toMatchObject([{ state: 'sealed', where: ['cloud'] }])
    await house.store.remove(house.nameOf(CLIP_A, 'part 1'), forever)
    expect(await list()).toMatchObject([
      { state: 'damaged', where: [], problem: '1 of its 5 objects are missing' },
    ])
  })

  it('calls a clip recovered that was closed after a power cut', async () => {
    await house.record(CLIP_A, { ended: 'recovered' })
    expect(await listClips(await openLibrary(house.shelves()), openerOf(ada), forever)).toMatchObject([
      { state: 'recovered' },
    ])
  })

  it('shows a growing clip once, wherever its parts are', async () => {
    await house.record(CLIP_A)
    await house.record(CLIP_B, { finished: false })
    expect(await listClips(await openLibrary(house.shelves()), openerOf(ada), forever)).toMatchObject([
      { id: CLIP_B, state: 'growing', where: ['here', 'cloud'], parts: 3 },
      { id: CLIP_A, state: 'sealed' },
    ])
  })

  it('finds the last clip of a stolen doorbell in the cloud', async () => {
    await house.record(CLIP_A)
    await house.record(CLIP_B, { finished: false })
    const [growing] = await listClips(await openLibrary([house.cloud()]), openerOf(ada), forever)
    expect(growing).toMatchObject({ id: CLIP_B, state: 'growing', where: ['cloud'], durationMs: 6000 })
  })
})

describe('opening a clip', () => {
  it('gives back the film as it was recorded, and the picture', async () => {
    const film = await house.record(CLIP_A)
    const clip = await signedClip(house.shelves(), CLIP_A)
    expect(await openedFilm(clip, ada)).toEqual({ film, problems: [] })
    expect(await openPoster(clip, openerOf(ada))).toEqual(JPEG)
  })

  it('takes from the cloud what is damaged on the doorbell, part by part', async () => {
    const film = await house.record(CLIP_A)
    house.disk.damage(`clips/${CLIP_A}/0001.age`, 300)
    await house.disk.remove(`clips/${CLIP_A}/0002.age`)
    const clip = await signedClip(house.shelves(), CLIP_A)
    expect(await openedFilm(clip, ada)).toEqual({ film, problems: [] })
    const passedOver: string[] = []
    for await (const part of openParts(clip, openerOf(ada)))
      if ('passedOver' in part) passedOver.push(...part.passedOver)
    expect(passedOver).toEqual([expect.stringMatching(/^the device: part 1 of clip .*: wanted SHA-256/)])
  })

  it('names the part that was changed, and goes on with the others', async () => {
    await house.record(CLIP_A)
    house.disk.damage(`clips/${CLIP_A}/0001.age`, 300)
    const opened = await openedFilm(await signedClip([house.here()], CLIP_A), ada)
    expect(opened.problems).toEqual([
      expect.stringMatching(
        /^part 1 of 3 of clip (aa){8}: the device: part 1 of clip .*: wanted SHA-256 .*, got /,
      ),
    ])
  })

  it('refuses parts that were swapped or come from another clip', async () => {
    await house.record(CLIP_A)
    await house.record(CLIP_B)
    const bytes = house.store.objects.get(house.nameOf(CLIP_B, 'part 0')) ?? new Uint8Array()
    await house.put(house.nameOf(CLIP_A, 'part 0'), bytes)
    const opened = await openedFilm(await signedClip([house.cloud()], CLIP_A), ada)
    expect(opened.problems).toEqual([expect.stringContaining('part 0 of 3')])
  })

  it('does not open for another key', async () => {
    await house.record(CLIP_A)
    await expect(openedFilm(await signedClip(house.shelves(), CLIP_A), bo)).rejects.toMatchObject({
      kind: 'denied',
      message: `clip ${CLIP_A} is sealed to other keys than this one`,
    })
  })

  it('does not believe a manifest that the ledger does not have', async () => {
    await house.record(CLIP_A)
    await house.record(CLIP_B)
    const other = house.store.objects.get(house.nameOf(CLIP_B, 'manifest')) ?? new Uint8Array()
    await house.put(house.nameOf(CLIP_A, 'manifest'), other)
    await expect(signedClip([house.cloud()], CLIP_A)).rejects.toThrow(
      /the store: manifest of clip (aa){8}: wanted SHA-256/,
    )
    expect((await signedClip(house.shelves(), CLIP_A)).id).toBe(CLIP_A)
  })

  it('does not believe a ledger whose entries were changed', async () => {
    await house.record(CLIP_A)
    const [bundle = ''] = [...house.store.objects.keys()].filter((name) => name.startsWith('tile/entries/'))
    const bytes = house.store.objects.get(bundle)?.slice() ?? new Uint8Array()
    const at = Buffer.from(bytes).indexOf('"manifest":"') + 12
    bytes[at] = bytes[at] === 0x30 ? 0x31 : 0x30
    await house.put(bundle, bytes)
    const library = await openLibrary([house.cloud()])
    expect(library.problems).toEqual([expect.stringContaining('not those that the doorbell signed for')])
    await expect(library.clip(CLIP_A)).rejects.toMatchObject({ kind: 'corrupt' })
  })

  it('notices a cloud that is another doorbell’s', async () => {
    const other = await openHouse(ada.recipient)
    await house.record(CLIP_A)
    await other.record(CLIP_A)
    expect((await openLibrary([house.here(), other.cloud()])).problems).toEqual([
      expect.stringContaining('the store: its ledger is of lintel/'),
    ])
  })
})

describe('a clip that was never finished', () => {
  it('opens from the cloud in the order of the film', async () => {
    const film = await house.record(CLIP_B, { finished: false })
    const [clip] = await findUnsigned(await openLibrary([house.cloud()]), pairsOf(ada), forever)
    expect(clip?.id).toBe(CLIP_B)
    expect(await openedFilm(clip, ada)).toEqual({ film, problems: [] })
    expect(clip && (await openPoster(clip, openerOf(ada)))).toEqual(JPEG)
  })

  it('says where something is missing', async () => {
    await house.record(CLIP_B, { finished: false })
    await house.store.remove(house.nameOf(CLIP_B, 'part 1'), forever)
    const [clip] = await findUnsigned(await openLibrary([house.cloud()]), pairsOf(ada), forever)
    expect((await openedFilm(clip, ada)).problems).toEqual([
      `before part 1 of clip ${CLIP_B}: something is missing`,
    ])
  })

  it('says when its beginning is missing', async () => {
    await house.record(CLIP_B, { finished: false })
    await house.store.remove(house.nameOf(CLIP_B, 'part 0'), forever)
    const [clip] = await findUnsigned(await openLibrary([house.cloud()]), pairsOf(ada), forever)
    expect((await openedFilm(clip, ada)).problems).toEqual([
      `before part 0 of clip ${CLIP_B}: its beginning is missing`,
    ])
  })

  it('is told apart from others that were cut off too, and from what is no clip', async () => {
    await house.record(CLIP_B, { finished: false })
    await house.record(CLIP_C, { finished: false })
    await house.put('f'.repeat(32), utf8('somebody else’s'))
    const clips = await findUnsigned(await openLibrary([house.cloud()]), pairsOf(ada), forever)
    expect(clips.map(({ id }) => id).toSorted()).toEqual([CLIP_B, CLIP_C])
    expect(await findUnsigned(await openLibrary([house.cloud()]), pairsOf(bo), forever)).toEqual([])
  })
})

describe('a grant', () => {
  it('opens the untouched parts of its clip for its receiver', async () => {
    const film = await house.record(CLIP_A)
    const granted = await grantOf(CLIP_A)
    const { clip, grant } = readGrant('g', granted.note, [house.cloud()])
    const opener = { ...openerOf(bo), grant }
    expect(await filmOf(openParts(clip, opener))).toEqual({ film, problems: [] })
  })

  it('opens for nobody else, and no other clip', async () => {
    await house.record(CLIP_A)
    await house.record(CLIP_B)
    const granted = await grantOf(CLIP_A)
    const { clip, grant } = readGrant('g', granted.note, [house.cloud()])
    const cy = await newIdentity()
    await expect(filmOf(openParts(clip, { ...openerOf(cy), grant }))).rejects.toThrow(
      'this grant is for age1',
    )
    const other = await signedClip(house.shelves(), CLIP_B)
    const opened = await filmOf(openParts(other, { ...openerOf(bo), grant }))
    expect(opened.film).toHaveLength(0)
    expect(opened.problems).toHaveLength(3)
  })

  it('turns a part into an ordinary age file for its receiver', async () => {
    await house.record(CLIP_A)
    const granted = await grantOf(CLIP_A)
    const received = readGrant('g', granted.note, [])
    const part = house.store.objects.get(house.nameOf(CLIP_A, 'part 1')) ?? new Uint8Array()
    const own = openAge(part, pairsOf(ada))
    expect(openAge(withGrantHeader(received, part), pairsOf(bo))).toEqual(own)
    const byHand = [Buffer.from(granted.grant.header, 'base64'), part.subarray(granted.headerBytes)]
    expect(openAge(concatBytes(byHand), pairsOf(bo))).toEqual(own)
    await house.record(CLIP_B)
    const other = house.store.objects.get(house.nameOf(CLIP_B, 'part 1')) ?? new Uint8Array()
    expect(() => withGrantHeader(received, other)).toThrow(`no object of clip ${CLIP_A}`)
  })

  it('is refused when somebody edited it', async () => {
    await house.record(CLIP_A)
    const { note } = await grantOf(CLIP_A)
    expect(() => readGrant('g', note.replace(bo.recipient, ada.recipient), [])).toThrow(
      'it was changed after',
    )
    expect(() => readGrant('g', 'nonsense', [])).toThrow('wanted a signed note')
  })

  const grantOf = async (id: string) =>
    shareClip(await signedClip(house.shelves(), id), { identity: ada, opener: openerOf(ada) }, bo.recipient)
})

describe('a clip’s folder by itself', () => {
  it('opens and is verified as far as the device’s signature goes', async () => {
    const film = await house.record(CLIP_A)
    const shelf = loneShelf(await copyOfFolder(CLIP_A))
    expect(await openedFilm(await loneClip(shelf), ada)).toEqual({ film, problems: [] })
    expect((await verifyLoneClip(shelf)).findings).toMatchObject([{ verdict: 'genuine' }])
  })

  it('is found out when a file is missing, changed or added', async () => {
    await house.record(CLIP_A)
    const disk = await copyOfFolder(CLIP_A)
    await disk.remove('0002.age')
    disk.damage('0000.age', 200)
    await disk.create('0009.age', utf8('x'))
    const { findings } = await verifyLoneClip(loneShelf(disk))
    expect(findings.map(({ verdict, what }) => [verdict, what])).toEqual([
      ['changed', '0000.age'],
      ['missing', '0002.age'],
      ['unknown', '0009.age'],
    ])
    await disk.remove('manifest.note')
    await expect(loneClip(loneShelf(disk))).rejects.toThrow('manifest.note is missing')
  })

  const copyOfFolder = async (id: string): Promise<MemoryDisk> => {
    const copy = createMemoryDisk()
    for (const { name } of await house.disk.list(`clips/${id}`))
      await copy.create(name, await house.disk.read(`clips/${id}/${name}`))
    return copy
  }
})

const signedClip = async (shelves: readonly Shelf[], id: string): Promise<SignedClip> =>
  (await openLibrary(shelves)).clip(id)

type Opened = { readonly film: Uint8Array; readonly problems: readonly string[] }

async function openedFilm(
  clip: SignedClip | UnsignedClip | undefined,
  identity: OwnerIdentity,
): Promise<Opened> {
  if (clip === undefined) throw new Error('there is no such clip')
  return filmOf(openParts(clip, openerOf(identity)))
}

async function filmOf(parts: ReturnType<typeof openParts>): Promise<Opened> {
  const [film, problems]: [Uint8Array[], string[]] = [[], []]
  for await (const part of parts)
    if ('problem' in part) problems.push(part.problem)
    else film.push(part.plaintext)
  return { film: concatBytes(film), problems }
}

/** A doorbell with its cloud: real key, seal and ledger; disk, index and store in memory. */
type House = {
  readonly disk: MemoryDisk
  readonly store: MemoryStore
  here(): Shelf
  cloud(): Shelf
  shelves(): readonly Shelf[]
  /** Records a clip of three parts, uploads all of it, and gives back the film. */
  record(id: string, options?: Partial<Recording>): Promise<Uint8Array>
  /** The doorbell learns what time it is in this start. */
  learnTime(boot: number, known: { readonly monoMs: number; readonly unixMs: number }): Promise<void>
  /** The name in the cloud of `part 1`, `meta`, `poster` or `manifest`. */
  nameOf(id: string, what: string): string
  put(name: string, bytes: Uint8Array): Promise<unknown>
}

type Recording = {
  readonly finished: boolean
  readonly clockTrusted: boolean
  /** Which start recorded it, and how long after its beginning; left out by older versions. */
  readonly start?: { readonly boot: number; readonly fromMonoMs: number }
  readonly ended: ClipManifest['ended']
}

async function openHouse(recipient: string): Promise<House> {
  const [disk, store] = [createMemoryDisk(), createMemoryStore()]
  const records: Records = new MemoryRecords().open()
  const key = await openDeviceKey({ disk, log: silentLog })
  const uploads: UploadJob[] = []
  const ledger = await openLedger({
    records,
    key,
    queueUpload: (job) => (uploads.push(job), []),
    wakeUploads: () => {},
  })
  const names = new Map<string, string>()
  let [order, previous]: [number, string | null] = [0, null]

  const put: House['put'] = (name, bytes) =>
    store.put(name, bytes, { sha256: hex(sha256(bytes)), ifAbsent: false, ...forever })
  const keep = async (id: string, what: string, bytes: Uint8Array): Promise<BoundObject> => {
    const [kind = '', part = '0'] = what.split(' ')
    const file =
      kind === 'part' ? `${part.padStart(4, '0')}.age` : kind === 'manifest' ? 'manifest.note' : `${kind}.age`
    const bound = { name: randomBytes(16).toString('hex'), bytes: bytes.length, sha256: hex(sha256(bytes)) }
    names.set(`${id} ${what}`, bound.name)
    await disk.create(`clips/${id}/${file}`, bytes)
    await records.write([
      {
        put: 'part',
        key: `${id}/${file}`,
        row: { what: kind, part: Number(part), ...bound, uploaded: true, lost: false },
      },
    ])
    await put(bound.name, bytes)
    return bound
  }
  const sealClip = async (
    id: string,
    header: Uint8Array,
    bounds: readonly BoundObject[],
    ended: ClipManifest['ended'],
  ) => {
    const [meta, poster, ...parts] = bounds
    if (meta === undefined || poster === undefined) throw new Error('a clip has a meta and a poster')
    const manifest: ClipManifest = {
      format: 'lintel-clip-manifest/1',
      clip: id,
      device: key.name,
      deviceKey: Buffer.from(key.publicKey).toString('base64'),
      header: hex(sha256(header)),
      parts,
      meta,
      poster,
      ended,
      previous,
    }
    const bound = await keep(id, 'manifest', utf8(key.signNote(lineOf(manifest))))
    previous = bound.sha256
    await ledger.append({ type: 'clip', clip: id, manifest: bound.sha256, name: bound.name }, [
      { put: 'clip', key: id, row: { phase: 'uploaded', order: order++ } },
    ])
    await upload()
  }
  const upload = async (): Promise<void> => {
    for (const job of uploads.splice(0))
      if ('inline' in job.source)
        await put(job.name, new Uint8Array(Buffer.from(job.source.inline, 'base64')))
  }
  const here = (): Shelf => ({ where: 'here', source: localSource({ disk, records }) })
  const cloud = (): Shelf => ({ where: 'cloud', source: storeSource(store, forever), store })
  return {
    disk,
    store,
    here,
    cloud,
    shelves: () => [here(), cloud()],
    nameOf: (id, what) => names.get(`${id} ${what}`) ?? '',
    put,
    async learnTime(boot, { monoMs, unixMs }) {
      await ledger.append({ type: 'clock', boot, monoMs, unixMs }, [])
      await upload()
    },
    async record(id, { finished = true, clockTrusted = true, start, ended = 'quiet' } = {}) {
      const seal = await beginClipSeal([recipient])
      const film = [0, 1, 2].map(filmPart)
      await disk.makeFolder(`clips/${id}`)
      await records.write([
        { put: 'clip', key: id, row: { phase: 'growing', order: Number(orderKey(order)) } },
      ])
      const bounds = [
        await keep(id, 'meta', seal.seal(metaOf(id, { finished, clockTrusted, start }))),
        await keep(id, 'poster', seal.seal(JPEG)),
      ]
      for (const [part, bytes] of film.entries())
        bounds.push(await keep(id, `part ${part}`, seal.seal(bytes)))
      if (finished) await sealClip(id, seal.header, bounds, ended)
      return concatBytes(film)
    },
  }
}

function filmPart(part: number): Uint8Array {
  const sample = {
    data: new Uint8Array(randomBytes(200)),
    duration: PART_TICKS / 2,
    compositionOffset: 0,
    isKey: true,
  }
  const track = { timescale: TIMESCALE, width: 640, height: 360, sampleEntry: new Uint8Array(16) }
  const fragments = fragment({ sequence: part + 1, baseDts: part * PART_TICKS, samples: [sample, sample] })
  return part === 0 ? concatBytes([initSegment(track, { presentationOffset: 0 }), fragments]) : fragments
}

const metaOf = (
  id: string,
  {
    finished,
    clockTrusted,
    start,
  }: Omit<Recording, 'ended' | 'start'> & { start: Recording['start'] | undefined },
): Uint8Array =>
  utf8(
    encodeMeta({
      format: 'sealed-clip-meta/1',
      clip: id,
      visit: 'ee'.repeat(8),
      device: 'Front door',
      fromUnixMs: FROM,
      clockTrusted,
      ...start,
      durationMs: finished ? 6000 : 0,
      codec: 'h264',
      width: 640,
      height: 360,
      presses: [1500],
      signs: ['press', 'motion'],
      labels: [],
      complete: finished,
    }),
  )
