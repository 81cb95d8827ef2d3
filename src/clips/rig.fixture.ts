/** What the tests of this folder share: packets, a seal that hides nothing, a clock to set, ports that fail on demand. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { concatBytes, fromUtf8, utf8 } from '../base/bytes.ts'
import type { Fault } from '../base/fault.ts'
import type { VisitId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { Log, LogFields } from '../base/log.ts'
import { monoMs, ticks, unixMs, type MonoMs } from '../base/time.ts'
import {
  openManifest,
  parseMeta,
  signerOf,
  signNote,
  type ClipManifest,
  type ClipMeta,
} from '../formats/index.ts'
import { Fmp4Reader, type FragmentOutput } from '../media/index.ts'
import type { Packet, Track } from '../ports/camera.ts'
import type { Disk } from '../ports/disk.ts'
import { orderKey, type Change, type Records } from '../ports/records.ts'
import { createClips, type ClipHappening, type ClipRules, type Clips, type ClipsDeps } from './index.ts'

export const rules: ClipRules = {
  partMs: 1500,
  clipMsMax: 60_000,
  retainBytes: 1e9,
  retainMs: 30 * 86_400_000,
  reserveBytes: 0,
  posterWidthMax: 640,
  posterWaitMs: 0,
}

const TIMESCALE = 90_000
const BOOT_WALL = 1_767_225_600_000

/** A sample entry that no decoder could use, for tests that decode nothing. */
export const track: Track = {
  codec: 'h264',
  timescale: TIMESCALE,
  width: 640,
  height: 360,
  sampleEntry: concatBytes([new Uint8Array([0, 0, 0, 86]), utf8('avc1'), new Uint8Array(78)]),
}

/** Ten packets a second, a key frame every second, each packet with bytes of its own. */
export function packetsFrom(
  fromMs: number,
  toMs: number,
  options: { bytes?: number } = {},
): readonly Packet[] {
  const packets: Packet[] = []
  for (let ms = fromMs; ms < toMs; ms += 100) packets.push(packetAt(ms, options.bytes ?? 50))
  return packets
}

function packetAt(ms: number, bytes: number): Packet {
  const data = new Uint8Array(bytes)
  data.set(utf8(`packet at ${ms}`).subarray(0, bytes))
  return {
    data,
    pts: ticks(ms * 90 + 3600),
    dts: ticks(ms * 90),
    duration: ticks(9000),
    isKey: ms % 1000 === 0,
    at: monoMs(ms),
  }
}

export const visitId = (n: number): VisitId => `a000000000000${String(n).padStart(3, '0')}` as VisitId

export type RigOptions = {
  readonly disk: Disk
  readonly records: Records
  readonly rules?: Partial<ClipRules>
  readonly deps?: Partial<ClipsDeps>
  /** Makes ids differ from those of a rig before. */
  readonly seed?: number
}

/** Clips on given ports, with everything around them as simple as can be. */
export class Rig {
  readonly clips: Clips
  readonly happenings: ClipHappening[] = []
  readonly logged: string[] = []
  /** What the preroll holds. */
  preroll: readonly Packet[] = []
  now: MonoMs = monoMs(0)
  readonly #records: Records

