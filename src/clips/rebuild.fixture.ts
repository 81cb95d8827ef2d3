/** A doorbell without a camera, put together as `doorbell.ts` does, whose index can be lost between two starts. */
import { expect } from 'vitest'
import { createMemoryDisk } from '../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { createMemoryStore } from '../../sim/devices/memory-store.ts'
import { createSeededRandom } from '../../sim/devices/seeded-random.ts'
import { concatBytes, hex, utf8 } from '../base/bytes.ts'
import type { ClipId } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { monoMs, unixMs } from '../base/time.ts'
import { packetsFrom, Rig, track, visitId } from './rig.fixture.ts'
import {
  formatRecipient,
  makePair,
  openAge,
  ownerSigner,
  parseEntry,
  sha256,
  signRecipients,
  type LedgerEntry,
} from '../formats/index.ts'
import { openLedger } from '../ledger/index.ts'
import { Fmp4Reader } from '../media/index.ts'
import {
  doorbellFacts,
  listClips,
  localSource,
  openLibrary,
  openParts,
  storeSource,
  verifyMirror,
  verifyRecipients,
  verifySource,
  type ClipState,
  type Finding,
} from '../owner/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Disk } from '../ports/disk.ts'
import type { Change, Records } from '../ports/records.ts'
import { BOOT_KEY, rebuildIndex, type IndexRebuilt } from '../rebuild.ts'
import { createUploads, type QueuedJob, type UploadJob, type Uploads } from '../upload/index.ts'
import { beginClipSeal, openDeviceKey, openRecipients } from '../vault/index.ts'

export const OWNER = ownerSigner(new Uint8Array(32).fill(1))
export const ANNA = makePair()
const RECIPIENT = formatRecipient(ANNA.publicKey)
const forever = { signal: new AbortController().signal }

export type HousePorts = { readonly disk: Disk; readonly records: Records }

/** One life of the doorbell: from a start until its power goes. */
export type Life = {
  readonly rig: Rig
  readonly rebuilt: IndexRebuilt | undefined
  readonly uploads: Uploads
  readonly boot: number
}

export class House {
  readonly disk: Disk
  readonly store = createMemoryStore()
  readonly logged: string[] = []
  records: Records
  #lives = 0

  constructor({ disk, records }: HousePorts) {
    this.disk = disk
    this.records = records
  }

  /** With an owner, and nothing else. */
  static async inMemory(): Promise<House & { readonly index: MemoryRecords }> {
    const index = new MemoryRecords()
    const house = new House({ disk: createMemoryDisk(), records: index.open() })
    await house.enrol()
    return Object.assign(house, { index })
  }

  async enrol(): Promise<void> {
    const list = {
      format: 'lintel-recipients/1' as const,
      version: 1,
      recipients: [{ key: RECIPIENT, name: 'anna' }],
      owner: Buffer.from(OWNER.publicKey).toString('base64'),
      previous: null,
    }
    await this.disk.replace('recipients.note', utf8(signRecipients(list, OWNER)))
  }

