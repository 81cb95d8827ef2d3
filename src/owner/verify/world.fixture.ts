import { createMemoryDisk, type MemoryDisk } from '../../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../../sim/devices/memory-records.ts'
import { hex, utf8 } from '../../base/bytes.ts'
import { Fault } from '../../base/fault.ts'
import type { Json } from '../../base/json.ts'
import { silentLog } from '../../base/log.ts'
import {
  formatRecipient,
  lineOf,
  makePair,
  ownerSigner,
  sha256,
  signRecipients,
  type BoundObject,
  type ClipManifest,
  type NoteSigner,
  type RecipientList,
} from '../../formats/index.ts'
import { openLedger } from '../../ledger/index.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { TABLES, type Records, type TableName } from '../../ports/records.ts'
import type { UploadJob } from '../../upload/index.ts'
import { beginClipSeal, openDeviceKey, openRecipients, type DeviceKey } from '../../vault/index.ts'
import { localSource } from '../local-source.ts'
import { storeSource } from '../store-source.ts'
import { doorbellFacts, verifyRecipients, verifySource, type Finding } from './index.ts'

/** Everything there is of a doorbell, as plain bytes and rows: to be copied, changed and looked at. */
export type World = {
  readonly files: Map<string, Uint8Array>
  /** By `table/key`. */
  readonly rows: Map<string, Json>
  readonly objects: Map<string, Uint8Array>
}

export const copyOf = ({ files, rows, objects }: World): World => ({
  files: new Map(files),
  rows: new Map(rows),
  objects: new Map(objects),
})

export const OWNER = ownerSigner(new Uint8Array(32).fill(1))
export const STRANGER = ownerSigner(new Uint8Array(32).fill(2))
const ANNA = formatRecipient(makePair().publicKey)
const forever = { signal: new AbortController().signal }

export function listNote(version: number, options: { by?: NoteSigner; after?: string } = {}): string {
  const { by = OWNER, after } = options
  const list: RecipientList = {
    format: 'lintel-recipients/1',
    version,
    recipients: [{ key: ANNA, name: 'anna' }],
    owner: Buffer.from(by.publicKey).toString('base64'),
    previous: after === undefined ? null : hex(sha256(utf8(after))),
  }
  return signRecipients(list, by)
}

export type RecordOptions = {
  readonly isFinished?: boolean
  /** What the doorbell signs although it is not so. */
  readonly lie?: Partial<ClipManifest>
  /** Somebody else, in whose name the manifest is. */
  readonly signer?: DeviceKey
}

/** A doorbell on the real vault and ledger, whose uploads arrive in their order, when they are let. */
export class Doorbell {
  readonly disk = createMemoryDisk()
  readonly store = new Map<string, Uint8Array>()
  readonly records: Records
  readonly #ledger: Awaited<ReturnType<typeof openLedger>>
  readonly #key: Awaited<ReturnType<typeof openDeviceKey>>
  readonly #queue: { readonly key: string; readonly job: UploadJob }[]
  #previous: string | null = null

  private constructor(
    records: Records,
    ledger: Awaited<ReturnType<typeof openLedger>>,
    key: Awaited<ReturnType<typeof openDeviceKey>>,
    queue: { readonly key: string; readonly job: UploadJob }[],
    disk: MemoryDisk,
  ) {
    this.records = records
    this.#ledger = ledger
    this.#key = key
    this.#queue = queue
    this.disk = disk
  }

  /** Begins with a list of recipients that is in the ledger. */
  static async start(): Promise<Doorbell> {
    const disk = createMemoryDisk()
    const records = new MemoryRecords().open()
    const key = await openDeviceKey({ disk, log: silentLog })
    const queue: { key: string; job: UploadJob }[] = []
    let number = 0
    const ledger = await openLedger({
      wakeUploads: () => {},
      records,
      key,
      queueUpload(job) {
        const row = { key: String(number++).padStart(12, '0'), job }
        queue.push(row)
        return [{ put: 'upload', key: row.key, row: { ...job } }]
      },
    })
    await disk.replace('recipients.note', utf8(listNote(1)))
    const doorbell = new Doorbell(records, ledger, key, queue, disk)
    await ledger.append({ type: 'started', boot: 0 }, [])
    const unrecorded = (await openRecipients({ disk, records })).unrecorded()
    if (unrecorded !== undefined) await ledger.append(unrecorded.entry, [unrecorded.pin])
    return doorbell
  }