  constructor(options: RigOptions) {
    this.#records = options.records
    this.clips = createClips(this.#deps(options), { ...rules, ...options.rules })
  }

  /** Hands over packets one by one, each at its time. */
  async take(packets: readonly Packet[]): Promise<void> {
    for (const packet of packets) {
      this.now = packet.at
      this.preroll = [...this.preroll, packet].slice(-300)
      await this.clips.take(packet)
    }
  }

  of<K extends ClipHappening['kind']>(kind: K): readonly Extract<ClipHappening, { kind: K }>[] {
    return this.happenings.filter(
      (happening): happening is Extract<ClipHappening, { kind: K }> => happening.kind === kind,
    )
  }

  async uploads(): Promise<readonly UploadRow[]> {
    return (await this.#records.list('upload')).map(({ row }) => row as UploadRow) // Only the rig writes this table.
  }

  /** As the uploads do when the store has acknowledged everything that waits. */
  async uploadAll(): Promise<void> {
    for (const { key, row } of await this.#records.list('upload')) {
      const changes = this.clips.uploaded(row as UploadRow)
      await this.#records.write([{ remove: 'upload', key }, ...changes])
    }
  }

  #deps({ disk, records, deps, seed = 0 }: RigOptions): ClipsDeps {
    let queued = seed * 1000
    return {
      disk,
      records,
      clock: {
        mono: () => this.now,
        wall: () => ({ at: unixMs(BOOT_WALL + this.now), trusted: true }),
        sleep: async () => {},
      },
      random: countingRandom(seed),
      stills: { jpegOf: async () => utf8('a jpeg picture of the door') },
      log: logInto(this.logged),
      sealClip: async () => plainSeal,
      deviceKey: testDeviceKey,
      ledger: listLedger(records),
      ownerKey: () => '',
      queueUpload: (job) => [{ put: 'upload', key: orderKey(queued++), row: job as unknown as Json }], // It is JSON.
      wakeUploads: () => {},
      prerollSince: (at) => sinceKey(this.preroll, at),
      deviceName: 'Front door',
      boot: 0,
      onClip: (happening) => this.happenings.push(happening),
      ...deps,
    }
  }
}

export type UploadRow = Parameters<Clips['uploaded']>[0]

/** From the last key frame at or before `at`. */
function sinceKey(packets: readonly Packet[], at: MonoMs): readonly Packet[] {
  const keys = packets.filter(({ isKey }) => isKey)
  const start = keys.findLast((key) => key.at <= at) ?? keys[0]
  return start === undefined ? [] : packets.slice(packets.indexOf(start))
}

/** A seal that hides nothing: so that a test can look inside, and to show that a search for plain text would find it. */
export const plainSeal: Awaited<ReturnType<ClipsDeps['sealClip']>> = {
  header: utf8('no header\n'),
  seal: (plain) => concatBytes([utf8('no header\n'), plain]),
}

export const unsealed = (bytes: Uint8Array): Uint8Array => bytes.subarray(plainSeal.header.length)

const signer = signerOf('lintel', generateKeyPairSync('ed25519').privateKey)

export const testDeviceKey: ClipsDeps['deviceKey'] = {
  name: signer.name,
  publicKey: signer.publicKey,
  signNote: (body) => signNote(body, signer),
  sign: (text) => sign(null, text, signer.secret),
}

/** Entries in their order, written as the real ledger writes them: in one transaction with what came along. */
function listLedger(records: Records): ClipsDeps['ledger'] {
  return {
    async append(entry, alongside) {
      const { length } = await records.list('ledger')
      await records.write([...alongside, { put: 'ledger', key: orderKey(length), row: { ...entry } }])
    },
  }
}

function countingRandom(seed: number): ClipsDeps['random'] {
  let count = seed << 16
  return {
    bytes(length) {
      const bytes = new Uint8Array(length)
      new DataView(bytes.buffer).setUint32(0, ++count)
      return bytes
    },
    uniform: () => 0.5,
  }
}

function logInto(lines: string[]): Log {
  const note =
    (level: string) =>
    (event: string, fields: LogFields = {}): void =>
      void lines.push(`${level} ${event} ${JSON.stringify(fields)}`)
  return { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
}

export type Sample = Extract<FragmentOutput, { kind: 'sample' }>

/** The samples of a clip: its parts unsealed, in order, as one file. */
export async function samplesOf(disk: Disk, clip: string): Promise<readonly Sample[]> {
  const reader = new Fmp4Reader()
  const out = reader.push(await filmOf(disk, clip))
  return out.filter((item): item is Sample => item.kind === 'sample')
}

export async function filmOf(disk: Disk, clip: string): Promise<Uint8Array> {
  const files = await disk.list(`clips/${clip}`)
  const parts = files.map(({ name }) => name).filter((name) => /^\d+\.age$/.test(name))
  return concatBytes(
    await Promise.all(parts.map(async (name) => unsealed(await disk.read(`clips/${clip}/${name}`)))),
  )
}

export const metaOf = async (disk: Disk, clip: string): Promise<ClipMeta> =>
  parseMeta(clip, fromUtf8(unsealed(await disk.read(`clips/${clip}/meta.age`))))

export const manifestOf = async (disk: Disk, clip: string): Promise<ClipManifest> =>
  openManifest(clip, fromUtf8(await disk.read(`clips/${clip}/manifest.note`)))

/** Whether a call goes through, and whether one that fails did its work before. */
export type Verdict = 'pass' | 'fail-before' | 'fail-after'

/** The calls that change something, each asked about before it is made. */
export function guarded(
  ports: { disk: Disk; records: Records },
  ask: (call: string) => Verdict,
  fault: () => Fault,
): { disk: Disk; records: Records; settled(): Promise<void> } {
  const calls = new Set<Promise<void>>()
  const guard =
    <A extends readonly unknown[]>(name: string, call: (...args: A) => Promise<void>) =>
    async (...args: A): Promise<void> => {
      const verdict = ask(`${name} ${typeof args[0] === 'string' ? args[0] : ''}`.trim())
      if (verdict !== 'fail-before') {
        const running = call(...args)
        calls.add(running)
        await running.finally(() => calls.delete(running))
      }
      if (verdict !== 'pass') throw fault()
    }
  const { disk, records } = ports
  return {
    settled: async () => void (await Promise.allSettled(calls)),
    disk: {
      makeFolder: guard('makeFolder', (path) => disk.makeFolder(path)),
      create: guard('create', (path, bytes, options) => disk.create(path, bytes, options)),
      replace: guard('replace', (path, bytes, options) => disk.replace(path, bytes, options)),
      rename: guard('rename', (paths) => disk.rename(paths)),
      remove: guard('remove', (path) => disk.remove(path)),
      syncFolder: guard('syncFolder', (path) => disk.syncFolder(path)),
      read: (path) => disk.read(path),
      readRange: (path, range) => disk.readRange(path, range),
      list: (path) => disk.list(path),
      free: () => disk.free(),
    },
    records: {
      write: guard('write', (changes: readonly Change[]) => records.write(changes)),
      read: (table, key) => records.read(table, key),
      list: (table, range) => records.list(table, range),
      [Symbol.asyncDispose]: () => records[Symbol.asyncDispose](),
    },
  }
}
