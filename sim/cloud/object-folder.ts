import { createHash, randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Digests } from './checksums.ts'
import { S3Error } from './s3-error.ts'

/** What is known of an object beside its bytes. */
export type ObjectMeta = {
  readonly name: string
  readonly bytes: number
  /** Hexadecimal. */
  readonly md5: string
  readonly sha256: string
  readonly contentType: string
  /** `x-amz-meta-…`, without the prefix. */
  readonly metadata: Readonly<Record<string, string>>
  /** `x-amz-checksum-…`, as they came with the object. */
  readonly checksums: Readonly<Record<string, string>>
  readonly modified: string
}

export type NewObject = {
  readonly content: Uint8Array
  readonly digests: Digests
  readonly facts: Pick<ObjectMeta, 'contentType' | 'metadata' | 'checksums' | 'modified'>
  /** Refuses with `PreconditionFailed` when the name is taken, by whichever process. */
  readonly ifAbsent: boolean
  /** Looks at what is there and throws when it must not be replaced. */
  readonly check: (there: ObjectMeta | undefined) => void
}

export type ObjectPlace = { readonly bucket: string; readonly name: string }

/** Which file the description is of: a renamed or edited file has another. */
type Stamp = { readonly ino: string; readonly bytes: number; readonly mtimeNs: string }
type Description = ObjectMeta & { readonly of: Stamp }

const FILE_NAME_MAX = 180
const HASHED = '%00'
const HALF = '.tmp'
/** A temporary file of this age belongs to nobody: its process died. */
const ABANDONED_MS = 3_600_000
/** The last moment a `Date` can name. */
const MS_MAX = 8.64e15

/**
 * Objects as files: `objects/<bucket>/<name>`, what is known of them in `meta/<bucket>/<name>.json`. Names are
 * percent-encoded, so that none leaves its folder; simple ones stay readable. The file is the object: a description that
 * was lost, or is of another file, is made anew from the bytes.
 */