  /** A clip of two parts, meta and poster; all but the manifest and the ledger are uploaded at once. */
  async record(clip: string, options: RecordOptions = {}): Promise<void> {
    const seal = await beginClipSeal([ANNA])
    const header = hex(sha256(seal.header))
    await this.records.write([{ put: 'clip', key: clip, row: { phase: 'growing', header } }])
    const keep = (file: string): Promise<BoundObject> =>
      this.#keep(clip, file, seal.seal(utf8('the same in each')))
    const parts = [await keep('0000.age'), await keep('0001.age')]
    const [meta, poster] = [await keep('meta.age'), await keep('poster.age')]
    if (options.isFinished === false) return
    const manifest: ClipManifest = {
      format: 'lintel-clip-manifest/1',
      clip,
      device: this.#key.name,
      deviceKey: Buffer.from(this.#key.publicKey).toString('base64'),
      header,
      parts,
      meta,
      poster,
      ended: 'quiet',
      previous: this.#previous,
      ...options.lie,
    }
    const signer = options.signer ?? this.#key
    const bound = await this.#keep(clip, 'manifest.note', utf8(signer.signNote(lineOf(manifest))))
    this.#previous = bound.sha256
    await this.#ledger.append({ type: 'clip', clip, manifest: bound.sha256, name: bound.name }, [
      { put: 'clip', key: clip, row: { phase: 'uploaded', header } },
    ])
  }

  /** Its first start learns the time ten minutes after it began. */
  async learnTime(unixMs: number): Promise<void> {
    await this.#ledger.append({ type: 'clock', boot: 0, monoMs: 600_000, unixMs }, [])
  }

  async expire(clip: string): Promise<void> {
    await this.#ledger.append({ type: 'expired', clip }, [])
    for (const { name } of await this.disk.list(`clips/${clip}`)) {
      await this.disk.remove(`clips/${clip}/${name}`)
      await this.records.write([{ remove: 'part', key: `${clip}/${name}` }])
    }
    await this.disk.remove(`clips/${clip}`)
    await this.records.write([{ put: 'clip', key: clip, row: { phase: 'expired' } }])
  }

  /** Lets the first `most` waiting pieces of the ledger get to the store. */
  async upload(most = Infinity): Promise<void> {
    for (const { key, job } of this.#queue.splice(0, most)) {
      if ('inline' in job.source) this.store.set(job.name, Buffer.from(job.source.inline, 'base64'))
      await this.records.write([{ remove: 'upload', key }, ...this.#ledger.uploaded(job)])
    }
  }

  async world(): Promise<World> {
    const files = new Map<string, Uint8Array>()
    for (const path of await pathsIn(this.disk, '')) files.set(path, await this.disk.read(path))
    const rows = new Map<string, Json>()
    for (const table of TABLES)
      for (const { key, row } of await this.records.list(table)) rows.set(`${table}/${key}`, row)
    return { files, rows, objects: new Map(this.store) }
  }

  async #keep(clip: string, file: string, bytes: Uint8Array): Promise<BoundObject> {
    const name = hex(sha256(utf8(clip + file))).slice(0, 32)
    const bound = { name, bytes: bytes.length, sha256: hex(sha256(bytes)) }
    const what = /^\d/.test(file) ? 'part' : file.replace(/\..*/, '')
    await this.disk.makeFolder(`clips/${clip}`)
    await this.disk.replace(`clips/${clip}/${file}`, bytes)
    const row = { ...bound, what, part: Number(/^\d+/.exec(file)?.[0] ?? 0), uploaded: true, lost: false }
    await this.records.write([{ put: 'part', key: `${clip}/${file}`, row }])
    this.store.set(name, bytes)
    return bound
  }
}

async function pathsIn(disk: MemoryDisk, folder: string): Promise<readonly string[]> {
  const paths: string[] = []
  for (const { name, isFolder } of await disk.list(folder)) {
    const path = folder === '' ? name : `${folder}/${name}`
    paths.push(...(isFolder ? await pathsIn(disk, path) : [path]))
  }
  return paths
}

export type Look = 'device' | 'store' | 'both'

/** What `lintel verify` says of this world: its device, its store, or the store held against the device. */
export async function findingsIn(
  world: World,
  look: Look = 'both',
  clip?: string,
): Promise<readonly Finding[]> {
  const here = look === 'store' ? undefined : await placeOf(world)
  const only = clip === undefined ? {} : { clip }
  const findings: Finding[] = []
  if (here !== undefined) {
    findings.push(...(await verifySource(localSource(here), only)).findings)
    if (clip === undefined) findings.push(...(await verifyRecipients(here)))
  }
  if (look !== 'device') {
    const doorbell = here === undefined ? {} : { doorbell: await doorbellFacts(here) }
    const store = storeSource(storeOf(world.objects), forever)
    findings.push(...(await verifySource(store, { ...doorbell, ...only })).findings)
  }
  return findings
}

/** What is wrong, as `verdict where what: detail`. */
export async function problemsIn(world: World, look?: Look, clip?: string): Promise<readonly string[]> {
  return (await findingsIn(world, look, clip))
    .filter(({ verdict }) => verdict !== 'genuine' && verdict !== 'note')
    .map(({ verdict, where, what, detail }) => `${verdict} ${where} ${what}: ${detail}`)
}

async function placeOf({ files, rows }: World): Promise<{ disk: MemoryDisk; records: Records }> {
  const disk = createMemoryDisk()
  for (const [path, bytes] of files) {
    const folder = path.split('/').slice(0, -1).join('/')
    if (folder !== '') await disk.makeFolder(folder)
    await disk.create(path, bytes)
  }
  const records = new MemoryRecords().open()
  await records.write(
    [...rows].map(([key, row]) => ({ put: tableOf(key), key: key.slice(key.indexOf('/') + 1), row })),
  )
  return { disk, records }
}

function tableOf(key: string): TableName {
  const table = TABLES.find((each) => key.startsWith(`${each}/`))
  if (table === undefined) throw new Error(`${key} is in no table`)
  return table
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