  /** In the order of `startDoorbell`. */
  async start(ports: HousePorts = this): Promise<Life> {
    const { disk, records } = ports
    const { log, store } = this
    const random = createSeededRandom(1000 + this.#lives++)
    const key = await openDeviceKey({ disk, log: this.log })
    const rebuilt = await rebuildIndex({ disk, records, random, clock, log, store }, key)
    const recipients = await openRecipients(ports)
    const onStored = (job: UploadJob): ReturnType<Rig['clips']['uploaded']> =>
      job.what === 'ledger' ? ledger.uploaded(job) : rig.clips.uploaded(job)
    const uploads = createUploads({ store, records, disk, clock, random, log, onStored })
    await uploads.open()
    const queueUpload = (job: QueuedJob): readonly Change[] => uploads.queue(job)
    const wakeUploads = (): void => uploads.wake()
    const ledger = await openLedger({
      records,
      key,
      queueUpload,
      wakeUploads,
      mirror: { disk, log },
    })
    const counted = await records.read('device', BOOT_KEY)
    const boot = typeof counted === 'number' ? counted : 0
    await ledger.append({ type: 'started', boot }, [{ put: 'device', key: BOOT_KEY, row: boot + 1 }])
    const sealClip = async (): ReturnType<typeof beginClipSeal> => {
      const keys = await recipients.current()
      const unrecorded = recipients.unrecorded()
      if (unrecorded !== undefined) await ledger.append(unrecorded.entry, [unrecorded.pin])
      recipients.recorded()
      return beginClipSeal(keys)
    }
    const deps = {
      ...{ sealClip, deviceKey: key, ledger, queueUpload, wakeUploads, random },
      ownerKey: () => recipients.owner(),
      cancelUploads: (changes: readonly Change[]) => uploads.cancel(changes),
      forgetUploads: (clip: ClipId) => uploads.forget(clip),
      unforgetUploads: (changes: readonly Change[]) => uploads.unforget(changes),
    }
    const rig = new Rig({ ...ports, deps })
    await rig.clips.open()
    return { rig, rebuilt, uploads, boot }
  }

  /** Everything that waits, as far as the store takes it. */
  async uploadAll({ uploads }: Life): Promise<void> {
    const stop = new AbortController()
    const running = uploads.run(stop.signal)
    uploads.wake()
    await expect.poll(() => uploads.waiting().objects, { interval: 1 }).toBe(0)
    stop.abort()
    await running
  }

  async entries(): Promise<readonly LedgerEntry[]> {
    return (await this.records.list('ledger')).map(({ key, row }) =>
      parseEntry(key, typeof row === 'string' ? row : ''),
    )
  }

  /** Every clip as its owner sees it: its state, and a hash of its packets. */
  async films(): Promise<Readonly<Record<string, readonly [ClipState, string]>>> {
    const library = await openLibrary([
      { where: 'here', source: localSource(this) },
      { where: 'cloud', source: storeSource(this.store, forever), store: this.store },
    ])
    const opener = { identities: [ANNA] }
    const films: Record<string, readonly [ClipState, string]> = {}
    for (const { id, state } of await listClips(library, opener, forever)) {
      const reader = new Fmp4Reader()
      const packets: Uint8Array[] = []
      if (state === 'growing' || state === 'deleted') {
        films[id] = [state, '']
        continue
      }
      for await (const part of openParts(await library.clip(id), opener)) {
        if ('problem' in part) throw new Error(part.problem)
        for (const out of reader.push(part.plaintext)) if (out.kind === 'sample') packets.push(out.data)
      }
      films[id] = [state, filmHash(packets)]
    }
    return films
  }

  /** What `lintel verify` complains of. */
  async problems(): Promise<readonly string[]> {
    return (await this.findings())
      .filter(({ verdict }) => verdict !== 'genuine' && verdict !== 'note')
      .map(({ verdict, where, what, detail }) => `${verdict} ${where} ${what}: ${detail}`)
  }

  async findings(): Promise<readonly Finding[]> {
    const doorbell = await doorbellFacts(this)
    const here = await verifySource(localSource(this))
    const there = await verifySource(storeSource(this.store, forever), { doorbell })
    const beside = [...(await verifyRecipients(this)), ...(await verifyMirror(this))]
    return [...here.findings, ...beside, ...there.findings]
  }

  /** Paths and hashes of all files below a folder, but for those of an index. */
  async files(folder = ''): Promise<ReadonlyMap<string, string>> {
    const files = new Map<string, string>()
    for (const { name, isFolder } of await this.disk.list(folder)) {
      const path = folder === '' ? name : `${folder}/${name}`
      if (isFolder) for (const [inner, hash] of await this.files(path)) files.set(inner, hash)
      else if (!name.startsWith('index.sqlite')) files.set(path, hex(sha256(await this.disk.read(path))))
    }
    return files
  }

  readonly log: Log = {
    debug: () => {},
    info: (event) => void this.logged.push(`info ${event}`),
    warn: (event) => void this.logged.push(`warn ${event}`),
    error: (event, fields = {}) => void this.logged.push(`error ${event} ${JSON.stringify(fields)}`),
  }
}

export const filmHash = (packets: readonly Uint8Array[]): string => hex(sha256(concatBytes(packets)))

const clock: Clock = {
  mono: () => monoMs(0),
  wall: () => ({ at: unixMs(1_767_225_600_000), trusted: true }),
  sleep: async () => {},
}

/** Ids of the clips of `live`, by what became of them. */
export type Lived = {
  readonly sealed: readonly [string, string]
  readonly growing: string
  /** What their owner must see of them. */
  readonly films: Readonly<Record<string, readonly [ClipState, string]>>
  /** Hashes of the parts and posters that have a row, by `<clip>/<file>`. */
  readonly acknowledged: ReadonlyMap<string, string>
}

/** Two visits that end, and one that is still going on when the power goes. */
export async function live(house: House, { rig }: Life): Promise<Lived> {
  await rig.clips.beginRun(track)
  const record = async (visit: number, fromMs: number): Promise<string> => {
    await rig.take(packetsFrom(fromMs, fromMs + 1000))
    const clip = await rig.clips.begin({ visit: visitId(visit), since: monoMs(fromMs) })
    await rig.take(packetsFrom(fromMs + 1000, fromMs + 5000))
    await expect.poll(() => house.records.read('part', `${clip}/poster.age`), { interval: 1 }).toBeDefined()
    return clip
  }
  const first = await record(1, 0)
  await rig.clips.end({ at: monoMs(5000) })
  await rig.take(packetsFrom(5000, 6000))
  const second = await record(2, 6000)
  await rig.clips.end({ at: monoMs(11_000) })
  await rig.take(packetsFrom(11_000, 12_000))
  const growing = await record(3, 12_000)
  const acknowledged = new Map<string, string>()
  for (const { key, row } of await house.records.list('part'))
    if (
      !key.endsWith('meta.age') &&
      typeof row === 'object' &&
      row !== null &&
      'sha256' in row &&
      typeof row.sha256 === 'string'
    )
      acknowledged.set(key, row.sha256)
  const film = async (clip: string): Promise<string> => filmHash(await packetsOf(house, clip))
  return {
    sealed: [first, second],
    growing,
    acknowledged,
    films: {
      [first]: ['sealed', await film(first)],
      [second]: ['sealed', await film(second)],
      [growing]: ['recovered', await film(growing)],
    },
  }
}

async function packetsOf({ disk }: House, clip: string): Promise<readonly Uint8Array[]> {
  const reader = new Fmp4Reader()
  const packets: Uint8Array[] = []
  for (const { name } of await disk.list(`clips/${clip}`)) {
    if (!/^\d+\.age$/.test(name)) continue
    const film = openAge(await disk.read(`clips/${clip}/${name}`), [ANNA])
    for (const out of reader.push(film)) if (out.kind === 'sample') packets.push(out.data)
  }
  return packets
}