export class ObjectFolder {
  readonly #root: string
  /** One reader or writer at a time for each object. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(root: string) {
    this.#root = root
  }

  /** Removes what a process that was killed left half written. */
  async sweep(nowMs: number): Promise<void> {
    for (const kind of ['objects', 'meta']) {
      for (const bucket of await readdir(join(this.#root, kind)).catch(() => [])) {
        const folder = join(this.#root, kind, bucket)
        for (const file of await readdir(folder).catch(() => [])) {
          const path = join(folder, file)
          if (file.endsWith(HALF) && nowMs - (await modifiedMs(path)) > ABANDONED_MS)
            await rm(path, { force: true })
        }
      }
    }
  }

  async hasBucket(bucket: string): Promise<boolean> {
    return (await stat(join(this.#root, 'objects', bucket)).catch(() => undefined))?.isDirectory() === true
  }

  async makeBucket(bucket: string): Promise<void> {
    for (const kind of ['objects', 'meta']) {
      await mkdir(join(this.#root, kind, bucket), { recursive: true, mode: 0o700 })
      await syncFolder(join(this.#root, kind))
    }
  }

  head(place: ObjectPlace): Promise<ObjectMeta | undefined> {
    return this.#inTurn(place, () => this.#describe(place))
  }

  /** What is known of the object and its bytes, both of the same moment. */
  read(place: ObjectPlace): Promise<{ readonly meta: ObjectMeta; readonly content: Buffer } | undefined> {
    return this.#inTurn(place, async () => {
      const meta = await this.#describe(place)
      if (meta === undefined) return undefined
      return { meta, content: await readFile(this.#dataPath(place)) }
    })
  }

  /** Atomic and durable: whoever reads sees the old or the new, and an acknowledged object survives a power cut. */
  put(place: ObjectPlace, object: NewObject): Promise<ObjectMeta> {
    return this.#inTurn(place, async () => {
      object.check(await this.#describe(place))
      const path = this.#dataPath(place)
      const half = await writeHalf(path, object.content)
      await (object.ifAbsent ? linkOnce(half, path) : rename(half, path)).catch(async (error: unknown) => {
        await rm(half, { force: true })
        throw error
      })
      await syncFolder(join(this.#root, 'objects', place.bucket))
      const meta = { ...describe(place.name, object), ...object.facts }
      await this.#keep(place, meta)
      return meta
    })
  }

  remove(place: ObjectPlace): Promise<void> {
    return this.#inTurn(place, async () => {
      await rm(this.#dataPath(place), { force: true })
      await syncFolder(join(this.#root, 'objects', place.bucket))
      await rm(this.#metaPath(place), { force: true })
    })
  }

  /** Sorted by the bytes of their names, as S3 does. Files that we would have named otherwise are not ours. */
  async names(bucket: string): Promise<readonly string[]> {
    const files = await readdir(join(this.#root, 'objects', bucket))
    const names = await Promise.all(
      files.filter((file) => !file.endsWith(HALF)).map((file) => this.#nameOf(bucket, file)),
    )
    return names.filter((name) => name !== undefined).sort(byBytes)
  }

  async #nameOf(bucket: string, file: string): Promise<string | undefined> {
    try {
      const name = file.startsWith(HASHED)
        ? parseDescription(await readFile(join(this.#root, 'meta', bucket, `${file}.json`), 'utf8'))?.name
        : decodeURIComponent(file)
      return name !== undefined && fileOf(name) === file ? name : undefined
    } catch {
      return undefined
    }
  }

  async #describe(place: ObjectPlace): Promise<ObjectMeta | undefined> {
    const stamp = await stampOf(this.#dataPath(place))
    if (stamp === undefined) return undefined
    const text = await readFile(this.#metaPath(place), 'utf8').catch(() => '')
    const known = parseDescription(text)
    if (known !== undefined && isSameStamp(known.of, stamp)) return known
    return this.#describeAnew(place, known)
  }

  async #describeAnew(place: ObjectPlace, known: Description | undefined): Promise<ObjectMeta> {
    const content = await readFile(this.#dataPath(place))
    const modified = new Date(Math.min(await modifiedMs(this.#dataPath(place)), MS_MAX)).toISOString()
    const fresh = { ...describe(place.name, { content, digests: new Digests(content) }), modified }
    // Only moved or copied: then all that was known is still true.
    const meta = known?.sha256 === fresh.sha256 ? known : fresh
    await this.#keep(place, meta)
    return meta
  }

  async #keep(place: ObjectPlace, meta: ObjectMeta): Promise<void> {
    const of = await stampOf(this.#dataPath(place))
    if (of === undefined) return // Removed behind our back: nothing to describe.
    const path = this.#metaPath(place)
    await rename(await writeHalf(path, Buffer.from(JSON.stringify({ ...meta, of }))), path)
    await syncFolder(join(this.#root, 'meta', place.bucket))
  }

  #inTurn<T>(place: ObjectPlace, work: () => Promise<T>): Promise<T> {
    const path = this.#dataPath(place)
    const mine = (this.#turns.get(path) ?? Promise.resolve()).then(work)
    const done = mine
      .catch(() => {}) // Whoever asked hears of it; the next one is not to blame.
      .then(() => {
        if (this.#turns.get(path) === done) this.#turns.delete(path)
      })
    this.#turns.set(path, done)
    return mine
  }

  #dataPath({ bucket, name }: ObjectPlace): string {
    return join(this.#root, 'objects', bucket, fileOf(name))
  }

  #metaPath({ bucket, name }: ObjectPlace): string {
    return join(this.#root, 'meta', bucket, `${fileOf(name)}.json`)
  }
}

export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

function describe(name: string, { content, digests }: Pick<NewObject, 'content' | 'digests'>): ObjectMeta {
  return {
    name,
    bytes: content.length,
    md5: digests.md5.toString('hex'),
    sha256: digests.sha256.toString('hex'),
    contentType: 'application/octet-stream',
    metadata: {},
    checksums: {},
    modified: new Date(0).toISOString(),
  }
}

function parseDescription(text: string): Description | undefined {
  try {
    const known = JSON.parse(text) as Description // Written by `#keep` only, so its marker stands for the rest.
    return typeof known.of?.ino === 'string' ? known : undefined
  } catch {
    return undefined
  }
}

async function stampOf(path: string): Promise<Stamp | undefined> {
  const facts = await stat(path, { bigint: true }).catch(() => undefined)
  if (facts === undefined || !facts.isFile()) return undefined
  return { ino: String(facts.ino), bytes: Number(facts.size), mtimeNs: String(facts.mtimeNs) }
}

const isSameStamp = (a: Stamp, b: Stamp): boolean =>
  a.ino === b.ino && a.bytes === b.bytes && a.mtimeNs === b.mtimeNs

/** The far future for a file that is gone already. */
const modifiedMs = async (path: string): Promise<number> =>
  (await stat(path).catch(() => undefined))?.mtimeMs ?? Infinity

/** The whole file under a name of its own, durable. Random, since two processes may serve one folder. */
async function writeHalf(path: string, content: Uint8Array): Promise<string> {
  const half = `${path.slice(0, path.lastIndexOf('/') + 1)}${randomBytes(12).toString('hex')}${HALF}`
  let file: FileHandle | undefined
  try {
    file = await open(half, 'wx', 0o600)
    await file.writeFile(content)
    await file.datasync()
  } catch (cause) {
    await rm(half, { force: true })
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT'))
      throw new S3Error('InsufficientStorage', 507, 'The disk is full.', { cause })
    throw cause
  } finally {
    await file?.close()
  }
  return half
}

/** Linking fails where renaming would replace, also when another process was quicker. */
async function linkOnce(half: string, path: string): Promise<void> {
  try {
    await link(half, path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST')
      throw new S3Error('PreconditionFailed', 412, 'There is such an object already.', { cause: error })
    if (code !== 'EPERM' && code !== 'ENOTSUP') throw error
    await rename(half, path) // A file system without links (FAT): only our own turns keep others away.
    return
  }
  await rm(half, { force: true })
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** `.` and `..` are no names; a long one is known by its hash. */
function fileOf(name: string): string {
  const encoded = encodeURIComponent(name).replaceAll('*', '%2A').replace(/^\./, '%2E')
  return encoded.length <= FILE_NAME_MAX && !encoded.endsWith(HALF)
    ? encoded
    : `${HASHED}${createHash('sha256').update(name).digest('hex')}`
}
